"""Groups of conditions that are statistically tied, as letters."""

from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from uplapp.values import Scores

Flags = NDArray[np.bool_]


def letters(scores: Scores) -> tuple[str, ...]:
    """Give each condition, in order, the letters of its groups; tied conditions share at least one.

    Two conditions share a letter exactly where their difference is not significant; without a common scale
    they share none. The best condition has "a"; after "z" come "aa", "ab". A condition that no test compares
    with any other has no letter.
    """
    index = {name: place for place, name in enumerate(scores.conditions)}
    n = len(index)
    apart, compared = np.zeros((n, n), dtype=bool), np.zeros(n, dtype=bool)
    for pair in scores.pairs:
        i, j = index[pair.a], index[pair.b]
        apart[i, j] = apart[j, i] = pair.significant or bool(np.isnan(pair.difference))
        compared[[i, j]] |= np.isfinite(pair.p_adjusted)
    order = [int(i) for i in np.argsort(-scores.jod, kind="stable") if compared[i]]
    groups = tied_groups(apart[np.ix_(order, order)])
    words = {place: "" for place in range(n)}
    for number, group in enumerate(groups):
        for member in sorted(group):
            words[order[member]] += letter(number)
    return tuple(words[place] for place in range(n))


def tied_groups(apart: Flags) -> list[frozenset[int]]:
    """Find the largest groups without a significant difference, from `apart` (n,n), best condition first.

    Insert and absorb (Piepho 2004): each significant pair splits every group that holds both; a group inside
    another goes.
    """
    groups = {frozenset(range(len(apart)))} - {frozenset()}
    for i, j in np.argwhere(np.triu(apart, 1)).tolist():
        split = {group for group in groups if {i, j} <= group}
        parts = {part for group in split for part in (group - {i}, group - {j})}
        groups = _absorb(groups - split | parts)
    return sorted(groups, key=sorted)


def letter(number: int) -> str:
    """Name group `number` from 0: a to z, then aa, ab and so on."""
    above, place = divmod(number, len(ascii_lowercase))
    return (letter(above - 1) if above else "") + ascii_lowercase[place]


def _absorb(groups: set[frozenset[int]]) -> set[frozenset[int]]:
    return {group for group in groups if not any(group < other for other in groups)}
