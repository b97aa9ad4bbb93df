"""Thurstone's model on answers as given: "not sure" and steps as answers, and a place that attracts votes.

The curves say how probable an answer is, given scores q, side bias b and thresholds t, all in JOD. The votes'
log-likelihood is concave in (q, b, t) together. B replicates, C ordered cells (who was A, who was B), m
thresholds: one but where the model takes steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtri

from uplapp.analysis.model.climbing import Objective, Terms, maximise
from uplapp.analysis.model.connectivity import Labels, strong_components
from uplapp.analysis.model.curves import ORDERED, TIES, Curve, chances, coarse
from uplapp.analysis.model.objective import PRIORS, SIGMA, Pairs, fit_best
from uplapp.analysis.reading.votes import to_wins
from uplapp.values import Array, Estimate, Method, Rows

BARRED = -1e300  # value of a zone of negative width; finite, so that any real value is higher
LEAST_JOD = 1e-9  # the smallest width of a zone that is tried
BEYOND_JOD = 1e3  # where the threshold of a step lies that nobody took
LEVEL = 0.95
UNKNOWN = Estimate(np.nan, np.nan)
CELLS = 1 << 17  # replicates of a chunk x cells, or x pairs x pairs with a prior


@dataclass(frozen=True, eq=False)
class AnswerFit:
    """Scores (B,n), side bias (B,) and thresholds (B,m), in JOD, NaN without an optimum.

    The threshold of a step that nobody took, nor any beyond it, is NaN.
    """

    scores: Array
    side: Array
    thresholds: Array
    converged: NDArray[np.bool_]

    @property
    def tie(self) -> Array:
        """The half width (B,) of "not sure"."""
        first: Array = self.thresholds[:, 0]
        return first

    @property
    def point(self) -> Array:
        """All parameters, (B,n+1+m)."""
        return np.column_stack([self.scores, self.side, self.thresholds])

    def repeat(self, times: int) -> "AnswerFit":
        """Start many replicates from one fit."""
        rows = np.zeros(times, dtype=np.intp)
        return AnswerFit(self.scores[rows], self.side[rows], self.thresholds[rows], self.converged[rows])


def graded(answers: Array, method: Method) -> Array:
    """Keep the steps of answers (...,2m+1,n,n) where the model takes them, else forget them, (...,3,n,n)."""
    return answers if method.ties == ORDERED else coarse(answers)


def fit_answers(answers: Array, method: Method, start: AnswerFit, labels: Labels) -> AnswerFit:
    """Fit answers (B,2m+1,n,n), as `Comparisons.answers` sums them up, from the parameters of `start`.

    `method` gives prior, ties and side_bias; a prior sees "not sure" as half votes, and no steps. `labels`
    (n,) says which conditions have a scale in common; the mean of each is 0. A replicate where nobody was
    unsure has t_1 = 0.
    """
    answers, n = graded(answers, method), len(labels)
    steps = answers.shape[1] // 2
    gauge = np.zeros((n + 1 + steps, n + 1 + steps))
    gauge[:n, :n] = labels[:, None] == labels
    size = max(1, CELLS // (n * n if method.prior == "none" else (n * (n - 1) // 2) ** 2))
    points, converged = [], []
    for at in range(0, len(answers), size):
        chunk = answers[at : at + size]
        begin = _to_widths(start.point[at : at + size, : n + 1 + steps], n)
        peak = maximise(answer_objective(chunk, method), np.where(_free(chunk, method), begin, 0.0), gauge)
        points.append(_to_thresholds(peak.scores, chunk, method))
        converged.append(peak.converged)
    point, arrived = np.concatenate(points), np.concatenate(converged)
    same = gauge[:n, :n]
    point[:, :n] -= point[:, :n] @ (same / same.sum(axis=1))
    point[~arrived] = np.nan
    return AnswerFit(point[:, :n], point[:, n], point[:, n + 1 :], arrived)


def fit_best_answers(answers: Array, method: Method, labels: Labels) -> AnswerFit:
    """Fit one study (2m+1,n,n), from the best scores with half votes (several starts) and no side bias."""
    answers = graded(answers, method)
    scores = np.nan_to_num(fit_best(to_wins(answers), method.prior, labels))
    steps, total = len(answers) // 2, max(1.0, answers.sum())
    inside = [answers[steps - k : steps + k + 1].sum() / total for k in range(steps)]
    shares = np.clip(inside, 0.001 * np.arange(1, steps + 1), 0.9 + 0.09 * np.arange(steps) / steps)
    thresholds = SIGMA * ndtri((1 + np.maximum.accumulate(shares)) / 2)  # zones that hold so many where d = 0
    start = AnswerFit(scores[None], np.zeros(1), thresholds[None], np.ones(1, dtype=bool))
    return fit_answers(answers[None], method, start, labels)


def draw_answers(fit: AnswerFit, answers: Array, bootstraps: int, seed: int | list[int]) -> Array:
    """Draw answers (B,2m+1,n,n) of a fitted model (one row), as many a cell as `answers` hold."""
    first, second = np.nonzero(answers.sum(axis=0))
    u = fit.scores[0, first] - fit.scores[0, second] + fit.side[0]
    votes = np.rint(answers.sum(axis=0)[first, second]).astype(int)
    samples = np.zeros((bootstraps, *answers.shape))
    shares = chances(u, np.nan_to_num(fit.thresholds[0], nan=BEYOND_JOD))
    cells = np.random.default_rng(seed).multinomial(votes, shares, (bootstraps, votes.size))
    samples[:, :, first, second] = cells.swapaxes(1, 2)
    return samples


def fold(answers: Array) -> Array:
    """Move answers (...,2m+1,n,n) above the diagonal: without a side bias it does not matter who was A."""
    return np.triu(answers + answers[..., ::-1, :, :].swapaxes(-1, -2), 1)


def answer_objective(answers: Array, method: Method) -> Objective:
    """Build the objective of a fit of answers (B,2m+1,n,n) over q, b and the widths w of the zones.

    The widths are t_1, t_2 - t_1 and so on: none is negative. Fixed parameters stay at 0.
    """
    answers = graded(answers, method)
    prior, free = _prior(to_wins(answers), method.prior), _free(answers, method)
    open_, n, steps = _open(answers, method), answers.shape[-1], answers.shape[1] // 2
    answers = answers if method.side_bias else fold(answers)
    first, second = np.nonzero(answers.any(axis=(0, 1)))
    votes, cells = answers[:, :, first, second], np.arange(first.size)
    design = np.zeros((first.size, n + 1))
    design[cells, first], design[cells, second], design[:, n] = 1.0, -1.0, 1.0
    curve = TIES[method.ties].build

    def objective(point: Array, rows: Rows) -> Terms:
        own = free[rows]
        widths = np.where(own[:, n + 1 :], np.maximum(point[:, n + 1 :], LEAST_JOD), open_[rows])
        at = curve(point[:, : n + 1] @ design.T, np.cumsum(widths, axis=1), votes[rows])
        terms = _terms(at, design, steps)
        terms = _pin(_add(terms, prior(point[:, :n], rows)) if prior else terms, own)
        barred = (own[:, n + 1 :] & (point[:, n + 1 :] < LEAST_JOD)).any(axis=1)
        return Terms(np.where(barred, BARRED, terms.value), terms.gradient, terms.hessian, terms.concave)

    return objective


def _used(answers: Array) -> NDArray[np.bool_]:
    """Mark (B,m+1) which steps were taken, for either side: "not sure", step 1, ..., step m."""
    counts = answers.sum(axis=(-1, -2))
    steps = counts.shape[1] // 2
    used: NDArray[np.bool_] = (counts + counts[:, ::-1])[:, steps:] > 0
    return used


def _free(answers: Array, method: Method) -> NDArray[np.bool_]:
    """Mark (B,n+1+m) which parameters the fit moves.

    The others stay where they are: a zone that nobody answered with has no width.
    """
    n, steps = answers.shape[-1], answers.shape[1] // 2
    free = np.ones((len(answers), n + 1 + steps), dtype=bool)
    free[:, n] = method.side_bias
    used = _used(answers)
    beyond = ~np.logical_or.accumulate(used[:, ::-1], axis=1)[:, ::-1]
    beyond[:, 1] = False  # where nobody ever decided, no zone is wide enough
    free[:, n + 1 :] = (method.ties != "half") & used[:, :-1] & ~beyond[:, 1:]
    return free


def _open(answers: Array, method: Method) -> Array:
    """Give the widths (B,m) of zones that the fit does not move.

    The last step that anybody took has no end.
    """
    used = _used(answers)
    last = used.shape[1] - 1 - np.argmax(used[:, ::-1], axis=1)
    widths = np.zeros((len(answers), used.shape[1] - 1))
    rows = np.flatnonzero((last >= 1) & (last < used.shape[1] - 1))
    widths[rows, last[rows]] = BEYOND_JOD
    return widths


def _to_widths(point: Array, n: int) -> Array:
    """Turn thresholds behind scores and side bias into the widths of zones."""
    widths = np.diff(np.nan_to_num(point[:, n + 1 :], nan=BEYOND_JOD), axis=1, prepend=0.0)
    return np.column_stack([point[:, : n + 1], np.maximum(widths, LEAST_JOD)])


def _to_thresholds(point: Array, answers: Array, method: Method) -> Array:
    """Turn widths behind scores and side bias into thresholds, NaN where no step begins."""
    n = answers.shape[-1]
    thresholds = np.cumsum(point[:, n + 1 :] + _open(answers, method), axis=1)
    return np.column_stack([point[:, : n + 1], np.where(thresholds < BEYOND_JOD, thresholds, np.nan)])


def _terms(curve: Curve, design: Array, steps: int) -> Terms:
    """Assemble the cells' derivatives into those along (q, b, w).

    A threshold is the sum of the widths up to it.
    """
    rows, size = len(curve.value), design.shape[1] + steps
    along, twice = curve.t, curve.tt
    mixed = (curve.ut.reshape(rows * steps, -1) @ design).reshape(rows, steps, -1)  # one large product
    if steps > 1:
        within = np.tril(np.ones((steps, steps)))  # thresholds = within @ widths
        along, mixed, twice = along @ within, within.T @ mixed, within.T @ twice @ within
    hessian = np.empty((rows, size, size))
    hessian[:, :-steps, :-steps] = (design.T * curve.uu[:, None, :]) @ design
    hessian[:, -steps:, :-steps], hessian[:, :-steps, -steps:] = mixed, mixed.swapaxes(1, 2)
    hessian[:, -steps:, -steps:] = twice
    gradient = np.column_stack([curve.u @ design, along])
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


def side_bias(answers: Array) -> Estimate:
    """Estimate the side bias b of answers (K,2m+1,n,n) in JOD, positive where A's place attracts votes.

    One fit without a prior, "not sure" as half votes; se from the sandwich over whole observers (Liang &
    Zeger 1986) times sqrt(K / (K - 1)), or from the information where there is one observer. NaN where the
    votes do not fix it, as when every pair was only ever shown in one order.
    """
    answers = coarse(answers)
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
    """Say whether a side bias is more than chance at the 5% level, by Student's t over K observers."""
    freedom = observers - 1 if observers > 1 else np.inf
    return bool(abs(side.jod) > side.se * stats.t.ppf((1 + LEVEL) / 2, freedom))
