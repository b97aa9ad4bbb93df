"""Who may be paid: completion codes with what became of their observers, for a panel's list."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from uplapp.study.answers.codes import code_of
from uplapp.study.store.phrases import EDITION, OUTCOME
from uplapp.study.store.store import Reader, Row

COLUMNS = (
    *("code", "outcome", "observer", "label", "joined_utc", "finished_utc", "edition", "manifest", "pilot"),
)
UNKNOWN = "unknown"
# Of every edition of the study: who began before a change is paid too.
# Each has the hold time of its own edition, so the outcome is asked edition by edition.
QUERY = f"""SELECT observers.id, studies.secret, studies.hash, links.label, joined_at, finished_at, excluded,
    observers.pilot, {EDITION} AS edition, {OUTCOME} AS outcome
    FROM observers JOIN studies ON studies.id = observers.study
    LEFT JOIN links ON links.observer = observers.id
    WHERE studies.id = :study AND simulated = 0 ORDER BY joined_at, observers.id"""  # noqa: S608
DIGITS = 12
EMPTY: dict[str, Any] = dict.fromkeys(COLUMNS, "")


def listing(reader: Reader, name: str, now: float = 0.0) -> pd.DataFrame:
    """List every person of a study with code and outcome: finished, under way, given up, or why left out.

    Who has not finished has not seen the code. `now`, in seconds since 1970, decides who gave up.
    """
    ids = [row["id"] for row in reader.rows("SELECT id FROM studies WHERE name = :name", {"name": name})]
    rows = [row for study in ids for row in reader.rows(QUERY, {"study": study, "now": now})]
    rows.sort(key=lambda row: (row["joined_at"], row["id"]))
    return pd.DataFrame([_line(row) for row in rows], columns=list(COLUMNS))


def checked(table: pd.DataFrame, codes: Iterable[str]) -> pd.DataFrame:
    """Look codes up in a listing, in their order. Of an unknown one the outcome says so.

    A code of somebody who has not finished is unknown: nobody was shown it.
    """
    shown = table[table["finished_utc"] != ""].set_index("code")
    rows = []
    for code in (text.strip().upper() for text in codes):
        known: dict[Any, Any] = {"outcome": UNKNOWN}
        if code in shown.index:
            known = shown.loc[code].to_dict()
        rows.append({**EMPTY, **known, "code": code})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _line(row: Row) -> dict[str, Any]:
    return {
        "code": code_of(row),
        "outcome": row["excluded"] or row["outcome"],
        "observer": row["id"],
        "label": row["label"] or "",
        "joined_utc": _utc(row["joined_at"]),
        "finished_utc": _utc(row["finished_at"]),
        "edition": row["edition"],
        "manifest": row["hash"][:DIGITS],
        "pilot": row["pilot"],
    }


def _utc(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
