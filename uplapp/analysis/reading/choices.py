"""What observers answered: A, B or not sure, by how many steps one is better, and whether both are bad."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import cells_of, numbers, require, where
from uplapp.analysis.reading.layouts.columns import MOST_STEPS, Columns
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import listed
from uplapp.errors import BadVotes, OtherNames, UnknownName
from uplapp.registry import Registry
from uplapp.values import Array, Votes

STRENGTH = "preference_strength"  # the column of a file that holds steps beside 1, 0 and 0.5
STEP, BAD = "step", "both_bad"  # columns of checked votes
TIE, DROP = "tie", "drop"
BOTH_BAD: Registry[str] = Registry("way to count both bad", {TIE: "as a tie", DROP: "not at all"})


def read_choices(table: pd.DataFrame, columns: Columns, source: str) -> tuple[dict[str, Any], int]:
    """Read the columns `is_A_selected`, `step` where there are steps, and `both_bad` where it occurs.

    Returns them with the number of steps. Steps are cells of the choice, as `columns` say, or numbers from 1
    up in a column `preference_strength`, which may be wholly empty. Raises BadVotes that names the line.
    """
    cells, meanings = cells_of(table, columns.is_A_selected), columns.meanings
    choices = [meanings.get(spelling(text)) for text in cells.texts]
    good = [choice is not None for choice in choices]
    try:
        require(table, source, columns.is_A_selected, cells, good, columns.allowed)
    except BadVotes as error:
        unknown = [text for text, is_good in zip(cells.texts, good, strict=True) if text and not is_good]
        more = f"; not understood: {listed(unknown)}" if len(unknown) > 1 else ""
        raise OtherNames(f"{error}{more}") from None
    known = [choice for choice in choices if choice is not None]
    votes = cells.spread([choice.vote for choice in known], float)
    read: dict[str, Any] = {"is_A_selected": votes}
    if any(choice.bad for choice in known):
        read[BAD] = cells.spread([choice.bad for choice in known], bool)
    if columns.steps > 1:
        return read | {STEP: cells.spread([choice.step for choice in known], int)}, columns.steps
    strengths = _strengths(table, source, votes) if STRENGTH in table else np.zeros(0, dtype=int)
    steps = max(1, int(strengths.max(initial=0)))
    return read | ({STEP: strengths} if steps > 1 else {}), steps


def settle(votes: Votes, way: str) -> Votes:
    """Count "both bad" as a name of BOTH_BAD says, and note it."""
    if way not in BOTH_BAD:
        raise UnknownName(BOTH_BAD.kind, way, BOTH_BAD)
    if BAD not in votes.table:
        return votes
    bad = votes.table[BAD] & (votes.table["kind"] == "main")
    count = int(bad.sum())
    if not count:
        return votes
    answers = "1 answer" if count == 1 else f"{count} answers"
    note = f'{answers} "both bad" {"counts as a tie" if count == 1 else "count as ties"}'
    if way == TIE:
        return replace(votes, notes=(*votes.notes, note))
    note = f'{answers} "both bad" {"is" if count == 1 else "are"} left out of the scores'
    return replace(votes, table=votes.table[~bad], notes=(*votes.notes, note))


@dataclass(frozen=True, eq=False)
class BothBad:
    """How often both of a pair were called bad, `bad` (n,n) of `answers` (n,n), symmetric.

    `way` is a name of BOTH_BAD: how these answers count in scores.
    """

    conditions: tuple[str, ...]
    bad: Array
    answers: Array
    way: str

    @property
    def total(self) -> tuple[int, int]:
        """How many answers were both bad, of how many."""
        return round(self.bad.sum() / 2), round(self.answers.sum() / 2)


def count_both_bad(votes: Votes, way: str) -> BothBad | None:
    """Count "both bad" over the main trials, None where no answer says so."""
    if BAD not in votes.table:
        return None
    table = votes.table[votes.table["kind"] == "main"]
    names = tuple(sorted({*table["condition_A"].unique(), *table["condition_B"].unique()}))
    place = {name: at for at, name in enumerate(names)}
    first, second = (table[side].map(place).to_numpy(int) for side in ("condition_A", "condition_B"))
    bad, answers = np.zeros((2, len(names), len(names)))
    np.add.at(bad, (first, second), table[BAD].to_numpy(float))
    np.add.at(answers, (first, second), 1.0)
    return BothBad(names, bad + bad.T, answers + answers.T, way) if bad.any() else None


def count_steps(votes: Votes) -> tuple[int, ...]:
    """Count the main answers of step 1, step 2 and so on, none where answers have no steps."""
    if STEP not in votes.table:
        return ()
    taken = votes.table.loc[votes.table["kind"] == "main", STEP].to_numpy(int)
    return tuple(np.bincount(taken, minlength=votes.steps + 1)[1:].tolist())


def _strengths(table: pd.DataFrame, source: str, votes: Array) -> np.ndarray:
    """Read steps (rows,), 0 where not sure. A choice without a step beside others is a BadVotes."""
    values = numbers(table, STRENGTH, source, 0)
    if np.isnan(values).all():  # nobody was asked
        return np.zeros(len(values), dtype=int)
    decided = votes != 0.5
    wrong = decided & ~((values >= 1) & (values <= MOST_STEPS) & (values == np.rint(values)))
    if wrong.any():
        allowed = f"a whole number from 1 to {MOST_STEPS}, such as 1 for slightly and 2 for much better"
        raise BadVotes(f"{where(table, source, wrong)}, column '{STRENGTH}': a choice needs {allowed}")
    steps: np.ndarray = np.where(decided, values, 0).astype(int)
    return steps
