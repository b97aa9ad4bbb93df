"""What a fit maximises: the votes' log-likelihood, and the prior over distances.

The letters are those of Perez-Ortiz & Mantiuk (2017, arXiv 1712.03686): m of n votes went to the first
condition of a pair. B replicates, P unordered pairs, n conditions. Both terms halve the published sums over
ordered pairs, which leaves the optimum where it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.arrays import Array, Rows
from uplapp.analysis.model.distance_prior import DistancePrior
from uplapp.analysis.model.normal import HALF_LOG_TAU, SIGMA, Probit, preference
from uplapp.registry import Entry, Registry

__all__ = [
    "HALF_LOG_TAU",
    "PRIORS",
    "SIGMA",
    "Array",
    "Objective",
    "Pairs",
    "Rows",
    "Terms",
    "laplacian",
    "preference",
]


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
        """Read win counts (B,n,n).

        The diagonal is ignored.
        """
        n = counts.shape[-1]
        first, second = np.triu_indices(n, 1)
        flat = counts.reshape(len(counts), n * n)
        wins = flat.take(first * n + second, axis=1)
        votes = wins + flat.take(second * n + first, axis=1)
        seen = votes.any(axis=0)
        if seen.all():
            return cls(n, first, second, wins, votes)
        return cls(n, first[seen], second[seen], wins[:, seen], votes[:, seen])

    def incidence(self) -> Array:
        """Matrix (P,n) that turns scores into differences, first minus second."""
        rows = np.arange(self.first.size)
        matrix = np.zeros((rows.size, self.conditions))
        matrix[rows, self.first], matrix[rows, self.second] = 1.0, -1.0
        return matrix

    def probit(self, scores: Array) -> Probit:
        """Compute the curve at the differences of scores (B,n), once where all replicates share them."""
        same = len(scores) > 1 and bool((scores == scores[0]).all())
        once = scores[:1] if same else scores
        curve = Probit.of(once.take(self.first, axis=1) - once.take(self.second, axis=1))
        return curve.repeat(len(scores)) if same else curve


@dataclass(frozen=True, eq=False)
class Terms:
    """Value (B,), gradient (B,n), Hessian (B,n,n), and the Hessian's part that is never positive."""

    value: Array
    gradient: Array
    hessian: Array
    concave: Array

    def take(self, rows: NDArray[np.bool_]) -> "Terms":
        """Keep some replicates."""
        if rows.all():
            return self
        return Terms(self.value[rows], self.gradient[rows], self.hessian[rows], self.concave[rows])


Objective = Callable[[Array, Rows], Terms]  # (scores of some replicates, which ones) -> Terms


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
        return _likelihood(pairs, pairs.probit(scores), rows, incidence)

    return objective


def _likelihood(pairs: Pairs, probit: Probit, rows: Rows, incidence: Array) -> Terms:
    m, n = pairs.wins[rows], pairs.votes[rows]
    high = np.where(probit.sign > 0, m, n - m)  # votes for the condition that lies higher
    low = n - high
    value = (high * probit.near + low * probit.far).sum(axis=1)
    slope = probit.sign * (high * probit.dnear + low * probit.dfar)
    hessian = laplacian(pairs, high * probit.ddnear + low * probit.ddfar)
    return Terms(value, slope @ incidence, hessian, hessian)


def distance(pairs: Pairs) -> Objective:
    """Votes plus the prior over distances (Perez-Ortiz & Mantiuk 2017): add sum of ln(pi_c + 0.1).

    pi_c says how well the distance of pair c fits the votes of all pairs, c's own among them.
    """
    incidence = pairs.incidence()
    prior = DistancePrior.of(pairs.wins, pairs.votes, incidence)

    def objective(scores: Array, rows: Rows) -> Terms:
        probit = pairs.probit(scores)
        terms = _likelihood(pairs, probit, rows, incidence)
        concave = terms.hessian.copy()
        for block in prior.blocks(rows):
            terms_of_prior = prior.at(probit.take(block), rows[block])
            terms.value[block] += terms_of_prior.value
            terms.gradient[block] += terms_of_prior.slope @ incidence
            concave[block] += terms_of_prior.concave
            coupled = terms_of_prior.cross + terms_of_prior.cross.swapaxes(1, 2)
            terms.hessian[block] += laplacian(pairs, terms_of_prior.bend) - coupled + terms_of_prior.concave
        return Terms(terms.value, terms.gradient, terms.hessian, concave)

    return objective


PRIORS: Registry[Any] = Registry(
    "prior",
    {
        "distance": Entry(distance, "distance prior", "Perez-Ortiz & Mantiuk 2017, arXiv 1712.03686"),
        "none": Entry(likelihood, "no prior (maximum likelihood)", "Thurstone 1927, Case V"),
    },
)
