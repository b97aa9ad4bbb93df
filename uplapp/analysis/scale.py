"""Votes -> scores with their replicates, by the model that a method names."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from uplapp.analysis.answers import AnswerFit, draw_answers, fit_answers, fit_best_answers
from uplapp.analysis.bootstrap import draw_votes, keep_anchor, refit, resample_observers
from uplapp.analysis.comparisons import to_wins
from uplapp.analysis.identifiability import Labels, components, intact, strong_components
from uplapp.analysis.objective import Array
from uplapp.analysis.thurstone import fit_best
from uplapp.values import Comparisons, Method

STILL_JOD = 1e-9  # replicates that agree to this say nothing about chance
STRIDE = 250  # replicates between two reports to `watch`

Watch = Callable[[int, int], None]  # (replicates done, of how many)


@dataclass(frozen=True, eq=False)
class Scale:
    """Scores (n,), replicates (B,n), and the labels inside which they can be compared.

    `extra` (2,) and `extra_replicates` (B,2) are the side bias and the half width of "not sure", 0 where the
    model has none.
    """

    scores: Array
    replicates: Array
    labels: Labels
    degenerate: int
    extra: Array
    extra_replicates: Array

    @property
    def whole(self) -> bool:
        """Whether all conditions have finite scores on one scale."""
        return not np.isnan(self.scores).any() and len(set(self.labels)) == 1

    @property
    def varies(self) -> bool:
        """Whether there is a spread to make intervals of."""
        return len(self.replicates) > 1 and bool(self.replicates.std(axis=0).max() > STILL_JOD)


def fit_scale(
    comparisons: Comparisons, method: Method, anchor: int | None, observers: bool, watch: Watch | None
) -> Scale:
    """Fit the votes and their replicates: of whole `observers`, or of votes drawn from the fitted model."""
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


def needs_answers(method: Method) -> bool:
    """Whether a method asks for more than counts of wins hold."""
    return method.ties != "half" or method.side_bias


def _of_wins(wins: Array, method: Method, labels: Labels, observers: bool, watch: Watch | None) -> Scale:
    bootstraps, seed = method.bootstraps, method.seed
    scores = fit_best(wins.sum(axis=0), method.prior, labels)
    if np.isnan(scores).any():
        return _undefined(scores, labels)
    if observers:
        counts = resample_observers(wins, bootstraps, seed)
    else:
        counts = draw_votes(scores, wins.sum(axis=0), bootstraps, seed)
    found = refit(counts, method.prior, scores, labels, method.prior == "none")
    nothing = np.zeros((len(found.scores), 2))
    return Scale(scores, found.scores, labels, found.degenerate, np.zeros(2), nothing)


def _of_answers(
    answers: Array, method: Method, labels: Labels, observers: bool, watch: Watch | None
) -> Scale:
    bootstraps, seed = method.bootstraps, method.seed
    fit = fit_best_answers(answers.sum(axis=0), method, labels)
    if not fit.converged[0]:
        return _undefined(fit.scores[0], labels)
    if observers:  # one seed, so that the three kinds of answers come from the same observers
        kinds = [resample_observers(answers[:, kind], bootstraps, seed) for kind in range(3)]
        drawn = np.stack(kinds, axis=1)
    else:
        drawn = draw_answers(fit, answers.sum(axis=0), bootstraps, seed)
    points = _refit_answers(drawn, method, fit, labels, watch)
    n, degenerate = len(labels), bootstraps - len(points)
    return Scale(fit.scores[0], points[:, :n], labels, degenerate, fit.point[0, n:], points[:, n:])


def _refit_answers(
    answers: Array, method: Method, fit: AnswerFit, labels: Labels, watch: Watch | None
) -> Array:
    """Parameters (B,n+2) of the replicates (B,3,n,n) that have an optimum, from the study's own."""
    wins = to_wins(answers)
    if method.prior != "none":
        wins = wins + wins.swapaxes(1, 2)
    whole, points = answers[intact(wins, labels)], [np.empty((0, fit.point.shape[1]))]
    for at in range(0, len(whole), STRIDE):
        chunk = whole[at : at + STRIDE]
        found = fit_answers(chunk, method, fit.repeat(len(chunk)), labels)
        points.append(found.point[found.converged])
        if watch:
            watch(at + len(chunk), len(whole))
    return np.concatenate(points)


def _undefined(scores: Array, labels: Labels) -> Scale:
    return Scale(scores, np.empty((0, scores.size)), labels, 0, np.full(2, np.nan), np.empty((0, 2)))
