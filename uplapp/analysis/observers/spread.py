"""How much people differ: the standard deviation over observers of each condition's score.

Observer o has scores q + u_o, where u_oi is normal with variance tau_i^2, independent over conditions. So two
votes of one observer that share condition i are correlated; their covariance is a known function of tau_i^2
(the bivariate normal integral, as Mehler's series), and tau^2 are the values at which the covariances of all
pairs of votes add up to those that are expected. The covariances are unbiased, as what the shares of votes
owe to the same observers is allowed for.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from uplapp.analysis.model import SIGMA
from uplapp.analysis.scoring import TAILS, Beat
from uplapp.values import Array, Comparisons, Rows, Scores

LEAST_OBSERVERS = 3
TERMS = 6  # of Mehler's series; the first alone is 10% off at a spread of 1 JOD
ROUNDS = 25
STILL_JOD2 = 1e-6
HIGHEST_CORRELATION = 0.9
MOST_PRODUCTS = 50_000_000  # pairs of cells; of more, scenes are added up


@dataclass(frozen=True, eq=False)
class Spread:
    """Standard deviation over observers of each score in JOD, `sd` (n,), with its 95% interval, NaN if open.

    `overall` is the root of the mean variance over conditions. An estimate of 0: people differ no more than
    their single votes do by chance.
    """

    conditions: tuple[str, ...]
    sd: Array
    low: Array
    high: Array
    overall: float
    overall_low: float
    overall_high: float
    observers: int


@dataclass(frozen=True, eq=False)
class Cells:
    """Votes (K,M) of K observers on M cells, each a pair in a scene.

    `won` and `cast` count the votes for `first` (M,) and all; `squares` (M,) adds up the squares of votes, a
    tie's being 1/4.
    """

    won: Array
    cast: Array
    squares: Array
    first: Rows
    second: Rows

    @classmethod
    def of(cls, comparisons: Comparisons) -> "Cells":
        """Gather the votes of each scene, or of all together where there are very many cells."""
        cells, n = comparisons.cells, len(comparisons.conditions)
        if cells is None or len(cells.scenes) ** 2 * n**3 > MOST_PRODUCTS:
            return cls._of_wins(comparisons.wins)
        swapped = cells.first > cells.second
        first, second = (np.where(swapped, *two) for two in _both_ways(cells.second, cells.first))
        place = (cells.scene * n + first) * n + second
        places, column = np.unique(place, return_inverse=True)
        share: Array = np.where(swapped, 1 - cells.share, cells.share)
        shape = len(comparisons.observers), places.size
        won, cast = np.zeros(shape), np.zeros(shape)
        np.add.at(won, (cells.observer, column), share * cells.times)
        np.add.at(cast, (cells.observer, column), cells.times)
        squares = np.bincount(column, share**2 * cells.times, places.size).astype(float)
        return cls(won, cast, squares, places // n % n, places % n)

    @classmethod
    def _of_wins(cls, wins: Array) -> "Cells":
        first, second = np.triu_indices(wins.shape[1], 1)
        won = wins[:, first, second]
        cast = won + wins[:, second, first]
        return cls(won, cast, won.sum(axis=0), first, second)

    def informative(self, jod: Array) -> "Cells":
        """Keep the cells that two observers or more judged, between conditions with scores."""
        known = np.isfinite(jod[self.first]) & np.isfinite(jod[self.second])
        kept = known & ((self.cast > 0).sum(axis=0) > 1)
        return Cells(
            self.won[:, kept], self.cast[:, kept], self.squares[kept], self.first[kept], self.second[kept]
        )


@dataclass(frozen=True, eq=False)
class Moments:
    """What the cells with one condition say of its variance.

    `other` (C,) is the condition beside it, `z` (C,) the standardised difference, `signal` (C,C) by how much
    a covariance of one between two latent differences raises `covariance`, the sum over pairs of votes;
    `total` (K,) are the observers' own sums.
    """

    other: Rows
    z: Array
    signal: Array
    covariance: float
    total: Array


def spread(comparisons: Comparisons, scores: Scores, beat: Beat | None = None) -> Spread | None:
    """Estimate how much people differ in each condition.

    None for a matrix, for fewer than LEAST_OBSERVERS observers, and where no two observers judged one pair.
    The interval takes the observers' own sums as normal: chi squared on the observers less one. `beat` may
    end the work.
    """
    if len(comparisons.observers) < LEAST_OBSERVERS or len(set(scores.group)) > 1:
        return None
    cells = Cells.of(comparisons).informative(scores.jod)
    if not cells.first.size:
        return None
    n = len(scores.conditions)
    moments = [_moments(cells, scores.jod, condition) for condition in range(n)]
    variance, slope = _solve(moments, n, beat)
    judged = np.array([np.count_nonzero(each.total) for each in moments])
    known = (slope > 0) & np.isfinite(variance) & (judged >= LEAST_OBSERVERS)
    if not known.any():
        return None
    own = np.array([each.total**2 for each in moments])  # (n,K)
    height = np.divide(own.sum(axis=1), slope, out=np.full(n, np.nan), where=known)
    variance = np.where(known, variance, np.nan)
    others = SIGMA**2 + max(0.0, float(np.nanmean(variance)))
    low, high = _interval(variance, height, judged - 1.0, np.full(n, others), 1)
    mean = np.array([variance[known].mean()]), np.array([height[known].mean()])
    each = (own[known] / slope[known, None]).sum(axis=0)
    people = len(comparisons.observers)
    with np.errstate(divide="ignore", invalid="ignore"):  # people who differ alike are as many as can be
        ratio = np.nan_to_num(2 * people * each.mean() ** 2 / each.var(ddof=1), nan=np.inf)
    freedom = np.clip(ratio, people - 1, (n - 1) * (people - 1))
    ends = _interval(*mean, np.array([freedom]), np.array([SIGMA**2]), 2)
    return Spread(
        conditions=scores.conditions,
        sd=np.sqrt(np.maximum(variance, 0.0)),
        low=low,
        high=high,
        overall=float(np.sqrt(max(mean[0][0], 0.0))),
        overall_low=float(ends[0][0]),
        overall_high=float(ends[1][0]),
        observers=people,
    )


def _both_ways(a: Rows, b: Rows) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    return (a, b), (b, a)


def _moments(cells: Cells, jod: Array, condition: int) -> Moments:
    """Sums over pairs of votes that share a condition, with the weights of a probit score."""
    own = (cells.first == condition) | (cells.second == condition)
    sign = np.where(cells.first[own] == condition, 1.0, -1.0)
    other = np.where(sign > 0, cells.second[own], cells.first[own])
    won, cast, squares = cells.won[:, own], cells.cast[:, own], cells.squares[own]
    z = (jod[condition] - jod[other]) / SIGMA
    slope = stats.norm.pdf(z)
    weight = slope / (stats.norm.cdf(z) * stats.norm.cdf(-z))
    votes = cast.sum(axis=0)
    share = won.sum(axis=0) / votes
    left = (won - cast * share) * sign * weight
    pairs = cast.T @ cast
    lost = (cast.T @ cast**2) / votes
    expected = pairs - lost - lost.T + pairs**2 / np.outer(votes, votes)
    again, diagonal = _repeats(cast, votes, squares / votes - share**2)
    within = (left**2).sum(axis=0)
    np.fill_diagonal(expected, diagonal)
    total = left.sum(axis=1)
    covariance = (total**2).sum() - within.sum() + (within - weight**2 * again).sum()
    return Moments(other, z, expected * np.outer(weight * slope, weight * slope), float(covariance), total)


def _repeats(cast: Array, votes: Array, variance: Array) -> tuple[Array, Array]:
    """What single votes add to the squares (C,) of one cell, and the weight of the covariance of repeats."""
    squares, twice = (cast**2).sum(axis=0), (cast * (cast - 1)).sum(axis=0)
    single = votes - squares / votes
    single *= votes / (votes - 1)
    weight = (cast * (cast - 1) * (1 - 2 * cast / votes)).sum(axis=0) + squares * twice / votes**2
    return single * variance, weight + single * twice / votes**2


def _solve(moments: list[Moments], n: int, beat: Beat | None) -> tuple[Array, Array]:
    """Variances (n,) in JOD^2 that explain the covariances, not cut at 0, and the slope (n,) of each.

    Where only their sum is known, as of two conditions, they are alike.
    """
    variance, goal = np.zeros(n), np.array([each.covariance for each in moments])
    matrix = np.zeros((n, n))
    for _ in range(ROUNDS):
        if beat:
            beat()
        cut = np.maximum(variance, 0.0)
        for condition, each in enumerate(moments):
            signal = _signal(each, condition, cut)
            matrix[condition] = 0
            matrix[condition, condition] = signal.sum()
            alike = each.other[:, None] == each.other
            np.add.at(matrix[condition], each.other, (signal * alike).sum(axis=1))
        before, variance = variance, np.linalg.lstsq(matrix, goal, rcond=1e-9)[0]
        if np.abs(np.maximum(variance, 0.0) - cut).max() < STILL_JOD2:
            break
        variance = (variance + before) / 2
    return variance, np.diag(matrix).copy()


def _signal(each: Moments, condition: int, variance: Array) -> Array:
    """How much each pair of cells (C,C) adds to the covariance for one JOD^2 of variance they share."""
    width = np.sqrt(SIGMA**2 + variance[condition] + variance[each.other])
    shared = variance[condition] + (each.other[:, None] == each.other) * variance[each.other]
    correlation = np.minimum(shared / np.outer(width, width), HIGHEST_CORRELATION)
    series, power = np.zeros_like(correlation), np.ones_like(correlation)
    before, hermite = np.zeros_like(each.z), np.ones_like(each.z)
    for term in range(1, TERMS + 1):
        power = power / term
        series += power * np.outer(hermite, hermite)
        before, hermite = hermite, each.z * hermite - (term - 1) * before
        power = power * correlation
    signal: Array = each.signal * series / np.outer(width, width)
    return signal


def _interval(
    variance: Array, height: Array, freedom: Array, others: Array, times: int
) -> tuple[Array, Array]:
    """Ends of the interval of a standard deviation, from a variance that is part of a sum of squares.

    The sum is proportional to variance / (others + times variance), so the ends are found for that ratio;
    `others` is the rest of the variance of differences between votes, which count the own one `times`.
    """
    variance = np.maximum(variance, 0.0)
    width = others + times * variance
    noise = np.maximum(height - variance, 0.0) / width
    ends = (freedom * height / width / stats.chi2.ppf(tail, freedom) - noise for tail in TAILS[::-1])
    low, high = (np.clip(end, 0.0, HIGHEST_CORRELATION / times) for end in ends)
    low, high = (np.sqrt(others * ratio / (1 - times * ratio)) for ratio in (low, high))
    return low, high
