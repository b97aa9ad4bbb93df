"""Layouts of votes files: which columns, rows and cells mean what."""
