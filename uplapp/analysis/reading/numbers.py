"""The one reader of numbers: votes, matrices, metrics, ratings, plans.

A mark, point or comma, splits decimals; where it may split thousands instead, a person is asked.
"""

import math
import re
from collections.abc import Iterable, Sequence

import numpy as np

from uplapp.errors import BadVotes
from uplapp.values import Array

NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}", re.ASCII)  # 1.000 or 1,000: one, or a thousand?
BARE = re.compile(r"[+-]?[1-9]\d*", re.ASCII)
LONGEST = 15  # digits that a float keeps; anything longer is an identifier
COMMA, POINT = ",", "."


def number(text: str) -> float:
    """Read a number with a decimal point or comma, NaN for other texts and for 1,000, which may mean two."""
    grouped = GROUPED.fullmatch(text)
    if not NUMBER.fullmatch(text) or (grouped and grouped[1] == COMMA):
        return math.nan
    return _value(text)


def spelling(cell: str) -> str:
    """Give cells that mean the same one text: 1, 1.0 and +1, or Left and left."""
    text = cell.strip().lower()
    value = number(text)
    exact = math.isfinite(value) and "e" not in text and len(text) <= LONGEST
    return f"{value + 0:.15g}" if exact else text


def decided(texts: Iterable[str]) -> set[str]:
    """List the marks that split decimals for sure in some of the texts, as in 0.5 or 12,25."""
    marks = set()
    for text in texts:
        found = [mark for mark in (COMMA, POINT) if mark in text]
        if found and NUMBER.fullmatch(text) and not GROUPED.fullmatch(text):
            marks.add(found[0])
    return marks


def doubtful(texts: Sequence[str], separator: str = COMMA, others: Iterable[str] = ()) -> set[str]:
    """List the texts of a column that may be one or a thousand, such as 1.000.

    A mark splits decimals where the column, or in doubt `others` of the same file, use it so. In a file with
    commas between its cells a point does, unless the column mixes it with whole numbers or its decimals are
    all 000.
    """
    grouped = {text: match[1] for text in texts if (match := GROUPED.fullmatch(text))}
    if not grouped:
        return set()
    marks = decided(texts) or decided(others)
    if len(marks) == 1:
        return {text for text, mark in grouped.items() if mark not in marks}
    if separator == COMMA and not marks and set(grouped.values()) == {POINT}:
        whole = any(BARE.fullmatch(text) for text in texts)
        return set(grouped) if whole or all(text.endswith("000") for text in grouped) else set()
    return set(grouped)


def values_of(texts: Sequence[str], separator: str = COMMA, others: Iterable[str] = ()) -> Array:
    """Read the texts of one column as numbers (n,), NaN where a text is not a number.

    Raises BadVotes for a text such as 1.000, which may be one or a thousand.
    """
    for text in sorted(doubtful(texts, separator, others)):
        raise BadVotes(question(text))
    return np.array([value_of(text) for text in texts], dtype=float)


def value_of(text: str) -> float:
    """Read a number of a column that is known not to be in doubt, NaN for another text."""
    return _value(text) if NUMBER.fullmatch(text) else math.nan


def question(text: str) -> str:
    """Ask in a sentence what a text such as 1.000 means."""
    low, high = (f"{float(re.sub('[.,]', mark, text)):.15g}" for mark in (POINT, ""))
    return f"'{text}' may be {low} or {high}; write it as one of them, without a mark for thousands"


def one_number(text: str) -> float:
    """Read a number that stands alone, NaN for another text. What may be one or a thousand is a BadVotes."""
    return float(values_of([text.strip()])[0])


def whole_numbers(text: str) -> tuple[int, ...]:
    """Read whole numbers with commas or spaces between, such as "6, 10, 14".

    Raises ValueError for another text.
    """
    parts = text.replace(COMMA, " ").split()
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(text)
    return tuple(map(int, parts))


def _value(text: str) -> float:
    return float(text.replace(COMMA, POINT))
