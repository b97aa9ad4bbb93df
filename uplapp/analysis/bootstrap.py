"""Replicates of a study and the 95 % intervals they give."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from uplapp.analysis.identifiability import Labels, intact
from uplapp.analysis.objective import Array, preference
from uplapp.analysis.thurstone import fit
from uplapp.registry import Entry, Registry

LEVEL = 0.95
FEW_OBSERVERS = 6  # below, no coverage of the intervals has been measured
TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


@dataclass(frozen=True, eq=False)
class Replicates:
    """Scores (B,n) of the replicates with a finite optimum, and how many had none."""

    scores: Array
    degenerate: int


def resample_observers(wins: Array, bootstraps: int, seed: int) -> Array:
    """Draw whole observers with replacement from wins (K,n,n), in their order; returns counts (B,n,n).

    Never single votes: where observers differ, intervals from resampled votes cover far less than 95 %.
    """
    observers, n, _ = wins.shape
    rows = np.random.default_rng(seed).integers(0, observers, (bootstraps, observers))
    weights = np.zeros((bootstraps, observers))
    np.add.at(weights, (np.arange(bootstraps)[:, None], rows), 1.0)
    return (weights @ wins.reshape(observers, n * n)).reshape(bootstraps, n, n)


def draw_votes(scores: Array, counts: Array, bootstraps: int, seed: int) -> Array:
    """Draw binomial votes (B,n,n) of the fitted scores (n,), as many a pair as counts (n,n) hold."""
    first, second = np.triu_indices(len(scores), 1)
    votes = np.rint(counts + counts.T)[first, second].astype(int)
    chosen = preference(scores[first] - scores[second])
    wins = np.random.default_rng(seed).binomial(votes, chosen, (bootstraps, votes.size))
    drawn = np.zeros((bootstraps, *counts.shape))
    drawn[:, first, second], drawn[:, second, first] = wins, votes - wins
    return drawn


def refit(counts: Array, prior: str, scores: Array, labels: Labels, directed: bool) -> Replicates:
    """Fit the replicates (B,n,n) from the study's own scores (n,), leaving out those without an optimum.

    `directed`: every label must have won and lost along chains (no prior), else only been compared.
    """
    whole = counts[intact(counts if directed else counts + counts.swapaxes(1, 2), labels)]
    found = fit(whole, prior, np.repeat(scores[None], len(whole), axis=0), labels)
    return Replicates(found.scores[found.converged], len(counts) - int(found.converged.sum()))


def t_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """Student's t with K - 1 degrees of freedom; the replicates' sd is widened by sqrt(K / (K - 1))."""
    reach = stats.t.ppf(TAILS[1], observers - 1) * np.sqrt(observers / (observers - 1))
    return _around(scores, replicates, reach)


def normal_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """Normal interval for parametric draws, which know nothing of differences between observers."""
    return _around(scores, replicates, stats.norm.ppf(TAILS[1]))


def percentile_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """The replicates' own quantiles (Hazen), as pwcmp reports them; narrow below 30 observers."""
    low, high = np.percentile(replicates, 100 * TAILS, axis=0, method="hazen")
    return low, high


def _around(scores: Array, replicates: Array, reach: float) -> tuple[Array, Array]:
    half = reach * replicates.std(axis=0, ddof=1)
    return scores - half, scores + half


INTERVALS: Registry[Any] = Registry(
    "interval",
    {
        "t": Entry(t_interval, "t (covers 95 % from 6 observers)", "Student 1908, on bootstrap sd"),
        "percentile": Entry(percentile_interval, "percentile (as pwcmp)", "Efron 1979; Hazen 1914"),
    },
)


def keep_anchor(scores: Array, labels: Labels, anchor: int | None) -> Array:
    """Shift scores (B,n) so that the anchor, in its own label, lies at 0; None keeps the mean there."""
    if anchor is None:
        return scores
    shifted: NDArray[np.float64] = np.where(labels == labels[anchor], scores - scores[:, [anchor]], scores)
    return shifted
