"""Cells of a table as the few different texts they hold, so that a large table is checked at once.

Below: whose rows count, people or simulated observers, without those that a study excluded.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any
from unicodedata import category, normalize
from unicodedata import name as name_of

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uplapp.analysis.reading.numbers import COMMA, doubtful, question, spelling, value_of
from uplapp.analysis.reading.tables import SEPARATOR, shown
from uplapp.errors import BadVotes, Question
from uplapp.values import KINDS, Array, Mask


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
    texts = [normalize("NFC", str(value).strip()) for value in distinct]
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
    cells = cells_of(table, (column,))
    separator = table.attrs.get(SEPARATOR, COMMA)
    unclear = doubtful(cells.texts, separator)
    if unclear:
        others = {text for name in table.columns if name != column for text in set(table[name].astype(str))}
        unclear = doubtful(cells.texts, separator, map(str.strip, others))
    asked = cells.spread([text in unclear for text in cells.texts], bool)
    if asked.any():
        text = cells[int(asked.argmax())]
        raise BadVotes(f"{where(table, source, asked)}, column '{column}': {question(text)}")
    values: Array = cells.spread([value_of(text) for text in cells.texts], float)
    filled = cells.spread([text != "" for text in cells.texts], bool)
    bad = filled & ~(np.isfinite(values) & (values >= least))
    if bad.any():
        allowed = "a number" if np.isinf(least) else f"a number from {least:g} up"
        text = shown(cells[int(bad.argmax())])
        raise BadVotes(f"{where(table, source, bad)}, column '{column}': '{text}' is not {allowed}")
    return values


# Marks of Unicode that show nothing, such as a space without width, and dashes of any length.
UNSEEN, DASH = "Cf", "Pd"
# Cyrillic and Greek letters that look like Latin ones. Source: Unicode TR39, confusables.txt.
LOOKALIKES = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03b1\u03b9\u03bd\u03bf\u03c1\u03c5",
    "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXaivopu",
)
# What spreadsheets write in place of a name: errors, and texts that they took for numbers or dates.
SPREADSHEET_ERRORS = frozenset(["#NAME?", "#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NUM!", "#NULL!"])
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
SPREADSHEET_FORM = re.compile(rf"\d(\.\d+)?E\+\d+|\d{{1,2}}-({MONTHS})|({MONTHS})-\d{{2}}")
TRUTHS = {"0": False, "1": True, "false": False, "true": True}
KEPT = frozenset(("", "0", "false", "no", "n", "na", "n/a", "nan", "none", "null", "-"))  # not excluded

Notes = tuple[str, ...]
Reasons = tuple[tuple[str, str], ...]


def one_population(
    table: pd.DataFrame, source: str, simulated: bool | None, noun: str = "vote"
) -> tuple[pd.DataFrame, bool, Notes]:
    """Keep people or simulated observers, never both.

    None takes people where there are any. Returns the rows, whether they are simulated, and what a reader
    must hear of the `noun`s left out.
    """
    if "simulated" not in table:
        if simulated:
            raise BadVotes(f"{source} has no column 'simulated', so none of its observers is known to be")
        return table, False, ()
    cells = cells_of(table, ("simulated",))
    truths = [spelling(text) in TRUTHS for text in cells.texts]
    require(table, source, ("simulated",), cells, truths, "0 or 1")
    marks = cells.spread([TRUTHS[spelling(text)] for text in cells.texts], bool)
    chosen = bool(marks.size and marks.all()) if simulated is None else simulated
    others = int((marks != chosen).sum())
    notes = ["SIMULATED observers: these scores say nothing about people"] if chosen else []
    if others:
        notes.append(f"{_are(others, noun)} of {'people' if chosen else 'simulated observers'} left out")
    return _rows(table, marks == chosen), chosen, tuple(notes)


def kept(table: pd.DataFrame, observers: tuple[str, ...]) -> tuple[pd.DataFrame, Reasons, Notes]:
    """Drop the answers that the study excluded, and observers who have no others."""
    if "excluded" not in table:
        return table, (), ()
    reason, observer = cells_of(table, ("excluded",)), cells_of(table, observers)
    out = reason.spread([spelling(text) not in KEPT for text in reason.texts], bool)
    if not out.any():
        return table, (), ()
    rows = np.flatnonzero(out)
    gone, places = np.unique(observer.codes[rows], return_index=True)
    whole = ~np.isin(gone, observer.codes[~out])
    excluded = tuple((observer[row], _reason(reason[row])) for row in rows[places[whole]])
    return table[~out], excluded, (f"{_are(rows.size, 'answer')} left out because the study excluded them",)


def _reason(text: str) -> str:
    return "no reason given" if spelling(text) in TRUTHS else text


def names(table: pd.DataFrame, columns: tuple[str, ...], source: str) -> Cells:
    """Read names.

    Raises BadVotes for an empty one, and for an error of a spreadsheet.
    """
    cells = cells_of(table, columns)
    require(table, source, columns, cells, [text != "" for text in cells.texts], "a name")
    whole = [text not in SPREADSHEET_ERRORS for text in cells.texts]
    require(table, source, columns, cells, whole, "a name but an error of a spreadsheet")
    return cells


def kinds(table: pd.DataFrame, source: str) -> "pd.Categorical[str]":
    """Read the kinds of trials.

    Without such a column all are main.
    """
    if "kind" not in table:
        return constant("main", len(table)).categories()
    cells = cells_of(table, ("kind",))
    labels: list[Any] = [text.lower() for text in cells.texts]
    try:
        require(table, source, ("kind",), cells, [kind in KINDS for kind in labels], ", ".join(KINDS))
    except BadVotes as error:
        text = f"{error}; which rows count, or does the column not matter?"
        raise Question(text, f'choose --where "kind={cells.texts[0]}", or --ignore kind') from None
    return pd.Categorical(cells.spread(labels, object))


def manifests_of(table: pd.DataFrame) -> list[str]:
    """Read which studies were shown, where the table says so."""
    texts = cells_of(table, ("manifest",)).texts if "manifest" in table else ()
    return [text for text in texts if text]


def pooled(manifests: list[str]) -> Notes:
    """Say so if answers to different stimuli are added up."""
    several = len(manifests) > 1
    return (f"answers to the stimuli of {len(manifests)} different studies are pooled",) if several else ()


def boosted(table: pd.DataFrame) -> Notes:
    """Say so if differences were made easier to see than they are."""
    texts = cells_of(table, ("boosting",)).texts if "boosting" in table and len(table) else ()
    if not any(texts):
        return ()
    how = " and ".join(shown(text) if text else "as they are" for text in texts)
    return (f"BOOSTED views ({how}): differences were easier to see than in plain views",)


def alike(what: str, names: Iterable[str]) -> Notes:
    """Name two that differ in their spelling alone, such as "OPT 10" and "opt 10.0".

    Letters of two alphabets that look the same are one letter here, and so are all dashes.
    """
    seen: dict[tuple[str, ...], str] = {}
    for name in names:
        twin = seen.setdefault(tuple(map(spelling, _as_seen(name).split())), name)
        if twin != name:
            foreign = [letter for letter in sorted({*twin} ^ {*name}) if ord(letter) in LOOKALIKES]
            letter = f": one has the letter {name_of(foreign[0])}" if foreign else ""
            return (f"the {what} '{shown(twin)}' and '{shown(name)}' differ in their spelling alone{letter}",)
    return ()


def changed(what: str, names: Iterable[str]) -> Notes:
    """Name one that a spreadsheet may have made of another one, such as 1.2E+07 or 3-Dec."""
    found = next((name for name in names if SPREADSHEET_FORM.fullmatch(name)), None)
    if found is None:
        return ()
    return (
        f"'{found}' among the {what} may have been another name, or several, before a spreadsheet changed it",
    )


def _as_seen(name: str) -> str:
    """Give the Latin letters that a name looks like, without marks that show nothing."""
    plain = normalize("NFKC", name).translate(LOOKALIKES)
    return "".join(
        "-" if category(letter) == DASH else letter for letter in plain if category(letter) != UNSEEN
    )


def _rows(table: pd.DataFrame, rows: Mask) -> pd.DataFrame:
    return table if rows.all() else table[rows]


def _are(count: int, noun: str) -> str:
    return f"1 {noun} is" if count == 1 else f"{count} {noun}s are"
