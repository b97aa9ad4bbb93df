"""Votes as the field writes them, one row an answer -> Comparisons."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uplapp.errors import BadVotes
from uplapp.values import Comparisons, Kind

COLUMNS = ("observer", "condition_A", "condition_B", "is_A_selected")
KINDS: tuple[Kind, ...] = ("main", "practice", "catch", "repeat")
CHOICES = {"1": 1.0, "0": 0.0, "0.5": 0.5, ".5": 0.5, "1.0": 1.0, "0.0": 0.0}
TRUTHS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


def read_votes(path: Path, simulated: bool | None = None) -> Comparisons:
    """Read a votes file; `simulated` as in `from_votes`. A bad file is a BadVotes that names the line."""
    return from_votes(read_table(path), path.name, simulated)


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV as texts; the index holds the line each row ends on."""
    lines, rows = [], []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True)
            header = [name.strip() for name in next(reader, [])]
            for row in filter(None, reader):
                if len(row) != len(header):
                    raise BadVotes(
                        f"{path.name}, line {reader.line_num}: {len(row)} cells, the header has {len(header)}"
                    )
                lines.append(reader.line_num)
                rows.append(row)
    except FileNotFoundError:
        raise BadVotes(f"there is no file '{path}'") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadVotes(f"'{path.name}' cannot be read as UTF-8 text in CSV form: {error}") from None
    return pd.DataFrame(rows, columns=header, index=lines, dtype=str)


def from_votes(table: pd.DataFrame, source: str = "votes", simulated: bool | None = None) -> Comparisons:
    """Count the main trials of a votes table; other kinds of trials never enter.

    People and simulated observers are never pooled: `simulated` chooses; None takes people where there are
    any. `source` names the table in messages, its index the lines.
    """
    _check_columns(table, source)
    kept, notes = _main_trials(table, source)
    kept, is_simulated, note = _one_population(kept, source, simulated)
    observer, first, second = (_names(kept, name, source) for name in COLUMNS[:3])
    choice = _mapped(kept, "is_A_selected", CHOICES, "1 (A chosen), 0 (B chosen) or 0.5 (not sure)", source)
    same = first == second
    if same.any():
        line = same.idxmax()
        raise BadVotes(f"{source}, line {line}: '{first[line]}' is compared with itself")
    if kept.empty:
        raise BadVotes(f"{source} holds no votes{_of_which(is_simulated)}")
    return _count(observer, first, second, choice.to_numpy(dtype=float), is_simulated, (*notes, *note))


def _check_columns(table: pd.DataFrame, source: str) -> None:
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        found = ", ".join(map(str, table.columns)) or "none"
        raise BadVotes(
            f"{source} has no column '{missing[0]}'; it needs {', '.join(COLUMNS)}; found: {found}"
        )
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BadVotes(f"{source} has the column '{twice[0]}' twice; each may occur once")


def _main_trials(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, list[str]]:
    """Leave out what is no main trial, and answers that the study excluded."""
    notes = []
    if "kind" in table:
        kind = _mapped(table, "kind", {name: name for name in KINDS}, ", ".join(KINDS), source)
        others = int((kind != "main").sum())
        table = table[kind == "main"]
        if others:
            notes.append(f"{others} practice, catch and repeat trials are left out")
    if "excluded" in table:
        out = _texts(table["excluded"]) != ""
        table = table[~out]
        if out.any():
            notes.append(f"{int(out.sum())} answers are left out because the study excluded them")
    return table, notes


def _one_population(
    table: pd.DataFrame, source: str, simulated: bool | None
) -> tuple[pd.DataFrame, bool, list[str]]:
    """Keep people or simulated observers."""
    if "simulated" not in table:
        if simulated:
            raise BadVotes(f"{source} has no column 'simulated', so none of its observers is known to be")
        return table, False, []
    marks = _mapped(table, "simulated", TRUTHS, "0 or 1", source).astype(bool)
    chosen = bool(len(marks) and marks.all()) if simulated is None else simulated
    other = int((marks != chosen).sum())
    notes = ["SIMULATED observers: these scores say nothing about people"] if chosen else []
    if other:
        notes.append(f"{other} votes of {'people' if chosen else 'simulated observers'} are left out")
    return table[marks == chosen], chosen, notes


def _texts(column: Any) -> Any:
    return column.astype("string").fillna("").str.strip()


def _names(table: pd.DataFrame, name: str, source: str) -> Any:
    texts = _texts(table[name])
    empty = texts == ""
    if empty.any():
        raise BadVotes(f"{source}, line {empty.idxmax()}, column '{name}': the cell is empty")
    return texts


def _mapped(table: pd.DataFrame, name: str, values: dict[str, Any], allowed: str, source: str) -> Any:
    texts = _texts(table[name]).str.lower()
    unknown = ~texts.isin(list(values))
    if unknown.any():
        line = unknown.idxmax()
        raise BadVotes(f"{source}, line {line}, column '{name}': '{texts[line]}' is not {allowed}")
    return texts.map(values)


def _of_which(simulated: bool) -> str:
    return " of simulated observers" if simulated else " of main trials"


def _count(
    observer: Any, first: Any, second: Any, choice: Any, simulated: bool, notes: tuple[str, ...]
) -> Comparisons:
    conditions = sorted(set(first) | set(second))
    observers = sorted(set(observer))
    k = pd.Categorical(observer, observers).codes.astype(int)
    a, b = (pd.Categorical(side, conditions).codes.astype(int) for side in (first, second))
    n = len(conditions)
    cells = np.concatenate([(k * n + a) * n + b, (k * n + b) * n + a])
    shares = np.concatenate([choice, 1 - choice])
    wins = np.bincount(cells, shares, minlength=len(observers) * n * n).reshape(-1, n, n).astype(float)
    return Comparisons(tuple(conditions), tuple(observers), wins, simulated, notes)
