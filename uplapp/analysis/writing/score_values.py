"""The scores of one fit as plain values, in the order of the conditions."""

from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.scoring import covariance, ranking
from uplapp.values import Array, Difference, Scores


def score_values(scores: Scores) -> dict[str, Any]:
    """Scores, tests and votes of one fit."""
    return {
        "conditions": list(scores.conditions),
        "jod": scores.jod,
        "low": scores.low,
        "high": scores.high,
        "bound": [side or None for side in scores.bound],
        "bound_jod": scores.bound_jod,
        "group": list(scores.group),
        "rank": _ranks(scores),
        "interval": scores.interval,
        "observers": scores.observers,
        "comparisons": scores.comparisons,
        "covariance": _covariance(scores),
        "pairs": [{name: vars(pair)[name] for name in TESTED} for pair in scores.pairs],
        "least_distances": [_least(pair) for pair in scores.pairs if pair.bound],
        "identifiable": scores.identifiable,
        "wins": scores.wins,
        "degenerate": scores.degenerate,
        "warnings": list(scores.warnings),
    }


TESTED = ("a", "b", "difference", "se", "p", "p_adjusted", "significant")


def _least(pair: Difference) -> dict[str, Any]:
    """How far apart two conditions lie at least, where one side won every vote."""
    upper, lower = (pair.a, pair.b) if pair.bound == "above" else (pair.b, pair.a)
    return {
        "above": upper,
        "below": lower,
        "jod": abs(pair.bound_jod),
        "votes_share": pair.bound_share,
        "observers_share": pair.bound_observers,
    }


def _ranks(scores: Scores) -> list[int | None]:
    """Ranks in the order of the conditions, None where nothing is known."""
    ranks: dict[str, Any] = dict(ranking(scores)[["condition", "rank"]].itertuples(index=False))
    return [None if pd.isna(ranks[name]) else int(ranks[name]) for name in scores.conditions]


def _covariance(scores: Scores) -> Array:
    """Covariance as the tests take it, NaN where there is no interval either."""
    decided = np.isfinite(scores.low)
    return np.where(decided[:, None] & decided, covariance(scores), np.nan)
