"""A scale with the replicates of its study, and the 95% intervals that they give."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from uplapp.analysis.model import (
    AnswerFit,
    Labels,
    batch_size,
    components,
    draw_answers,
    fit,
    fit_answers,
    fit_best,
    fit_best_answers,
    graded,
    intact,
    preference,
    strong_components,
)
from uplapp.analysis.reading.votes import to_wins
from uplapp.registry import Entry, Registry
from uplapp.values import Array, Comparisons, Method, Watch

LEVEL = 0.95
FEW_OBSERVERS = 6  # below, no coverage of the intervals has been measured
TAILS = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])


Beat = Callable[[], None]  # is called now and then, and may raise Cancelled


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

    Never single votes: where observers differ, intervals from resampled votes cover far less than 95%.
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


def shifted(watch: Watch | None, before: int, total: int) -> Watch | None:
    """Let `watch` hear of one part of longer work, of which `before` is done."""
    if watch is None:
        return None
    return lambda done, _: watch(before + done, total)


def beating(watch: Watch | None, total: int) -> Beat | None:
    """Let `watch` end work beside `total` replicates: it hears of all but the last."""
    if watch is None:
        return None
    return lambda: watch(total - 1, total)


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
    for chunk in draws.chunks(batch_size(scores.size, prior)):
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
        "t": Entry(t_interval, "t (covers 95% from 6 observers)", "Student 1908, on bootstrap sd"),
        "percentile": Entry(percentile_interval, "percentile (as pwcmp)", "Efron 1979; Hazen 1914"),
    },
)


def keep_anchor(scores: Array, labels: Labels, anchor: int | None) -> Array:
    """Shift scores (B,n) so that the anchor, or for None the mean, lies at 0."""
    if anchor is None:
        return scores
    shifted: NDArray[np.float64] = np.where(labels == labels[anchor], scores - scores[:, [anchor]], scores)
    return shifted


STILL_JOD = 1e-9  # replicates that agree to this say nothing about chance
STRIDE = 250  # replicates that are drawn at a time
MANY = 0.025  # more degenerate replicates than a tail of the interval holds


@dataclass(frozen=True, eq=False)
class Scale:
    """Scores (n,), replicates (B,n), and the labels inside which they can be compared.

    `extra` (1+m,) and `extra_replicates` (B,1+m) are the side bias and the thresholds of answers, 0 where the
    model has none; the first threshold is the half width of "not sure". `degenerate` counts the draws without
    a finite optimum; `refused` those of whole observers, where they were too many and votes were drawn from
    the fitted model instead. `pooled`: so they were because observers do not vary. `eased`: the prior alone
    does not put all blocks a finite way apart. `inside` (n,) are the labels whose votes were fitted, where
    others hold the scores together.
    """

    scores: Array
    replicates: Array
    labels: Labels
    degenerate: int
    extra: Array
    extra_replicates: Array
    refused: int = 0
    pooled: bool = False
    eased: bool = False
    inside: Labels | None = None

    @property
    def fitted(self) -> Labels:
        """Give the labels (n,) inside which votes were fitted."""
        return self.labels if self.inside is None else self.inside

    @property
    def whole(self) -> bool:
        """Say whether all conditions have finite scores on one scale."""
        return not np.isnan(self.scores).any() and len(set(self.labels)) == 1

    @property
    def varies(self) -> bool:
        """Say whether there is a spread to make intervals of."""
        return len(self.replicates) > 1 and bool(self.replicates.std(axis=0).max() > STILL_JOD)


def fit_scale(comparisons: Comparisons, method: Method, anchor: int | None, watch: Watch | None) -> Scale:
    """Fit the votes and their replicates: of whole observers, or else of votes drawn from the fitted model.

    Where too many of both lack an optimum there are no replicates: the rest would look far too certain.
    """
    refused = 0
    if len(comparisons.observers) > 1:
        scale = _fit(comparisons, method, anchor, True, watch)
        if not too_many(scale.degenerate, method):
            return scale
        refused = scale.degenerate
    scale = replace(_fit(comparisons, method, anchor, False, watch), refused=refused)
    if not too_many(scale.degenerate, method):
        return scale
    return replace(scale, replicates=scale.replicates[:0], extra_replicates=scale.extra_replicates[:0])


def too_many(degenerate: int, method: Method) -> bool:
    """Say whether so many replicates lack an optimum that the rest is no sample of studies like this one."""
    return degenerate > MANY * method.bootstraps


def needs_answers(method: Method) -> bool:
    """Say whether a method asks for more than counts of wins hold."""
    return method.ties != "half" or method.side_bias


def _fit(
    comparisons: Comparisons, method: Method, anchor: int | None, observers: bool, watch: Watch | None
) -> Scale:
    directed = method.prior == "none"  # a prior keeps a condition that always won at a finite distance
    counts = comparisons.wins.sum(axis=0)
    labels = (strong_components if directed else components)(counts)
    together = labels[:, None] == labels  # votes between labels have no finite say
    answers = comparisons.answers
    if needs_answers(method) and answers is not None:
        scale = _of_answers(graded(answers, method) * together, method, labels, observers, watch)
    else:
        scale = _of_wins(comparisons.wins * together, method, labels, observers, watch)
    scores, replicates = (keep_anchor(x, labels, anchor) for x in (scale.scores[None], scale.replicates))
    return Scale(scores[0], replicates, labels, scale.degenerate, scale.extra, scale.extra_replicates)


def _of_wins(wins: Array, method: Method, labels: Labels, observers: bool, watch: Watch | None) -> Scale:
    bootstraps, seed = method.bootstraps, method.seed
    scores = fit_best(wins.sum(axis=0), method.prior, labels)
    if np.isnan(scores).any():
        return _undefined(scores, labels)
    draws = (
        observer_draws(wins, bootstraps, seed)
        if observers
        else vote_draws(scores, wins.sum(axis=0), bootstraps, seed)
    )
    replicates = refit(draws, method.prior, scores, labels, method.prior == "none", watch)
    nothing = np.zeros((len(replicates.scores), 2))
    return Scale(scores, replicates.scores, labels, replicates.degenerate, np.zeros(2), nothing)


def _of_answers(
    answers: Array, method: Method, labels: Labels, observers: bool, watch: Watch | None
) -> Scale:
    fit = fit_best_answers(answers.sum(axis=0), method, labels)
    if not fit.converged[0]:
        return _undefined(fit.scores[0], labels, 1 + fit.thresholds.shape[1])
    points, done = [np.empty((0, fit.point.shape[1]))], 0
    for samples in _draw(answers, method, fit, observers):
        points.append(refit_answers(samples, method, fit, labels))
        done += len(samples)
        if watch:
            watch(done, method.bootstraps)
    point, n = np.concatenate(points), len(labels)
    return Scale(fit.scores[0], point[:, :n], labels, done - len(point), fit.point[0, n:], point[:, n:])


def _draw(answers: Array, method: Method, fit: AnswerFit, observers: bool) -> Iterator[Array]:
    """Hand out replicates (at most STRIDE,2m+1,n,n) of whole observers, or of answers drawn from the fit."""
    if observers:  # one seed, so that all kinds of answers come from the same observers
        each = np.moveaxis(answers, 1, 0)
        kinds = [observer_draws(kind, method.bootstraps, method.seed) for kind in each]
        for parts in zip(*(draws.chunks(STRIDE) for draws in kinds), strict=True):
            yield np.stack(parts, axis=1)
        return
    for at in range(0, method.bootstraps, STRIDE):
        size = min(STRIDE, method.bootstraps - at)
        yield draw_answers(fit, answers.sum(axis=0), size, [method.seed, at])


def refit_answers(answers: Array, method: Method, fit: AnswerFit, labels: Labels) -> Array:
    """Parameters (at most B,n+1+m) of replicates (B,2m+1,n,n) with an optimum, from the study's own."""
    wins = to_wins(answers)
    if method.prior != "none":
        wins = wins + wins.swapaxes(1, 2)
    whole = answers[intact(wins, labels)]
    fits = fit_answers(whole, method, fit.repeat(len(whole)), labels)
    point: Array = fits.point[fits.converged]
    return point


def _undefined(scores: Array, labels: Labels, extra: int = 2) -> Scale:
    nothing = np.full(extra, np.nan), np.empty((0, extra))
    return Scale(scores, np.empty((0, scores.size)), labels, 0, *nothing)
