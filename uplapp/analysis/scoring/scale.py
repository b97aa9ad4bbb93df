"""Votes -> scores with their replicates, by the model that a method names."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from uplapp.analysis.model.answers import AnswerFit, draw_answers, fit_answers, fit_best_answers
from uplapp.analysis.model.connectivity import Labels, components, intact, strong_components
from uplapp.analysis.model.objective import fit_best
from uplapp.analysis.reading.votes import to_wins
from uplapp.analysis.scoring.bootstrap import keep_anchor, observer_draws, refit, vote_draws
from uplapp.values import Array, Comparisons, Method, Watch

STILL_JOD = 1e-9  # replicates that agree to this say nothing about chance
STRIDE = 250  # replicates that are drawn at a time
MANY = 0.025  # more degenerate replicates than a tail of the interval holds


@dataclass(frozen=True, eq=False)
class Scale:
    """Scores (n,), replicates (B,n), and the labels inside which they can be compared.

    `extra` (2,) and `extra_replicates` (B,2) are the side bias and the half width of "not sure", 0 where the
    model has none. `degenerate` counts the draws without a finite optimum; `refused` those of whole
    observers, where they were too many and votes were drawn from the fitted model instead.
    """

    scores: Array
    replicates: Array
    labels: Labels
    degenerate: int
    extra: Array
    extra_replicates: Array
    refused: int = 0

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
        scale = _of_answers(answers * together, method, labels, observers, watch)
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
        return _undefined(fit.scores[0], labels)
    points, done = [np.empty((0, fit.point.shape[1]))], 0
    for samples in _draw(answers, method, fit, observers):
        points.append(_refit(samples, method, fit, labels))
        done += len(samples)
        if watch:
            watch(done, method.bootstraps)
    point, n = np.concatenate(points), len(labels)
    return Scale(fit.scores[0], point[:, :n], labels, done - len(point), fit.point[0, n:], point[:, n:])


def _draw(answers: Array, method: Method, fit: AnswerFit, observers: bool) -> Iterator[Array]:
    """Hand out replicates (at most STRIDE,3,n,n) of whole observers, or of answers drawn from the fit."""
    if observers:  # one seed, so that the three kinds of answers come from the same observers
        kinds = [observer_draws(answers[:, kind], method.bootstraps, method.seed) for kind in range(3)]
        for parts in zip(*(draws.chunks(STRIDE) for draws in kinds), strict=True):
            yield np.stack(parts, axis=1)
        return
    for at in range(0, method.bootstraps, STRIDE):
        size = min(STRIDE, method.bootstraps - at)
        yield draw_answers(fit, answers.sum(axis=0), size, [method.seed, at])


def _refit(answers: Array, method: Method, fit: AnswerFit, labels: Labels) -> Array:
    """Parameters (at most B,n+2) of the replicates (B,3,n,n) that have an optimum, from the study's own."""
    wins = to_wins(answers)
    if method.prior != "none":
        wins = wins + wins.swapaxes(1, 2)
    whole = answers[intact(wins, labels)]
    fits = fit_answers(whole, method, fit.repeat(len(whole)), labels)
    point: Array = fits.point[fits.converged]
    return point


def _undefined(scores: Array, labels: Labels) -> Scale:
    return Scale(scores, np.empty((0, scores.size)), labels, 0, np.full(2, np.nan), np.empty((0, 2)))
