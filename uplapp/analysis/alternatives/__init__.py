"""Other likelihoods: ratings beside votes, rankings, ordered answers, unequal variances."""
