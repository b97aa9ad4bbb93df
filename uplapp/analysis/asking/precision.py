"""How precisely the differences between conditions are known, and whether that is enough."""

import numpy as np
from scipy import stats

from uplapp.analysis.arrays import Array, Rows
from uplapp.analysis.asking.next_pair import Posterior
from uplapp.analysis.model.connectivity import strong_components
from uplapp.analysis.scoring.bootstrap import INTERVALS, TAILS, normal_interval
from uplapp.errors import UplappError
from uplapp.values import Scores


def widths(scores: Scores, first: Rows, second: Rows) -> Array:
    """Widths (P,) in JOD of the 95 % intervals of the differences between conditions `first` and `second`.

    The interval is the scores' own kind; infinite where the votes do not fix the difference.
    """
    if not np.isfinite(scores.jod).all() or len(scores.replicates) < 2:
        return np.full(len(first), np.inf)
    apart, replicates = (x[..., first] - x[..., second] for x in (scores.jod, scores.replicates))
    interval = INTERVALS[scores.interval].build if scores.interval in INTERVALS else normal_interval
    low, high = interval(apart, replicates, scores.observers or 1)
    fixed = strong_components(scores.wins)
    known = (fixed[first] == fixed[second]) & (high > low)
    width: Array = np.where(known, high - low, np.inf)
    return width


def widest_neighbour(found: Scores | Posterior) -> float:
    """Widest 95 % interval, in JOD, of the difference between two conditions next to each other in rank.

    Of a posterior it is too narrow where observers differ, because its votes count as independent: good
    enough to choose the next pair while people answer, not to end a study.
    """
    jod = found.jod if isinstance(found, Scores) else found.mean
    order = np.argsort(-jod, kind="stable")
    first, second = order[:-1], order[1:]
    if isinstance(found, Scores):
        return float(widths(found, first, second).max())
    own = np.diag(found.covariance)
    variance = own[first] + own[second] - 2 * found.covariance[first, second]
    return float(2 * stats.norm.ppf(TAILS[1]) * np.sqrt(variance.max()))


def enough(found: Scores | Posterior, target_jod: float) -> bool:
    """Whether no interval of neighbours in rank is wider than `target_jod`, so that a study may stop."""
    if not target_jod > 0:
        raise UplappError(f"the target is {target_jod} JOD; it must be above 0")
    return widest_neighbour(found) <= target_jod
