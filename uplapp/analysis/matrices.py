"""A published matrix of counts or probabilities -> Comparisons; who won must be said, never guessed."""

import csv
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadVotes, UnknownName
from uplapp.values import Comparisons

Array = NDArray[np.float64]
Winner = Literal["row", "column"]

WINNERS: tuple[Winner, ...] = ("row", "column")
ROUNDING = 0.01  # how far two printed probabilities of one pair may miss 1


def read_matrix(path: Path, winner: str, votes_per_pair: str | None = None) -> Comparisons:
    """Read a matrix whose `winner`, row or column, was chosen; an empty cell is 0, the diagonal is ignored.

    `votes_per_pair` (a number, or a matrix file of the same layout) makes the cells probabilities, which
    turn into whole votes. 0 on both sides of a pair means that it was not compared.
    """
    if winner not in WINNERS:
        raise UnknownName("winner", winner, WINNERS)
    names, cells = read_cells(path)
    if votes_per_pair is None:
        _check_counts(path.name, names, cells)
    else:
        cells = _votes(path.name, names, cells, _totals(votes_per_pair, names))
    if not cells.any():
        raise BadVotes(f"{path.name} holds no votes")
    wins = cells if winner == "row" else cells.T
    return Comparisons(names, (), wins[None])


def read_cells(path: Path) -> tuple[tuple[str, ...], Array]:
    """Read the names and the numbers (n,n) of a matrix file, diagonal 0."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True) if any(row)]
    except FileNotFoundError:
        raise BadVotes(f"there is no file '{path}'") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadVotes(f"'{path.name}' cannot be read as UTF-8 text in CSV form: {error}") from None
    names = _names(path.name, table)
    cells = np.zeros((len(names), len(names)))
    for i, row in enumerate(table[1:]):
        for j, text in enumerate(row[1:]):
            cells[i, j] = 0.0 if i == j else _number(text, path.name, names[i], names[j])
    return names, cells


def _names(source: str, table: list[list[str]]) -> tuple[str, ...]:
    names = tuple(table[0][1:]) if table else ()
    if len(names) < 2:
        raise BadVotes(f"{source} names {len(names)} conditions in its first row; a comparison needs two")
    if len(set(names)) < len(names) or "" in names:
        raise BadVotes(f"{source}: the first row must name every condition once: {', '.join(names)}")
    rows = tuple(row[0] for row in table[1:])
    if rows != names:
        raise BadVotes(
            f"{source}: the first column must name the same conditions in the same order as the first row; "
            f"the row says {', '.join(names)}; the column {', '.join(rows) or 'nothing'}"
        )
    for row in table[1:]:
        if len(row) != len(names) + 1:
            raise BadVotes(f"{source}, row '{row[0]}': {len(row) - 1} cells for {len(names)} conditions")
    return names


def _number(text: str, source: str, row: str, column: str) -> float:
    try:
        value = float(text or "0")
    except ValueError:
        value = np.nan
    if not np.isfinite(value) or value < 0:
        raise BadVotes(f"{_where(source, row, column)}: '{text}' is not a number from 0 up")
    return value


def _where(source: str, row: str, column: str) -> str:
    return f"{source}, row '{row}', column '{column}'"


def _first(wrong: NDArray[np.bool_]) -> tuple[int, int]:
    i, j = np.argwhere(wrong)[0]
    return int(i), int(j)


def _check_counts(source: str, names: tuple[str, ...], cells: Array) -> None:
    wrong = (2 * cells) % 1 != 0
    if wrong.any():
        i, j = _first(wrong)
        raise BadVotes(
            f"{_where(source, names[i], names[j])}: {cells[i, j]:g} is no count (whole or half votes); "
            "probabilities need --votes-per-pair"
        )


def _totals(votes_per_pair: str, names: tuple[str, ...]) -> Array:
    """Votes (n,n) of each pair, from a number or a file."""
    n = len(names)
    if votes_per_pair.strip().isdigit():
        totals = np.full((n, n), float(votes_per_pair))
    else:
        path = Path(votes_per_pair)
        others, totals = read_cells(path)
        if others != names:
            raise BadVotes(f"{path.name} names other conditions than the matrix: {', '.join(others)}")
        wrong = (totals % 1 != 0) | (totals != totals.T)
        if wrong.any():
            i, j = _first(wrong)
            raise BadVotes(
                f"{_where(path.name, names[i], names[j])}: votes per pair must be whole and symmetric"
            )
    return totals


def _votes(source: str, names: tuple[str, ...], cells: Array, totals: Array) -> Array:
    wrong = cells > 1
    if wrong.any():
        i, j = _first(wrong)
        raise BadVotes(f"{_where(source, names[i], names[j])}: {cells[i, j]:g} is no probability (0 to 1)")
    both = cells + cells.T
    wrong = (both > 0) & (np.abs(both - 1) > ROUNDING)
    if wrong.any():
        i, j = _first(wrong)
        raise BadVotes(
            f"{_where(source, names[i], names[j])}: {cells[i, j]:g} and its mirror cell {cells[j, i]:g} "
            "must add up to 1"
        )
    return np.rint(cells * totals)
