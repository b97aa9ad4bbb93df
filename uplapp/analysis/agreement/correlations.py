"""Rank and linear correlation of several metrics with many replicates of scores at once."""

import numpy as np

from uplapp.analysis.arrays import Array

KINDS = ("spearman", "kendall", "pearson")
CELLS = 1 << 22  # replicates of a chunk x places x places
LEAST_SPREAD = 1e-10  # relative: values that differ less are constant


def correlations(x: Array, y: Array, weights: Array) -> Array:
    """Correlate x (M,N) with y (B,N), each place as often as `weights` (B,N) say.

    Returns (3,B,M). In the order of KINDS: Spearman (1904) with mean ranks, Kendall (1945) tau-b, Pearson. A
    place of weight two is two equal places. NaN where x or y do not vary.
    """
    size = max(1, CELLS // x.shape[1] ** 2)
    above = _signs(x)
    parts = [
        _chunk(x, above, y[at : at + size], weights[at : at + size]) for at in range(0, max(1, len(y)), size)
    ]
    return np.concatenate(parts, axis=1)


def ordered_share(x: Array, y: Array, pairs: Array) -> Array:
    """Share (M,) of `pairs` (N,N) that x (M,N) orders as y (N,) does, a tie as half, NaN without pairs."""
    agree = (_signs(x) * _signs(y) * pairs).sum(axis=(1, 2))
    total = pairs.sum()
    return (1 + agree / total) / 2 if total else np.full(len(x), np.nan)


def _signs(values: Array) -> Array:
    """1 where the row lies above the column, -1 below, 0 level: (...,N) -> (...,N,N)."""
    signs: Array = np.sign(values[..., :, None] - values[..., None, :])
    return signs


def _chunk(x: Array, above: Array, y: Array, weights: Array) -> Array:
    higher = _signs(y)
    both = weights[:, :, None] * weights[:, None, :]
    metrics, places = x.shape
    flat = above.reshape(metrics, places**2).T
    agree = (both * higher).reshape(-1, places**2) @ flat
    untied = both.reshape(-1, places**2) @ np.abs(flat)
    untied_y = (both * np.abs(higher)).sum(axis=(1, 2))[:, None]
    # A signed count of those below is the mean rank but for a factor and a constant.
    rank_x = np.moveaxis(above @ weights.T, -1, 0)
    rank_y = (higher @ weights[:, :, None]).swapaxes(1, 2)
    weights = weights[:, None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        kendall = agree / np.sqrt(untied * untied_y)
        return np.stack([_linear(rank_x, rank_y, weights), kendall, _linear(x[None], y[:, None], weights)])


def _linear(x: Array, y: Array, weights: Array) -> Array:
    """Pearson's correlation over the last axis."""
    weights = weights / weights.sum(axis=-1, keepdims=True)
    x, y = (_standard(values, weights) for values in (x, y))
    correlation: Array = np.clip((weights * x * y).sum(axis=-1), -1, 1)
    return correlation


def _standard(values: Array, weights: Array) -> Array:
    """Standardise values to mean 0 and sd 1, constant ones to NaN."""
    centred = values - (weights * values).sum(axis=-1, keepdims=True)
    sd = np.sqrt((weights * centred**2).sum(axis=-1, keepdims=True))
    largest = np.abs(values).max(axis=-1, keepdims=True)
    standard: Array = centred / np.where(sd > LEAST_SPREAD * largest, sd, np.nan)
    return standard
