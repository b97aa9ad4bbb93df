"""Models of choice: Thurstone's likelihood, the distance prior, ties, connectivity and goodness of fit."""
