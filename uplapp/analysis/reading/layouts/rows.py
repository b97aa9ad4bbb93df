"""Which rows and columns of a file count: a filter, answers to drop, columns to ignore, pasted copies."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import cells_of
from uplapp.analysis.reading.numbers import doubtful, number, question, spelling, value_of
from uplapp.analysis.reading.tables import NOTES, listed, require_columns, shown
from uplapp.errors import BadVotes, UplappError
from uplapp.values import Mask

TEST = re.compile(r"(?P<column>[^=!<>]+?)\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?P<value>.*)", re.DOTALL)
OR = "|"
EMPTY = "empty"  # the word for an empty cell
MANY = 0.9  # share of rows that are told apart, from which on a column tells rows apart
FEWEST = 4  # rows of a block that may be a pasted copy
# Words of columns that say which answer a row is, without what is no letter.
IDENTITY = frozenset(
    [
        "trial",
        "trialid",
        "trialindex",
        "trialnumber",
        "trialno",
        "token",
        "time",
        "timestamp",
        "date",
        "datetime",
        "answeredat",
        "responsems",
        "responsetime",
        "reactiontime",
        "rt",
        "starttime",
        "startdate",
        "endtime",
        "enddate",
        "recordeddate",
        "questionid",
        "responseid",
        "position",
        "index",
        "row",
        "order",
    ]
)

Said = tuple[str, ...]


@dataclass(frozen=True)
class Test:
    """A condition that a row must meet: `column sign value`, where = and != know several values."""

    column: str
    sign: str
    value: str

    def marks(self, table: pd.DataFrame, source: str) -> Mask:
        """Mark the rows (n,) that meet it.

        A column that is not there, and a number to compare that may be one or a thousand, are a BadVotes.
        """
        if self.column not in table:
            names = shown(", ".join(map(str, table.columns)), 300)
            raise BadVotes(f"{source} has no column '{shown(self.column)}' to choose rows by; found: {names}")
        cells = cells_of(table, (self.column,))
        for text in sorted(doubtful(cells.texts)) if self.sign not in ("=", "!=") else ():
            raise BadVotes(f"{source}, column '{shown(self.column)}': {question(text)}")
        return cells.spread([self.holds(text) for text in cells.texts], bool)

    def holds(self, text: str) -> bool:
        """Say whether a cell meets it."""
        if self.sign in ("=", "!="):
            equal = spelling(text) in {spelling(value) for value in self.value.split(OR)}
            return equal == (self.sign == "=")
        one, other = value_of(text), number(self.value)
        return {"<": one < other, ">": one > other, "<=": one <= other, ">=": one >= other}[self.sign]

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{self.value}"


@dataclass(frozen=True)
class Rows:
    """Which rows of a file are answers, and which columns may be ignored.

    `header` is the line of the header (0: find it), `skip` counts rows below it without answers; rows must
    meet all of `where`; those whose answer is one of `drop` are left out; `ignore` names columns that do
    not matter, whatever they are called. With `equal` every observer counts the same, however many votes
    he gave.
    """

    header: int = 0
    skip: int = 0
    where: tuple[Test, ...] = ()
    drop: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    equal: bool = False


def parse_rows(
    where: Sequence[str] = (),
    drop: str = "",
    ignore: Sequence[str] = (),
    header: int = 0,
    skip: int = 0,
    equal: bool = False,
) -> Rows:
    """Read conditions such as `is_bias=0`, `lab=a|b` or `rt>300`, answers such as `skip,NA`, and columns."""
    for name, value in (("line of the header", header), ("number of rows to skip", skip)):
        if value < 0:
            raise UplappError(f"the {name} is {value}; it must be 0 or more")
    tests = tuple(_test(text) for text in where if text.strip())
    columns = tuple(name for text in ignore for name in _split(text))
    return Rows(header, skip, tests, _split(drop), columns, equal)


def shared(rows: Rows, *headers: Sequence[str]) -> tuple[Rows, ...]:
    """Give each of several files, by the names of its columns, what of `rows` concerns it.

    A condition and a column to ignore concern the files with that column. One that no file has stays with
    the first, whose reader refuses it.
    """
    nowhere = {*(test.column for test in rows.where), *rows.ignore}.difference(*headers)
    parts = []
    for place, own in enumerate(headers):
        names = {*own, *(nowhere if place == 0 else ())}
        where = tuple(test for test in rows.where if test.column in names)
        ignore = tuple(name for name in rows.ignore if name in names)
        parts.append(replace(rows, where=where, ignore=ignore))
    return tuple(parts)


def chosen(table: pd.DataFrame, rows: Rows, source: str) -> tuple[pd.DataFrame, Said]:
    """Keep the rows that count, without the columns to ignore, with what a reader must hear."""
    require_columns(table, {}, source)
    said = [*table.attrs.get(NOTES, ())]
    for test in rows.where:
        marks = test.marks(table, source)
        if not marks.any() and len(table):
            texts = cells_of(table, (test.column,)).texts
            raise BadVotes(f"no row of {source} meets {test}; column '{test.column}' holds {listed(texts)}")
        left = int((~marks).sum())
        said.append(f"{_are(left)} left out by {test}" if left else f"every row meets {test}")
        table = table[marks]
    table, pasted = once(table)
    return without_columns(table, rows.ignore, source), (*said, *pasted)


def without_columns(table: pd.DataFrame, names: Sequence[str], source: str) -> pd.DataFrame:
    """Leave out columns. One that is not there is a BadVotes."""
    lost = [name for name in names if name not in table]
    if lost:
        present = shown(", ".join(map(str, table.columns)), 300)
        raise BadVotes(f"{source} has no column '{shown(lost[0])}' to ignore; found: {present}")
    return table.drop(columns=list(names)) if names else table


def without_answers(
    table: pd.DataFrame, columns: tuple[str, ...], drop: tuple[str, ...]
) -> tuple[pd.DataFrame, Said]:
    """Leave out rows where one of the `columns` holds an answer to drop, counted by answer."""
    words = {spelling("" if word.lower() == EMPTY else word) for word in drop}
    said = []
    for name in columns if words else ():
        cells = cells_of(table, (name,))
        marks = cells.spread([spelling(text) in words for text in cells.texts], bool)
        counts = np.bincount(cells.codes, minlength=len(cells.texts))
        for text, count in zip(cells.texts, counts, strict=True):
            if spelling(text) in words:
                answer = f"the answer is '{shown(text)}'" if text else "there is no answer"
                said.append(f"{_are(int(count))} left out where {answer}")
        table = table[~marks]
    return table, tuple(said)


def once(table: pd.DataFrame) -> tuple[pd.DataFrame, Said]:
    """Count equal rows once where they name the trial or the time, and say so.

    Where nothing says which answer a row is, copies of one block of rows are named and all count.
    """
    copies = table.duplicated()
    if not copies.any():
        return table, ()
    apart = [name for name in table.columns if plain(name) in IDENTITY]
    first = table[~copies]
    if apart and first[[*apart, *_people(table)]].duplicated().mean() <= 1 - MANY:
        count = int(copies.sum())
        words = "row is" if count == 1 else "rows are"
        names = " and ".join(f"'{name}'" for name in apart[:3])
        return first, (f"{count} {words} there again, equal to the {names}: each answer counts once",)
    size = len(first)
    whole = size >= FEWEST and not len(table) % size and not copies[:size].any()
    texts = table.to_numpy(dtype=object)
    if whole and all((texts[at : at + size] == texts[:size]).all() for at in range(size, len(table), size)):
        return table, (
            f"the same {size} rows are there {len(table) // size} times: was the file pasted twice?",
        )
    return table, ()


def plain(name: object) -> str:
    """A column's name in small letters and digits alone."""
    return re.sub(r"[\W_]+", "", str(name).lower())


def _people(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if plain(name) in ("observer", "worker", "subject", "participant")]


def _test(text: str) -> Test:
    match = TEST.fullmatch(text.strip())
    if not match:
        raise UplappError(f"'{shown(text)}' chooses no rows; write it as COLUMN=VALUE, such as is_bias=0")
    test = Test(match["column"].strip(), match["sign"], match["value"].strip())
    if test.sign not in ("=", "!=") and not np.isfinite(number(test.value)):
        raise UplappError(f"'{shown(text)}' compares with '{shown(test.value)}', which is not a number")
    return test


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in next(csv.reader([text], skipinitialspace=True), []) if part.strip())


def _are(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"
