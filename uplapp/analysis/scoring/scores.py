"""Comparisons -> Scores: the one function that commands and pages call."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uplapp.analysis.model import (
    PRIORS,
    TIES,
    findings,
    is_off_zero,
    is_unknown,
    side_bias,
    strong_components,
    weak_bridges,
)
from uplapp.analysis.scoring.bootstrap import (
    FEW_OBSERVERS,
    INTERVALS,
    Scale,
    fit_scale,
    needs_answers,
    normal_interval,
    shifted,
    too_many,
)
from uplapp.analysis.scoring.significance import differences
from uplapp.analysis.scoring.two_way import BOTH, RESAMPLE, check_two_way, two_way, two_way_interval
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Array, Comparisons, Estimate, Method, Scores, TwoWay, Watch

MEAN = Method().anchor
BOOTSTRAPS = Method().bootstraps
MOST_BOOTSTRAPS = 20_000


def analyse(
    comparisons: Comparisons,
    method: Method = Method(),  # noqa: B008 - frozen
    watch: Watch | None = None,
) -> Scores:
    """Score the conditions in JOD with 95 % intervals and test all differences.

    Votes that do not fix the scores are no error: `identifiable` is False, `warnings` name the conditions,
    and what is undefined is NaN. `watch` hears how many replicates are done, of how many.
    """
    fixed = _check(comparisons, method)
    names, wins, observers = comparisons.conditions, comparisons.wins, len(comparisons.observers)
    counts = wins.sum(axis=0)
    trouble = findings(names, counts)
    passes = 3 if method.resample == BOTH else 1
    scale = fit_scale(comparisons, method, fixed, shifted(watch, 0, passes * method.bootstraps))
    both, unsure = two_way(comparisons, method, fixed, scale, watch)
    interval = "parametric" if observers < 2 or scale.refused else method.interval
    decided = _decided(counts, fixed)
    low, high = (np.where(decided, end, np.nan) for end in _interval(scale, interval, observers, both))
    side = None if comparisons.answers is None else side_bias(comparisons.answers)
    return Scores(
        conditions=names,
        jod=scale.scores if scale.whole else np.full_like(scale.scores, np.nan),
        low=low,
        high=high,
        pairs=differences(names, scale.scores, scale.replicates, scale.labels, wins, interval, both),
        interval=interval,
        method=method,
        observers=observers or None,
        comparisons=round(counts.sum()),
        identifiable=not trouble and scale.whole and not (method.side_bias and is_unknown(side)),
        simulated=comparisons.simulated,
        wins=counts,
        replicates=scale.replicates,
        degenerate=scale.degenerate,
        warnings=(*cautions(comparisons, method, trouble, scale, side), *unsure),
        side=_extra(scale, 0, interval, observers, both) if method.side_bias else side,
        tie=_extra(scale, 1, interval, observers, both) if method.ties == "threshold" else None,
        excluded=comparisons.excluded,
        manifest=comparisons.manifest,
        two_way=both,
    )


def ranking(scores: Scores) -> pd.DataFrame:
    """Rank the conditions, best first: rank, condition, jod, jod_low, jod_high, chosen_share."""
    wins, votes = scores.wins.sum(axis=1), (scores.wins + scores.wins.T).sum(axis=1)
    table = pd.DataFrame(
        {
            "condition": scores.conditions,
            "jod": scores.jod,
            "jod_low": scores.low,
            "jod_high": scores.high,
            "chosen_share": np.divide(wins, votes, out=np.full(wins.size, np.nan), where=votes > 0),
        }
    ).sort_values("jod", ascending=False, na_position="last", kind="stable")
    table.insert(0, "rank", table["jod"].rank(ascending=False, method="min").astype("Int64"))
    return table.reset_index(drop=True)


def _check(comparisons: Comparisons, method: Method) -> int | None:
    """Check the options of a method.

    Returns the anchor's index.
    """
    tables = ((PRIORS, method.prior), (INTERVALS, method.interval), (TIES, method.ties))
    for table, name in (*tables, (RESAMPLE, method.resample)):
        if name not in table:
            raise UnknownName(table.kind, name, table)
    if method.resample == BOTH:
        check_two_way(comparisons, method)
    if needs_answers(method) and comparisons.answers is None:
        option = "side_bias" if method.side_bias else f"ties '{method.ties}'"
        raise UplappError(f"{option} needs the votes one by one; a count matrix only allows ties 'half'")
    if not 2 <= method.bootstraps <= MOST_BOOTSTRAPS:
        raise UplappError(f"bootstraps is {method.bootstraps}; it must be from 2 to {MOST_BOOTSTRAPS}")
    if method.seed < 0:
        raise UplappError(f"seed is {method.seed}; it must be 0 or more")
    return _anchor(comparisons.conditions, method.anchor)


def _anchor(conditions: tuple[str, ...], anchor: str) -> int | None:
    if anchor == MEAN:
        return None
    if anchor not in conditions:
        names = ", ".join(conditions)
        raise UplappError(f"the anchor '{anchor}' is no condition; choose '{MEAN}' or one of: {names}")
    return conditions.index(anchor)


def _decided(counts: Array, anchor: int | None) -> NDArray[np.bool_]:
    """Mark (n,) which scores the votes of counts (n,n) fix against the anchor, None for the mean of all."""
    groups = strong_components(counts)
    same = groups == (groups[0] if anchor is None else groups[anchor])
    return same if same.all() or (anchor is not None and same.sum() > 1) else np.zeros_like(same)


def _interval(scale: Scale, interval: str, observers: int, both: TwoWay | None) -> tuple[Array, Array]:
    if both is not None:
        return two_way_interval(scale.scores, both)
    if not scale.whole or not scale.varies:
        return np.full_like(scale.scores, np.nan), np.full_like(scale.scores, np.nan)
    compute = normal_interval if interval == "parametric" else INTERVALS[interval].build
    low, high = compute(scale.scores, scale.replicates, observers)
    return low, high


def _extra(scale: Scale, which: int, interval: str, observers: int, both: TwoWay | None) -> Estimate:
    """Side bias (0) or half width of "not sure" (1), with the spread of its replicates, as for the scores."""
    replicates = scale.extra_replicates[:, which]
    widen = np.sqrt(observers / (observers - 1)) if interval == "t" else 1.0
    se = float(widen * replicates.std(ddof=1)) if len(replicates) > 1 and replicates.any() else np.nan
    if both is not None and np.isfinite(se):
        se = float(both.extra_se[which])
    return Estimate(float(scale.extra[which]), se)


def cautions(
    comparisons: Comparisons, method: Method, trouble: tuple[str, ...], scale: Scale, side: Estimate | None
) -> tuple[str, ...]:
    """Warn in full sentences, given `trouble` with identifiability and the estimated `side` bias."""
    observers = len(comparisons.observers)
    return (
        *comparisons.notes,
        *trouble,
        *weak_bridges(comparisons.conditions, comparisons.wins.sum(axis=0)),
        *(() if too_many(scale.degenerate, method) else _few(comparisons, method)),
        *_undecided(method, trouble, scale),
        *_sided(method, side, observers),
        *_degenerate(method, scale),
    )


def _few(comparisons: Comparisons, method: Method) -> list[str]:
    observers = len(comparisons.observers)
    if observers < 2:
        whose = "one observer has" if observers else "a bare matrix has"
        return [
            f"{whose} no differences between observers to resample: interval '{method.interval}' is "
            "ignored, the intervals are parametric (binomial votes) and too narrow where people differ"
        ]
    if observers < FEW_OBSERVERS:
        return [
            f"intervals of {observers} observers may be too narrow; they hold from {FEW_OBSERVERS} observers"
        ]
    return []


def _undecided(method: Method, trouble: tuple[str, ...], scale: Scale) -> list[str]:
    if not scale.whole:
        model = f" with ties '{method.ties}', side_bias {method.side_bias}" if needs_answers(method) else ""
        return [
            f"these votes have no finite scores on one scale{model}, so scores and intervals are undefined"
        ]
    sentences = []
    if trouble:
        sentences.append(
            "where the votes do not decide the prior does: finite scores, but arbitrary ones, without "
            "intervals; these pairs are tested by the sign of their direct votes"
        )
    if not scale.varies and not too_many(scale.degenerate, method):
        sentences.append("the replicates do not vary: no intervals, no tests")
    return sentences


def _sided(method: Method, side: Estimate | None, observers: int) -> list[str]:
    if side is None:
        return []
    if method.side_bias:
        unknown = "the votes do not separate the side bias from the scores: both are arbitrary"
        return [unknown] if is_unknown(side) else []
    if not is_off_zero(side, observers):
        return []
    place = "first-named condition (A)" if side.jod > 0 else "second-named condition (B)"
    return [
        f"answers lean to the {place}: side bias {side.jod:+.2f} JOD, standard error {side.se:.2f}; "
        "the option side_bias takes it out of the scores"
    ]


def _degenerate(method: Method, scale: Scale) -> list[str]:
    draws, nothing = method.bootstraps, too_many(scale.degenerate, method)
    none = "so there are no intervals and no standard errors"
    lost = f"{scale.degenerate} of {draws} replicates had no finite scores"
    if scale.refused:
        instead = none if nothing else "the intervals are parametric, too narrow where people differ"
        return [
            f"in {scale.refused} of {draws} replicates of whole observers some conditions are not connected "
            f"or never won or lost; of votes drawn from the fitted scores instead, {lost}: {instead}"
        ]
    if not scale.degenerate:
        return []
    return [f"{lost}, {none}" if nothing else lost]
