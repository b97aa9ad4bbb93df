"""Ratings as the table that the field reads, with one row per observer, image and criterion."""

import json
from collections.abc import Iterable

import pandas as pd

from uplapp.study.exports.votes import QUERY, boosting, selection, stimuli
from uplapp.study.store.store import Row, Store

COLUMNS = (
    *("observer", "condition", "scene", "criterion", "rating", "kind", "simulated"),
    *("position", "attempt", "response_ms", "flags", "excluded", "answered_at", "language"),
    *("consent_version", "study", "manifest", "boosting"),
    *("paused_ms", "pixel_ratio", "seen_ms", "reference_seen_ms", "browser"),
    *("edition", "stimuli", "pilot", "outcome"),
)


def ratings(store: Store, study: str, simulated: bool = False, everything: bool = False) -> pd.DataFrame:
    """The ratings of people, or of simulated observers, never both.

    `kind` tells practice, catch (the hidden reference) and repeat from main trials. Excluded answers are left
    out unless `everything`, then `excluded` says why; an image without a rating in time has no row.
    `seen_ms` is how long the image, `reference_seen_ms` how long the original was on screen.
    `plain.to_csv` and `votes.to_json_lines` write the table.
    """
    return as_table(store.rows(QUERY, selection(study, simulated)), everything)


def as_table(rows: Iterable[Row], everything: bool) -> pd.DataFrame:
    """The same table of some rows of `votes.QUERY`, so that a long one can be written in pieces."""
    entries = (rated for row in rows for rated in _rated(row))
    return pd.DataFrame([row for row in entries if everything or not row["excluded"]], columns=list(COLUMNS))


def _rated(row: Row) -> list[Row]:
    """One row of the database in the words of the table, once a criterion."""
    seen_ms, reference_seen_ms = json.loads(row["seen_ms"])
    trial = {
        "condition": row["condition_A"],
        "simulated": bool(row["simulated"]),
        "excluded": row["observer_excluded"] or row["excluded"],
        "boosting": boosting(row),
        "pilot": bool(row["pilot"]),
        "stimuli": stimuli(row["pictures"], boosting(row)),
        "seen_ms": seen_ms,
        "reference_seen_ms": reference_seen_ms,
    }
    given = json.loads(row["ratings"] or "{}")
    return [row | trial | {"criterion": name, "rating": value} for name, value in given.items()]
