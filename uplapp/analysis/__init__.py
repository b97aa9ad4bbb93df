"""From pairwise answers to scores on one scale, with honest intervals.

It needs numpy and scipy, no torch.
"""
