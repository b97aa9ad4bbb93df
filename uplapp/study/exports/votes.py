"""Answers as the table that the field reads, with one row per answer."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from uplapp.study.store.phrases import EDITION, OUTCOME
from uplapp.study.store.store import Row, Store

AsTable = Callable[[Iterable[Row], bool], pd.DataFrame]  # as_table, here or of `ratings`
CHOSEN: dict[str, float | str] = {"left": 1.0, "right": 0.0, "not_sure": 0.5, "both_bad": "both_bad"}
SIDE_NAMES = {"left": "A", "right": "B"}
NO_VOTE = {"none": "no answer in time", "rated": "a rating, not a vote"}
BOOSTS = ("zoom", "amplification")
COLUMNS = (
    *("observer", "condition_A", "condition_B", "is_A_selected", "scene", "kind", "simulated"),
    *("position", "attempt", "response_ms", "layout", "frame_ms", "frames_per_phase", "swaps", "swap_sd_ms"),
    *("worst_gap_ms", "missed_frames", "paused_ms", "pixel_ratio", "flags", "excluded", "answered_at"),
    *("consent_version", "study", "manifest", "boosting"),
    *("first", "seen_A_ms", "seen_B_ms", "language", "browser"),
    *("edition", "stimuli", "pilot", "outcome", "preference_strength"),
)
QUERY = f"""SELECT observers.id AS observer, trials."left" AS "condition_A", trials."right" AS "condition_B",
    answers.*, trials.scene, trials.kind, trials.first AS first_side, trials.position, trials.attempt,
    observers.simulated,
    observers.consent_version, studies.name AS study, substr(studies.hash, 1, 12) AS manifest,
    observers.language, observers.agent AS browser, observers.excluded AS observer_excluded,
    (SELECT CAST(json_extract(manifest, '$.definition.protocol.zoom') AS INTEGER) FROM studies
    WHERE id = :study) AS zoom,
    (SELECT CAST(json_extract(manifest, '$.definition.protocol.amplification') AS INTEGER) FROM studies
    WHERE id = :study) AS amplification,
    (SELECT json_extract(manifest, '$.stimuli') FROM studies WHERE id = :study) AS pictures,
    (SELECT {EDITION} FROM studies WHERE id = :study) AS edition, observers.pilot,
    {OUTCOME} AS outcome
    FROM answers JOIN trials ON trials.token = answers.trial
    JOIN observers ON observers.id = trials.observer JOIN studies ON studies.id = observers.study
    WHERE observers.study = :study AND observers.simulated = :simulated AND observers.pilot = :pilot
    ORDER BY observers.joined_at, observers.id, trials.position"""  # noqa: S608


@dataclass(frozen=True)
class Progress:
    """How far a study is, without excluded observers. `real` and `simulated` are never added up."""

    real: int
    finished: int
    answers: int
    simulated: int
    simulated_answers: int


def votes(store: Store, study: str, simulated: bool = False, everything: bool = False) -> pd.DataFrame:
    """The votes of people, or of simulated observers, never both. `is_A_selected` is 1, 0 or .5 (not sure).

    Where both were called bad it is `both_bad`. `preference_strength` is the step of a choice, 1 for
    slightly, NaN where the study asks for none.
    condition_A was on the left. Practice, catch and repeat trials are told apart by `kind`; excluded answers
    are left out unless `everything`, then `excluded` says why; trials without an answer in time are such,
    their choice is NaN. `boosting` says how differences were made easier to see, `first` (A or B) which
    flicker an in-place player showed first, `seen_A_ms` and `seen_B_ms` how long each was on screen.
    `outcome` is that of the observer: finished, under way, given up. `edition` is its number, `stimuli` says
    what was shown. Answers of a pilot are left out.
    """
    return as_table(store.rows(QUERY, selection(study, simulated)), everything)


def selection(study: str, simulated: bool, pilot: bool = False, now: float = 0.0) -> dict[str, Any]:
    """Give QUERY its values: whose answers to take, of people, of a pilot or simulated, at the time `now`."""
    return {"study": study, "simulated": int(simulated), "pilot": int(pilot), "now": now}


def as_table(rows: Iterable[Row], everything: bool) -> pd.DataFrame:
    """The same table of some rows of QUERY, so that a long one can be written in pieces."""
    entries = map(_vote, rows)
    return pd.DataFrame([row for row in entries if everything or not row["excluded"]], columns=list(COLUMNS))


def boosting(row: Row) -> str:
    """Say how the pictures of a row of QUERY were boosted, such as 'zoom 2, amplification 2', or ''."""
    return ", ".join(f"{name} {row[name]}" for name in BOOSTS if row[name] not in (None, 1))


@lru_cache(maxsize=16)
def stimuli(pictures: str, boosted: str) -> str:
    """12 digits that say what was shown: answers to stimuli that differ are never mixed."""
    compact = json.dumps(json.loads(pictures), separators=(",", ":"))  # databases write the blanks or not
    return hashlib.sha256(f"{compact}{boosted}".encode()).hexdigest()[:12]


def _vote(row: Row) -> Row:
    """One row of the database in the words of the table."""
    swaps_ms, gaps_ms, seen_ms = (json.loads(row[name]) for name in ("swaps_ms", "gaps_ms", "seen_ms"))
    return row | {
        "first": SIDE_NAMES[row["first_side"]],
        "seen_A_ms": seen_ms[0],
        "seen_B_ms": seen_ms[1],
        "boosting": boosting(row),
        "simulated": bool(row["simulated"]),
        "is_A_selected": CHOSEN.get(row["choice"], float("nan")),
        "preference_strength": row["step"] or float("nan"),
        "swaps": len(swaps_ms),
        "swap_sd_ms": swap_sd_ms(swaps_ms),
        "pilot": bool(row["pilot"]),
        "stimuli": stimuli(row["pictures"], boosting(row)),
        "excluded": row["observer_excluded"] or row["excluded"] or NO_VOTE.get(row["choice"], ""),
        "worst_gap_ms": max(gaps_ms, default=0.0),
    }


def swap_sd_ms(swaps_ms: list[float]) -> float:
    """Standard deviation of the intervals between swaps. NaN below two intervals."""
    return float(np.std(np.diff(swaps_ms), ddof=1)) if len(swaps_ms) > 2 else float("nan")


def to_json_lines(table: pd.DataFrame) -> str:
    """Write one JSON object per vote and line. NaN becomes null."""
    return str(table.to_json(orient="records", lines=True)) if len(table) else ""


def progress(store: Store, study: str) -> Progress:
    """Observers and answers so far."""
    query = """SELECT observers.simulated, count(DISTINCT observers.id) AS observers,
        count(DISTINCT CASE WHEN finished_at IS NOT NULL THEN observers.id END) AS finished,
        count(answers.trial) AS answers FROM observers
        LEFT JOIN trials ON trials.observer = observers.id LEFT JOIN answers ON answers.trial = trials.token
        WHERE observers.study = :study AND pilot = 0 AND observers.excluded = ''
        GROUP BY observers.simulated"""
    counts = {row["simulated"]: row for row in store.rows(query, {"study": study})}
    nobody = {"observers": 0, "finished": 0, "answers": 0}
    real, made = counts.get(0, nobody), counts.get(1, nobody)
    return Progress(real["observers"], real["finished"], real["answers"], made["observers"], made["answers"])


def reset(store: Store, study: str, reason: str) -> int:
    """Exclude every observer of a study, with a reason. Returns how many.

    Nothing is deleted: answers that people gave stay in the database and can be exported with `everything`.
    """
    query = "SELECT id FROM observers WHERE study = :study AND excluded = ''"
    with store.transaction():
        rows = store.rows(query, {"study": study})
        for row in rows:
            store.update("observers", row["id"], {"excluded": reason})
    return len(rows)
