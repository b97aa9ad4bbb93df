"""Training: from a recipe and a folder of data to a checkpoint."""
