"""How unlike the others each observer answered, judged by a fit of the others alone."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, log_ndtr

from uplapp.analysis.model.connectivity import components, intact
from uplapp.analysis.model.objective import SIGMA, fit, fit_best, preference
from uplapp.values import Array, Comparisons

PRIOR = "distance"  # keeps conditions that always won at a finite distance, as pwcmp screens
FEWEST_OBSERVERS = 4  # quartiles of fewer say nothing
LEAST_RANGE = 1e-9  # a smaller quartile range is rounding


@dataclass(frozen=True, eq=False)
class Unlikeness:
    """Distances that set each observer apart, (K,) in the order of `Comparisons.observers`, NaN if undefined.

    `log10_l` is the mean log10 probability of a pair's votes, `excess` the mean log10 probability of an
    answer above what the others' scores predict for it. The distances say how many quartile ranges below
    the first quartile of all observers they lie; 0 above it.
    """

    log10_l: Array
    excess: Array
    dist_pairs: Array
    dist_trials: Array


def unlikeness(comparisons: Comparisons) -> Unlikeness:
    """Compare every observer's votes with the scores that all others give (Perez-Ortiz & Mantiuk 2017).

    `log10_l` is normalised as pwcmp does, by pairs compared. Votes that agree so well are rarer among many
    than among few, so who answered more trials than the others looks unlike them; `excess` does not grow or
    shrink with the number of trials, nor with how hard the pairs were that an observer happened to see.
    """
    first, second = np.triu_indices(len(comparisons.conditions), 1)
    others = _scores_of_others(comparisons.wins)
    apart = others[:, first] - others[:, second]
    wins = comparisons.wins[:, first, second]
    votes = wins + comparisons.wins[:, second, first]
    with np.errstate(invalid="ignore"):  # 0 / 0: an observer without main trials
        log10_l = _log10_binomial(wins, votes, apart).sum(axis=1) / (votes > 0).sum(axis=1)
        excess = _log10_excess(wins, votes, apart).sum(axis=1) / votes.sum(axis=1)
    return Unlikeness(log10_l, excess, distances(log10_l), distances(excess))


def distances(values: Array) -> Array:
    """How far each of `values` (K,) lies below the first quartile, in quartile ranges (Hazen's quartiles).

    NaN with fewer than FEWEST_OBSERVERS; infinite where all but a few agree exactly.
    """
    finite = np.isfinite(values)
    if finite.sum() < FEWEST_OBSERVERS:
        return np.full_like(values, np.nan)
    low, high = np.percentile(values[finite], [25, 75], method="hazen")
    below = low - values
    if high - low < LEAST_RANGE:
        return np.where(finite, np.where(below > LEAST_RANGE, np.inf, 0.0), np.nan)
    far: Array = np.where(finite, np.maximum(0.0, below / (high - low)), np.nan)
    return far


def _scores_of_others(wins: Array) -> Array:
    """Fit scores (K,n) to the votes (K,n,n) of all observers but one, NaN where these leave gaps."""
    total = wins.sum(axis=0)
    labels = components(total)
    start = fit_best(total, PRIOR, labels)
    counts = total - wins
    scores = np.full(counts.shape[:2], np.nan)
    whole = intact(counts + counts.swapaxes(1, 2), labels)
    if whole.any() and np.isfinite(start).all():
        scores[whole] = fit(counts[whole], PRIOR, np.repeat(start[None], whole.sum(), axis=0), labels).scores
    return scores


def _log10_binomial(m: Array, n: Array, apart: Array) -> Array:
    """Compute log10 of the probability of m of n votes, by the gamma function for half votes."""
    ways = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    logs: Array = (ways + m * log_ndtr(apart / SIGMA) + (n - m) * log_ndtr(-apart / SIGMA)) / np.log(10)
    return logs


def _log10_excess(m: Array, n: Array, apart: Array) -> Array:
    """What m ln p + (n - m) ln q exceeds its expectation n (p ln p + q ln q) by, in log10."""
    odds = log_ndtr(apart / SIGMA) - log_ndtr(-apart / SIGMA)
    logs: Array = (m - n * preference(apart)) * odds / np.log(10)
    return logs
