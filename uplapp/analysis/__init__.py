"""From pairwise answers to scores on one scale, with honest intervals; numpy and scipy, no torch."""
