"""A fit and what it maximises: the votes' log-likelihood, and the prior over distances.

The letters are those of Perez-Ortiz & Mantiuk (2017, arXiv 1712.03686): m of n votes went to the first
condition of a pair. B replicates, P unordered pairs, n conditions. Both terms halve the published sums over
ordered pairs, which leaves the optimum where it is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from uplapp.analysis.model.climbing import (
    Fit,
    Lead,
    Objective,
    Sloped,
    Terms,
    is_domed,
    maximise,
    newton_solve,
)
from uplapp.analysis.model.distance_prior import DistancePrior
from uplapp.analysis.model.normal import HALF_LOG_TAU, SIGMA, Probit, preference
from uplapp.registry import Entry, Registry
from uplapp.values import Array, Rows

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
    value, slope, (high, low) = _votes(pairs, probit, rows)
    hessian = laplacian(pairs, high * probit.ddnear + low * probit.ddfar)
    return Terms(value, slope @ incidence, hessian, hessian)


def _votes(pairs: Pairs, probit: Probit, rows: Rows) -> tuple[Array, Array, tuple[Array, Array]]:
    """Log-likelihood (B,), its slope (B,P), and the votes (B,P) for who lies higher and who lower."""
    m, n = pairs.wins[rows], pairs.votes[rows]
    high = np.where(probit.sign > 0, m, n - m)
    low = n - high
    value = (high * probit.near + low * probit.far).sum(axis=1)
    return value, probit.sign * (high * probit.dnear + low * probit.dfar), (high, low)


def distance(pairs: Pairs) -> Objective:
    """Votes plus the prior over distances (Perez-Ortiz & Mantiuk 2017): add sum of ln(pi_c + 0.1).

    pi_c says how well the distance of pair c fits the votes of all pairs, c's own among them.
    """
    incidence = pairs.incidence()
    return _with_prior(pairs, DistancePrior.of(pairs.wins, pairs.votes, incidence), incidence)


def _with_prior(pairs: Pairs, prior: DistancePrior, incidence: Array) -> Objective:
    def terms(scores: Array, rows: Rows) -> Terms:
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

    def slope(scores: Array, rows: Rows) -> tuple[Array, Array]:
        probit = pairs.probit(scores)
        value, along, _ = _votes(pairs, probit, rows)
        for block in prior.blocks(rows):
            more, steeper = prior.slope(probit.take(block), rows[block])
            value[block] += more
            along[block] += steeper
        return value, along @ incidence

    return Sloped(terms, slope)


def led_by_distance(pairs: Pairs, start: Array, gauge: Array) -> tuple[Objective, Lead | None]:
    """Build the objective of `distance`, and a first step for replicates from scores (B,n) that they share.

    The slopes of the step are exact. Of the prior's curvature all take that of the first replicate. Who would
    go far, or not upwards, stays. None where replicates hardly share groups of pairs.
    """
    incidence, rows = pairs.incidence(), np.arange(len(start))
    prior = DistancePrior.of(pairs.wins, pairs.votes, incidence)
    objective, probit = _with_prior(pairs, prior, incidence), pairs.probit(start)
    of_prior = prior.shared_slope(probit.take(rows[:1]))
    if of_prior is None:
        return objective, None
    votes = _likelihood(pairs, probit, rows, incidence)
    hessian = votes.hessian + (objective(start[:1], rows[:1]).hessian - votes.hessian[:1])
    step = newton_solve(hessian, votes.gradient + of_prior @ incidence, gauge)
    usable = is_domed(hessian, gauge) & (np.abs(step).max(axis=1) < FIRST_STEP_JOD)
    return objective, Lead(step, hessian, usable)


PRIORS: Registry[Any] = Registry(
    "prior",
    {
        "distance": Entry(distance, "distance prior", "Perez-Ortiz & Mantiuk 2017, arXiv 1712.03686"),
        "none": Entry(likelihood, "no prior (maximum likelihood)", "Thurstone 1927, Case V"),
    },
)


STARTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # times rough scores: far apart, the prior has several hills
MANY_REPLICATES = 12  # that share a start: worth a step of their own
FIRST_STEP_JOD = 1.0
WIDE = 1 << 19  # as CELLS, of those that share a step
CELLS = 1 << 16  # replicates solved together x conditions x conditions


def fit(counts: Array, prior: str, start: Array, labels: Rows) -> Fit:
    """Fit win counts (B,n,n), `counts[b, i, j]` = times i was chosen over j, from scores `start` (B,n).

    `labels` (n,) says which conditions have a scale in common; the mean of each label is 0.
    """
    gauge = (labels[:, None] == labels).astype(float)
    size, scores = batch_size(len(labels), prior), np.empty(start.shape)
    converged = np.zeros(len(start), dtype=bool)
    for at in range(0, len(counts), size):
        some = slice(at, at + size)
        pairs, begin = Pairs.of(counts[some]), start[some]
        lead = None
        if prior == "distance" and len(begin) >= MANY_REPLICATES and (begin == begin[0]).all():
            objective, lead = led_by_distance(pairs, begin, gauge)
        else:
            objective = PRIORS.build(prior, pairs=pairs)
        peak = maximise(objective, begin, gauge, lead=lead)
        scores[some], converged[some] = peak.scores, peak.converged
    scores -= scores @ (gauge / gauge.sum(axis=1))
    return Fit(np.where(converged[:, None], scores, np.nan), converged)


def chunk_size(conditions: int) -> int:
    """Count the replicates that are solved together: fewer waste the batch, more leave the cache."""
    return max(1, CELLS // conditions**2)


def batch_size(conditions: int, prior: str) -> int:
    """Count the replicates that are fitted together: with a prior enough to share the first step."""
    few = chunk_size(conditions)
    return few if prior == "none" else max(few, min(MANY_REPLICATES, WIDE // conditions**2))


def fit_best(counts: Array, prior: str, labels: Rows) -> Array:
    """Fit one matrix (n,n) from several starts to the scores (n,) of the highest optimum, or NaN."""
    votes = counts + counts.T
    rough = fit((counts + 0.5 * (votes > 0))[None], "none", np.zeros((1, len(counts))), labels).scores[0]
    copies = np.repeat(counts[None], len(STARTS), axis=0)
    fits = fit(copies, prior, np.multiply.outer(STARTS, np.nan_to_num(rough)), labels)
    objective = PRIORS.build(prior, pairs=Pairs.of(copies))
    values = objective(np.nan_to_num(fits.scores), np.arange(len(STARTS))).value
    # Rounded, so that the first of equal optima wins on every machine.
    highest = np.argmax(np.where(fits.converged, np.round(values, 6), -np.inf))
    best: Array = fits.scores[highest]
    return best
