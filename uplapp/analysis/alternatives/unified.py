"""Ratings and votes of the same stimuli on one JOD scale (Perez-Ortiz et al. 2020, the unified likelihood).

A vote for i over j has the probability Phi((q_i - q_j) / sigma), sigma = 1.4826; a rating of i is normal with
mean a q_i + b and standard deviation a c sigma / sqrt(2). a: steps of the scale per JOD; b: the rating at 0
JOD; c: how much noisier ratings are than the impressions that votes compare. B replicates, n stimuli.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.model import SIGMA, Pairs, Terms, components, fit_best, likelihood, maximise
from uplapp.values import Array, Rows

IMPRESSION = SIGMA / np.sqrt(2)  # JOD: spread of one impression
A, B, LOG_SD = -3, -2, -1  # places of the scale's parameters behind the scores


@dataclass(frozen=True, eq=False)
class Marks:
    """Ratings of replicates: how many (B,n), their sums and sums of squares."""

    count: Array
    total: Array
    square: Array

    def take(self, rows: Rows) -> "Marks":
        """Keep some replicates."""
        return Marks(self.count[rows], self.total[rows], self.square[rows])


@dataclass(frozen=True, eq=False)
class UnifiedFit:
    """Scores (B,n) in JOD, mean 0, and a, b, c (B,) of the rating scale, NaN without a finite optimum."""

    scores: Array
    a: Array
    b: Array
    c: Array
    point: Array
    converged: NDArray[np.bool_]


def fit_unified(counts: Array, marks: Marks, start: Array) -> UnifiedFit:
    """Fit win counts (B,n,n) and ratings from `start` (B,n+3): scores, a, b, log of the ratings' sd."""
    n = counts.shape[-1]
    gauge = np.zeros((n + 3, n + 3))
    gauge[:n, :n] = 1.0
    peak = maximise(unified_objective(counts, marks), start, gauge)
    point = np.where(peak.converged[:, None], peak.scores, np.nan)
    a, sd = point[:, A], np.exp(point[:, LOG_SD])
    mean = point[:, :n].mean(axis=1, keepdims=True)
    return UnifiedFit(
        scores=point[:, :n] - mean,
        a=a,
        b=point[:, B] + a * mean[:, 0],
        c=sd / np.abs(a) / IMPRESSION,
        point=point,
        converged=peak.converged,
    )


def rough_start(counts: Array, marks: Marks) -> Array:
    """Start (n+3,) of one study: scores of softened votes, then a line through the mean ratings."""
    rated = marks.count[0] > 0
    mean = np.divide(marks.total[0], marks.count[0], out=np.zeros(len(counts)), where=rated)
    softened = counts + 0.5 * (counts + counts.T > 0)
    labels = components(softened)
    voted = np.bincount(labels, minlength=len(counts))[labels] > 1
    scores = np.nan_to_num(fit_best(softened, "none", labels))
    both = rated & voted & (labels == np.bincount(labels[rated & voted]).argmax())
    slope, offset = np.polyfit(scores[both], mean[both], 1) if np.ptp(scores[both]) > 0 else (0.0, 0.0)
    if slope == 0.0:
        slope, offset = 1.0, float(mean[both].mean())
    scores = np.where(rated & ~both, (mean - offset) / slope, scores)
    spread = marks.square[0].sum() - (marks.count[0] * mean**2).sum()
    sd = np.sqrt(max(spread / marks.count[0].sum(), 0.01))
    return np.concatenate([scores, [slope, offset, np.log(sd)]])


def unified_objective(counts: Array, marks: Marks) -> "_Objective":
    """Build the log-likelihood of votes and ratings over (q, a, b, log sd)."""
    return _Objective(counts, marks)


class _Objective:
    """Log-likelihood with its derivatives; the concave part leaves out the residuals (Gauss-Newton)."""

    def __init__(self, counts: Array, marks: Marks) -> None:
        self.votes, self.marks, self.n = likelihood(Pairs.of(counts)), marks, counts.shape[-1]

    def __call__(self, point: Array, rows: Rows) -> Terms:
        n = self.n
        votes, own = self.votes(point[:, :n], rows), self.marks.take(rows)
        q, a, b, log_sd = point[:, :n], point[:, A, None], point[:, B, None], point[:, LOG_SD]
        precision = np.exp(-2 * log_sd)[:, None]
        level = a * q + b
        residual = own.total - own.count * level  # (B,n) sums of residuals
        squares = (own.square - 2 * level * own.total + own.count * level**2).sum(axis=1)
        ratings = own.count.sum(axis=1)
        value = votes.value - ratings * log_sd - 0.5 * precision[:, 0] * squares
        slopes = np.stack([residual * q, residual], axis=-1) * precision[:, :, None]  # along a, b
        gradient = np.column_stack(
            [
                votes.gradient + precision * a * residual,
                slopes.sum(axis=1),
                precision[:, 0] * squares - ratings,
            ]
        )
        concave = np.zeros((len(point), n + 3, n + 3))
        concave[:, :n, :n] = votes.hessian
        concave[:, np.arange(n), np.arange(n)] -= precision * a**2 * own.count
        weight = precision * own.count
        concave[:, :n, A] = concave[:, A, :n] = -weight * a * q
        concave[:, :n, B] = concave[:, B, :n] = -weight * a
        concave[:, A, A], concave[:, B, B] = -(weight * q**2).sum(axis=1), -weight.sum(axis=1)
        concave[:, A, B] = concave[:, B, A] = -(weight * q).sum(axis=1)
        concave[:, LOG_SD, LOG_SD] = -2 * precision[:, 0] * squares
        hessian = concave.copy()
        pull = precision * residual
        hessian[:, :n, A] += pull
        hessian[:, A, :n] += pull
        along = np.column_stack([pull * a, slopes.sum(axis=1)])
        hessian[:, : n + 2, LOG_SD] = hessian[:, LOG_SD, : n + 2] = -2 * along
        return Terms(value, gradient, hessian, concave)
