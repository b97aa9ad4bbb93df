"""Verdicts that hang on the replicates: p so near the level that another seed may turn them round.

The standard deviation of B replicates is off by a share 1 / sqrt(2 B) of itself (normal replicates), the
two-way one, a sum of three, by up to sqrt(3) times as much. A verdict is near where it changes within
TIMES such errors. More replicates make it sharper.
"""

import numpy as np
from scipy.special import ndtr, stdtr

from uplapp.analysis.scoring.significance import ALPHA
from uplapp.values import Difference, Scores

TIMES = 2.0
LEAST = 1e-6  # share of a standard error that two replicates may leave of it


def near_level(scores: Scores) -> tuple[Difference, ...]:
    """Choose the differences whose adjusted p other replicates may put on the other side of the level."""
    tested = [pair for pair in scores.pairs if np.isfinite(pair.se) and pair.p_adjusted > 0]
    share = TIMES * np.sqrt(
        (1 if scores.two_way is None else 3) / (2 * (len(scores.replicates) or scores.method.bootstraps))
    )
    near = []
    for pair in tested:
        ratio, freedom = abs(pair.difference) / pair.se, _freedom(scores, pair)
        if not np.isclose(_two_sided(ratio, freedom), pair.p):
            continue  # of another test, without replicates
        low, high = (_two_sided(ratio / max(1 + side * share, LEAST), freedom) for side in (-1, 1))
        holm = pair.p_adjusted / pair.p
        if low * holm < ALPHA <= high * holm:
            near.append(pair)
    return tuple(near)


def _freedom(scores: Scores, pair: Difference) -> float | None:
    if scores.interval != "t":
        return None
    if scores.two_way is None:
        return (scores.observers or 2) - 1
    places = scores.conditions.index(pair.a), scores.conditions.index(pair.b)
    return float(scores.two_way.freedom[places])


def _two_sided(ratio: float, freedom: float | None) -> float:
    return float(2 * (ndtr(-ratio) if freedom is None else stdtr(freedom, -ratio)))
