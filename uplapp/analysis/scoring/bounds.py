"""How far apart at least: one-sided 95% bounds where one side won every vote.

At the bound x all votes would go one way in 5 of 100 studies: the product of their preferences
Phi((q_i + x - q_j) / sigma) is .05 (Clopper & Pearson 1934, for one pair), if votes are independent. Inside
blocks the fitted scores are taken as they are.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr

from uplapp.analysis.model import SIGMA, preference, reach
from uplapp.analysis.scoring.blocks import NOWHERE, Blocks
from uplapp.values import Array

ERROR = 0.05
FARTHEST_JOD = 1e4
SIDES = {1: "above", -1: "below", 0: ""}
OPEN = "open"  # where not even the side is known


@dataclass(frozen=True, eq=False)
class Bounds:
    """Open sides (n,) of scores with the bound (n,) in JOD, and least distances (n,n) of the row above.

    `observers` (n,n) is the least share of people who favour the row, from how many did so without exception.
    NaN where there is no bound, or none above 0.
    """

    sides: tuple[str, ...]
    jod: Array
    apart: Array
    observers: Array


def bounds(wins: Array, scores: Array, blocks: Blocks, named: bool) -> Bounds:
    """Give the least distance of each condition whose distance the votes (K,n,n) leave open.

    `scores` (n,) are the places inside the blocks. `named` says that the votes are those of K observers and
    not of a matrix.
    """
    counts = wins.sum(axis=0)
    apart = _apart(counts, scores, blocks)
    places = _places(scores, blocks, apart)
    apart = np.where(apart > 0, apart, np.nan)
    favour = np.where(np.isfinite(apart) & named, (wins > wins.swapaxes(1, 2)).sum(axis=0), 0)
    shares = np.where(favour > 0, ERROR ** (1 / np.maximum(1, favour)), np.nan)
    return Bounds(sides(counts, blocks), places, apart, shares)


def sides(counts: Array, blocks: Blocks) -> tuple[str, ...]:
    """Say of each condition whether it lies an open way above or below its reference, '' where it is fixed.

    Without a reference, whether it never lost or never won.
    """
    chain = reach(counts[None])[0]
    words = []
    for i, reference in enumerate(blocks.reference):
        rest = (blocks.part == blocks.part[i]) & (blocks.block != blocks.block[i])
        others = rest if reference < 0 else blocks.block == reference
        up, down = bool(chain[i, others].any()), bool(chain[others, i].any())
        if not rest.any() or blocks.block[i] == reference:
            words.append("")
        else:
            words.append(SIDES[up - down] or OPEN)
    return tuple(words)


def least_distance(votes: Array, gaps: Array) -> float:
    """Find the shift x in JOD at which `votes` (P,) between `gaps` + x (P,) all go one way in 5% of studies.

    One pair, 100 votes: 2.80.
    """

    def surplus(shift: float) -> float:
        return float((votes * log_ndtr((gaps + shift) / SIGMA)).sum() - np.log(ERROR))

    return float(brentq(surplus, -FARTHEST_JOD, FARTHEST_JOD))


def share_at(jod: float) -> float:
    """Share of votes for a condition that lies so far above the other."""
    return float(preference(np.array(jod)))


def _apart(counts: Array, scores: Array, blocks: Blocks) -> Array:
    """Least distances (n,n) of the row above the column, between blocks with direct votes."""
    apart = np.full(counts.shape, np.nan)
    places = _inner(scores, blocks)
    for upper in np.unique(blocks.block):
        for lower in np.unique(blocks.block):
            cell = np.ix_(blocks.block == upper, blocks.block == lower)
            votes, gaps = counts[cell], places[cell[0]] - places[cell[1]]
            if upper != lower and votes.sum() >= 1 and np.isfinite(gaps).all():
                apart[cell] = gaps + least_distance(votes.ravel(), gaps.ravel())
    return apart


def _inner(scores: Array, blocks: Blocks) -> Array:
    """Places (n,) of conditions on the mean of their own block."""
    places = np.zeros_like(scores)
    for block in np.unique(blocks.block[~blocks.alone]):
        inside = blocks.block == block
        places[inside] = scores[inside] - scores[inside].mean()
    return places


def _places(scores: Array, blocks: Blocks, apart: Array) -> Array:
    """Bounds (n,) of open scores on the zero of their reference, or of the only two conditions of a part."""
    places = np.full(scores.shape, np.nan)
    for i, reference in enumerate(blocks.reference):
        part = np.flatnonzero((blocks.part == blocks.part[i]) & (np.arange(scores.size) != i))
        others, half = np.flatnonzero(blocks.block == reference), 1.0
        if reference == NOWHERE:  # zero is the mean of the two
            others, half = part if part.size == 1 else part[:0], 0.5
        if not others.size or blocks.block[i] == reference:
            continue
        zero, j = (scores[others[0]] if half == 1 else 0.0), others[0]
        above, below = half * apart[i, j], half * apart[j, i]
        if (apart[i, others] > 0).any():
            places[i] = zero + above
        elif (apart[others, i] > 0).any():
            places[i] = zero - below
    return places
