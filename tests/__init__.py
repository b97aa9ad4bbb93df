"""The laws of the house, and the makers that they share."""
