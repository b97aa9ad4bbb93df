"""Which differences between conditions are more than chance."""

from itertools import combinations

import numpy as np
from scipy.special import erfc

from uplapp.analysis.identifiability import Labels
from uplapp.analysis.objective import Array
from uplapp.values import Difference

ALPHA = 0.05


def differences(
    names: tuple[str, ...], scores: Array, replicates: Array, labels: Labels
) -> tuple[Difference, ...]:
    """Compare all pairs: z = difference / se, se from the replicates' covariance (B,n), p two-sided, Holm.

    Conditions of different labels have no difference: NaN.
    """
    pairs = list(combinations(range(len(names)), 2))
    first, second = np.array(pairs).T
    apart = np.where(labels[first] == labels[second], scores[first] - scores[second], np.nan)
    se = _standard_errors(replicates, first, second)
    se[np.isnan(apart)] = np.nan
    p = erfc(np.abs(apart / se) / np.sqrt(2))
    numbers = zip(*(values.tolist() for values in (apart, se, p, holm(p))), strict=True)
    return tuple(
        Difference(names[i], names[j], apart_jod, se_jod, chance, adjusted, adjusted < ALPHA)
        for (i, j), (apart_jod, se_jod, chance, adjusted) in zip(pairs, numbers, strict=True)
    )


def holm(p: Array) -> Array:
    """Adjust p values (T,) for their number (Holm 1979); NaN stays NaN and is not counted."""
    adjusted = np.full_like(p, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if order.size else steps
    return adjusted


def _standard_errors(replicates: Array, first: Labels, second: Labels) -> Array:
    """Standard errors (T,); NaN where replicates are too few, or agree so exactly that they say nothing."""
    if len(replicates) < 2:
        return np.full(first.size, np.nan)
    covariance = np.cov(replicates.T)
    spread = np.diag(covariance)
    variance = spread[first] + spread[second] - 2 * covariance[first, second]
    return np.sqrt(np.where(variance > 1e-18, variance, np.nan))
