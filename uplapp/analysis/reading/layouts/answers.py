"""Answers that name the condition that was chosen -> answers A and B."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import Cells, cells_of, where
from uplapp.analysis.reading.layouts.columns import Columns
from uplapp.analysis.reading.layouts.shapes import A_CELL, ANSWER, B_CELL
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import shown
from uplapp.errors import OtherNames, Question
from uplapp.values import Mask

Said = tuple[str, ...]
NO_ANSWER = "the cell is empty; give an answer, or drop empty ones"


def by_name(table: pd.DataFrame, columns: Columns, source: str) -> tuple[pd.DataFrame, Columns, Said]:
    """Turn names of conditions in the column of the choice into A and B, with what was understood.

    Where nobody said so, cells are names only if none of them has a meaning of its own but a tie; a Question
    asks where they may be both. Raises BadVotes for a name that is neither of the row's conditions, where
    names were asked for.
    """
    if not {*columns.condition_A, *columns.condition_B, *columns.is_A_selected} <= set(table.columns):
        return table, columns, ()
    cells = cells_of(table, columns.is_A_selected)
    is_a, is_b = _sides(table, columns, cells)
    meanings = columns.meanings
    choices = [meanings.get(spelling(text)) for text in cells.texts]
    meant = cells.spread([choice is not None for choice in choices], bool)
    tied = cells.spread([choice is not None and choice.vote == 0.5 for choice in choices], bool)
    named = is_a != is_b
    if columns.preferred:
        _require(table, columns, source, cells, named | meant if columns.stated else named | tied)
        keep = meant & ~named
    elif columns.stated or not named.any() or (~meant & ~named).any():
        return table, columns, ()
    elif (meant & ~tied).any():
        _ask_if_both(table, columns, source, cells, named | tied, is_a)
        return table, columns, ()
    else:
        keep = tied & ~named
    answer = np.where(is_a, A_CELL, B_CELL).astype(object)
    answer[keep] = [_of(cell, columns) for cell in cells.spread(cells.texts, object)[keep]]
    votes = table.assign(**{ANSWER: answer})
    column = "+".join(columns.is_A_selected)
    own = replace(columns, is_A_selected=(ANSWER,), a=A_CELL, b=B_CELL)
    return votes, own, (f"'{column}' was read as the name of the condition that was chosen",)


def _of(cell: str, columns: Columns) -> str:
    """A cell that is no name: a tie stays, what means A or B gets the word for it."""
    choice = columns.meanings[spelling(cell)]
    return cell if choice.vote == 0.5 else A_CELL if choice.vote == 1 else B_CELL


def _sides(table: pd.DataFrame, columns: Columns, cells: Cells) -> tuple[Mask, Mask]:
    """Mark the rows (n,) whose choice is the name of A, and of B: as it is written, else as it is spelt."""
    sides = [cells_of(table, columns.of(side)) for side in ("condition_A", "condition_B")]
    exact = [_equal(cells, side, str) for side in sides]
    if (exact[0] | exact[1]).all():
        return exact[0], exact[1]
    spelt = [_equal(cells, side, spelling) for side in sides]
    return spelt[0], spelt[1]


def _equal(cells: Cells, others: Cells, form: Callable[[str], str]) -> Mask:
    one, other = (
        each.spread([form(text) for text in each.texts], object) if each.texts else np.zeros(0, object)
        for each in (cells, others)
    )
    equal: Mask = (one == other) & (one != "")
    return equal


def _require(table: pd.DataFrame, columns: Columns, source: str, cells: Cells, good: Mask) -> None:
    if good.all():
        return
    row = int((~good).argmax())
    if not cells[row]:
        raise OtherNames(
            f"{where(table, source, ~good)}, column '{'+'.join(columns.is_A_selected)}': {NO_ANSWER}"
        )
    sides = [cells_of(table, columns.of(side))[row] for side in ("condition_A", "condition_B")]
    raise OtherNames(
        f"{where(table, source, ~good)}, column '{'+'.join(columns.is_A_selected)}': '{shown(cells[row])}' "
        f"is neither '{shown(sides[0])}' nor '{shown(sides[1])}', which the row compares"
    )


def _ask_if_both(
    table: pd.DataFrame, columns: Columns, source: str, cells: Cells, named: Mask, is_a: Mask
) -> None:
    """Ask where every cell is a name, and has a meaning too that is another."""
    if columns.is_A_selected == (ANSWER,) or not named.all():
        return
    choices = [columns.meanings.get(spelling(text)) for text in cells.texts]
    means_a = cells.spread([choice is not None and choice.vote == 1 for choice in choices], bool)
    if (means_a == is_a).all():
        return
    column = "+".join(columns.is_A_selected)
    raise Question(
        f"column '{column}' of {source} may name the condition that was chosen, or say {columns.allowed}; "
        "say which",
        f"choose --columns preferred={column}, or --values A={columns.a},B={columns.b}",
    )
