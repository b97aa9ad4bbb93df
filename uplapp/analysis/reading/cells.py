"""Cells of a table as the few different texts they hold, so that a large table is checked at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uplapp.analysis.arrays import Array, Mask
from uplapp.analysis.reading.csv import shown
from uplapp.errors import BadVotes


@dataclass(frozen=True, eq=False)
class Cells:
    """A column: `texts` holds its different texts, stripped and sorted, `codes` (rows,) point to them."""

    texts: tuple[str, ...]
    codes: NDArray[np.intp]

    def __getitem__(self, row: int) -> str:
        return self.texts[int(self.codes[row])]

    def spread(self, values: Sequence[Any], kind: Any = None) -> NDArray[Any]:
        """One value a text -> one value a row."""
        return np.array(values, dtype=kind)[self.codes]

    def categories(self, names: tuple[str, ...] = ()) -> "pd.Categorical[str]":
        """The rows as categories: the texts, or sorted `names` that hold every text."""
        labels: Any = list(names or self.texts)
        place = {name: code for code, name in enumerate(labels)}
        codes: Any = self.spread([place[text] for text in self.texts], int)
        return pd.Categorical.from_codes(codes, labels)


def cells_of(table: pd.DataFrame, columns: tuple[str, ...]) -> Cells:
    """Read one column, or several joined with spaces.

    A missing value is an empty text. Different cells that become the same name, such as "a b" + "c" and "a" +
    "b c", are a BadVotes.
    """
    return reduce(_join, (_cells(table[name]) for name in columns))


def constant(text: str, rows: int) -> Cells:
    """The same text in every row."""
    return Cells((text,), np.zeros(rows, dtype=np.intp))


def require(
    table: pd.DataFrame,
    source: str,
    columns: tuple[str, ...],
    cells: Cells,
    good: Sequence[bool],
    allowed: str,
) -> None:
    """Refuse the first row whose text is not `good` (one mark a text)."""
    bad = ~cells.spread(good, bool)
    if bad.any():
        text = shown(cells[int(bad.argmax())])
        wrong = f"'{text}' is not {allowed}" if text else f"the cell is empty; it needs {allowed}"
        raise BadVotes(f"{where(table, source, bad)}, column '{'+'.join(columns)}': {wrong}")


def where(table: pd.DataFrame, source: str, rows: Mask) -> str:
    """Place of the first of `rows`: the line of a file, the row of a live table."""
    return f"{source}, {table.index.name or 'row'} {table.index[int(rows.argmax())]}"


def _cells(column: pd.Series) -> Cells:
    codes, distinct = pd.factorize(column)
    texts = [str(value).strip() for value in distinct]
    if (codes < 0).any():
        texts.append("")  # -1, which marks no value, now points here
    return _merged(texts, codes)


def _join(left: Cells, right: Cells) -> Cells:
    pairs, codes = np.unique(left.codes * len(right.texts) + right.codes, return_inverse=True)
    firsts, seconds = np.divmod(pairs, len(right.texts))
    words = ((left.texts[i], right.texts[j]) for i, j in zip(firsts, seconds, strict=True))
    texts = [" ".join(filter(None, pair)) for pair in words]
    if len(set(texts)) < len(texts):
        twin = next(text for text in texts if texts.count(text) > 1)
        raise BadVotes(f"different cells of joined columns become the same name '{shown(twin)}'")
    return _merged(texts, codes)


def _merged(texts: list[str], codes: np.ndarray) -> Cells:
    """Sort the texts and merge equal ones."""
    names, places = np.unique(np.array(texts, dtype=object), return_inverse=True)
    return Cells(tuple(names), places[codes])


def numbers(table: pd.DataFrame, column: str, source: str, least: float = -np.inf) -> Array:
    """Read a column as finite numbers (rows,) from `least` up, an empty cell as NaN.

    Anything else is a BadVotes that names the row and the column.
    """
    texts = table[column].astype("string").fillna("").str.strip()
    values: Array = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = (texts != "").to_numpy(dtype=bool) & ~(np.isfinite(values) & (values >= least))
    if bad.any():
        allowed = "a number" if np.isinf(least) else f"a number from {least:g} up"
        text = shown(texts.iloc[int(bad.argmax())])
        raise BadVotes(f"{where(table, source, bad)}, column '{column}': '{text}' is not {allowed}")
    return values
