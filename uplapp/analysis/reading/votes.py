"""A table of answers, one row each -> Votes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.arrays import Mask
from uplapp.analysis.reading.cells import cells_of, constant, require, where
from uplapp.analysis.reading.columns import Columns, check_columns, spelling
from uplapp.analysis.reading.csv import read_table, shown
from uplapp.analysis.reading.population import (
    alike,
    boosted,
    kept,
    kinds,
    manifests_of,
    names,
    one_population,
    pooled,
)
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.values import Votes

USUAL = Columns()


def read_votes(path: Path, simulated: bool | None = None, columns: Columns = USUAL) -> Votes:
    """Read a votes file, with the options of `from_table`.

    Raises BadVotes that names the line.
    """
    return from_table(read_table(path), path.name, simulated, columns)


def from_table(
    table: pd.DataFrame, source: str = "votes", simulated: bool | None = None, columns: Columns = USUAL
) -> Votes:
    """Check a votes table of a file or of the live study.

    `columns` says which columns hold what. People and simulated observers are never pooled: `simulated`
    chooses; None takes people where there are any. `source` names the table in messages. Its index stays:
    lines of a file, whatever a live table has.
    """
    _check_columns(table, columns, source)
    has_kinds = "kind" in table
    table, is_simulated, whose = one_population(table, source, simulated)
    table, excluded, left_out = kept(table, columns.observer)
    observer = names(table, columns.observer, source)
    a, b = (names(table, columns.of(side), source) for side in ("condition_A", "condition_B"))
    conditions = tuple(sorted({*a.texts, *b.texts}))
    first, second = a.categories(conditions), b.categories(conditions)
    _refuse_self(table, source, first, second)
    checked = table.assign(
        observer=observer.categories(),
        condition_A=first,
        condition_B=second,
        is_A_selected=_choice(table, columns, source),
        scene=_scene(table, columns),
        kind=kinds(table, source),
    )
    manifests = manifests_of(checked)
    twins = (*alike("conditions", conditions), *alike("observers", observer.texts))
    notes = (*whose, *left_out, *pooled(manifests), *boosted(table), *twins)
    return Votes(checked, source, is_simulated, notes, excluded, ", ".join(manifests), has_kinds)


def main_trials(votes: Votes) -> pd.DataFrame:
    """Select the rows that enter a fit.

    Practice, catch and repeat trials never do.
    """
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
    """Leave out observers, each with a reason.

    Raises UnknownName for an unknown observer.
    """
    people = set(votes.table["observer"].unique())
    for observer in exclude:
        if observer not in people:
            raise UnknownName("observer", observer, people)
    left = votes.table[~votes.table["observer"].isin(list(exclude))]
    return replace(votes, table=left, excluded=(*votes.excluded, *exclude.items()))


def _check_columns(table: pd.DataFrame, columns: Columns, source: str) -> None:
    """Check columns as `check_columns` does, with a sentence of its own for a table of ratings."""
    try:
        check_columns(table, columns, source)
    except OtherNames:
        if {"condition", "rating"} <= set(table.columns):
            raise BadVotes(
                f"{source} holds ratings of single images, not votes; `python -m uplapp ratings` reads them"
            ) from None
        raise


def _refuse_self(
    table: pd.DataFrame, source: str, a: "pd.Categorical[str]", b: "pd.Categorical[str]"
) -> None:
    same: Mask = a.codes == b.codes
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
