"""Answers of one edition of a study, without those of its pilot: stimuli that differ are never mixed."""

from pathlib import Path

import pandas as pd

from uplapp.analysis.reading.cells import TRUTHS, Notes, cells_of
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import read_header, read_table
from uplapp.errors import BadVotes, UnknownName


def of_edition(table: pd.DataFrame, source: str, edition: str) -> pd.DataFrame:
    """Keep the rows of one edition, called by its number or the first digits of its manifest. '' keeps all.

    UnknownName for an edition that no row has.
    """
    if not edition:
        return table
    numbers, manifests = (_texts(table, name) for name in ("edition", "manifest"))
    mine = (numbers == edition) | (manifests.str.startswith(edition.lower()) & (len(edition) >= 4))
    if not mine.any():
        known = sorted({*numbers, *manifests} - {""}) or ["none: it has no column 'edition'"]
        raise UnknownName(f"edition in {source}", edition, known)
    return table[mine.to_numpy(dtype=bool)]


def editions_in(path: Path) -> tuple[str, ...]:
    """List the numbers of the editions that a file of answers holds.

    There are none where it has no such column, or cannot be read.
    """
    try:
        table = read_table(path) if "edition" in read_header(path) else pd.DataFrame()
    except BadVotes:
        return ()
    numbers = set(_texts(table, "edition")) - {""}
    return tuple(sorted(numbers, key=lambda text: (len(text), text)))


def without_pilot(table: pd.DataFrame) -> tuple[pd.DataFrame, Notes]:
    """Drop answers of a pilot where there are others. Returns the rows and what a reader must hear."""
    if "pilot" not in table or table.empty:
        return table, ()
    cells = cells_of(table, ("pilot",))
    marks = cells.spread([TRUTHS.get(spelling(text), False) for text in cells.texts], bool)
    if marks.all():
        return table, ("answers of a PILOT: they are never pooled with others",)
    count = int(marks.sum())
    notes = (f"{count} answer{'s' * (count > 1)} of a pilot left out",) if count else ()
    return table[~marks], notes


def require_one_set(table: pd.DataFrame, source: str) -> None:
    """BadVotes where answers belong to stimuli that differ, as after an edit of a study's pictures."""
    if "stimuli" not in table:
        return
    shown = table[_texts(table, "stimuli") != ""]
    if shown["stimuli"].nunique() < 2:
        return
    editions = ", ".join(sorted(set(_texts(shown, "edition")) - {""})) or "several"
    raise BadVotes(
        f"{source} holds answers to stimuli that differ (editions: {editions}), which are never pooled; "
        "choose one edition with --edition, or export one alone"
    )


def _texts(table: pd.DataFrame, column: str) -> "pd.Series[str]":
    """A column as texts, '' where it is empty or not there."""
    if column not in table:
        return pd.Series("", index=table.index, dtype=str)
    return table[column].astype("string").fillna("").str.strip().astype(str)
