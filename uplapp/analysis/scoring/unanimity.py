"""A test of pairs with at most one vote against the better condition, which a vote for it never weakens.

Replicates of a unanimous pair have no finite spread, or a wrong one. Such a pair is tested by its score
(Rao 1948) where the two conditions are equal: the votes between them have no say in the fit of all the
others to equal scores, nor in the variance, so that each more vote for one side raises the score and nothing
else. T pairs, K observers, C cells (pairs of conditions that were compared), n conditions.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr
from scipy.stats import binom

from uplapp.analysis.model import Objective, Pairs, Terms, chunk_size, likelihood, maximise, strong_components
from uplapp.analysis.model.normal import Probit
from uplapp.analysis.scoring.bootstrap import Beat, beating
from uplapp.analysis.scoring.significance import ALPHA, holm
from uplapp.values import PARAMETRIC, Array, Comparisons, Difference, Mask, Method, Rows, Scores, Watch

MOST_DISSENT = 1.0
FARTHEST_JOD = 10.0  # sd of a normal curve that keeps the scores of losers of every vote finite
MOST_TOGETHER = 50  # conditions whose votes all judge a pair
NEAREST = 20  # conditions whose votes judge a pair of more: all of 200 would take 30 times as long
NOTHING = 1e-9  # a share of the variance, or of a vote, that is rounding


@dataclass(frozen=True, eq=False)
class Score:
    """Scores (T,K) of observers for the upper condition of each pair, with their variances (T,K).

    `direct` and `direct_variance` (T,K) are the parts of both that come from votes on the pair itself,
    `votes` (T,) how many votes on other pairs there would be if all had the same say.
    """

    own: Array
    variance: Array
    direct: Array
    direct_variance: Array
    votes: Array


def clear_pairs(counts: Array, difference: Array) -> tuple[Rows, Rows, Mask]:
    """Orient all pairs of counts (n,n), in the order of `combinations`, by their differences (T,).

    Returns the better and the worse condition of each, by the direct votes where they leave the distance
    open, and a mask of those with at most one vote against the better.
    """
    first, second = np.triu_indices(len(counts), 1)
    block = strong_components(counts)
    lead = counts[first, second] - counts[second, first]
    lead = np.where((block[first] == block[second]) & np.isfinite(difference), difference, lead)
    upper, lower = np.where(lead > 0, first, second), np.where(lead > 0, second, first)
    votes = counts[first, second] + counts[second, first]
    clear: Mask = (lead != 0) & (votes > 0) & (counts[lower, upper] <= MOST_DISSENT + NOTHING)
    return upper, lower, clear


def unweakened(
    pairs: tuple[Difference, ...],
    comparisons: Comparisons,
    method: Method,
    interval: str,
    watch: Watch | None = None,
) -> tuple[Difference, ...]:
    """Give pairs, in the order of `combinations`, the p of `score_test` where hardly anyone dissents.

    Pairs that have no standard error are tested so too, and all that were compared where `interval` had to be
    parametric though there are several observers: votes drawn from the fit know nothing of how these differ.
    The test knows no side bias: where the method has one, only pairs without a standard error are. `watch`
    may end the work.
    """
    refused = interval == PARAMETRIC and len(comparisons.observers) > 1
    upper, lower, clear = _clear(pairs, comparisons.wins.sum(axis=0), method, refused)
    if not clear.any():
        return pairs
    p = np.array([pair.p for pair in pairs])
    p[clear] = score_test(comparisons.wins, upper[clear], lower[clear], beating(watch, method.bootstraps))
    adjusted = holm(p)
    return tuple(
        replace(pair, p=float(own), p_adjusted=float(of_all), significant=bool(of_all < ALPHA))
        for pair, own, of_all in zip(pairs, p, adjusted, strict=True)
    )


def tested_by_score(scores: Scores) -> Mask:
    """Mark (T,) which pairs of the scores have the p of `score_test`."""
    if scores.two_way is not None:
        return np.zeros(len(scores.pairs), dtype=bool)
    return _clear(scores.pairs, scores.wins, scores.method, scores.refused)[2]


def _clear(
    pairs: tuple[Difference, ...], counts: Array, method: Method, refused: bool
) -> tuple[Rows, Rows, Mask]:
    """Orient the pairs, and mark those to test by their score: clear, or without an error of observers."""
    upper, lower, clear = clear_pairs(counts, np.array([pair.difference for pair in pairs]))
    decided = counts[upper, lower] + counts[lower, upper] > 0
    decided &= [pair.difference != 0 for pair in pairs]
    silent = np.isnan([pair.se for pair in pairs]) & decided
    if refused:
        clear = decided
    return upper, lower, silent if method.side_bias else clear | silent


def score_test(wins: Array, upper: Rows, lower: Rows, beat: Beat | None = None) -> Array:
    """Two-sided p (T,) of wins (K,n,n) for `upper` over `lower` (T,), 1 where they rather favour `lower`.

    The ratio of score and standard error is Student's; the standard error is widened where observers differ
    more than single votes would. Where it says more, p is that of the sign test. Of one observer, or a
    matrix, the direct votes are binomial, and the sum of the others Student's.
    """
    score = scores_at_equality(wins, upper, lower, beat)
    direct = wins[:, upper, lower].T, wins[:, lower, upper].T
    if len(wins) == 1:
        alone = _of_one(score, np.floor(direct[0][:, 0]), np.floor(direct[1][:, 0]))
        return np.minimum(np.ones_like(alone), 2 * alone)
    total = score.variance.sum(axis=1)
    effective = total**2 / (score.variance**2).sum(axis=1)  # observers, if all had the same say
    ratio = score.own.sum(axis=1) / np.sqrt(total * _dispersion(score))
    student: Array = stdtr(np.maximum(1.0, effective - 1), -ratio)
    ahead, behind = (direct[0] > direct[1]).sum(axis=1), (direct[0] < direct[1]).sum(axis=1)
    sign: Array = binom.sf(ahead - 1, ahead + behind, 0.5)
    p: Array = np.minimum(1.0, 2 * np.minimum(student, sign))
    return p


def scores_at_equality(wins: Array, upper: Rows, lower: Rows, beat: Beat | None = None) -> Score:
    """Compute the efficient scores of wins (K,n,n) where `upper` and `lower` (T,) lie level.

    Of more than MOST_TOGETHER conditions a pair is judged by the votes among the NEAREST: the two, and those
    that they met most often.
    """
    if wins.shape[1] <= MOST_TOGETHER:
        return _together(wins, upper, lower, beat)
    votes = wins.sum(axis=0) + wins.sum(axis=0).T
    parts = []
    for i, j in zip(upper, lower, strict=True):
        met = votes[i] + votes[j]
        met[[i, j]] = np.inf
        some = np.argsort(-met, kind="stable")[:NEAREST]
        pair = np.flatnonzero(some == i), np.flatnonzero(some == j)
        parts.append(vars(_together(wins[:, some[:, None], some], *pair, beat)).values())
    return Score(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _together(wins: Array, upper: Rows, lower: Rows, beat: Beat | None) -> Score:
    counts = wins.sum(axis=0)
    together = np.triu(counts + counts.T, 1)
    first, second = np.nonzero(together)
    won, lost = wins[:, first, second].T, wins[:, second, first].T
    start = np.zeros(len(counts))
    if upper.size > 1:  # worth a fit of its own
        start = maximise(_held(counts[None]), start[None], np.zeros(counts.shape)).scores[0]
    parts, size = [], chunk_size(len(counts))
    for at in range(0, upper.size, size):
        if beat:
            beat()
        some = upper[at : at + size], lower[at : at + size]
        level = _level(counts, start, *some)
        parts.append(_scores(level, together[first, second], (first, second), (won, lost), some))
    return Score(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _level(counts: Array, start: Array, upper: Rows, lower: Rows) -> Array:
    """Fit scores (T,n), with `upper` and `lower` (T,) level, to counts (n,n) without those between them."""
    rows = np.arange(upper.size)
    merged = np.repeat(counts[None], upper.size, axis=0)
    merged[rows, upper, lower] = merged[rows, lower, upper] = 0
    merged[rows, upper] += merged[rows, lower]
    merged[rows, :, upper] += merged[rows, :, lower]
    merged[rows, lower] = merged[rows, :, lower] = 0
    begin = np.repeat(start[None], upper.size, axis=0)
    begin[rows, upper] = (start[upper] + start[lower]) / 2
    begin[rows, lower] = 0
    level = maximise(_held(merged), begin, np.zeros(counts.shape)).scores
    level[rows, lower] = level[rows, upper]
    return level


def _held(counts: Array) -> Objective:
    """Likelihood of counts (B,n,n), with scores that are normal around 0, so far out that it hardly shows."""
    votes, precision = likelihood(Pairs.of(counts)), 1 / FARTHEST_JOD**2

    def objective(scores: Array, rows: Rows) -> Terms:
        terms = votes(scores, rows)
        value = terms.value - precision * (scores**2).sum(axis=1) / 2
        hessian = terms.hessian - precision * np.eye(scores.shape[1])
        return Terms(value, terms.gradient - precision * scores, hessian, hessian)

    return objective


def _scores(
    level: Array,
    votes: Array,
    cells: tuple[Rows, Rows],
    outcomes: tuple[Array, Array],
    pair: tuple[Rows, Rows],
) -> tuple[Array, Array, Array, Array, Array]:
    """Observers' scores of pairs (T,) at scores `level` (T,n), from what they won and lost (C,K) in cells."""
    (first, second), (won, lost), (upper, lower) = cells, outcomes, pair
    curve = Probit.of(level[:, first] - level[:, second])
    near, far = curve.dnear, -curve.dfar
    up, down = np.where(curve.sign > 0, near, far), np.where(curve.sign > 0, far, near)
    information = up * down
    n, rows = level.shape[1], np.arange(len(level))
    matrix = np.zeros((len(level), n, n))
    matrix[:, first, second] = matrix[:, second, first] = -votes * information
    matrix[:, np.arange(n), np.arange(n)] = 1 / FARTHEST_JOD**2 - matrix.sum(axis=-1)
    contrast = np.zeros((len(level), n, 1))
    contrast[rows, upper, 0], contrast[rows, lower, 0] = 1, -1
    way = np.linalg.solve(matrix, contrast)[:, :, 0]
    along = way[:, first] - way[:, second]
    say, cast = along**2 * information, won + lost
    own, variance = (along * up) @ won - (along * down) @ lost, say @ cast
    at = np.full((n, n), -1)
    at[first, second] = at[second, first] = np.arange(first.size)
    cell = at[upper, lower]
    turn = (np.where(upper < lower, along[rows, cell], -along[rows, cell]) * up[rows, cell])[:, None]
    lead = np.where((upper < lower)[:, None], won[cell] - lost[cell], lost[cell] - won[cell])
    direct, say[rows, cell] = say[rows, cell][:, None] * cast[cell], 0.0
    others, squares = say @ votes, say**2 @ votes
    effective = np.divide(others**2, squares, out=np.ones_like(others), where=squares > 0)
    return own, variance, turn * lead, direct, effective


def _dispersion(score: Score) -> Array:
    """How much more (T,) observers differ on other pairs than single votes would, at least 1."""
    own, variance = score.own - score.direct, score.variance - score.direct_variance
    total = variance.sum(axis=1, keepdims=True)
    share = np.divide(variance, total, out=np.zeros_like(variance), where=total > 0)
    apart = ((own - share * own.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
    expected = total[:, 0] * (1 - (share**2).sum(axis=1))
    enough = expected > NOTHING * score.variance.sum(axis=1)
    ratio: Array = np.divide(apart, expected, out=np.ones_like(apart), where=enough)
    return np.maximum(1.0, ratio)


def _of_one(score: Score, ahead: Array, behind: Array) -> Array:
    """One-sided chance (T,) of votes one by one: the direct ones binomial, the others' sum Student's.

    The others count where their sum varies by more than half a vote between the two: less smooths no steps.
    """
    chance = np.ones_like(ahead)
    for place, (won, lost) in enumerate(zip(ahead, behind, strict=True)):
        votes = int(won + lost)
        variance = float((score.variance - score.direct_variance)[place, 0])
        half_a_vote = np.sqrt(max(0.0, variance) / max(1.0, score.votes[place]))
        rest = float((score.own - score.direct)[place, 0]) - half_a_vote
        step = float(np.sqrt(score.direct_variance[place, 0] / max(1, votes)))
        lead = won - lost - (2 * np.arange(votes + 1) - votes)
        if variance < step**2:
            above = (lead <= 0).astype(float)
        else:
            above = stdtr(max(1.0, score.votes[place] - 1), -(rest + step * lead) / np.sqrt(variance))
        chance[place] = float(binom.pmf(np.arange(votes + 1), votes, 0.5) @ above)
    return chance
