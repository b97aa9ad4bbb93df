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
IDS = """SELECT panel.observer, panel.name, value FROM panel JOIN observers ON observers.id = panel.observer
    JOIN studies ON studies.id = observers.study WHERE studies.name = :name ORDER BY panel.name"""
DIGITS = 12
EMPTY: dict[str, Any] = dict.fromkeys(COLUMNS, "")


def listing(reader: Reader, name: str, now: float = 0.0, with_ids: bool = False) -> pd.DataFrame:
    """List every person of a study with code and outcome: finished, under way, given up, or why left out.

    Who has not finished has not seen the code. `now`, in seconds since 1970, decides who gave up. Only
    `with_ids` there is a column for each id of a panel.
    """
    editions = [row["id"] for row in reader.rows("SELECT id FROM studies WHERE name = :name", {"name": name})]
    rows = [row for study in editions for row in reader.rows(QUERY, {"study": study, "now": now})]
    rows.sort(key=lambda row: (row["joined_at"], row["id"]))
    ids = reader.rows(IDS, {"name": name}) if with_ids else []
    names = list(dict.fromkeys(row["name"] for row in ids))
    of = {(row["observer"], row["name"]): row["value"] for row in ids}
    table = [_line(row) | {name: of.get((row["id"], name), "") for name in names} for row in rows]
    return pd.DataFrame(table, columns=[*COLUMNS, *names])


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
    return pd.DataFrame(rows, columns=list(table.columns)).fillna("")


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
