"""Which pair to show next, and whether the votes are precise enough to stop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import entr, log_ndtr, ndtr

from uplapp.analysis.model import (
    HALF_LOG_TAU,
    SIGMA,
    Objective,
    Pairs,
    Terms,
    likelihood,
    maximise,
    strong_components,
)
from uplapp.analysis.scoring import INTERVALS, TAILS, normal_interval
from uplapp.errors import UplappError
from uplapp.values import Array, Rows, Scores

PRIOR_SD_JOD = 2.0  # wide beside the distances worth a study, narrow enough for a scale without votes
ALIKE = 0.01  # share of the highest gain that is no reason to prefer a pair: the posterior is no finer
# Gauss-Hermite nodes: 1e-4 bit for the widest posterior, that of no votes, and rounding for narrow ones.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

Chosen = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Posterior:
    """What votes and a prior say of the scores in JOD: `mean` (n,) and `covariance` (n,n)."""

    mean: Array
    covariance: Array


def posterior(counts: Array, start: Array | None = None) -> Posterior:
    """Posterior of the scores from win counts (n,n), normal around its peak (Laplace).

    The prior is N(0, 2^2) on each score, so there is an answer without votes and without a gauge; votes
    count as independent. `start` (n,) is where to climb from, such as the mean before the last answer.
    """
    counts = _checked(counts)
    start = np.zeros(len(counts)) if start is None else start
    if start.shape != counts.shape[:1]:
        raise UplappError(f"start has shape {start.shape}; for these counts it must be {counts.shape[:1]}")
    objective = _with_prior(likelihood(Pairs.of(counts[None])))
    peak = maximise(objective, start[None], np.zeros_like(counts))
    if not peak.converged[0]:
        raise UplappError("the scores of these counts were not found")
    precision = -objective(peak.scores, np.zeros(1, dtype=np.intp)).hessian[0]
    return Posterior(peak.scores[0], np.linalg.inv(precision))


def gains(belief: Posterior) -> Array:
    """Information (n,n) in bits, 0 or more, that one answer about each pair should give on the scores.

    Mutual information of answer and scores (Houlsby et al. 2011, arXiv 1112.5745, eq. 2), integrated on 21
    nodes to 1e-4 bit. Their closed form misses by up to .003 bit, which is more than an answer still brings
    once a distance is known to about .2 JOD.
    """
    first, second = np.triu_indices(len(belief.mean), 1)
    matrix = np.zeros_like(belief.covariance)
    matrix[first, second] = matrix[second, first] = _gain(belief, first, second)
    return matrix


def next_pairs(
    counts: Array,
    count: int = 1,
    allowed: NDArray[np.bool_] | None = None,
    shown: Array | None = None,
    seed: int = 0,
    start: Array | None = None,
) -> Chosen:
    """Choose which pairs one observer judges next, each as (i, j) with i < j, in the order to ask them.

    `counts` (n,n) are the wins of all observers so far, `shown` (n,n) how often this observer has judged
    each pair, `allowed` (n,n) which may be asked (all, if left out), `start` as in `posterior`.

    Only the pairs that this observer has judged least often are eligible; of these the highest gain is
    taken. Gains within 1% count as equal: then the pair goes first whose conditions this observer has seen
    least, and the seed decides the rest. After each choice the covariance shrinks by what the answer is
    expected to bring, so a batch neither repeats a pair nor stays at one condition.
    """
    belief = posterior(counts, start)
    n = len(belief.mean)
    first, second = _eligible(n, count, allowed)
    judged = _both_ways("shown", np.zeros((n, n)) if shown is None else shown, n)
    random = np.random.default_rng(seed).random(first.size)
    chosen: list[tuple[int, int]] = []
    for _ in range(count):
        times = judged[first, second]
        least = np.flatnonzero(times == times.min())
        i, j = first[least], second[least]
        gain = _gain(belief, i, j)
        best = gain >= (1 - ALIKE) * gain.max()
        seen = judged.sum(axis=0)
        order = np.lexsort((random[least], seen[i] + seen[j], ~best))
        a, b = int(i[order[0]]), int(j[order[0]])
        chosen.append((a, b))
        judged[a, b] += 1
        judged[b, a] += 1
        belief = _expected(belief, a, b)
    return tuple(chosen)


def _checked(counts: Array) -> Array:
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or len(counts) < 2:
        raise UplappError(f"counts have shape {counts.shape}; they must be (n,n) with 2 or more conditions")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise UplappError("counts hold a cell that is no number from 0 up")
    return counts


def _both_ways(what: str, cells: ArrayLike, n: int) -> Array:
    """A copy (n,n) of what holds for a pair, whichever of its conditions is named first."""
    matrix = np.array(cells, dtype=float)
    if matrix.shape != (n, n):
        raise UplappError(f"'{what}' has shape {matrix.shape}; for {n} conditions it must be ({n}, {n})")
    mirrored: Array = np.maximum(matrix, matrix.T)
    return mirrored


def _eligible(n: int, count: int, allowed: NDArray[np.bool_] | None) -> tuple[Rows, Rows]:
    if count < 1:
        raise UplappError(f"count is {count}; ask for 1 pair or more")
    first, second = np.triu_indices(n, 1)
    if allowed is None:
        return first, second
    mask = _both_ways("allowed", allowed, n)[first, second] > 0
    if not mask.any():
        raise UplappError("no pair is allowed, so there is none to show next; allow at least one")
    return first[mask], second[mask]


def _with_prior(votes: Objective) -> Objective:
    """Add ln N(0, PRIOR_SD_JOD^2) of every score to the votes' log-likelihood."""

    def objective(scores: Array, rows: Rows) -> Terms:
        terms = votes(scores, rows)
        weight = PRIOR_SD_JOD**-2
        flatter = weight * np.eye(scores.shape[1])
        return Terms(
            terms.value - 0.5 * weight * (scores**2).sum(axis=1),
            terms.gradient - weight * scores,
            terms.hessian - flatter,
            terms.concave - flatter,
        )

    return objective


def _gain(belief: Posterior, first: Rows, second: Rows) -> Array:
    """Gain in bits (P,) of the pairs: entropy of the expected answer minus expected entropy of the answer."""
    mean = belief.mean[first] - belief.mean[second]
    sd = np.sqrt(_variance(belief.covariance, first, second))
    chance = ndtr((mean[:, None] + sd[:, None] * NODES) / SIGMA)
    gain: Array = _bits(chance @ WEIGHTS) - _bits(chance) @ WEIGHTS
    return gain


def _variance(covariance: Array, first: Rows, second: Rows) -> Array:
    own = np.diag(covariance)
    variance: Array = own[first] + own[second] - 2 * covariance[first, second]
    return variance


def _bits(chance: Array) -> Array:
    """Entropy of an answer in bits."""
    entropy: Array = (entr(chance) + entr(1 - chance)) / np.log(2)
    return entropy


def _expected(belief: Posterior, a: int, b: int) -> Posterior:
    """Posterior after asking (a, b) once: on average the mean stays and the covariance loses rank one."""
    x = (belief.mean[a] - belief.mean[b]) / SIGMA
    log_density = -0.5 * x**2 - HALF_LOG_TAU
    information = np.exp(2 * log_density - log_ndtr(x) - log_ndtr(-x)) / SIGMA**2  # Fisher's, of one answer
    along = belief.covariance[a] - belief.covariance[b]
    shrunk = np.outer(along, along) * information / (1 + information * (along[a] - along[b]))
    return Posterior(belief.mean, belief.covariance - shrunk)


def widths(scores: Scores, first: Rows, second: Rows) -> Array:
    """Widths (P,) in JOD of the 95% intervals of the differences between conditions `first` and `second`.

    The interval is the scores' own kind; infinite where the votes do not fix the difference.
    """
    if len(scores.replicates) < 2:
        return np.full(len(first), np.inf)
    apart, replicates = (x[..., first] - x[..., second] for x in (scores.jod, scores.replicates))
    interval = INTERVALS[scores.interval].build if scores.interval in INTERVALS else normal_interval
    low, high = interval(apart, replicates, scores.observers or 1)
    fixed = strong_components(scores.wins)
    decided = (fixed[first] == fixed[second]) & (high > low)
    width: Array = np.where(decided, high - low, np.inf)
    return width


def widest_neighbour(scores: Scores | Posterior) -> float:
    """Widest 95% interval, in JOD, of the difference between two conditions next to each other in rank.

    Of a posterior it is too narrow where observers differ, because its votes count as independent: good
    enough to choose the next pair while people answer, not to end a study.
    """
    jod = scores.jod if isinstance(scores, Scores) else scores.mean
    order = np.argsort(-jod, kind="stable")
    first, second = order[:-1], order[1:]
    if isinstance(scores, Scores):
        return float(widths(scores, first, second).max())
    own = np.diag(scores.covariance)
    variance = own[first] + own[second] - 2 * scores.covariance[first, second]
    return float(2 * stats.norm.ppf(TAILS[1]) * np.sqrt(variance.max()))


def enough(scores: Scores | Posterior, target_jod: float) -> bool:
    """Say whether no interval of neighbours in rank is wider than `target_jod`, so that a study may stop."""
    if not target_jod > 0:
        raise UplappError(f"the target is {target_jod} JOD; it must be above 0")
    return widest_neighbour(scores) <= target_jod
