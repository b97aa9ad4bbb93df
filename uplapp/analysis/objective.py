"""What a fit maximises: the votes' log-likelihood, and the prior over distances.

The letters are those of Perez-Ortiz & Mantiuk (2017, arXiv 1712.03686): m of n votes went to the first
condition of a pair. B replicates, P unordered pairs, G groups of pairs with equal votes, n conditions.
Both terms halve the published sums over ordered pairs, which leaves the optimum where it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from uplapp.registry import Entry, Registry

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

SIGMA = 1.4826  # JOD: one unit of distance is a preference of 75 %
FLOOR = 0.1  # added to every probability of the prior, as published
HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Votes of B replicates over the P unordered pairs that at least one of them compared.

    `wins` and `votes` (B,P): m and n of each pair, m counted for `first`.
    """

    conditions: int
    first: Rows
    second: Rows
    wins: Array
    votes: Array

    @classmethod
    def of(cls, counts: Array) -> "Pairs":
        """Read win counts (B,n,n); the diagonal is ignored."""
        first, second = np.triu_indices(counts.shape[-1], 1)
        wins = counts[:, first, second]
        votes = wins + counts[:, second, first]
        seen = votes.any(axis=0)
        return cls(counts.shape[-1], first[seen], second[seen], wins[:, seen], votes[:, seen])

    def incidence(self) -> Array:
        """Matrix (P,n) that turns scores into differences, first minus second."""
        rows = np.arange(self.first.size)
        matrix = np.zeros((rows.size, self.conditions))
        matrix[rows, self.first], matrix[rows, self.second] = 1.0, -1.0
        return matrix


@dataclass(frozen=True, eq=False)
class Terms:
    """Value (B,), gradient (B,n), Hessian (B,n,n), and the Hessian's part that is never positive."""

    value: Array
    gradient: Array
    hessian: Array
    concave: Array

    def take(self, rows: NDArray[np.bool_]) -> "Terms":
        """Keep some replicates."""
        return Terms(self.value[rows], self.gradient[rows], self.hessian[rows], self.concave[rows])


Objective = Callable[[Array, Rows], Terms]  # (scores of some replicates, which ones) -> Terms


@dataclass(frozen=True, eq=False)
class _Probit:
    """ln Phi and ln(1 - Phi) of the differences (B,P) with their first and second derivatives."""

    log_p: Array
    log_q: Array
    dlog_p: Array
    dlog_q: Array
    ddlog_p: Array
    ddlog_q: Array


def _probit(differences: Array) -> _Probit:
    x = differences / SIGMA
    log_p, log_q = log_ndtr(x), log_ndtr(-x)
    log_density = -0.5 * x * x - HALF_LOG_TAU
    up, down = np.exp(log_density - log_p), np.exp(log_density - log_q)
    return _Probit(
        log_p, log_q, up / SIGMA, -down / SIGMA, -up * (x + up) / SIGMA**2, -down * (down - x) / SIGMA**2
    )


def preference(difference: Array) -> Array:
    """Probability that the higher condition is chosen, from differences in JOD."""
    chosen: Array = ndtr(difference / SIGMA)
    return chosen


def laplacian(pairs: Pairs, weights: Array) -> Array:
    """Assemble A' diag(weights) A (B,n,n) from weights (B,P), with A the incidence matrix."""
    n = pairs.conditions
    matrix = np.zeros((len(weights), n, n))
    matrix[:, pairs.first, pairs.second] = matrix[:, pairs.second, pairs.first] = -weights
    matrix[:, np.arange(n), np.arange(n)] = -matrix.sum(axis=-1)
    return matrix


def likelihood(pairs: Pairs) -> Objective:
    """Thurstone Case V (1927) on votes: sum of m ln Phi + (n - m) ln(1 - Phi)."""
    incidence = pairs.incidence()

    def objective(scores: Array, rows: Rows) -> Terms:
        return _likelihood(pairs, _probit(scores @ incidence.T), rows, incidence)

    return objective


def _likelihood(pairs: Pairs, probit: _Probit, rows: Rows, incidence: Array) -> Terms:
    m, n = pairs.wins[rows], pairs.votes[rows]
    value = (m * probit.log_p + (n - m) * probit.log_q).sum(axis=1)
    slope = m * probit.dlog_p + (n - m) * probit.dlog_q
    hessian = laplacian(pairs, m * probit.ddlog_p + (n - m) * probit.ddlog_q)
    return Terms(value, slope @ incidence, hessian, hessian)


@dataclass(frozen=True, eq=False)
class Groups:
    """Pairs with equal votes (B,G): m and n as the prior takes them, and how many pairs share them."""

    wins: Array
    votes: Array
    pairs: Array


def group(pairs: Pairs) -> Groups:
    """Collect the pairs whose column of the prior is the same; (m, n) equals (n - m, n).

    A unanimous pair counts as one vote short of unanimous, as published; uncompared pairs have no column.
    """
    m, n = np.minimum(pairs.wins, pairs.votes - pairs.wins), pairs.votes
    m = np.where(m == 0, np.minimum(1.0, n), m)
    order = np.lexsort((m, n), axis=1)
    m, n = np.take_along_axis(m, order, axis=1), np.take_along_axis(n, order, axis=1)
    new = np.ones(m.shape, dtype=bool)
    new[:, 1:] = (np.diff(m, axis=1) != 0) | (np.diff(n, axis=1) != 0)
    place = np.cumsum(new, axis=1) - 1
    shape = (len(m), int(place.max()) + 1)
    grouped = [np.zeros(shape) for _ in range(3)]
    row = np.broadcast_to(np.arange(len(m))[:, None], place.shape)
    grouped[0][row, place], grouped[1][row, place] = m, n
    np.add.at(grouped[2], (row, place), n > 0)
    return Groups(*grouped)


def distance(pairs: Pairs) -> Objective:
    """Votes plus the prior over distances (Perez-Ortiz & Mantiuk 2017): add sum of ln(pi_c + 0.1).

    pi_c says how well the distance of pair c fits the votes of all pairs, c's own among them.
    """
    incidence, groups = pairs.incidence(), group(pairs)

    def objective(scores: Array, rows: Rows) -> Terms:
        probit = _probit(scores @ incidence.T)
        votes = _likelihood(pairs, probit, rows, incidence)
        prior = _prior(pairs, groups, probit, rows, incidence)
        return Terms(
            votes.value + prior.value,
            votes.gradient + prior.gradient,
            votes.hessian + prior.hessian,
            votes.concave + prior.concave,
        )

    return objective


@dataclass(frozen=True, eq=False)
class _Shares:
    """s = a / sum over c of a, (B,G,P), its slope s' and bend s'' along each pair's own distance."""

    s: Array
    slope: Array
    bend: Array


def _shares(groups: Groups, probit: _Probit, compared: NDArray[np.bool_], rows: Rows) -> _Shares:
    m, n = groups.wins[rows, :, None], groups.votes[rows, :, None]
    p = [part[:, None, :] for part in (probit.log_p, probit.dlog_p, probit.ddlog_p)]
    q = [part[:, None, :] for part in (probit.log_q, probit.dlog_q, probit.ddlog_q)]
    # A column and its mirror image (n - m, n) always come together: votes are symmetric.
    there, slope_there, bend_there = (m * x + (n - m) * y for x, y in zip(p, q, strict=True))
    back, slope_back, bend_back = ((n - m) * x + m * y for x, y in zip(p, q, strict=True))
    highest = np.where(compared[:, None, :], np.maximum(there, back), -np.inf).max(axis=-1, keepdims=True)
    there, back = np.exp(there - highest), np.exp(back - highest)
    there, back = there * compared[:, None, :], back * compared[:, None, :]
    total = (there + back).sum(axis=-1, keepdims=True)
    return _Shares(
        (there + back) / total,
        (there * slope_there + back * slope_back) / total,
        (there * (slope_there**2 + bend_there) + back * (slope_back**2 + bend_back)) / total,
    )


def _prior(pairs: Pairs, groups: Groups, probit: _Probit, rows: Rows, incidence: Array) -> Terms:
    compared = pairs.votes[rows] > 0
    shares = _shares(groups, probit, compared, rows)
    w = groups.pairs[rows, :, None]
    pi = (w * shares.s).sum(axis=1)
    r = np.where(compared, 1 / (pi + FLOOR), 0.0)
    pull = r[:, None, :] - (r[:, None, :] * shares.s).sum(axis=-1, keepdims=True)  # r_c - R_k
    slope = (w * shares.slope * pull).sum(axis=1)
    bend = (w * shares.bend * pull).sum(axis=1)
    # J (B,P,n): how pi follows the scores; K and L (B,G,n): how the columns' sums follow them.
    k = w * (shares.slope @ incidence)
    j = (w * shares.slope).sum(axis=1)[:, :, None] * incidence - shares.s.swapaxes(1, 2) @ k
    cross = (shares.slope * pull @ incidence).swapaxes(1, 2) @ k
    concave = -(j * (r**2)[:, :, None]).swapaxes(1, 2) @ j
    hessian = laplacian(pairs, bend) - cross - cross.swapaxes(1, 2) + concave
    value = np.where(compared, np.log(pi + FLOOR), 0.0).sum(axis=1)
    return Terms(value, slope @ incidence, hessian, concave)


PRIORS: Registry[Any] = Registry(
    "prior",
    {
        "distance": Entry(distance, "distance prior", "Perez-Ortiz & Mantiuk 2017, arXiv 1712.03686"),
        "none": Entry(likelihood, "no prior (maximum likelihood)", "Thurstone 1927, Case V"),
    },
)
