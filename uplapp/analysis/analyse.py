"""Comparisons -> Scores: the one function that commands and pages call."""

from dataclasses import dataclass, replace

import numpy as np

from uplapp.analysis.bootstrap import (
    FEW_OBSERVERS,
    INTERVALS,
    Replicates,
    draw_votes,
    keep_anchor,
    normal_interval,
    refit,
    resample_observers,
)
from uplapp.analysis.identifiability import Labels, components, findings, strong_components
from uplapp.analysis.objective import PRIORS, Array
from uplapp.analysis.significance import differences
from uplapp.analysis.thurstone import fit_best
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Comparisons, Method, Scores

MEAN = Method().anchor
BOOTSTRAPS = Method().bootstraps
MOST_BOOTSTRAPS = 20_000
STILL_JOD = 1e-9  # replicates that agree to this say nothing about chance
MANY = 0.025  # more degenerate replicates than a tail of the interval holds


@dataclass(frozen=True, eq=False)
class _Scale:
    """Scores (n,), replicates (B,n), and the labels inside which they can be compared."""

    scores: Array
    replicates: Array
    labels: Labels
    degenerate: int

    @property
    def whole(self) -> bool:
        """Whether all conditions have finite scores on one scale."""
        return not np.isnan(self.scores).any() and len(set(self.labels)) == 1

    @property
    def varies(self) -> bool:
        """Whether there is a spread to make intervals of."""
        return len(self.replicates) > 1 and bool(self.replicates.std(axis=0).max() > STILL_JOD)


def analyse(comparisons: Comparisons, method: Method = Method()) -> Scores:  # noqa: B008 - frozen
    """Score the conditions in JOD with 95 % intervals and test all differences.

    Votes that do not fix the scores are no error: `identifiable` is False, `warnings` name the conditions,
    and what is undefined is NaN.
    """
    fixed = _check(comparisons, method)
    counts = comparisons.wins.sum(axis=0)
    trouble = findings(comparisons.conditions, counts)
    parametric = len(comparisons.observers) < 2
    scale = _scale(comparisons, method, fixed, not parametric)
    if not parametric and scale.degenerate > MANY * method.bootstraps:
        parametric, degenerate = True, scale.degenerate
        scale = replace(_scale(comparisons, method, fixed, False), degenerate=degenerate)
    interval = "parametric" if parametric else method.interval
    low, high = _interval(scale, interval, len(comparisons.observers))
    return Scores(
        conditions=comparisons.conditions,
        jod=scale.scores if scale.whole else np.full_like(scale.scores, np.nan),
        low=low,
        high=high,
        pairs=differences(
            comparisons.conditions, scale.scores, scale.replicates, scale.labels, comparisons.wins, interval
        ),
        interval=interval,
        method=method,
        observers=len(comparisons.observers) or None,
        comparisons=round(counts.sum()),
        identifiable=not trouble,
        simulated=comparisons.simulated,
        wins=counts,
        replicates=scale.replicates,
        degenerate=scale.degenerate,
        warnings=_warnings(comparisons, method, trouble, scale),
        excluded=comparisons.excluded,
        manifest=comparisons.manifest,
    )


def _check(comparisons: Comparisons, method: Method) -> int | None:
    """Refuse what is not on the menu; returns the anchor's index."""
    for table, name in ((PRIORS, method.prior), (INTERVALS, method.interval)):
        if name not in table:
            raise UnknownName(table.kind, name, table)
    if not 2 <= method.bootstraps <= MOST_BOOTSTRAPS:
        raise UplappError(f"bootstraps is {method.bootstraps}; it must be from 2 to {MOST_BOOTSTRAPS}")
    if method.seed < 0:
        raise UplappError(f"seed is {method.seed}; it must be 0 or more")
    if method.anchor == MEAN:
        return None
    if method.anchor not in comparisons.conditions:
        names = ", ".join(comparisons.conditions)
        raise UplappError(f"the anchor '{method.anchor}' is no condition; choose '{MEAN}' or one of: {names}")
    return comparisons.conditions.index(method.anchor)


def _scale(comparisons: Comparisons, method: Method, anchor: int | None, observers: bool) -> _Scale:
    """Fit the votes and their replicates: of whole observers, or of binomial votes."""
    prior, bootstraps, seed = method.prior, method.bootstraps, method.seed
    directed = prior == "none"  # a prior keeps a condition that always won at a finite distance
    wins = comparisons.wins
    labels = (strong_components if directed else components)(wins.sum(axis=0))
    wins = wins * (labels[:, None] == labels)  # votes between labels have no finite say
    scores = fit_best(wins.sum(axis=0), prior, labels)
    if np.isnan(scores).any():
        return _Scale(scores, np.empty((0, scores.size)), labels, 0)
    if observers:
        counts = resample_observers(wins, bootstraps, seed)
    else:
        counts = draw_votes(scores, wins.sum(axis=0), bootstraps, seed)
    found: Replicates = refit(counts, prior, scores, labels, directed)
    shifted, replicates = (keep_anchor(x, labels, anchor) for x in (scores[None], found.scores))
    return _Scale(shifted[0], replicates, labels, found.degenerate)


def _interval(scale: _Scale, interval: str, observers: int) -> tuple[Array, Array]:
    if not scale.whole or not scale.varies:
        return np.full_like(scale.scores, np.nan), np.full_like(scale.scores, np.nan)
    compute = normal_interval if interval == "parametric" else INTERVALS[interval].build
    low, high = compute(scale.scores, scale.replicates, observers)
    return low, high


def _warnings(
    comparisons: Comparisons, method: Method, trouble: tuple[str, ...], scale: _Scale
) -> tuple[str, ...]:
    warnings = [*comparisons.notes, *trouble]
    if len(comparisons.observers) < 2:
        whose = "one observer has" if comparisons.observers else "a bare matrix has"
        warnings.append(
            f"{whose} no differences between observers to resample: interval '{method.interval}' is "
            "ignored, the intervals are parametric (binomial votes) and too narrow where people differ"
        )
    elif len(comparisons.observers) < FEW_OBSERVERS:
        warnings.append(
            f"intervals of {len(comparisons.observers)} observers may be too narrow; they hold from "
            f"{FEW_OBSERVERS} observers"
        )
    if not scale.whole:
        warnings.append(
            "these votes have no finite scores on one scale, so scores and intervals are undefined"
        )
    elif trouble:
        warnings.append("where the votes do not decide the prior does: finite scores, but arbitrary ones")
    if not scale.varies and scale.whole:
        warnings.append("the replicates do not vary: no intervals, no tests")
    if scale.degenerate:
        many = scale.degenerate > MANY * method.bootstraps and len(comparisons.observers) > 1
        narrow = ": too few observers to resample, so the intervals are parametric" if many else ""
        warnings.append(f"{scale.degenerate} of {method.bootstraps} replicates had no finite scores{narrow}")
    return tuple(warnings)
