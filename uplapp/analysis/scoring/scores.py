"""Comparisons -> Scores: the one function that commands and pages call."""

from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.model import (
    ORDERED,
    PRIORS,
    TIES,
    components,
    findings,
    is_off_zero,
    is_unknown,
    side_bias,
    weak_bridges,
)
from uplapp.analysis.scoring.blocks import Blocks, block_intervals, defined, fit_blocks, known_order
from uplapp.analysis.scoring.bootstrap import (
    FEW_OBSERVERS,
    INTERVALS,
    MANY,
    Scale,
    needs_answers,
    shifted,
    too_many,
)
from uplapp.analysis.scoring.bounds import bounds
from uplapp.analysis.scoring.firmness import Firm, firm_parts
from uplapp.analysis.scoring.openness import open_cautions
from uplapp.analysis.scoring.significance import differences, with_bounds
from uplapp.analysis.scoring.two_way import (
    BOTH,
    RESAMPLE,
    check_two_way,
    scene_wins,
    two_way,
    two_way_interval,
)
from uplapp.analysis.scoring.unanimity import unweakened
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
    """Score the conditions in JOD with 95% intervals and test all differences.

    Votes that do not fix all scores are no error: `warnings` name the conditions, what is undefined is NaN,
    and `bound` says to which side. `watch` hears of the replicates.
    """
    fixed = _check(comparisons, method)
    names, wins, observers = comparisons.conditions, comparisons.wins, len(comparisons.observers)
    blocks, trouble = Blocks.of(wins.sum(axis=0), fixed), findings(names, wins.sum(axis=0))
    heard = shifted(watch, 0, (3 if method.resample == BOTH else 1) * method.bootstraps)
    scale, interval = fit_blocks(comparisons, method, blocks, heard)
    both, unsure = two_way(comparisons, method, blocks, scale, watch)
    jod = defined(scale, blocks)
    own = _ends(scale, blocks, interval, observers, both)
    open_ = bounds(wins, jod, blocks, observers > 0)
    given, seen = (scale.scores, scale.replicates, scale.labels), scene_wins(comparisons, both)
    tests = differences(names, *given, wins, interval, both, seen)
    firm = None if both else firm_parts(comparisons, method, blocks.anchor, scale, tests, heard)
    own, tests, interval = (own, tests, interval) if firm is None else firm.kept
    both, unsure = (both, unsure) if firm is None or firm.both is None else (firm.both, firm.notes)
    pairs = with_bounds(tests if both else unweakened(tests, comparisons, method, interval, heard), open_)
    more = open_cautions(names, jod, blocks, pairs, interval, scale, both is not None)
    side = None if comparisons.answers is None else side_bias(comparisons.answers)
    return Scores(
        conditions=names,
        jod=jod,
        low=own[0],
        high=own[1],
        pairs=pairs,
        interval=interval,
        method=method,
        identifiable=not trouble and scale.whole and not (method.side_bias and is_unknown(side)),
        replicates=scale.replicates,
        firm=None if firm is None else firm.drawn,
        degenerate=scale.degenerate,
        warnings=(*cautions(comparisons, method, trouble, scale, side, firm), *unsure, *more),
        bound=open_.sides,
        bound_jod=open_.jod,
        **_extras(scale if firm is None else firm.scale, method, side, interval, observers, both),
        **_of_votes(comparisons, both, blocks.zeros(jod, scale.labels)),
    )


def _ends(
    scale: Scale, blocks: Blocks, interval: str, observers: int, both: TwoWay | None
) -> tuple[Array, Array]:
    """Ends (n,) of the 95% intervals, for other scenes too where these were resampled."""
    if both is None:
        return block_intervals(scale, blocks, interval, observers)
    return two_way_interval(scale.scores, both, blocks.bounded)


def _of_votes(comparisons: Comparisons, both: TwoWay | None, zeros: tuple[int, ...]) -> dict[str, Any]:
    """What the scores keep of the votes as they are, of their zeros, and of scenes drawn again."""
    counts = comparisons.wins.sum(axis=0)
    return {
        "group": zeros,
        "observers": len(comparisons.observers) or None,
        "comparisons": round(counts.sum()),
        "simulated": comparisons.simulated,
        "wins": counts,
        "excluded": comparisons.excluded,
        "manifest": comparisons.manifest,
        "two_way": both,
    }


def ranking(scores: Scores) -> pd.DataFrame:
    """Rank the conditions, best first, connected groups one after the other.

    Columns: rank, condition, jod, jod_low, jod_high, bound, bound_jod, group, chosen_share. The rank counts
    the conditions of the same connected group that are known to lie above.
    """
    wins, votes = scores.wins.sum(axis=1), (scores.wins + scores.wins.T).sum(axis=1)
    part, above = components(scores.wins), known_order(scores.wins, scores.jod)
    _, which, sizes = np.unique(part, return_inverse=True, return_counts=True)
    ranks = pd.Series(1 + above.sum(axis=0), dtype="Int64")
    ranks[(sizes[which] == 1) | (np.isnan(scores.jod) & (np.array(scores.bound) == ""))] = pd.NA
    table = pd.DataFrame(
        {
            "rank": ranks,
            "condition": scores.conditions,
            "jod": scores.jod,
            "jod_low": scores.low,
            "jod_high": scores.high,
            "bound": scores.bound,
            "bound_jod": scores.bound_jod,
            "group": scores.group,
            "chosen_share": np.divide(wins, votes, out=np.full(wins.size, np.nan), where=votes > 0),
            "part": part,
            "size": -sizes[which],
        }
    )
    table["order"] = -table["jod"].fillna(-np.inf)
    table = table.sort_values(["size", "part", "rank", "order"], na_position="last", kind="stable")
    return table.drop(columns=["part", "size", "order"]).reset_index(drop=True)


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


def _extra(scale: Scale, which: int, interval: str, observers: int, both: TwoWay | None) -> Estimate:
    """Side bias (0) or a threshold of answers, with the spread of its replicates, as for the scores."""
    replicates = scale.extra_replicates[:, which]
    lost = np.isnan(replicates)  # nobody took this step
    replicates = replicates[~lost] if lost.sum() <= MANY * lost.size else replicates[:0]
    widen = np.sqrt(observers / (observers - 1)) if interval == "t" else 1.0
    se = float(widen * replicates.std(ddof=1)) if len(replicates) > 1 and replicates.any() else np.nan
    if both is not None and np.isfinite(se):
        se = float(both.extra_se[which])
    return Estimate(float(scale.extra[which]), se)


def _extras(
    scale: Scale,
    method: Method,
    side: Estimate | None,
    interval: str,
    observers: int,
    both: TwoWay | None,
) -> dict[str, Any]:
    """Give the side bias, fitted or else as it is, and the thresholds of answers that the model takes."""
    fits = [_extra(scale, which, interval, observers, both) for which in range(scale.extra.size)]
    return {
        "side": fits[0] if method.side_bias else side,
        "tie": None if method.ties == "half" else fits[1],
        "steps": tuple(fits[1:]) if method.ties == ORDERED else (),
    }


def cautions(
    comparisons: Comparisons,
    method: Method,
    trouble: tuple[str, ...],
    scale: Scale,
    side: Estimate | None,
    firm: Firm | None = None,
) -> tuple[str, ...]:
    """Warn in full sentences, given `trouble` with identifiability and the estimated `side` bias."""
    observers = len(comparisons.observers)
    return (
        *comparisons.notes,
        *trouble,
        *weak_bridges(comparisons.conditions, comparisons.wins.sum(axis=0)),
        *(_few(comparisons, method) if len(scale.replicates) else ()),
        *_undecided(method, trouble, scale),
        *_unused_steps(comparisons, method),
        *_sided(method, side, observers),
        *_degenerate(method, scale, "" if firm is None else firm.sentence(comparisons.conditions)),
    )


def _few(comparisons: Comparisons, method: Method) -> list[str]:
    observers = len(comparisons.observers)
    if observers < 2:
        nobody = "a bare matrix has" if comparisons.answers is None else "votes that name no observer have"
        whose = "one observer has" if observers else nobody
        return [
            f"{whose} no differences between observers to resample, so the intervals are those of binomial "
            f"votes (parametric in place of {method.interval}), too narrow where people differ"
        ]
    if observers < FEW_OBSERVERS:
        return [
            f"intervals of {observers} observers may be too narrow; they hold from {FEW_OBSERVERS} observers"
        ]
    return []


def _undecided(method: Method, trouble: tuple[str, ...], scale: Scale) -> list[str]:
    if not scale.whole and not trouble:
        model = f" with ties '{method.ties}', side_bias {method.side_bias}" if needs_answers(method) else ""
        return [
            f"these votes have no finite scores on one scale{model}, so scores and intervals are undefined"
        ]
    nothing = not len(scale.replicates) or len(set(scale.labels)) == scale.scores.size
    if scale.varies or too_many(scale.degenerate, method) or (trouble and nothing):
        return []
    return ["the replicates do not vary: no intervals"]


def _unused_steps(comparisons: Comparisons, method: Method) -> list[str]:
    if comparisons.answers is None or comparisons.answers.shape[1] == 3 or method.ties == ORDERED:
        return []
    return [f"the steps of the answers are not used; ties '{ORDERED}' uses them"]


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


def _degenerate(method: Method, scale: Scale, kept: str) -> list[str]:
    draws, nothing = method.bootstraps, too_many(scale.degenerate, method)
    none = "so there are no intervals and no standard errors" + (f" but within {kept}" if kept else "")
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
