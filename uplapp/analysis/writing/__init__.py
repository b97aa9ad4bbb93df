"""Results as tables, files, LaTeX and sentences."""
