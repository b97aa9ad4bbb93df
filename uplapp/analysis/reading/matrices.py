"""A published matrix of counts or probabilities -> Comparisons.

Who won must be said, never guessed.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.reading.cells import alike
from uplapp.analysis.reading.layouts.columns import NEEDED
from uplapp.analysis.reading.numbers import NUMBER, doubtful, number, one_number, question
from uplapp.analysis.reading.tables import read_rows, separator_of, shown
from uplapp.errors import BadVotes, UnknownName
from uplapp.values import Array, Comparisons

Winner = Literal["row", "column"]

WINNERS: tuple[Winner, ...] = ("row", "column")
ROUNDING = 0.01  # how far two printed probabilities of one pair may miss 1
PERCENT = 100
PAIRS = 3  # fewer may look suspicious by chance
TINY = 1e-9  # rounding of the computer
TOTALS = ("total", "totals", "sum")


def read_matrix(path: Path, winner: str, votes_per_pair: str | None = None) -> Comparisons:
    """Read a matrix whose `winner`, row or column, was chosen.

    Empty cells are 0, the diagonal is ignored. `votes_per_pair` (a number, or a matrix file of the same
    layout) makes the cells probabilities, which turn into whole votes, or half votes where two halves are
    equal. 0 on both sides of a pair means that it was not compared. What looks like a slip but may be right
    becomes a note; `origin` says who was taken as the winner, and what was rounded.
    """
    if winner not in WINNERS:
        raise UnknownName("winner", winner, WINNERS)
    names, cells = read_cells(path)
    if not cells.any():
        raise BadVotes(f"{path.name} holds no votes")
    _refuse_totals(path.name, names, cells)
    if votes_per_pair is None:
        _check_counts(path.name, names, cells)
        notes, origin = _doubts(path.name, cells), ""
    else:
        _check_shares(path.name, names, cells)
        totals = _totals(votes_per_pair, path.name, names, cells)
        origin = (
            f"The counts are probabilities times {_range(totals, cells)} a pair, rounded to whole votes "
            "(half votes where both sides are equal). "
        )
        cells, notes = _votes(path.name, cells, totals)
    origin += f"The {winner} of a cell was taken as the winner."
    notes = (*notes, *alike("conditions", names))
    return Comparisons(names, (), (cells if winner == "row" else cells.T)[None], notes=notes, origin=origin)


def read_cells(path: Path) -> tuple[tuple[str, ...], Array]:
    """Read the names and the numbers (n,n) of a matrix file, diagonal 0."""
    table = read_rows(path)
    names = _names(path.name, table)
    unclear = doubtful([text for _, row in table[1:] for text in row[1:]], separator_of(path))
    cells = np.zeros((len(names), len(names)))
    for i, (_, row) in enumerate(table[1:]):
        for j, text in enumerate(row[1:]):
            if i != j and text in unclear:
                raise BadVotes(f"{_where(path.name, names[i], names[j])}: {question(text)}")
            cells[i, j] = 0.0 if i == j else _number(text, path.name, names[i], names[j])
    return names, cells


def _names(source: str, table: list[tuple[int, list[str]]]) -> tuple[str, ...]:
    """The conditions, once it is sure that rows and columns are the same."""
    first = table[0][1]
    names = tuple(first[1:])
    if set(NEEDED) <= set(first):
        raise BadVotes(f"{source} is a file of votes, not a matrix; give it without --counts")
    if len(names) < 2:
        marks = "" if names else ", separated by commas, semicolons, tabs or pipes"
        raise BadVotes(
            f"{source} names {len(names)} conditions in its first row; a comparison needs two{marks}"
        )
    if "" in names:
        raise BadVotes(f"{source}: column {names.index('') + 2} of the first row names no condition")
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    if twice:
        raise BadVotes(
            f"{source}: the first row must name every condition once, not '{shown(twice[0])}' twice"
        )
    for line, row in table[1:]:
        if len(row) != len(names) + 1:
            place = f"{source}, line {line}, row '{shown(row[0])}'"
            raise BadVotes(f"{place}: {len(row) - 1} cells for {len(names)} conditions")
    _check_rows(source, names, tuple(row[0] for _, row in table[1:]))
    return names


def _check_rows(source: str, names: tuple[str, ...], rows: tuple[str, ...]) -> None:
    if rows == names:
        return
    problem = f"{source}: the first column must name the same conditions in the same order as the first row"
    if all(NUMBER.fullmatch(text) for text in (*names, *rows)):
        raise BadVotes(
            f"{source} holds numbers where the names of conditions belong; add them, as first row and column"
        )
    missing = [name for name in names if name not in rows]
    extra = [name for name in rows if name not in names]
    if missing or extra:
        reasons = [f"it lacks '{shown(name)}'" for name in missing[:1]]
        reasons += [f"'{shown(name)}' is in no column" for name in extra[:1]]
        raise BadVotes(f"{problem}; {', and '.join(reasons)}")
    if len(rows) > len(names):
        raise BadVotes(f"{problem}; a row is there twice")
    place = next(place for place, name in enumerate(names) if rows[place] != name)
    raise BadVotes(
        f"{problem}; row {place + 1} is '{shown(rows[place])}', column {place + 1} '{shown(names[place])}'"
    )


def _number(text: str, source: str, row: str, column: str) -> float:
    value = number(text or "0")
    if not np.isfinite(value) or value < 0:
        raise BadVotes(f"{_where(source, row, column)}: '{shown(text)}' is not a number from 0 up")
    return value


def _where(source: str, row: str, column: str) -> str:
    return f"{source}, row '{shown(row)}', column '{shown(column)}'"


def _first(wrong: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The first place (i, j) that is wrong, if any."""
    return [(int(i), int(j)) for i, j in np.argwhere(wrong)[:1]]


def _refuse_totals(source: str, names: tuple[str, ...], cells: Array) -> None:
    """Refuse a condition that is the sum of the others, by its name and by its numbers."""
    for place, name in enumerate(names):
        others = np.delete(cells, place, axis=0).sum(axis=0)
        others[place] = 0
        if name.lower() in TOTALS and np.array_equal(cells[place], others):
            raise BadVotes(f"{source}: row '{name}' is the sum of the others; leave totals out")


def _check_counts(source: str, names: tuple[str, ...], cells: Array) -> None:
    for i, j in _first((2 * cells) % 1 != 0):
        raise BadVotes(
            f"{_where(source, names[i], names[j])}: {cells[i, j]:g} is no count (whole or half votes); "
            "probabilities need --votes-per-pair"
        )


def _doubts(source: str, cells: Array) -> tuple[str, ...]:
    """Say what makes a table of counts look like something else, from three pairs on."""
    both = (cells + cells.T)[np.triu(cells + cells.T) > 0]
    if both.size < PAIRS:
        return ()
    if np.array_equal(cells, cells.T):
        return (
            f"{source} has the same numbers on both sides of every pair: are they votes won, or votes cast?",
        )
    if not np.tril(cells).any() or not np.triu(cells).any():
        return (f"{source} has votes on one side of its diagonal alone: is the other half missing?",)
    if (both == PERCENT).all():
        return (f"every pair of {source} adds up to 100: percentages need --votes-per-pair, divided by 100",)
    return ()


def _check_shares(source: str, names: tuple[str, ...], cells: Array) -> None:
    both = cells + cells.T
    for i, j in _first(cells > 1):
        percent = abs(both[i, j] - PERCENT) <= PERCENT * ROUNDING
        remedy = "divide percentages by 100" if percent else "counts need no --votes-per-pair"
        raise BadVotes(
            f"{_where(source, names[i], names[j])}: {cells[i, j]:g} is no probability (0 to 1); {remedy}"
        )
    for i, j in _first((both > 0) & (np.abs(both - 1) > ROUNDING + TINY)):
        mixed = "; do the two halves count in different directions?" if cells[i, j] == cells[j, i] else ""
        raise BadVotes(
            f"{_where(source, names[i], names[j])}: {cells[i, j]:g} and its mirror cell {cells[j, i]:g} "
            f"must add up to 1{mixed}"
        )


def _totals(votes_per_pair: str, source: str, names: tuple[str, ...], cells: Array) -> Array:
    """Votes (n,n) of each pair, from a number or a file."""
    votes = one_number(votes_per_pair)
    if np.isfinite(votes):
        if votes < 1 or votes % 1:
            raise BadVotes(f"votes per pair: '{votes_per_pair}' is not a whole number from 1 up")
        return np.full(cells.shape, votes)
    path = Path(votes_per_pair)
    others, totals = read_cells(path)
    if others != names:
        raise BadVotes(f"{path.name} names other conditions than {source}: {shown(', '.join(others), 200)}")
    for i, j in _first((totals % 1 != 0) | (totals != totals.T)):
        raise BadVotes(
            f"{_where(path.name, names[i], names[j])}: votes per pair must be whole and symmetric, "
            f"not {totals[i, j]:g} and {totals[j, i]:g}"
        )
    for i, j in _first((totals > 0) != (cells + cells.T > 0)):
        raise BadVotes(
            f"{_where(path.name, names[i], names[j])}: {totals[i, j]:g} votes, "
            f"but the probabilities in {source} are {cells[i, j]:g} and {cells[j, i]:g}"
        )
    return totals


def _range(totals: Array, cells: Array) -> str:
    """How many votes the compared pairs got, in words."""
    votes = totals[(cells + cells.T) > 0]
    least, most = float(votes.min()), float(votes.max())
    if least == most:
        return f"{most:.0f} vote{'s' * (most != 1)}"
    return f"{least:.0f} to {most:.0f} votes"


def _votes(source: str, cells: Array, totals: Array) -> tuple[Array, tuple[str, ...]]:
    """Whole votes (n,n) of probabilities that add up to 1, and a note where they are far from whole."""
    both = cells + cells.T
    exact = totals * np.divide(cells, both, out=np.zeros_like(cells), where=both > 0)
    equal = np.isclose(exact % 1, 0.5)
    votes = np.where(equal, np.rint(2 * exact) / 2, np.rint(exact))
    for i, j in _first(np.abs(exact - votes) > totals * ROUNDING / 2 + TINY):
        example = f"{cells[i, j]:g} of {totals[i, j]:g} votes is {exact[i, j]:.1f}"
        return votes, (
            f"{source} gives no whole votes ({example}); they were rounded: check --votes-per-pair",
        )
    return votes, ()
