"""A table of answers, one row each -> Votes, and their counts -> Comparisons."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import Cells as Column
from uplapp.analysis.reading.cells import (
    alike,
    boosted,
    cells_of,
    changed,
    constant,
    kept,
    kinds,
    manifests_of,
    names,
    numbers,
    one_population,
    pooled,
    where,
)
from uplapp.analysis.reading.choices import STEP, read_choices
from uplapp.analysis.reading.editions import of_edition, require_one_set, without_pilot
from uplapp.analysis.reading.layouts.answers import by_name
from uplapp.analysis.reading.layouts.columns import NEEDED, OTHER_ROLES, ROLES, Columns
from uplapp.analysis.reading.layouts.questions import ask, known_names, nobody, with_texts
from uplapp.analysis.reading.layouts.rows import Rows, chosen, without_answers
from uplapp.analysis.reading.layouts.shapes import SHAPES, TRIPLETS, Read, repeated
from uplapp.analysis.reading.layouts.weights import equally, leading
from uplapp.analysis.reading.tables import read_table, require_columns, shown
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.values import Cells, Comparisons, Mask, Votes

USUAL, ALL = Columns(), Rows()
MOST_COUNTS = 2**26  # in the table of counts: 300 observers of 250 conditions, .8 GB
EVERYBODY = "everybody"  # the one observer of votes that name none
NO_OBSERVERS = (
    "no column says who voted, so intervals are parametric: they hold where votes do not depend on each other"
)


def read_votes(
    path: Path,
    simulated: bool | None = None,
    columns: Columns = USUAL,
    edition: str = "",
    rows: Rows = ALL,
) -> Votes:
    """Read a file of votes in any of SHAPES, with options of `from_table`.

    `rows` says which rows count. What was understood is in the notes; columns that change what votes mean,
    and that nobody spoke of, are a Question. Raises BadVotes that names the line.
    """
    source = path.name
    table, said = chosen(read_table(path, rows.header, rows.skip), rows, source)
    table = with_texts(known_names(table, columns.named, OTHER_ROLES), columns)
    read, anonymous = _read(of_edition(table, source, edition), columns, rows, source)
    people = () if anonymous else read.columns.observer
    listed = ask(table, read.used, people, source)
    counted, often = _by_times(read, source)
    votes = from_table(counted, source, simulated, read.columns)
    told = (*said, *read.said, *often, *((NO_OBSERVERS,) if anonymous else ()), *listed)
    return replace(votes, notes=(*told, *votes.notes), anonymous=anonymous, equal=rows.equal)


def _read(table: pd.DataFrame, columns: Columns, rows: Rows, source: str) -> tuple[Read, bool]:
    """Read a table in the first shape that it has, and say whether nobody is named as the observer."""
    shape = next(shape for shape in SHAPES if shape.holds(table, columns))
    table, dropped = without_answers(table, shape.answers(table, columns), rows.drop)
    read = shape.read(table, columns, source)
    votes = read.table
    more: tuple[str, ...] = ()
    if shape.name != TRIPLETS and read.columns.is_A_selected[0] in votes:
        votes, more = without_answers(votes, read.columns.is_A_selected, rows.drop)
    anonymous = nobody(votes, read.columns, source)
    if anonymous and _complete(votes, read.columns):
        votes = votes.assign(observer=EVERYBODY)
        read = read._replace(columns=replace(read.columns, observer=USUAL.observer))
    votes, named, said = by_name(votes, read.columns, source)
    return Read(votes, named, (*read.said, *dropped, *more, *said), read.used), anonymous


def _complete(table: pd.DataFrame, columns: Columns) -> bool:
    return all(set(columns.of(role)) <= set(table.columns) for role in NEEDED[1:])


def _by_times(read: Read, source: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Repeat each row as often as its column of times says."""
    if not read.columns.times:
        return read.table, ()
    require_columns(read.table, {"times": read.columns.times}, source)
    times = np.nan_to_num(numbers(read.table, read.columns.times[0], source, 0))
    if (times % 1).any():
        row = where(read.table, source, times % 1 > 0)
        raise BadVotes(f"{row}, column '{read.columns.times[0]}': a row counts a whole number of times")
    votes = read.table.iloc[repeated(times, source)]
    return votes, (f"{len(read.table)} rows were counted as often as '{read.columns.times[0]}' says",)


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
    scene = _scene(table, columns)
    checked = table.assign(
        observer=observer.categories(),
        condition_A=first,
        condition_B=second,
        **choices,
        scene=scene.categories(),
        kind=kinds(table, source),
    )
    manifests = manifests_of(checked)
    twins = [
        note
        for what, names in (
            ("conditions", conditions),
            ("observers", observer.texts),
            ("scenes", scene.texts),
        )
        for note in (*alike(what, names), *changed(what, names))
    ]
    twins += leading(observer, (checked["kind"] == "main").to_numpy(dtype=bool))
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
    """Refuse a table that lacks a column, or has one twice, with a sentence of its own for ratings."""
    roles = [role for role in ROLES if role in NEEDED or columns.of(role) != USUAL.of(role)]
    try:
        require_columns(table, {role: columns.of(role) for role in roles}, source)
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


def _scene(table: pd.DataFrame, columns: Columns) -> Column:
    named = set(columns.scene) <= set(table.columns)
    return cells_of(table, columns.scene) if named else constant("", len(table))


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
    if (size := len(observers) * (2 * votes.steps + 1) * len(conditions) ** 2) > MOST_COUNTS:
        raise BadVotes(
            f"{len(observers)} observers of {len(conditions)} conditions are too many for one table of "
            f"counts ({size} of at most {MOST_COUNTS}): score fewer conditions at once, as of one scene"
        )
    cells = _cells(table, observers, conditions, votes.steps)
    answers = _answers(cells, len(observers), len(conditions))
    counts = Comparisons(
        conditions=conditions,
        observers=() if votes.anonymous else observers,
        wins=to_wins(answers),
        simulated=votes.simulated,
        notes=(*votes.notes, *_left_out(int((~main).sum()))),
        answers=answers,
        excluded=votes.excluded,
        manifest=votes.manifest,
        cells=cells,
    )
    return equally(counts) if votes.equal else counts


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
