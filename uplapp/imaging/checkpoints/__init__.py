"""Trained weights, the cards that describe them, and the folders that hold them."""
