"""Replicates of a study and the 95 % intervals they give."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from uplapp.analysis.model.connectivity import Labels, intact
from uplapp.analysis.model.objective import chunk_size, fit, preference
from uplapp.registry import Entry, Registry
from uplapp.values import Array, Watch

LEVEL = 0.95
FEW_OBSERVERS = 6  # below, no coverage of the intervals has been measured
TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


@dataclass(frozen=True, eq=False)
class Replicates:
    """Scores (B,n) of the replicates with a finite optimum, and how many had none."""

    scores: Array
    degenerate: int


@dataclass(frozen=True, eq=False)
class Draws:
    """Counts of B replicates, drawn a chunk at a time: together they may be more than memory holds.

    `chunks(size)` gives arrays (at most size,n,n), the same replicates for every size.
    """

    bootstraps: int
    chunks: Callable[[int], Iterator[Array]]

    @classmethod
    def of(cls, counts: Array) -> "Draws":
        """Hand out counts (B,n,n) that are there."""
        return cls(len(counts), lambda size: (counts[at : at + size] for at in range(0, len(counts), size)))


def observer_weights(observers: int, bootstraps: int, seed: int) -> Array:
    """How often each of K observers occurs in each of B samples with replacement, (B,K)."""
    rows = np.random.default_rng(seed).integers(0, observers, (bootstraps, observers))
    cells = (rows + observers * np.arange(bootstraps)[:, None]).ravel()
    weights = np.bincount(cells, minlength=bootstraps * observers).reshape(rows.shape)
    return weights.astype(float)


def observer_draws(wins: Array, bootstraps: int, seed: int) -> Draws:
    """Draw whole observers with replacement from wins (K,n,n), in their order.

    Never single votes: where observers differ, intervals from resampled votes cover far less than 95 %.
    """
    observers, n, _ = wins.shape
    weights = observer_weights(observers, bootstraps, seed)

    def chunks(size: int) -> Iterator[Array]:
        for at in range(0, bootstraps, size):
            yield (weights[at : at + size] @ wins.reshape(observers, n * n)).reshape(-1, n, n)

    return Draws(bootstraps, chunks)


def resample_observers(wins: Array, bootstraps: int, seed: int) -> Array:
    """Draw as `observer_draws` does, all counts (B,n,n) at once."""
    return next(observer_draws(wins, bootstraps, seed).chunks(bootstraps))


def vote_draws(scores: Array, counts: Array, bootstraps: int, seed: int) -> Draws:
    """Draw binomial votes of the fitted scores (n,), as many a pair as counts (n,n) hold."""
    first, second = np.triu_indices(len(scores), 1)
    votes = np.rint(counts + counts.T)[first, second].astype(int)
    chosen = preference(scores[first] - scores[second])

    def chunks(size: int) -> Iterator[Array]:
        generator = np.random.default_rng(seed)
        for at in range(0, bootstraps, size):
            samples = np.zeros((min(size, bootstraps - at), *counts.shape))
            wins = generator.binomial(votes, chosen, (len(samples), votes.size))
            samples[:, first, second], samples[:, second, first] = wins, votes - wins
            yield samples

    return Draws(bootstraps, chunks)


def draw_votes(scores: Array, counts: Array, bootstraps: int, seed: int) -> Array:
    """Draw as `vote_draws` does, all votes (B,n,n) at once."""
    return next(vote_draws(scores, counts, bootstraps, seed).chunks(bootstraps))


def refit(
    counts: Array | Draws,
    prior: str,
    scores: Array,
    labels: Labels,
    directed: bool,
    watch: Watch | None = None,
) -> Replicates:
    """Fit the replicates (B,n,n) from the study's own scores (n,), leaving out those without an optimum.

    `directed`: every label must have won and lost along chains (no prior), else only been compared. `watch`
    hears (replicates done, of how many) every now and then; what it raises ends the work.
    """
    draws = counts if isinstance(counts, Draws) else Draws.of(counts)
    parts, done = [np.empty((0, scores.size))], 0
    for chunk in draws.chunks(chunk_size(scores.size)):
        whole = chunk[intact(chunk if directed else chunk + chunk.swapaxes(1, 2), labels)]
        fits = fit(whole, prior, np.repeat(scores[None], len(whole), axis=0), labels)
        parts.append(fits.scores[fits.converged])
        done += len(chunk)
        if watch:
            watch(done, draws.bootstraps)
    replicates = np.concatenate(parts)
    return Replicates(replicates, draws.bootstraps - len(replicates))


def t_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """Student's t interval with K - 1 degrees of freedom, the replicates' sd widened by sqrt(K / (K - 1))."""
    reach = stats.t.ppf(TAILS[1], observers - 1) * np.sqrt(observers / (observers - 1))
    return _around(scores, replicates, reach)


def normal_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """Normal interval for parametric draws, which know nothing of differences between observers."""
    return _around(scores, replicates, stats.norm.ppf(TAILS[1]))


def percentile_interval(scores: Array, replicates: Array, observers: int) -> tuple[Array, Array]:
    """The replicates' own quantiles (Hazen), as pwcmp reports them, too narrow below 30 observers."""
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
    """Shift scores (B,n) so that the anchor, or for None the mean, lies at 0."""
    if anchor is None:
        return scores
    shifted: NDArray[np.float64] = np.where(labels == labels[anchor], scores - scores[:, [anchor]], scores)
    return shifted
