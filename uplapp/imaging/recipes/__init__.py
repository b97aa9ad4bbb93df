"""Recipes of training runs, made of names and numbers, therefore JSON and TOML."""
