"""Who sees what, in which order and on which side."""
