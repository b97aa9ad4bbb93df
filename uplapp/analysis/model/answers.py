"""Thurstone's model on answers as given: "not sure" an answer of its own, and a place that attracts votes.

With d = q_A - q_B, the side bias b and the half width t of "not sure", all in JOD, A is chosen with
probability Phi((d + b - t) / sigma), B with Phi((-d - b - t) / sigma), and "not sure" is the rest: the
threshold model of Glenn & David (1960), the probit counterpart of Rao & Kupper (1967). The votes'
log-likelihood is concave in (q, b, t) together. B replicates, C ordered cells (who was A, who was B).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import log_ndtr, ndtr, ndtri

from uplapp.analysis.model.connectivity import Labels, strong_components
from uplapp.analysis.model.objective import (
    HALF_LOG_TAU,
    PRIORS,
    SIGMA,
    Objective,
    Pairs,
    Terms,
    fit_best,
    maximise,
)
from uplapp.analysis.reading.votes import to_wins
from uplapp.registry import Entry, Registry
from uplapp.values import Array, Estimate, Method, Rows

BARRED = -1e300  # value of a half width below 0; finite, so that any real value is higher
LEAST_JOD = 1e-9  # the smallest half width that is tried
LEVEL = 0.95
UNKNOWN = Estimate(np.nan, np.nan)
CELLS = 1 << 17  # replicates of a chunk x cells, or x pairs x pairs with a prior


@dataclass(frozen=True, eq=False)
class Curve:
    """Log-likelihood (B,C) of each cell, with its derivatives along u = d + b and along t."""

    value: Array
    u: Array
    t: Array
    uu: Array
    ut: Array
    tt: Array


@dataclass(frozen=True, eq=False)
class AnswerFit:
    """Scores (B,n), side bias (B,) and half width of "not sure" (B,), in JOD, NaN without an optimum."""

    scores: Array
    side: Array
    tie: Array
    converged: NDArray[np.bool_]

    @property
    def point(self) -> Array:
        """All parameters, (B,n+2)."""
        return np.column_stack([self.scores, self.side, self.tie])

    def repeat(self, times: int) -> "AnswerFit":
        """Start many replicates from one fit."""
        rows = np.zeros(times, dtype=np.intp)
        return AnswerFit(self.scores[rows], self.side[rows], self.tie[rows], self.converged[rows])


def half(u: Array, t: Array, votes: Array) -> Curve:
    """Count "not sure" as half a vote each way, of `votes` (B,3,C). t has no influence."""
    first, tie, second = np.moveaxis(votes, 1, 0)
    up, down, x = first + tie / 2, second + tie / 2, u / SIGMA
    log_p, log_q = log_ndtr(x), log_ndtr(-x)
    a, b = _ratio(x, log_p), _ratio(x, log_q)
    nothing = np.zeros_like(x)
    bend = -(up * a * (a + x) + down * b * (b - x)) / SIGMA**2
    return Curve(up * log_p + down * log_q, (up * a - down * b) / SIGMA, nothing, bend, nothing, nothing)


def threshold(u: Array, t: Array, votes: Array) -> Curve:
    """Take "not sure" of `votes` (B,3,C) as the zone of half width t around u = 0 (Glenn & David 1960)."""
    first, tie, second = np.moveaxis(votes, 1, 0)
    x, y = (u - t) / SIGMA, (u + t) / SIGMA
    log_first, log_second = log_ndtr(x), log_ndtr(-y)
    log_tie = np.where(tie > 0, log_between(x, y), 0.0)
    a, b, c, d = (_ratio(x, log_first), _ratio(y, log_second), _ratio(x, log_tie), _ratio(y, log_tie))
    along_x, along_y = first * a - tie * c, tie * d - second * b
    xx = tie * c * (x - c) - first * a * (a + x)
    yy = -tie * d * (y + d) - second * b * (b - y)
    xy = tie * c * d
    return Curve(
        first * log_first + tie * log_tie + second * log_second,
        (along_x + along_y) / SIGMA,
        (along_y - along_x) / SIGMA,
        (xx + 2 * xy + yy) / SIGMA**2,
        (yy - xx) / SIGMA**2,
        (xx - 2 * xy + yy) / SIGMA**2,
    )


TIES: Registry[Any] = Registry(
    "ties",
    {
        "half": Entry(half, "half a vote each way", "as pwcmp: Perez-Ortiz & Mantiuk 2017, arXiv 1712.03686"),
        "threshold": Entry(threshold, "an answer of its own (threshold model)", "Glenn & David 1960"),
    },
)


def log_between(x: Array, y: Array) -> Array:
    """Compute ln(Phi(y) - Phi(x)) for x < y without cancellation, in either tail."""
    flip = x + y > 0  # in the lower half, neither logarithm is near 0
    low, high = np.where(flip, -y, x), np.where(flip, -x, y)
    top = log_ndtr(high)
    rest: Array = top + np.log(-np.expm1(np.minimum(log_ndtr(low) - top, -1e-300)))
    return rest


def fit_answers(answers: Array, method: Method, start: AnswerFit, labels: Labels) -> AnswerFit:
    """Fit answers (B,3,n,n), as `Comparisons.answers` sums them up, from the parameters of `start`.

    `method` gives prior, ties and side_bias; a prior sees "not sure" as half votes. `labels` (n,) says which
    conditions have a scale in common; the mean of each is 0. A replicate where nobody was unsure has t = 0.
    """
    n = len(labels)
    gauge = np.zeros((n + 2, n + 2))
    gauge[:n, :n] = labels[:, None] == labels
    size = max(1, CELLS // (n * n if method.prior == "none" else (n * (n - 1) // 2) ** 2))
    points, converged = [], []
    for at in range(0, len(answers), size):
        chunk = answers[at : at + size]
        begin = np.where(_free(chunk, method), start.point[at : at + size], 0.0)
        peak = maximise(answer_objective(chunk, method), begin, gauge)
        points.append(peak.scores)
        converged.append(peak.converged)
    point, arrived = np.concatenate(points), np.concatenate(converged)
    same = gauge[:n, :n]
    point[:, :n] -= point[:, :n] @ (same / same.sum(axis=1))
    point[~arrived] = np.nan
    return AnswerFit(point[:, :n], point[:, n], point[:, n + 1], arrived)


def fit_best_answers(answers: Array, method: Method, labels: Labels) -> AnswerFit:
    """Fit one study (3,n,n), from the best scores with half votes (several starts) and no side bias."""
    scores = np.nan_to_num(fit_best(to_wins(answers), method.prior, labels))
    unsure = np.clip(answers[1].sum() / max(1.0, answers.sum()), 0.001, 0.9)
    tie = SIGMA * ndtri((1 + unsure) / 2)  # the zone that so many answers fall into where d = 0
    start = AnswerFit(scores[None], np.zeros(1), np.array([tie]), np.ones(1, dtype=bool))
    return fit_answers(answers[None], method, start, labels)


def draw_answers(fit: AnswerFit, answers: Array, bootstraps: int, seed: int | list[int]) -> Array:
    """Draw answers (B,3,n,n) of a fitted model (one row), as many a cell as `answers` (3,n,n) hold."""
    first, second = np.nonzero(answers.sum(axis=0))
    u = fit.scores[0, first] - fit.scores[0, second] + fit.side[0]
    shares = [ndtr((u - fit.tie[0]) / SIGMA), ndtr((-u - fit.tie[0]) / SIGMA)]
    chances = np.column_stack([shares[0], np.maximum(0.0, 1 - sum(shares)), shares[1]])
    votes = np.rint(answers.sum(axis=0)[first, second]).astype(int)
    samples = np.zeros((bootstraps, *answers.shape))
    cells = np.random.default_rng(seed).multinomial(votes, chances, (bootstraps, votes.size))
    samples[:, :, first, second] = cells.swapaxes(1, 2)
    return samples


def fold(answers: Array) -> Array:
    """Move answers (...,3,n,n) above the diagonal: without a side bias it does not matter who was A."""
    return np.triu(answers + answers[..., ::-1, :, :].swapaxes(-1, -2), 1)


def answer_objective(answers: Array, method: Method) -> Objective:
    """Build the objective of a fit of answers (B,3,n,n) over (q, b, t), where fixed parameters stay at 0."""
    prior, free = _prior(to_wins(answers), method.prior), _free(answers, method)
    answers = answers if method.side_bias else fold(answers)
    first, second = np.nonzero(answers.any(axis=(0, 1)))
    votes, n, cells = answers[:, :, first, second], answers.shape[-1], np.arange(first.size)
    design = np.zeros((first.size, n + 1))
    design[cells, first], design[cells, second], design[:, n] = 1.0, -1.0, 1.0
    curve = TIES[method.ties].build

    def objective(point: Array, rows: Rows) -> Terms:
        tie = np.where(free[rows, -1], np.maximum(point[:, -1], LEAST_JOD), 0.0)
        terms = _terms(curve(point[:, :-1] @ design.T, tie[:, None], votes[rows]), design)
        terms = _pin(_add(terms, prior(point[:, :n], rows)) if prior else terms, free[rows])
        barred = free[rows, -1] & (point[:, -1] < LEAST_JOD)
        return Terms(np.where(barred, BARRED, terms.value), terms.gradient, terms.hessian, terms.concave)

    return objective


def _free(answers: Array, method: Method) -> NDArray[np.bool_]:
    """Mark (B,n+2) which parameters the fit moves.

    The others stay at 0.
    """
    free = np.ones((len(answers), answers.shape[-1] + 2), dtype=bool)
    free[:, -2] = method.side_bias
    free[:, -1] = (method.ties == "threshold") & (answers[:, 1].sum(axis=(1, 2)) > 0)
    return free


def _terms(curve: Curve, design: Array) -> Terms:
    """Assemble the cells' derivatives into those along (q, b, t)."""
    rows, size = len(curve.value), design.shape[1] + 1
    hessian = np.empty((rows, size, size))
    hessian[:, :-1, :-1] = (design.T * curve.uu[:, None, :]) @ design
    hessian[:, :-1, -1] = hessian[:, -1, :-1] = curve.ut @ design
    hessian[:, -1, -1] = curve.tt.sum(axis=1)
    gradient = np.column_stack([curve.u @ design, curve.t.sum(axis=1)])
    return Terms(curve.value.sum(axis=1), gradient, hessian, hessian)


def _prior(counts: Array, prior: str) -> Objective | None:
    """Take a prior alone, (q) -> Terms: the objective with it less the votes' own part."""
    if prior == "none":
        return None
    pairs = Pairs.of(counts)
    both, votes = (PRIORS.build(name, pairs=pairs) for name in (prior, "none"))

    def objective(scores: Array, rows: Rows) -> Terms:
        x, y = both(scores, rows), votes(scores, rows)
        return Terms(x.value - y.value, x.gradient - y.gradient, x.hessian - y.hessian, x.concave - y.concave)

    return objective


def _add(terms: Terms, prior: Terms) -> Terms:
    """Add a prior on the scores to terms of all parameters."""
    n = prior.gradient.shape[1]
    gradient, hessian, concave = terms.gradient.copy(), terms.hessian.copy(), terms.concave.copy()
    gradient[:, :n] += prior.gradient
    hessian[:, :n, :n] += prior.hessian
    concave[:, :n, :n] += prior.concave
    return Terms(terms.value + prior.value, gradient, hessian, concave)


def _pin(terms: Terms, free: NDArray[np.bool_]) -> Terms:
    """Hold parameters that are not free: no slope, and a curvature of their own."""
    both = free[:, :, None] & free[:, None, :]
    rest = ~free[:, :, None] * np.eye(free.shape[1])
    hessian, concave = (np.where(both, part, 0.0) - rest for part in (terms.hessian, terms.concave))
    return Terms(terms.value, np.where(free, terms.gradient, 0.0), hessian, concave)


def _ratio(x: Array, log_probability: Array) -> Array:
    ratio: Array = np.exp(-0.5 * x * x - HALF_LOG_TAU - log_probability)
    return ratio


def side_bias(answers: Array) -> Estimate:
    """Estimate the side bias b of answers (K,3,n,n) in JOD, positive where A's place attracts votes.

    One fit without a prior, "not sure" as half votes; se from the sandwich over whole observers (Liang &
    Zeger 1986) times sqrt(K / (K - 1)), or from the information where there is one observer. NaN where the
    votes do not fix it, as when every pair was only ever shown in one order.
    """
    labels = strong_components(to_wins(answers).sum(axis=0))
    answers = answers * (labels[:, None] == labels)  # pairs with one winner say nothing, at infinite distance
    method = Method(prior="none", side_bias=True)
    if not answers.any():
        return UNKNOWN
    fit = fit_best_answers(answers.sum(axis=0), method, labels)
    if not fit.converged[0]:
        return UNKNOWN
    observers = len(answers)
    terms = answer_objective(answers, method)(np.repeat(fit.point, observers, axis=0), np.arange(observers))
    gauge = np.pad((labels[:, None] == labels).astype(float), (0, 2))
    covariance = np.linalg.inv(gauge - terms.hessian.sum(axis=0))
    if observers > 1:
        clusters = terms.gradient.T @ terms.gradient * observers / (observers - 1)
        covariance = covariance @ clusters @ covariance
    return Estimate(float(fit.side[0]), float(np.sqrt(covariance[-2, -2])))


def is_unknown(side: Estimate | None) -> bool:
    """Say whether the votes leave the side bias open."""
    return side is None or bool(np.isnan(side.jod))


def is_off_zero(side: Estimate, observers: int) -> bool:
    """Say whether a side bias is more than chance at the 5 % level, by Student's t over K observers."""
    freedom = observers - 1 if observers > 1 else np.inf
    return bool(abs(side.jod) > side.se * stats.t.ppf((1 + LEVEL) / 2, freedom))
