"""Which differences between conditions are more than chance."""

from dataclasses import replace
from itertools import combinations
from math import isnan
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr
from scipy.stats import binom

from uplapp.analysis.model import Labels, strong_components
from uplapp.analysis.scoring.bounds import Bounds, share_at
from uplapp.values import Array, Difference, Scores, TwoWay

ALPHA = 0.05
LEAST_VARIANCE = 1e-18  # JOD^2: replicates that agree so exactly say nothing about chance


def differences(
    names: tuple[str, ...],
    scores: Array,
    replicates: Array,
    labels: Labels,
    wins: Array,
    interval: str,
    both: TwoWay | None = None,
    scenes: Array | None = None,
) -> tuple[Difference, ...]:
    """Compare all pairs of `scores` (n,): difference, its se from `replicates` (B,n), two-sided p, Holm.

    `wins` (K,n,n) are the observers' votes. With interval "t" the replicates' sd is widened by
    sqrt(K / (K - 1)) and p is Student's with K - 1 degrees of freedom, as the intervals are; the raw sd with
    a normal p, which the other intervals keep, calls too much significant below about 30 observers. Where
    scenes were resampled too, `both` holds covariance and degrees of freedom.

    Conditions of different `labels` have no difference: NaN. Where no chain of wins leads back, the votes
    leave the distance open, and the difference is the prior's or NaN: se is NaN, and p is that of
    `sign_test`, whatever the prior: the larger of that of observers and of `scenes` (S,n,n), where these are.
    `unweakened` has more.
    """
    pairs = list(combinations(range(len(names)), 2))
    first, second = np.array(pairs).T
    apart = np.where(labels[first] == labels[second], scores[first] - scores[second], np.nan)
    fixed = strong_components(wins.sum(axis=0))
    decided = fixed[first] == fixed[second]
    spread = _covariance(replicates, interval, len(wins)) if both is None else both.covariance
    se = np.where(decided, _standard_errors(spread, first, second), np.nan)
    freedom = None if interval != "t" else len(wins) - 1 if both is None else both.freedom[first, second]
    p = _two_sided(apart / se, freedom)
    p = np.where(decided, p, signs_of(wins, scenes)[first, second])
    numbers = zip(*(values.tolist() for values in (apart, se, p, holm(p))), strict=True)
    return tuple(
        Difference(names[i], names[j], apart_jod, se_jod, chance, adjusted, adjusted < ALPHA)
        for (i, j), (apart_jod, se_jod, chance, adjusted) in zip(pairs, numbers, strict=True)
    )


def with_bounds(pairs: tuple[Difference, ...], open_: Bounds) -> tuple[Difference, ...]:
    """Add to pairs, in the order of `combinations`, the least distance where one side won every vote."""
    n = len(open_.sides)
    return tuple(
        _bounded(pair, i, j, open_) for pair, (i, j) in zip(pairs, combinations(range(n), 2), strict=True)
    )


def _bounded(pair: Difference, i: int, j: int, open_: Bounds) -> Difference:
    if np.isfinite(open_.apart[i, j]):
        side, upper, lower, sign = "above", i, j, 1
    elif np.isfinite(open_.apart[j, i]):
        side, upper, lower, sign = "below", j, i, -1
    else:
        return pair
    least = float(open_.apart[upper, lower])
    return replace(
        pair,
        bound=side,
        bound_jod=sign * least,
        bound_share=share_at(least),
        bound_observers=float(open_.observers[upper, lower]),
    )


def upright(scores: Scores, pair: Difference) -> tuple[str, str]:
    """Name the better condition of a pair first, by the direct votes where the distance is open."""
    if pair.bound:
        return (pair.a, pair.b) if pair.bound == "above" else (pair.b, pair.a)
    if not np.isnan(pair.difference):
        return (pair.a, pair.b) if pair.difference >= 0 else (pair.b, pair.a)
    a, b = scores.conditions.index(pair.a), scores.conditions.index(pair.b)
    return (pair.a, pair.b) if scores.wins[a, b] >= scores.wins[b, a] else (pair.b, pair.a)


def covariance(scores: Scores) -> Array:
    """Covariance (n,n) of the scores in JOD^2, as the tests take it, NaN without replicates."""
    if scores.two_way is not None:
        return scores.two_way.covariance
    return _covariance(scores.replicates, scores.interval, scores.observers or 1)


def holm(p: Array) -> Array:
    """Adjust p values (T,) for their number (Holm 1979).

    NaN stays NaN and is not counted.
    """
    adjusted = np.full_like(p, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    steps = p[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if order.size else steps
    return adjusted


def sign_test(wins: Array) -> Array:
    """Two-sided p (n,n) of each pair's direct votes (K,n,n), NaN without votes (Arbuthnot 1710).

    Each observer who favours one side counts once; a single observer's votes count one by one.
    """
    lead = wins - wins.swapaxes(1, 2)
    if len(wins) > 1:
        ahead, behind = (lead > 0).sum(axis=0), (lead < 0).sum(axis=0)
    else:  # half a vote decides nothing
        ahead, behind = np.floor(wins[0]).astype(int), np.floor(wins[0].T).astype(int)
    p = np.minimum(1.0, 2 * binom.sf(np.maximum(ahead, behind) - 1, ahead + behind, 0.5))
    tested: Array = np.where(wins.any(axis=0) | wins.any(axis=0).T, p, np.nan)
    return tested


def signs_of(wins: Array, scenes: Array | None) -> Array:
    """Give the larger p (n,n) of sign tests of observers (K,n,n) and `scenes` (S,n,n), each counted once."""
    own = sign_test(wins)
    larger: Array = own if scenes is None else np.maximum(own, sign_test(scenes))
    return larger


def _covariance(replicates: Array, interval: str, observers: int) -> Array:
    if len(replicates) < 2:
        return np.full((replicates.shape[1],) * 2, np.nan)
    widen = observers / (observers - 1) if interval == "t" else 1.0
    spread: Array = widen * np.cov(replicates.T)
    return spread


def _standard_errors(covariance: Array, first: Labels, second: Labels) -> Array:
    """Standard errors (T,), NaN where the replicates do not vary."""
    spread = np.diag(covariance)
    variance = spread[first] + spread[second] - 2 * covariance[first, second]
    return np.sqrt(np.where(variance > LEAST_VARIANCE, variance, np.nan))


def _two_sided(ratio: Array, freedom: Array | int | None) -> Array:
    """Two-sided p of a ratio, by Student's t or, without degrees of freedom, by the normal curve."""
    tail: NDArray[np.float64] = -np.abs(ratio)
    p: Array = 2 * (ndtr(tail) if freedom is None else stdtr(freedom, tail))
    return p


MOST_GROUPS = len(ascii_lowercase)  # more letters than these nobody reads, and groups may grow as 3^(n/3)

Flags = NDArray[np.bool_]


def letters(scores: Scores) -> tuple[str, ...]:
    """Give each condition, in order, the letters of its groups.

    Tied conditions share at least one. Two conditions share a letter exactly where a test finds no
    significant difference: those that share none differ, or have no tested distance, as without a common
    scale. The best condition has "a". A condition without any tested distance has no letter; no condition has
    one where more than 26 groups need one.
    """
    index = {name: place for place, name in enumerate(scores.conditions)}
    n = len(index)
    tied, compared = np.eye(n, dtype=bool), [False] * n
    for pair in scores.pairs:
        i, j = index[pair.a], index[pair.b]
        if not isnan(pair.p_adjusted + pair.difference):  # without a distance there is no order of letters
            compared[i] = compared[j] = True
            tied[i, j] = tied[j, i] = not pair.significant
    order = [int(i) for i in np.argsort(-scores.jod, kind="stable") if compared[i]]
    words = [""] * n
    for letter, group in zip(ascii_lowercase, tied_groups(~tied[np.ix_(order, order)]), strict=False):
        for member in group:
            words[order[member]] += letter
    return tuple(words)


def tied_groups(apart: Flags) -> list[frozenset[int]]:
    """Find the largest groups without a significant difference, from `apart` (n,n), best condition first.

    These are the letters of insert-and-absorb (Piepho 2004), here one condition at a time: it joins the
    groups it is tied to as a whole, and the tied part of each other group gives a new one. So no step has
    more groups than the next, and more than MOST_GROUPS end the search: the list is empty.
    """
    groups: list[frozenset[int]] = []
    for new, row in enumerate(~apart):
        tied = frozenset(np.flatnonzero(row[:new]).tolist())
        joined = {(group & tied) | {new} for group in groups} or {frozenset({new})}
        groups = [group for group in groups if not group <= tied] + _largest(joined)
        if len(groups) > MOST_GROUPS:
            return []
    return sorted(groups, key=sorted)


def _largest(groups: set[frozenset[int]]) -> list[frozenset[int]]:
    return [group for group in groups if not any(group < other for other in groups)]
