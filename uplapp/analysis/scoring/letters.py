"""Groups of conditions that are statistically tied, as letters."""

from math import isnan
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from uplapp.values import Scores

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
