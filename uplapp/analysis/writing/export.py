"""Scores as tables and text: ranking, CSV, JSON, each with how they were obtained."""

from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.observers.conduct import Triads
from uplapp.analysis.scoring.bootstrap import FEW_OBSERVERS
from uplapp.analysis.scoring.significance import covariance
from uplapp.analysis.writing.report import Report
from uplapp.values import Array, Estimate, Scores

UNITS = "JOD; 1 JOD = 75 % of answers choose the higher one"
MODEL = "Thurstone Case V, sigma 1.4826"


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


def headline(scores: Scores) -> str:
    """Say in one sentence who leads, and whether that may be chance."""
    people = scores.observers
    whose = "" if people is None else f" of {people} observer{'s' * (people != 1)}"
    basis = f"{scores.comparisons} comparison{'s' * (scores.comparisons != 1)}{whose}"
    if not np.isfinite(scores.jod).all():
        return f"No ranking: {basis} do not fix the scores."
    names = ranking(scores)["condition"].tolist()
    above = [pair for pair in scores.pairs if names[0] in (pair.a, pair.b)]
    clear = sum(pair.significant for pair in above)
    if not scores.identifiable or (people is not None and people < FEW_OBSERVERS):
        return f"{names[0]} leads, on too few votes to be sure ({basis})."
    if clear == len(above):
        return f"{names[0]} looks best, clearly above all others ({basis})."
    if clear:
        return f"{names[0]} leads, clearly above {clear} of {len(above)} others ({basis})."
    return f"No clear winner: the lead of {names[0]} may be chance ({basis})."


def provenance(scores: Scores) -> dict[str, Any]:
    """What a reader needs to repeat the numbers."""
    method = scores.method
    return {
        "units": UNITS,
        "model": MODEL,
        "prior": method.prior,
        "ties": method.ties,
        "side_bias_fitted": method.side_bias,
        "interval": scores.interval,
        "anchor": method.anchor,
        "observers": scores.observers,
        "simulated": scores.simulated,
        "comparisons": scores.comparisons,
        "identifiable": scores.identifiable,
        "bootstraps": method.bootstraps,
        "degenerate": scores.degenerate,
        "manifest": scores.manifest,
        "seed": method.seed,
        "version": __version__,
    }


def to_csv(report: Report) -> str:
    """Write the ranking as CSV, with its provenance in each row.

    Scores of scenes, where there are any, follow those of all scenes, whose `scene` is empty.
    """
    scores = report.scores
    extra = {"letters": report.letters, "bradley_terry": report.bradley_terry}
    columns = pd.DataFrame({"condition": scores.conditions} | extra)
    tables = [ranking(scores).merge(columns, on="condition").assign(scene="", **provenance(scores))]
    for scene, some in report.scenes.items():
        tables.append(ranking(some).assign(scene=scene, **provenance(some)))
    table = pd.concat(tables, ignore_index=True).assign(excluded=_reasons(scores))
    return plain.to_csv(table, decimals=6)


def to_json(report: Report) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(report))


def to_dict(report: Report) -> dict[str, Any]:
    """Turn a report into plain values.

    Lists of numbers keep the order of `conditions`.
    """
    scores, tally = report.scores, report.tally
    own, everyone = report.observers_triads, report.everyone
    return {
        **_core(scores),
        "letters": list(report.letters),
        "goodness_of_fit": vars(report.goodness),
        "triads": _triads(report.triads) | {"observers": None if own is None else _triads(own)},
        "bradley_terry": report.bradley_terry,
        "side_bias": _estimate(scores.side),
        "tie": _estimate(scores.tie),
        "not_sure": tally.not_sure,
        "origin": tally.origin or None,
        "left_out": None if tally.left_out is None else dict(tally.left_out),
        "excluded": [{"observer": name, "reason": reason} for name, reason in scores.excluded],
        "everyone": None if everyone is None else _core(everyone),
        "scenes": {scene: _core(some) for scene, some in report.scenes.items()},
        **_interaction(report),
        "method": vars(scores.method),
        "warnings": list(report.warnings),
        **provenance(scores),
    }


def _core(scores: Scores) -> dict[str, Any]:
    """Scores, tests and votes of one fit."""
    return {
        "conditions": list(scores.conditions),
        "jod": scores.jod,
        "low": scores.low,
        "high": scores.high,
        "interval": scores.interval,
        "observers": scores.observers,
        "comparisons": scores.comparisons,
        "covariance": _covariance(scores),
        "pairs": [vars(difference) for difference in scores.pairs],
        "identifiable": scores.identifiable,
        "wins": scores.wins,
        "degenerate": scores.degenerate,
        "warnings": list(scores.warnings),
    }


def _interaction(report: Report) -> dict[str, Any]:
    """The test whether the scores differ by scene, nothing where there was none."""
    return {} if report.interaction is None else {"scene_interaction": vars(report.interaction)}


def _covariance(scores: Scores) -> Array:
    """Covariance as the tests take it, NaN where there is no interval either."""
    decided = np.isfinite(scores.low)
    return np.where(decided[:, None] & decided, covariance(scores), np.nan)


def _triads(triads: Triads) -> dict[str, Any]:
    return {"complete": triads.complete, "circular": triads.circular, "share": triads.share}


def _estimate(estimate: Estimate | None) -> Any:
    return None if estimate is None else vars(estimate)


def _reasons(scores: Scores) -> str:
    return "; ".join(f"{observer}: {reason}" for observer, reason in scores.excluded)
