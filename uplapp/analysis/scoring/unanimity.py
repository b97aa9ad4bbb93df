"""A test that never weakens as dissent disappears: what p would be, had one vote gone the other way.

Where all votes of a pair go one way, replicates of its distance have no finite spread or a wrong one, so that
p may rise as the last dissenting vote turns. Such a pair has the smallest p among its own and those of the
studies with one of its votes turned back, if these put the same condition ahead.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from uplapp.analysis.scoring.blocks import Blocks, fit_blocks
from uplapp.analysis.scoring.significance import ALPHA, differences, holm
from uplapp.values import Array, Comparisons, Difference, Method

FEW_CONDITIONS = 4  # up to which every vote is turned in turn
MOST_STUDIES = 200
FEW_STUDIES = 4  # of more conditions, and only where distances are open: each costs as much as the analysis
MOST_JOINT = 3  # studies with a vote in each pair of one condition turned
CLEAR = 1e-12  # a p that needs no smaller value


@dataclass(frozen=True)
class Turn:
    """A vote of one observer for `upper` over `lower` that is turned."""

    observer: int
    upper: int
    lower: int


def unweakened(
    pairs: tuple[Difference, ...],
    comparisons: Comparisons,
    method: Method,
    blocks: Blocks,
    most: int = MOST_STUDIES,
) -> tuple[Difference, ...]:
    """Lower the p of unanimous pairs, in the order of `combinations`, to that of one dissenting vote.

    At most `most` studies with turned votes are fitted, FEW_STUDIES of more than FEW_CONDITIONS.
    """
    turns = list(_turns(pairs, comparisons, blocks, most))
    if not turns:
        return pairs
    place = {cell: at for at, cell in enumerate(combinations(range(len(comparisons.conditions)), 2))}
    p = np.array([pair.p for pair in pairs])
    for study in turns:
        cells = [place[min(turn.upper, turn.lower), max(turn.upper, turn.lower)] for turn in study]
        tested = _tested(study, comparisons, method, blocks.anchor)
        if method.prior == "none" and any(np.isnan(tested[at].p) for at in cells):
            # Without a prior too few replicates of so clear a study have finite scores.
            tested = _tested(study, comparisons, replace(method, prior="distance"), blocks.anchor)
        for turn, at in zip(study, cells, strict=True):
            ahead = tested[at].difference * (1 if turn.upper < turn.lower else -1)
            if ahead > 0:
                p[at] = np.fmin(p[at], tested[at].p)
    adjusted = holm(p)
    return tuple(
        replace(pair, p=float(own), p_adjusted=float(of_all), significant=bool(of_all < ALPHA))
        for pair, own, of_all in zip(pairs, p, adjusted, strict=True)
    )


def _turns(
    pairs: tuple[Difference, ...], comparisons: Comparisons, blocks: Blocks, most: int
) -> Iterator[tuple[Turn, ...]]:
    """Yield the studies to try: one vote turned, or one in each pair of a condition that is open."""
    wins, n = comparisons.wins, len(comparisons.conditions)
    if n > FEW_CONDITIONS and blocks.closed:
        return
    counts = wins.sum(axis=0)
    unclear = {
        cell for cell, pair in zip(combinations(range(n), 2), pairs, strict=True) if not pair.p < CLEAR
    }
    cells = [
        (int(i), int(j))
        for i, j in np.argwhere((counts >= 1) & (counts.T == 0))
        if (min(i, j), max(i, j)) in unclear
    ]
    single = [(Turn(int(o), i, j),) for i, j in cells for o in np.flatnonzero(wins[:, i, j] >= 1)]
    studies = [*single, *_joint(wins, cells, blocks)]
    most = most if n <= FEW_CONDITIONS else min(most, FEW_STUDIES)
    chosen = np.unique(np.linspace(0, len(studies) - 1, min(most, len(studies))).astype(int))
    yield from (studies[at] for at in chosen)


def _joint(wins: Array, cells: list[tuple[int, int]], blocks: Blocks) -> list[tuple[Turn, ...]]:
    """One vote in each unanimous pair of a condition alone, of one observer after the other."""
    studies = []
    for condition in np.flatnonzero(blocks.alone):
        own = [cell for cell in cells if condition in cell]
        people = [np.flatnonzero(wins[:, i, j] >= 1) for i, j in own]
        most = min(MOST_JOINT, max(map(len, people), default=0))
        for first in range(most if len(own) > 1 else 0):
            studies.append(
                tuple(
                    Turn(int(who[(first + at) % len(who)]), *cell)
                    for at, (cell, who) in enumerate(zip(own, people, strict=True))
                )
            )
    return studies


def _tested(
    study: tuple[Turn, ...], comparisons: Comparisons, method: Method, anchor: int | None
) -> tuple[Difference, ...]:
    for turn in study:
        comparisons = _turned(comparisons, turn)
    blocks = Blocks.of(comparisons.wins.sum(axis=0), anchor)
    scale, interval = fit_blocks(comparisons, method, blocks, None)
    return differences(
        comparisons.conditions, scale.scores, scale.replicates, scale.labels, comparisons.wins, interval
    )


def _turned(comparisons: Comparisons, turn: Turn) -> Comparisons:
    o, i, j = turn.observer, turn.upper, turn.lower
    wins, answers = comparisons.wins.copy(), comparisons.answers
    wins[o, i, j] -= 1
    wins[o, j, i] += 1
    if answers is not None:
        answers = answers.copy()
        was, now, a, b = (0, 2, i, j) if answers[o, 0, i, j] else (2, 0, j, i)
        answers[o, was, a, b] -= 1
        answers[o, now, a, b] += 1
    return replace(comparisons, wins=wins, answers=answers)
