"""Votes or ratings read beside the writer: as text in pieces, so that a long export needs little memory."""

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import pandas as pd

from uplapp.plain import to_csv
from uplapp.study.answers import replies
from uplapp.study.definition import Definition
from uplapp.study.exports import votes
from uplapp.study.exports.votes import AsTable
from uplapp.study.store.store import Reader

PIECE = 500  # rows at a time


class Answers(Protocol):
    """How the answers of a study are exported: under which name, as which table."""

    @property
    def answers(self) -> str:
        """The name of the answers in file names: `votes` or `ratings`."""

    @property
    def as_table(self) -> AsTable:
        """The function that makes a table of rows of `votes.QUERY`."""


class Study(Protocol):
    """What an export needs to know of an open study."""

    @property
    def id(self) -> str:
        """The id of the study in the database."""

    @property
    def definition(self) -> Definition:
        """The study as its study.toml defines it."""

    @property
    def presentation(self) -> Answers:
        """The row of its presentation."""


def csv(
    reader: Reader,
    study: str,
    simulated: bool = False,
    everything: bool = False,
    as_table: AsTable = votes.as_table,
) -> Iterator[str]:
    """The text of `plain.to_csv`, piece by piece."""
    yield to_csv(as_table([], everything))
    for piece in _tables(reader, study, simulated, everything, as_table):
        yield to_csv(piece).partition("\n")[2]


def json_lines(
    reader: Reader,
    study: str,
    simulated: bool = False,
    everything: bool = False,
    as_table: AsTable = votes.as_table,
) -> Iterator[str]:
    """The text of `votes.to_json_lines`, piece by piece."""
    for piece in _tables(reader, study, simulated, everything, as_table):
        yield votes.to_json_lines(piece)


def table(reader: Reader, study: Study, simulated: bool = False) -> pd.DataFrame:
    """The table of `votes.votes`, or of `ratings.ratings` in a rating study, read beside the writer."""
    rows = reader.each(votes.QUERY, {"study": study.id, "simulated": int(simulated)})
    return study.presentation.as_table(rows, False)


def export(
    reader: Reader, study: Study, suffix: str, simulated: bool, everything: bool, of_replies: bool = False
) -> Iterator[str]:
    """What a study collected as `csv` or `jsonl`: its votes or ratings, or where `of_replies` the replies."""
    if of_replies:
        rows = replies.listing(reader, study.id, simulated, everything)
        table = pd.DataFrame(rows, columns=list(replies.columns(everything)))
        yield to_csv(table) if suffix == "csv" else votes.to_json_lines(table)
    else:
        yield from WRITERS[suffix](reader, study.id, simulated, everything, study.presentation.as_table)


def everything(reader: Reader, study: Study) -> dict[str, str]:
    """The texts of all exports about people by their file names, excluded answers too."""
    names = {study.presentation.answers: False}
    if study.definition.questions:
        names["replies"] = True
    return {
        f"{name}.{suffix}": "".join(export(reader, study, suffix, False, True, of_replies))
        for name, of_replies in names.items()
        for suffix in (("csv",) if of_replies else WRITERS)
    }


def _tables(
    reader: Reader, study: str, simulated: bool, everything: bool, as_table: AsTable
) -> Iterator[pd.DataFrame]:
    rows = reader.each(votes.QUERY, {"study": study, "simulated": int(simulated)})
    while piece := list(islice(rows, PIECE)):
        yield as_table(piece, everything)


WRITERS = {"csv": csv, "jsonl": json_lines}
