"""A table of answers, one row each -> Votes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.cells import Cells, Rows, cells_of, constant, require, where
from uplapp.analysis.columns import Columns, check_columns, spelling
from uplapp.analysis.tables import read_table, shown
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.values import Kind, Votes

KINDS: tuple[Kind, ...] = ("main", "practice", "catch", "repeat")
TRUTHS = {"0": False, "1": True, "false": False, "true": True}
USUAL = Columns()

Notes = tuple[str, ...]
Reasons = tuple[tuple[str, str], ...]


def read_votes(path: Path, simulated: bool | None = None, columns: Columns = USUAL) -> Votes:
    """Read a votes file; options as in `from_table`. A bad file is a BadVotes that names the line."""
    return from_table(read_table(path), path.name, simulated, columns)


def from_table(
    table: pd.DataFrame, source: str = "votes", simulated: bool | None = None, columns: Columns = USUAL
) -> Votes:
    """Check a votes table, of a file or of the live study; `columns` says which columns hold what.

    People and simulated observers are never pooled: `simulated` chooses; None takes people where there are
    any. `source` names the table in messages. Its index stays: lines of a file, whatever a live table has.
    """
    check_columns(table, columns, source)
    has_kinds = "kind" in table
    table, is_simulated, whose = _one_population(table, source, simulated)
    table, excluded, left_out = _kept(table, columns)
    observer = _names(table, columns.observer, source)
    a, b = (_names(table, columns.of(side), source) for side in ("condition_A", "condition_B"))
    conditions = tuple(sorted({*a.texts, *b.texts}))
    first, second = a.categories(conditions), b.categories(conditions)
    _refuse_self(table, source, first, second)
    checked = table.assign(
        observer=observer.categories(),
        condition_A=first,
        condition_B=second,
        is_A_selected=_choice(table, columns, source),
        scene=_scene(table, columns),
        kind=_kind(table, source),
    )
    manifests = _manifests(checked)
    alike = (*_alike("conditions", conditions), *_alike("observers", observer.texts))
    notes = (*whose, *left_out, *_pooled(manifests), *alike)
    return Votes(checked, source, is_simulated, notes, excluded, ", ".join(manifests), has_kinds)


def main_trials(votes: Votes) -> pd.DataFrame:
    """Rows that enter a fit; practice, catch and repeat trials never do."""
    return votes.table[votes.table["kind"] == "main"]


def scenes(votes: Votes) -> tuple[str, ...]:
    """Names of the scenes of the main trials, sorted."""
    return tuple(sorted(votes.table.loc[votes.table["kind"] == "main", "scene"].unique()))


def of_scene(votes: Votes, scene: str) -> Votes:
    """Keep the answers of one scene."""
    if scene not in scenes(votes):
        raise UnknownName("scene", scene, scenes(votes))
    return replace(votes, table=votes.table[votes.table["scene"] == scene])


def without(votes: Votes, exclude: Mapping[str, str]) -> Votes:
    """Leave out observers, each with a reason; an unknown observer is refused."""
    people = set(votes.table["observer"].unique())
    for observer in exclude:
        if observer not in people:
            raise UnknownName("observer", observer, people)
    kept = votes.table[~votes.table["observer"].isin(list(exclude))]
    return replace(votes, table=kept, excluded=(*votes.excluded, *exclude.items()))


def _one_population(
    table: pd.DataFrame, source: str, simulated: bool | None
) -> tuple[pd.DataFrame, bool, Notes]:
    """Keep people or simulated observers."""
    if "simulated" not in table:
        if simulated:
            raise BadVotes(f"{source} has no column 'simulated', so none of its observers is known to be")
        return table, False, ()
    cells = cells_of(table, ("simulated",))
    known = [spelling(text) in TRUTHS for text in cells.texts]
    require(table, source, ("simulated",), cells, known, "0 or 1")
    marks = cells.spread([TRUTHS[spelling(text)] for text in cells.texts], bool)
    chosen = bool(marks.size and marks.all()) if simulated is None else simulated
    others = int((marks != chosen).sum())
    notes = ["SIMULATED observers: these scores say nothing about people"] if chosen else []
    if others:
        notes.append(f"{_are(others, 'vote')} of {'people' if chosen else 'simulated observers'} left out")
    return _rows(table, marks == chosen), chosen, tuple(notes)


def _kept(table: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Reasons, Notes]:
    """Drop the answers that the study excluded; an observer who has no others is excluded as a whole."""
    if "excluded" not in table:
        return table, (), ()
    reason, observer = cells_of(table, ("excluded",)), cells_of(table, columns.observer)
    out = reason.spread([TRUTHS.get(spelling(text), text != "") for text in reason.texts], bool)
    if not out.any():
        return table, (), ()
    rows = np.flatnonzero(out)
    gone, places = np.unique(observer.codes[rows], return_index=True)
    whole = ~np.isin(gone, observer.codes[~out])
    excluded = tuple((observer[row], _reason(reason[row])) for row in rows[places[whole]])
    return table[~out], excluded, (f"{_are(rows.size, 'answer')} left out because the study excluded them",)


def _reason(text: str) -> str:
    return "no reason given" if spelling(text) in TRUTHS else text


def _names(table: pd.DataFrame, columns: tuple[str, ...], source: str) -> Cells:
    cells = cells_of(table, columns)
    require(table, source, columns, cells, [text != "" for text in cells.texts], "a name")
    return cells


def _refuse_self(
    table: pd.DataFrame, source: str, a: "pd.Categorical[str]", b: "pd.Categorical[str]"
) -> None:
    same: Rows = a.codes == b.codes
    if same.any():
        name = shown(a[int(same.argmax())])
        raise BadVotes(f"{where(table, source, same)}: '{name}' is compared with itself")


def _choice(table: pd.DataFrame, columns: Columns, source: str) -> np.ndarray:
    cells = cells_of(table, columns.is_A_selected)
    votes = [columns.meanings.get(spelling(text), np.nan) for text in cells.texts]
    try:
        require(table, source, columns.is_A_selected, cells, [vote >= 0 for vote in votes], columns.allowed)
    except BadVotes as error:
        raise OtherNames(str(error)) from None
    return cells.spread(votes, float)


def _scene(table: pd.DataFrame, columns: Columns) -> "pd.Categorical[str]":
    named = set(columns.scene) <= set(table.columns)
    return (cells_of(table, columns.scene) if named else constant("", len(table))).categories()


def _kind(table: pd.DataFrame, source: str) -> "pd.Categorical[str]":
    if "kind" not in table:
        return constant("main", len(table)).categories()
    cells = cells_of(table, ("kind",))
    kinds: list[Any] = [text.lower() for text in cells.texts]
    require(table, source, ("kind",), cells, [kind in KINDS for kind in kinds], ", ".join(KINDS))
    return pd.Categorical(cells.spread(kinds, object))


def _manifests(table: pd.DataFrame) -> list[str]:
    texts = cells_of(table, ("manifest",)).texts if "manifest" in table else ()
    return [text for text in texts if text]


def _pooled(manifests: list[str]) -> Notes:
    several = len(manifests) > 1
    return (f"answers to the stimuli of {len(manifests)} different studies are pooled",) if several else ()


def _alike(what: str, names: Iterable[str]) -> Notes:
    """Name two that differ in their spelling alone, such as "OPT 10" and "opt 10.0"."""
    seen: dict[tuple[str, ...], str] = {}
    for name in names:
        twin = seen.setdefault(tuple(map(spelling, name.split())), name)
        if twin != name:
            return (f"the {what} '{shown(twin)}' and '{shown(name)}' differ in their spelling alone",)
    return ()


def _rows(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    return table if rows.all() else table[rows]


def _are(count: int, noun: str) -> str:
    return f"1 {noun} is" if count == 1 else f"{count} {noun}s are"
