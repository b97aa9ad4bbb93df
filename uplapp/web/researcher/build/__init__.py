"""A new study: its form, its pictures, and whatever else a study.toml can say."""
