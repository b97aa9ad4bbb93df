"""Warnings that a reader of scores needs before believing them."""

from uplapp.analysis.model.answers import is_off_zero, is_unknown
from uplapp.analysis.model.connectivity import weak_bridges
from uplapp.analysis.scoring.bootstrap import FEW_OBSERVERS
from uplapp.analysis.scoring.scale import Scale, needs_answers, too_many
from uplapp.values import Comparisons, Estimate, Method


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
