"""What a study asks and shows: its study.toml as checked, frozen values."""
