"""Scores of images, bias and inconsistency of raters (Li et al. 2020; ITU-T P.913).

Rating r of image e by observer s is normal with mean x_e + b_s and standard deviation v_s. E images, S
observers, B replicates; all in steps of the scale. The bias is 0 on average.

Maximum likelihood (`ml`, as sureal) has no highest point: one rater with v_s = 0 explains himself exactly,
and in small panels often does. Restricted maximum likelihood (`reml`, Patterson & Thompson 1971) divides the
squared residuals of a rater by what is left of his ratings after scores and bias are fitted; there 0 draws
nobody.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from uplapp.errors import UnknownName
from uplapp.values import Array, Mask, Rows

LIKELIHOODS = {"reml": "restricted maximum likelihood", "ml": "maximum likelihood, as sureal"}
FEWEST = 3  # observers: of two, nobody can say who is less consistent
LEAST_SHARE = 0.05  # of the spread of all: a rater below is on his way to 0
STEPS = 2000
LAST_STEP = 1e-9  # steps of the scale: what one more round would change
LOG_TAU = np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Ratings of S observers and E images: how many, their sums (S,E), sums of squares (S,)."""

    count: Array
    total: Array
    square: Array

    @classmethod
    def of(cls, observer: Rows, image: Rows, rating: Array) -> "Sheet":
        """Add up ratings (N,) by indices of observers and images."""
        shape = int(observer.max()) + 1, int(image.max()) + 1
        count, total, square = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
        np.add.at(count, (observer, image), 1.0)
        np.add.at(total, (observer, image), rating)
        np.add.at(square, observer, rating**2)
        return cls(count, total, square)

    @property
    def seen(self) -> Array:
        """How many ratings (S,) each observer gave."""
        given: Array = self.count.sum(axis=1)
        return given

    def is_connected(self, observers: Mask) -> bool:
        """Say whether chains of common images join some of the observers (S,)."""
        own = self.count[observers]
        own = own[:, own.any(axis=0)]
        people, image = np.nonzero(own)
        links = coo_array((np.ones(people.size), (people, len(own) + image)), shape=(sum(own.shape),) * 2)
        return len(own) > 0 and bool(connected_components(links, directed=False)[0] == 1)


@dataclass(frozen=True, eq=False)
class Peak:
    """Scores (B,E), bias (B,S) and inconsistency (B,S) of replicates, NaN where none was reached."""

    scores: Array
    bias: Array
    inconsistency: Array


@dataclass(frozen=True, eq=False)
class RaterFit:
    """Scores (E,), bias and inconsistency (S,) with standard errors, in steps of the scale.

    The errors of bias and inconsistency take all else as known, as sureal's do; those of the scores are of a
    jackknife over observers. NaN where there is no peak.
    """

    scores: Array
    scores_se: Array
    bias: Array
    bias_se: Array
    inconsistency: Array
    inconsistency_se: Array
    replicates: Array


def fit_raters(sheet: Sheet, likelihood: str = "reml") -> RaterFit:
    """Fit all ratings, with `replicates` (S,E) of the scores without one observer each.

    Whole observers are not drawn with replacement: one who is drawn often would explain himself exactly.
    """
    if likelihood not in LIKELIHOODS:
        raise UnknownName("likelihood", likelihood, LIKELIHOODS)
    everyone = np.ones((1, len(sheet.count)))
    peak = climb(sheet, everyone, likelihood)
    bias, v = peak.bias[0], peak.inconsistency[0]
    replicates = _leave_one_out(sheet, likelihood, v)
    return RaterFit(
        scores=peak.scores[0],
        scores_se=jackknife_se(replicates),
        bias=bias,
        bias_se=v / np.sqrt(sheet.seen),
        inconsistency=v,
        inconsistency_se=v / np.sqrt(2 * sheet.seen),
        replicates=replicates,
    )


def jackknife_se(replicates: Array) -> Array:
    """Standard error (n,) of an estimate from its values (S,n) without one observer each (Tukey 1958)."""
    people = len(replicates)
    apart = replicates - replicates.mean(axis=0)
    se: Array = np.sqrt((people - 1) / people * (apart**2).sum(axis=0))
    return se


def rater_likelihood(sheet: Sheet) -> tuple[float, int]:
    """Log-likelihood at the peak of `ml`, NaN without one, and the number of free parameters."""
    v = climb(sheet, np.ones((1, len(sheet.count))), "ml").inconsistency[0]
    value = -(sheet.seen * (np.log(v) + 0.5 * (LOG_TAU + 1))).sum()  # mean squared residuals are v^2
    return float(value), sheet.count.shape[1] + 2 * v.size - 1


def plain_likelihood(table: pd.DataFrame) -> tuple[float, int]:
    """Log-likelihood of mean ratings, each with its own spread, and the number of parameters (sureal's MOS).

    `table` has the columns `image` and `rating`. An image whose ratings are all equal has no density: as in
    sureal it adds nothing to the sum.
    """
    apart = table.groupby("image")["rating"]
    sd, centre = apart.transform("std").to_numpy(float), apart.transform("mean").to_numpy(float)
    varies = sd > 0
    z, sd = (table["rating"].to_numpy(float) - centre)[varies] / sd[varies], sd[varies]
    return float(-(0.5 * (LOG_TAU + z**2) + np.log(sd)).sum()), 2 * int(table["image"].nunique())


def climb(sheet: Sheet, weights: Array, likelihood: str, fixed: Array | None = None) -> Peak:
    """Fit replicates in which observer s occurs `weights` (B,S) times, from the mean ratings.

    In turn scores, bias and inconsistency are best for the others, until scores no longer change.
    `fixed` (S,) is an inconsistency that stays.
    """
    if len(sheet.count) < FEWEST or not sheet.is_connected(np.ones(len(sheet.count), dtype=bool)):
        return _nothing(len(weights), sheet.count.shape)
    drawn = weights > 0
    variance = np.ones(weights.shape) if fixed is None else np.broadcast_to(fixed**2, weights.shape)
    bias, lost = np.zeros(weights.shape), np.zeros(len(weights), dtype=bool)
    scores = _scores(sheet, weights / variance, bias)
    for _ in range(STEPS):
        bias, spread = _raters(sheet, scores)
        if fixed is None:
            left = 1.0 if likelihood == "ml" else _left(sheet, weights, variance)
            variance, lost = _above(spread / left, drawn)
        before, scores = scores, _scores(sheet, weights / variance, bias)
        moved = np.abs(np.nan_to_num(scores - before)).max(axis=1)
        if (moved[~lost] < LAST_STEP).all():
            break
    arrived = (~lost & (moved < LAST_STEP))[:, None]
    mean = (weights * bias).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
    parts = (scores + mean, bias - mean, np.sqrt(variance))
    return Peak(*(np.where(arrived, part, np.nan) for part in parts))


def _leave_one_out(sheet: Sheet, likelihood: str, inconsistency: Array) -> Array:
    """Scores (S,E), with the inconsistencies of all where the rest have no peak of their own."""
    weights = 1.0 - np.eye(len(sheet.count))
    scores: Array = climb(sheet, weights, likelihood).scores
    lost = np.isnan(scores).all(axis=1)
    if lost.any() and not lost.all():
        scores[lost] = climb(sheet, weights[lost], likelihood, inconsistency).scores
    joined = [sheet.is_connected(row > 0) for row in weights]
    scores[~np.array(joined)] = np.nan
    return scores


def _scores(sheet: Sheet, weights: Array, bias: Array) -> Array:
    """Mean ratings (B,E) without bias, weighted by observer, NaN of an image whose raters are left out."""
    total = weights @ sheet.total - (weights * bias) @ sheet.count
    weight = weights @ sheet.count
    scores: Array = np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)
    return scores


def _raters(sheet: Sheet, scores: Array) -> tuple[Array, Array]:
    """Mean and variance around it (B,S) of the observers' distances from the scores."""
    known = np.nan_to_num(scores)
    bias = (sheet.total.sum(axis=1) - known @ sheet.count.T) / sheet.seen
    square = sheet.square - 2 * known @ sheet.total.T + known**2 @ sheet.count.T
    return bias, np.maximum(square / sheet.seen - bias**2, 0.0)


def _left(sheet: Sheet, weights: Array, variance: Array) -> Array:
    """Share (B,S) of an observer's ratings that fitting scores and bias leaves free.

    Exact where everybody rated everything, else near (the bias is taken as if others' were known).
    """
    weight = (weights / variance) @ sheet.count
    used = np.divide(1.0, weight, out=np.zeros_like(weight), where=weight > 0) @ sheet.count.T / variance
    seen = sheet.seen
    left: Array = np.maximum(seen - used - 1 + used / seen, LAST_STEP) / seen
    return left


def _above(variance: Array, drawn: Mask) -> tuple[Array, Mask]:
    """Hold variances (B,S) off 0, and mark the replicates (B,) in which one went there."""
    least = LEAST_SHARE**2 * (variance * drawn).sum(axis=1, keepdims=True) / drawn.sum(axis=1, keepdims=True)
    lost: Mask = ((variance <= least) & drawn).any(axis=1)
    return np.maximum(variance, np.maximum(least, LAST_STEP**2)), lost


def _nothing(replicates: int, shape: tuple[int, ...]) -> Peak:
    observers, images = shape
    raters = np.full((replicates, observers), np.nan)
    return Peak(np.full((replicates, images), np.nan), raters, raters)
