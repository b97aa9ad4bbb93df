"""Votes or ratings read beside the writer: as text in pieces, so that a long export needs little memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import pandas as pd

from uplapp.errors import UplappError
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


@dataclass(frozen=True)
class Wanted:
    """Whose answers an export holds: people's, a pilot's, or simulated ones, with excluded ones or without.

    `now`, in seconds since 1970, decides who is under way and who gave up.
    """

    simulated: bool = False
    everything: bool = False
    pilot: bool = False
    now: float = 0.0


PEOPLE = Wanted()


def csv(
    reader: Reader, study: str, wanted: Wanted = PEOPLE, as_table: AsTable = votes.as_table
) -> Iterator[str]:
    """The text of `plain.to_csv`, piece by piece."""
    yield to_csv(as_table([], wanted.everything))
    for piece in _tables(reader, study, wanted, as_table):
        yield to_csv(piece).partition("\n")[2]


def json_lines(
    reader: Reader, study: str, wanted: Wanted = PEOPLE, as_table: AsTable = votes.as_table
) -> Iterator[str]:
    """The text of `votes.to_json_lines`, piece by piece."""
    for piece in _tables(reader, study, wanted, as_table):
        yield votes.to_json_lines(piece)


def table(reader: Reader, study: Study, simulated: bool = False) -> pd.DataFrame:
    """The table of `votes.votes`, or of `ratings.ratings` in a rating study, read beside the writer."""
    rows = reader.each(votes.QUERY, votes.selection(study.id, simulated))
    return study.presentation.as_table(rows, False)


def export(
    reader: Reader, study: Study, suffix: str, wanted: Wanted, of_replies: bool = False
) -> Iterator[str]:
    """What a study collected as `csv` or `jsonl`: its votes or ratings, or where `of_replies` the replies."""
    if of_replies:
        rows = replies.listing(reader, study.id, wanted.simulated, wanted.everything, wanted.pilot)
        table = pd.DataFrame(rows, columns=list(replies.columns(wanted.everything)))
        yield to_csv(table) if suffix == "csv" else votes.to_json_lines(table)
    else:
        yield from WRITERS[suffix](reader, study.id, wanted, study.presentation.as_table)


def export_all(
    reader: Reader, studies: Sequence[Study], suffix: str, wanted: Wanted, of_replies: bool = False
) -> Iterator[str]:
    """The exports of several editions as one, their rows told apart by the column `edition`.

    UplappError where one is rated and another compared.
    """
    if len({study.presentation.answers for study in studies}) > 1:
        raise UplappError("some editions are rated, others compared; export them one by one with --edition")
    for place, study in enumerate(studies):
        pieces = export(reader, study, suffix, wanted, of_replies)
        if place and suffix == "csv":
            yield next(pieces).partition("\n")[2]  # without the header
        yield from pieces


def everything(reader: Reader, study: Study, now: float = 0.0) -> dict[str, str]:
    """The texts of all exports about people by their file names, excluded answers and a pilot's too."""
    query = "SELECT DISTINCT pilot FROM observers WHERE study = :study AND simulated = 0 UNION SELECT 0"
    texts = {}
    for row in reader.rows(query, {"study": study.id}):
        wanted = Wanted(everything=True, pilot=bool(row["pilot"]), now=now)
        prefix = "pilot-" if wanted.pilot else ""
        for suffix in WRITERS:
            text = "".join(export(reader, study, suffix, wanted))
            texts[f"{prefix}{study.presentation.answers}.{suffix}"] = text
        if study.definition.questions:
            texts[f"{prefix}replies.csv"] = "".join(export(reader, study, "csv", wanted, of_replies=True))
    return texts


def _tables(reader: Reader, study: str, wanted: Wanted, as_table: AsTable) -> Iterator[pd.DataFrame]:
    chosen = votes.selection(study, wanted.simulated, wanted.pilot, wanted.now)
    rows = reader.each(votes.QUERY, chosen)
    while piece := list(islice(rows, PIECE)):
        yield as_table(piece, wanted.everything)


WRITERS = {"csv": csv, "jsonl": json_lines}
