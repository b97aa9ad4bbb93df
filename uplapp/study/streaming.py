"""Votes as text in pieces, so that an export of any length needs little memory."""

from collections.abc import Iterator
from itertools import islice

import pandas as pd

from uplapp.study import votes
from uplapp.study.reading import Reader

PIECE = 500  # rows at a time


def csv(reader: Reader, study: str, simulated: bool = False, everything: bool = False) -> Iterator[str]:
    """The text of `votes.to_csv`, piece by piece."""
    yield votes.to_csv(votes.as_table([], everything))
    for table in _tables(reader, study, simulated, everything):
        yield votes.to_csv(table).partition("\n")[2]


def json_lines(
    reader: Reader, study: str, simulated: bool = False, everything: bool = False
) -> Iterator[str]:
    """The text of `votes.to_json_lines`, piece by piece."""
    for table in _tables(reader, study, simulated, everything):
        yield votes.to_json_lines(table)


def _tables(reader: Reader, study: str, simulated: bool, everything: bool) -> Iterator[pd.DataFrame]:
    rows = reader.each(votes.QUERY, {"study": study, "simulated": int(simulated)})
    while piece := list(islice(rows, PIECE)):
        yield votes.as_table(piece, everything)
