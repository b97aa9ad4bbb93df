"""How much each observer counts: who gave most of the votes, and votes scaled so that all count the same."""

from dataclasses import replace

import numpy as np

from uplapp.analysis.reading.cells import Cells
from uplapp.analysis.reading.tables import shown
from uplapp.errors import BadVotes
from uplapp.values import Comparisons, Mask

FEWEST = 20  # votes, below which one observer may well have most of them
MOST, TIMES_EVEN = 0.5, 1.5  # shares of the votes that are named: half, and so much above an even share
EQUAL = "each observer counts the same: the votes of each are scaled to one sum"


def leading(observer: Cells, main: Mask) -> list[str]:
    """Name an observer who gave most of the main votes, of two observers only one with three in four."""
    counts = np.bincount(observer.codes[main], minlength=len(observer.texts))
    if counts.sum() < FEWEST or (counts > 0).sum() < 2:
        return []
    share = counts.max() / counts.sum()
    if share <= max(MOST, TIMES_EVEN / (counts > 0).sum()):
        return []
    name = shown(observer.texts[int(counts.argmax())])
    return [f"observer '{name}' gave {share:.0%} of the votes; observers can be weighed equally instead"]


def equally(counts: Comparisons) -> Comparisons:
    """Scale the votes of each observer to the mean number of votes, so that all count the same.

    Votes that name no observer raise BadVotes.
    """
    if not counts.observers:
        raise BadVotes("nothing says who voted, so observers cannot count the same; leave out --equal")
    own = counts.wins.sum(axis=(1, 2))
    factors = own.mean() / own
    cells, answers = counts.cells, counts.answers
    each = factors[:, None, None]
    return replace(
        counts,
        wins=counts.wins * each,
        answers=None if answers is None else (answers * each[..., None]).astype(answers.dtype),
        cells=None if cells is None else replace(cells, times=cells.times * factors[cells.observer]),
        notes=(*counts.notes, EQUAL),
    )
