"""Thurstone's Case III (1927): are some conditions judged less consistently than others?

Condition i makes normal impressions with the spread s_i, on geometric average that of Case V; i is chosen
over j with probability Phi((q_i - q_j) / (sigma sqrt((s_i^2 + s_j^2) / 2))). Equal spreads are Case V.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import chdtrc, log_ndtr

from uplapp.analysis.model.connectivity import strong_components
from uplapp.analysis.model.objective import HALF_LOG_TAU, SIGMA, fit_best
from uplapp.values import Array

FEWEST = 4  # conditions: the pairs of three fix no spreads
WIDEST = 4.0  # of ln s: fifty times the average, where more changes nothing
LAST_SLOPE = 1e-8  # of the mean log-likelihood per JOD


@dataclass(frozen=True, eq=False)
class UnequalFit:
    """Scores (n,) in JOD, mean 0, and spreads (n,) of Case III, tested against Case V.

    `ratio` is the likelihood ratio with `df` degrees of freedom, p from chi squared, with votes as
    independent; `aic` how far the AIC of Case III lies below (-) that of Case V.
    """

    scores: Array
    spreads: Array
    ratio: float
    df: int
    p: float
    aic: float


def unequal_variances(counts: Array) -> UnequalFit | None:
    """Fit Case III to win counts (n,n), None where the votes cannot tell it from Case V.

    Needs four conditions or more, twice as many compared pairs as distances, and finite scores.
    """
    n = len(counts)
    pairs = int(np.triu(counts + counts.T > 0, 1).sum())
    if n < FEWEST or pairs < 2 * (n - 1) or len(set(strong_components(counts).tolist())) > 1:
        return None
    equal = fit_best(counts, "none", np.zeros(n, dtype=np.intp))
    if np.isnan(equal).any():
        return None
    start = np.concatenate([equal, np.zeros(n)])
    bounds = [(None, None)] * n + [(-WIDEST, WIDEST)] * n
    options = {"maxiter": 2000, "gtol": LAST_SLOPE, "ftol": 1e-15}
    found = minimize(_negative, start, args=(counts,), jac=True, bounds=bounds, options=options)
    ratio = max(0.0, 2 * float(_negative(start, counts)[0] - found.fun) * float(counts.sum()))
    scores, logs = found.x[:n], found.x[n:]
    scale = np.exp(logs.mean())
    return UnequalFit(
        scores=(scores - scores.mean()) / scale,
        spreads=np.exp(logs) / scale,
        ratio=ratio,
        df=n - 1,
        p=float(chdtrc(n - 1, ratio)),
        aic=2 * (n - 1) - ratio,
    )


def _negative(point: Array, counts: Array) -> tuple[float, Array]:
    """Minus the mean log-likelihood over scores and ln s (2n,), with its slope; both have mean 0."""
    q, logs = np.split(point, 2)
    square = np.exp(2 * logs)
    both = square[:, None] + square
    width = SIGMA * np.sqrt(both / 2)
    x = (q[:, None] - q) / width
    log_p = log_ndtr(x)
    pull = counts * np.exp(-0.5 * x * x - HALF_LOG_TAU - log_p)  # along x
    along, wide = pull / width, pull * x
    slope_q = along.sum(axis=1) - along.sum(axis=0)
    slope_logs = -((wide + wide.T) * square[:, None] / both).sum(axis=1)
    votes, means = counts.sum(), np.array([q.mean(), logs.mean()])
    value = (counts * log_p).sum() / votes - (means**2).sum()
    slope = np.concatenate([slope_q, slope_logs]) / votes - 2 * np.repeat(means, q.size) / q.size
    return -float(value), -slope
