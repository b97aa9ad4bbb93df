"""The Study tab."""
