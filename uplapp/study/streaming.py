"""Votes read beside the writer: as text in pieces, so that an export of any length needs little memory."""

from collections.abc import Iterator
from itertools import islice

import pandas as pd

from uplapp.study import votes
from uplapp.study.reading import Reader

PIECE = 500  # rows at a time


def csv(reader: Reader, study: str, simulated: bool = False, everything: bool = False) -> Iterator[str]:
    """The text of `votes.to_csv`, piece by piece."""
    yield votes.to_csv(votes.as_table([], everything))
    for piece in _tables(reader, study, simulated, everything):
        yield votes.to_csv(piece).partition("\n")[2]


def json_lines(
    reader: Reader, study: str, simulated: bool = False, everything: bool = False
) -> Iterator[str]:
    """The text of `votes.to_json_lines`, piece by piece."""
    for piece in _tables(reader, study, simulated, everything):
        yield votes.to_json_lines(piece)


def table(reader: Reader, study: str, simulated: bool = False) -> pd.DataFrame:
    """The table of `votes.votes`, read beside the writer."""
    rows = reader.each(votes.QUERY, {"study": study, "simulated": int(simulated)})
    return votes.as_table(rows, everything=False)


def _tables(reader: Reader, study: str, simulated: bool, everything: bool) -> Iterator[pd.DataFrame]:
    rows = reader.each(votes.QUERY, {"study": study, "simulated": int(simulated)})
    while piece := list(islice(rows, PIECE)):
        yield votes.as_table(piece, everything)
