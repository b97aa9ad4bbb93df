"""Numbers of conditions, such as bit rates: a table CONDITION,VALUE, or a text a=1,b=2."""

import math
from pathlib import Path

from uplapp.analysis.reading.numbers import COMMA, value_of, values_of
from uplapp.analysis.reading.tables import read_rows, separator_of, shown
from uplapp.errors import BadVotes, UplappError

NAME = "covariate"


def read_covariate(given: str) -> tuple[str, dict[str, float]]:
    """Read the name of a covariate and its number per condition.

    A file has a header and two columns, the condition and its number; the second head is the name. A text may
    name it in front of a colon: `bitrate: a=1,b=2`. Raises UplappError where a number cannot be read.
    """
    if "=" in given and not Path(given).is_file():
        return _of_text(given)
    (_, header), *rows = read_rows(Path(given))
    name = Path(given).name
    if len(header) != 2:
        raise BadVotes(f"{name} has {len(header)} columns; it needs two: the condition and its number")
    texts: dict[str, str] = {}
    for line, cells in rows:
        if len(cells) != 2:
            raise BadVotes(f"{name}, line {line}: {len(cells)} cells, the header has 2")
        if cells[1]:
            _add(texts, cells[0], cells[1], f"{name}, line {line}")
    return header[1] or NAME, _values(texts, separator_of(Path(given)))


def _of_text(given: str) -> tuple[str, dict[str, float]]:
    before, colon, after = given.partition(":")
    named = colon and "=" not in before
    name, text = (before.strip(), after) if named else (NAME, given)
    texts: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        condition, sign, value = (word.strip() for word in part.rpartition("="))
        if not sign or not condition:
            raise UplappError(
                f"'{shown(part)}' gives no number; write it as CONDITION=NUMBER, with commas between"
            )
        _add(texts, condition, value, f"'{shown(part)}'")
    return name or NAME, _values(texts)


def _add(texts: dict[str, str], condition: str, text: str, where: str) -> None:
    if not math.isfinite(value_of(text)):
        raise BadVotes(f"{where}: '{shown(text)}' is not a number")
    if condition in texts:
        raise BadVotes(f"{where}: '{shown(condition)}' has two numbers")
    texts[condition] = text


def _values(texts: dict[str, str], separator: str = COMMA) -> dict[str, float]:
    return dict(zip(texts, map(float, values_of(list(texts.values()), separator)), strict=True))
