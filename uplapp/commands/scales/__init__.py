"""Verbs for scales of more than votes alone."""
