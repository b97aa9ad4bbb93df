"""Scores as tables and text: ranking, CSV, JSON, each with how they were obtained."""

import json
from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__
from uplapp.analysis.bootstrap import FEW_OBSERVERS
from uplapp.values import Scores

FORMULA = ("=", "+", "-", "@", "\t", "\r")
UNITS = "JOD; 1 JOD = 75 % of observers choose the higher one"
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
    return {
        "units": UNITS,
        "model": MODEL,
        "prior": scores.method.prior,
        "interval": scores.interval,
        "anchor": scores.method.anchor,
        "observers": scores.observers,
        "simulated": scores.simulated,
        "comparisons": scores.comparisons,
        "identifiable": scores.identifiable,
        "bootstraps": scores.method.bootstraps,
        "degenerate": scores.degenerate,
        "manifest": scores.manifest,
        "seed": scores.method.seed,
        "version": __version__,
    }


def to_csv(scores: Scores) -> str:
    """Write the ranking with its provenance in every row; no cell is a formula to a spreadsheet."""
    table = ranking(scores)
    table["condition"] = table["condition"].map(neutral)
    return table.assign(**provenance(scores)).to_csv(index=False, lineterminator="\n", float_format="%.6f")


def neutral(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def to_json(scores: Scores) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return json.dumps(to_dict(scores), indent=2, allow_nan=False, ensure_ascii=False)


def to_dict(scores: Scores) -> dict[str, Any]:
    """Turn scores into plain values; `jod`, `low` and `high` keep the order of `conditions`."""
    return {
        "conditions": list(scores.conditions),
        "jod": _numbers(scores.jod),
        "low": _numbers(scores.low),
        "high": _numbers(scores.high),
        "pairs": [
            {key: _number(value) for key, value in vars(difference).items()} for difference in scores.pairs
        ],
        "wins": scores.wins.tolist(),
        "warnings": list(scores.warnings),
        **provenance(scores),
    }


def _numbers(values: Any) -> list[float | None]:
    return [_number(float(value)) for value in values]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
