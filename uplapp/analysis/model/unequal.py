"""Thurstone's Case III (1927): are some conditions judged less consistently than others?

Condition i makes normal impressions with the spread s_i, on geometric average that of Case V; i is chosen
over j with probability Phi((q_i - q_j) / (sigma sqrt((s_i^2 + s_j^2) / 2))). Equal spreads are Case V.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import chdtrc, log_ndtr

from uplapp.analysis.model.connectivity import strong_components
from uplapp.analysis.model.objective import HALF_LOG_TAU, SIGMA, fit, fit_best, preference
from uplapp.values import Array

ALPHA = 0.05
DRAWN, FEWEST_DRAWN = 200, 10  # studies times conditions, and studies
MOST = 100  # conditions: of more, drawn studies take long
FEWEST = 4  # conditions: the pairs of three fix no spreads
WIDEST = 4.0  # of ln s: fifty times the average, where more changes nothing
LAST_SLOPE = 1e-8  # of the mean log-likelihood per JOD


@dataclass(frozen=True, eq=False)
class UnequalFit:
    """Scores (n,) in JOD, mean 0, and spreads (n,) of Case III, tested against Case V.

    `ratio` is the likelihood ratio with `df` degrees of freedom; p is from chi squared, with votes as
    independent, where below 0.05 of the ratio over its mean in `drawn` studies of Case V times `df` (Bartlett
    1937): with few votes it is larger than chi squared. `aic` how far the AIC of Case III lies below (-) that
    of Case V.
    """

    scores: Array
    spreads: Array
    ratio: float
    df: int
    p: float
    aic: float
    drawn: int


def unequal_variances(counts: Array, seed: int = 0) -> UnequalFit | None:
    """Fit Case III to win counts (n,n), None where the votes cannot tell it from Case V.

    Needs 4 to 100 conditions, twice as many compared pairs as distances, and finite scores.
    """
    n = len(counts)
    pairs = int(np.triu(counts + counts.T > 0, 1).sum())
    if not FEWEST <= n <= MOST or pairs < 2 * (n - 1) or len(set(strong_components(counts).tolist())) > 1:
        return None
    equal = fit_best(counts, "none", np.zeros(n, dtype=np.intp))
    if np.isnan(equal).any():
        return None
    ratio, point = _ratio(equal, counts)
    p, drawn = float(chdtrc(n - 1, ratio)), 0
    if p < ALPHA:
        larger, drawn = _larger(equal, counts, seed)
        p = float(chdtrc(n - 1, ratio / larger))
    scores, logs = np.split(point, 2)
    scale = np.exp(logs.mean())
    return UnequalFit(
        scores=(scores - scores.mean()) / scale,
        spreads=np.exp(logs) / scale,
        ratio=ratio,
        df=n - 1,
        p=p,
        aic=2 * (n - 1) - ratio,
        drawn=drawn,
    )


def _ratio(equal: Array, counts: Array) -> tuple[float, Array]:
    """Likelihood ratio of Case III against Case V with scores `equal` (n,), and its scores and ln s (2n,)."""
    n = len(equal)
    start = np.concatenate([equal, np.zeros(n)])
    bounds = [(None, None)] * n + [(-WIDEST, WIDEST)] * n
    options = {"maxiter": 2000, "gtol": LAST_SLOPE, "ftol": 1e-15}
    found = minimize(_negative, start, args=(counts,), jac=True, bounds=bounds, options=options)
    ratio = max(0.0, 2 * float(_negative(start, counts)[0] - found.fun) * float(counts.sum()))
    return ratio, found.x


def _larger(equal: Array, counts: Array, seed: int) -> tuple[float, int]:
    """Estimate how much larger than chi squared ratios are in studies drawn from Case V, and count these."""
    n, rng = len(equal), np.random.default_rng(seed)
    votes = np.triu(np.rint(counts + counts.T), 1).astype(int)
    chances, labels = preference(equal[:, None] - equal), np.zeros(n, dtype=np.intp)
    ratios = []
    for _ in range(max(FEWEST_DRAWN, DRAWN // n)):
        wins = rng.binomial(votes, chances)
        drawn = wins + (votes - wins).T.astype(float)
        own = fit(drawn[None], "none", equal[None], labels)
        if own.converged[0]:
            ratios.append(_ratio(own.scores[0], drawn)[0])
    return (max(1.0, float(np.mean(ratios)) / (n - 1)), len(ratios)) if ratios else (np.inf, 0)


def _negative(point: Array, counts: Array) -> tuple[float, Array]:
    """Give minus the mean log-likelihood at a point (2n,), scores then logarithms of spreads, and its slope.

    Both halves of the point have mean 0.
    """
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
