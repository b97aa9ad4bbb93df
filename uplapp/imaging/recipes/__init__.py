"""What a training run is made of: names and numbers, therefore JSON and TOML."""
