"""A table of answers, one row each -> Votes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from uplapp.analysis.tables import read_table
from uplapp.errors import BadVotes, UnknownName
from uplapp.values import Kind, Votes

COLUMNS = ("observer", "condition_A", "condition_B", "is_A_selected")
KINDS: tuple[Kind, ...] = ("main", "practice", "catch", "repeat")
CHOICES = {"1": 1.0, "0": 0.0, "0.5": 0.5, ".5": 0.5, "1.0": 1.0, "0.0": 0.0}
TRUTHS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


def read_votes(path: Path, simulated: bool | None = None) -> Votes:
    """Read a votes file; `simulated` as in `from_table`. A bad file is a BadVotes that names the line."""
    return from_table(read_table(path), path.name, simulated)


def from_table(table: pd.DataFrame, source: str = "votes", simulated: bool | None = None) -> Votes:
    """Check a votes table.

    People and simulated observers are never pooled: `simulated` chooses; None takes people where there are
    any. `source` names the table in messages, its index the lines.
    """
    _check_columns(table, source)
    notes: list[str] = []
    excluded: tuple[tuple[str, str], ...] = ()
    if "excluded" in table:
        reason = _texts(table["excluded"])
        out = reason != ""
        if out.any():
            notes.append(f"{int(out.sum())} answers are left out because the study excluded them")
        excluded = _excluded_observers(_texts(table["observer"]), reason)
        table = table[~out]
    table, is_simulated, note = _one_population(table, source, simulated)
    observer, first, second = (_names(table, name, source) for name in COLUMNS[:3])
    choice = _mapped(table, "is_A_selected", CHOICES, "1 (A chosen), 0 (B chosen) or 0.5 (not sure)", source)
    same = first == second
    if same.any():
        line = same.idxmax()
        raise BadVotes(f"{source}, line {line}: '{first[line]}' is compared with itself")
    kind = pd.Series("main", index=table.index)
    if "kind" in table:
        kind = _mapped(table, "kind", {name: name for name in KINDS}, ", ".join(KINDS), source)
    scene = _texts(table["scene"]) if "scene" in table else pd.Series("", index=table.index)
    names = {"observer": observer, "condition_A": first, "condition_B": second, "scene": scene, "kind": kind}
    columns = {name: values.astype("category") for name, values in names.items()}
    checked = table.assign(**columns, is_A_selected=choice.astype(float))
    manifests = sorted(set(_texts(table["manifest"]))) if "manifest" in table else []
    return Votes(checked, source, is_simulated, (*notes, *note), excluded, ", ".join(manifests))


def main_trials(votes: Votes) -> pd.DataFrame:
    """Rows that enter a fit; practice, catch and repeat trials never do."""
    return votes.table[votes.table["kind"] == "main"]


def scenes(votes: Votes) -> tuple[str, ...]:
    """Names of the scenes of the main trials, sorted."""
    return tuple(sorted(set(main_trials(votes)["scene"])))


def of_scene(votes: Votes, scene: str) -> Votes:
    """Keep the answers of one scene."""
    if scene not in scenes(votes):
        raise UnknownName("scene", scene, scenes(votes))
    return replace(votes, table=votes.table[votes.table["scene"] == scene])


def without(votes: Votes, exclude: Mapping[str, str]) -> Votes:
    """Leave out observers, each with a reason; an unknown observer is refused."""
    people = set(votes.table["observer"])
    for observer in exclude:
        if observer not in people:
            raise UnknownName("observer", observer, people)
    kept = votes.table[~votes.table["observer"].isin(list(exclude))]
    return replace(votes, table=kept, excluded=(*votes.excluded, *exclude.items()))


def _excluded_observers(observer: Any, reason: Any) -> tuple[tuple[str, str], ...]:
    """Observers none of whose answers is left, with the first reason."""
    gone = sorted(set(observer[reason != ""]) - set(observer[reason == ""]))
    return tuple((name, str(reason[observer == name].iloc[0])) for name in gone)


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
