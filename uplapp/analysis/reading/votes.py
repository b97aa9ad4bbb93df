"""A table of answers, one row each -> Votes, and their counts -> Comparisons."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.reading import rankings, triplets
from uplapp.analysis.reading.cells import (
    alike,
    boosted,
    cells_of,
    constant,
    kept,
    kinds,
    manifests_of,
    names,
    one_population,
    pooled,
    where,
)
from uplapp.analysis.reading.choices import STEP, read_choices
from uplapp.analysis.reading.editions import of_edition, require_one_set, without_pilot
from uplapp.analysis.reading.tables import Columns, check_columns, read_table, shown
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.values import Cells, Comparisons, Mask, Votes

USUAL = Columns()


def read_votes(
    path: Path, simulated: bool | None = None, columns: Columns = USUAL, edition: str = ""
) -> Votes:
    """Read a file of votes, of rankings, of best and worst, or of triplets, with options of `from_table`.

    Raises BadVotes that names the line.
    """
    table = read_table(path)
    if columns == USUAL and triplets.holds_triplets(table):
        pairs, understood = triplets.to_votes(table, path.name)
    elif rankings.holds_rankings(table):
        pairs, said = rankings.to_votes(table, path.name)
        understood = (said,)
    else:
        return from_table(of_edition(table, path.name, edition), path.name, simulated, columns)
    votes = from_table(pairs, path.name, simulated, columns)
    return replace(votes, notes=(*understood, *votes.notes))


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
    table, trial_run = without_pilot(table)
    table, excluded, left_out = kept(table, columns.observer)
    require_one_set(table, source)
    observer = names(table, columns.observer, source)
    a, b = (names(table, columns.of(side), source) for side in ("condition_A", "condition_B"))
    conditions = tuple(sorted({*a.texts, *b.texts}))
    first, second = a.categories(conditions), b.categories(conditions)
    _refuse_self(table, source, first, second)
    choices, steps = read_choices(table, columns, source)
    checked = table.assign(
        observer=observer.categories(),
        condition_A=first,
        condition_B=second,
        **choices,
        scene=_scene(table, columns),
        kind=kinds(table, source),
    )
    manifests = manifests_of(checked)
    twins = (*alike("conditions", conditions), *alike("observers", observer.texts))
    notes = (*whose, *trial_run, *left_out, *pooled(manifests), *boosted(table), *twins)
    return Votes(checked, source, is_simulated, notes, excluded, ", ".join(manifests), has_kinds, steps)


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


def _scene(table: pd.DataFrame, columns: Columns) -> "pd.Categorical[str]":
    named = set(columns.scene) <= set(table.columns)
    return (cells_of(table, columns.scene) if named else constant("", len(table))).categories()


def count(votes: Votes) -> Comparisons:
    """Count the main trials.

    Other kinds of trials never enter.
    """
    main = votes.table["kind"] == "main"
    table = votes.table[main]
    if table.empty:
        raise BadVotes(f"{votes.source} holds no votes of {_whose(votes)}main trials")
    conditions = tuple(sorted({*table["condition_A"].unique(), *table["condition_B"].unique()}))
    observers = tuple(sorted(table["observer"].unique()))
    cells = _cells(table, observers, conditions, votes.steps)
    answers = _answers(cells, len(observers), len(conditions))
    return Comparisons(
        conditions=conditions,
        observers=observers,
        wins=to_wins(answers),
        simulated=votes.simulated,
        notes=(*votes.notes, *_left_out(int((~main).sum()))),
        answers=answers,
        excluded=votes.excluded,
        manifest=votes.manifest,
        cells=cells,
    )


def count_scenes(votes: Votes) -> dict[str, Comparisons]:
    """Count the main trials of each scene by itself, scenes in order of their names."""
    groups = main_trials(votes).groupby("scene", observed=True, sort=True)
    counted = {str(scene): count(replace(votes, table=part)) for scene, part in groups}
    return counted or {"": count(votes)}  # which says that there are none


def to_wins(answers: np.ndarray) -> np.ndarray:
    """Count wins (...,n,n), row over column, of answers (...,2m+1,n,n), a tie as half a vote each way."""
    steps = answers.shape[-3] // 2
    tie = answers[..., steps, :, :]
    first, second = (
        part[..., 0, :, :] if steps == 1 else part.sum(axis=-3)
        for part in (answers[..., :steps, :, :], answers[..., steps + 1 :, :, :])
    )
    wins: np.ndarray = first.astype(float)
    wins += second.swapaxes(-1, -2)
    wins += tie / 2
    wins += tie.swapaxes(-1, -2) / 2
    return wins


def scene_wins(cells: Cells, conditions: int) -> np.ndarray:
    """Count the wins (S,n,n) of each scene, a tie as half a vote each way."""
    shape = len(cells.scenes), 2 * cells.steps + 1, conditions, conditions
    answers = np.zeros(shape)
    np.add.at(answers, (cells.scene, cells.outcome, cells.first, cells.second), cells.times)
    return to_wins(answers)


def _cells(table: pd.DataFrame, observers: tuple[str, ...], conditions: tuple[str, ...], steps: int) -> Cells:
    scenes = tuple(sorted(table["scene"].unique()))
    a, b = (_codes(table[side], conditions) for side in ("condition_A", "condition_B"))
    observer, scene = _codes(table["observer"], observers), _codes(table["scene"], scenes)
    lean = np.sign(2 * table["is_A_selected"].to_numpy() - 1).astype(int)
    outcome = steps - lean * (table[STEP].to_numpy() if steps > 1 else 1)
    shape = len(observers), len(scenes), 2 * steps + 1, len(conditions), len(conditions)
    kinds, times = np.unique(
        np.ravel_multi_index((observer, scene, outcome, a, b), shape), return_counts=True
    )
    observer, scene, outcome, a, b = np.unravel_index(kinds, shape)
    return Cells(scenes, observer, scene, outcome, a, b, times.astype(float), steps)


def _answers(cells: Cells, observers: int, conditions: int) -> np.ndarray:
    """Answers (K,2m+1,n,n) in 4 bytes each, exact to 2^24: 200 observers of 200 conditions take 96 MB."""
    answers = np.zeros((observers, 2 * cells.steps + 1, conditions, conditions), dtype=np.float32)
    np.add.at(answers, (cells.observer, cells.outcome, cells.first, cells.second), cells.times)
    return answers


def _codes(names: pd.Series, order: tuple[str, ...]) -> np.ndarray:
    return names.astype("category").cat.set_categories(order).cat.codes.to_numpy(int)


def _left_out(others: int) -> tuple[str, ...]:
    if not others:
        return ()
    return (f"{others} practice, catch and repeat trial{'s are' if others > 1 else ' is'} left out",)


def _whose(votes: Votes) -> str:
    return "simulated observers' " if votes.simulated else ""
