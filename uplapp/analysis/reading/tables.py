"""CSV files as tables of text, which remember their lines, under whatever names the columns have."""

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from uplapp.errors import BadVotes, OtherNames, UnknownName, UplappError
from uplapp.plain import FORMULA, GUARD

SEPARATORS = ",;\t"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ZIP = b"PK\x03\x04"  # how workbooks begin
GUARD_BYTES = re.compile(f"'{FORMULA}".encode())
TEXT = re.compile(rb"[^ \t\r\n,;]")
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
ROLES = ("observer", "condition_A", "condition_B", "is_A_selected", "scene")
NEEDED = ROLES[:4]
CHOICES = ("A", "B", "tie", "both_bad")
STEP_MARK = "|"
MOST_STEPS = 9
LONGEST = 15  # digits that a float keeps; anything longer is an identifier


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV as texts.

    The index, named `line`, is the line each row ends on. Cells are separated by whatever of comma, semicolon
    or tab the header holds; rows without any text and columns without a name are left out. A row of another
    length than the header is a BadVotes.
    """
    data = _utf8(path)
    header, lines, width = _walk(path.name, data)
    # The walk has made sure that both readers see the same cells; this one is ten times faster.
    table = pd.read_csv(
        io.BytesIO(data),
        sep=_separator(data),
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype=str,
        na_filter=False,
        skipinitialspace=True,
        skip_blank_lines=False,
    )
    named = [place for place, name in enumerate(header) if name]
    table = table.loc[lines > 0, named]
    table.columns = pd.Index([header[place] for place in named], dtype=object)
    table.index = pd.Index(lines[lines > 0], name="line")
    if GUARD_BYTES.search(data):
        table = table.apply(lambda column: column.str.replace(GUARD, "", regex=True))
    return table


def read_header(path: Path) -> tuple[str, ...]:
    """Read the names of the columns."""
    cells = next(row for _, row in _rows(path.name, _utf8(path)) if any(row))
    return tuple(name for name in map(str.strip, cells) if name)


def read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Read the lines and stripped cells of the rows that hold any text, the header first."""
    rows = _rows(path.name, _utf8(path))
    return [(line, [re.sub(GUARD, "", cell.strip()) for cell in row]) for line, row in rows if any(row)]


def number(text: str) -> float:
    """Read a number with a decimal point or comma, NaN for other texts and for 1,000, which may mean two."""
    if not NUMBER.fullmatch(text) or THOUSANDS.fullmatch(text):
        return math.nan
    return float(text.replace(",", "."))


def shown(text: object, most: int = 60) -> str:
    """Shorten a text from a file so that it fits into one sentence."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else f"{words[: most - 3]}..."


def _walk(name: str, data: bytes) -> tuple[list[str], np.ndarray, int]:
    """Header, the line of every record (0 for the header and for records without text), most cells."""
    header: list[str] = []
    widths = {0}

    def lines() -> Iterator[int]:
        for line, row in _rows(name, data):
            if not any(row):
                widths.add(len(row))
                yield 0
            elif not header:
                header.extend(cell.strip() for cell in row)
                yield 0
            elif len(row) != len(header):
                raise BadVotes(f"{name}, line {line}: {len(row)} cells, the header has {len(header)}")
            else:
                yield line

    ends = np.fromiter(lines(), dtype=np.int64)
    return header, ends, max(len(header), *widths)


def _rows(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Every record, also an empty one, with the line it ends on."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    line = 0
    try:
        reader = csv.reader(text, strict=True, skipinitialspace=True, delimiter=_separator(data))
        for row in reader:
            line = reader.line_num
            yield line, row
    except UnicodeDecodeError:
        raise BadVotes(_no_utf8(name, data)) from None
    except csv.Error as error:
        raise BadVotes(
            f"{name}, line {line + 1}: a quote is not closed before the end of its cell ({error}); "
            'a quote inside a quoted cell is written twice: "a ""b"" c"'
        ) from None


def _utf8(path: Path) -> bytes:
    """Content of a text file in UTF-8.

    UTF-16 is recognised by its first bytes.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadVotes(f"there is no file '{path}'") from None
    except IsADirectoryError:
        raise BadVotes(f"'{path}' is a folder; give a CSV file") from None
    except OSError as error:
        raise BadVotes(f"'{path}' cannot be opened: {error.strerror or error}") from None
    if data.startswith(UTF16):
        data = data.decode("utf-16", errors="ignore").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.startswith(ZIP):
        raise BadVotes(f"'{path.name}' is a workbook or an archive; export its sheet as CSV (UTF-8)")
    if b"\0" in data:
        raise BadVotes(f"'{path.name}' cannot be read as UTF-8 text in CSV form: it is a binary file")
    if not TEXT.search(data):
        raise BadVotes(f"'{path.name}' is empty; it needs a header")
    return data


def _no_utf8(name: str, data: bytes) -> str:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (
            f"{name}, line {line}: byte 0x{data[error.start]:02x} cannot be read as UTF-8 text in CSV form; "
            "save the file as CSV UTF-8"
        )
    return name


def _separator(data: bytes) -> str:
    """The separator of the header's cells, a comma unless only another one occurs in it."""
    header = re.search(rb"[^\r\n]*\S[^\r\n]*", data)
    marks = [mark for mark in SEPARATORS if header and mark.encode() in header[0]]
    return marks[0] if len(marks) == 1 else ","


class Choice(NamedTuple):
    """What a cell says: A's share of the vote, the step by which one is better (0 for none), both bad?"""

    vote: float
    step: int
    bad: bool = False


@dataclass(frozen=True)
class Columns:
    """The columns that hold each role, and the cells of the choice that mean A, B, not sure and both bad.

    Several columns of one role are joined with spaces into one name, such as "OPT 10". Where A or B can be
    better by steps, `a` and `b` hold the cells of all steps, the largest first, such as "much A|slightly A".
    `tie` is None where nobody could be unsure, `bad` where nobody could call both bad. A was shown on the
    left, or first. A role without a column, an empty cell as an answer, equal cells for two answers, and
    other numbers of steps for A and B are an UplappError.
    """

    observer: tuple[str, ...] = ("observer",)
    condition_A: tuple[str, ...] = ("condition_A",)
    condition_B: tuple[str, ...] = ("condition_B",)
    is_A_selected: tuple[str, ...] = ("is_A_selected",)
    scene: tuple[str, ...] = ("scene",)
    a: str = "1"
    b: str = "0"
    tie: str | None = "0.5"
    bad: str | None = "both_bad"

    def __post_init__(self) -> None:
        first, second = (text.split(STEP_MARK) for text in (self.a, self.b))
        cells = [*first, *second, *(cell for cell in (self.tie, self.bad) if cell is not None)]
        if not all(self.of(role) for role in ROLES):
            raise UplappError(f"each of {', '.join(ROLES)} needs a column")
        if not all(cell.strip() for cell in cells):
            raise UplappError("an empty cell is no answer; say which cells mean A and B")
        if len({spelling(cell) for cell in cells}) < len(cells):
            raise UplappError(f"A, B and tie need different cells, not {', '.join(cells)}")
        if len(first) != len(second) or len(first) > MOST_STEPS:
            raise UplappError(
                f"A has {len(first)} steps and B {len(second)}; name as many for both, up to {MOST_STEPS}, "
                "the largest first"
            )

    def of(self, role: str) -> tuple[str, ...]:
        """Names of the columns that hold one of ROLES."""
        names: tuple[str, ...] = getattr(self, role)
        return names

    @property
    def steps(self) -> int:
        """How many steps a choice can have, 1 where one is only better or not."""
        return len(self.a.split(STEP_MARK))

    @property
    def meanings(self) -> dict[str, Choice]:
        """What each cell of the choice means, by its `spelling`."""
        choices: dict[str, Choice] = {}
        for text, vote in ((self.a, 1.0), (self.b, 0.0)):
            cells = text.split(STEP_MARK)
            choices |= {cell: Choice(vote, len(cells) - place) for place, cell in enumerate(cells)}
        for cell, bad in ((self.tie, False), (self.bad, True)):
            choices |= {} if cell is None else {cell: Choice(0.5, 0, bad)}
        return {spelling(cell): choice for cell, choice in choices.items()}

    @property
    def allowed(self) -> str:
        """The cells of the choice in words."""
        cells = [f"{self.a} (A chosen)", f"{self.b} (B chosen)"]
        cells += [] if self.tie is None else [f"{self.tie} (not sure)"]
        cells += [] if self.bad is None or self.bad == Columns.bad else [f"{self.bad} (both bad)"]
        return f"{', '.join(cells[:-1])} or {cells[-1]}"


def parse_columns(columns: str = "", values: str = "") -> Columns:
    """Read `condition_A=type1+level1,observer=who` and `A=1,B=2,tie=0`, or with steps `A=2|1,B=-2|-1,tie=0`.

    Other roles keep the usual names. A part that holds a comma stands in double quotes. Without `tie` or
    `both_bad` in `values` nobody could be unsure, or call both bad.
    """
    roles: dict[str, Any] = parse_roles(columns, ROLES)
    columns_of_roles = replace(Columns(), **roles)
    if not values.strip():
        return columns_of_roles
    cells = _pairs(values, "value", CHOICES)
    if not {"A", "B"} <= set(cells):
        raise UplappError(f"'{values}' must say which cell means A and which B, such as A=1,B=2")
    tie, bad = cells.get("tie"), cells.get("both_bad")
    return replace(columns_of_roles, a=cells["A"], b=cells["B"], tie=tie, bad=bad)


def parse_roles(text: str, roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Read `condition=method+level,observer=who`: the columns of each role that is named."""
    return {role: _joined(role, names) for role, names in _pairs(text, "column", roles).items()}


def spelling(cell: str) -> str:
    """Give cells that mean the same one text: 1, 1.0 and +1, or Left and left."""
    text = cell.strip().lower()
    value = number(text)
    exact = math.isfinite(value) and "e" not in text and len(text) <= LONGEST
    return f"{value + 0:.15g}" if exact else text


def check_columns(table: pd.DataFrame, columns: Columns, source: str) -> None:
    """Refuse a table that lacks a column, or has one twice."""
    default = Columns()
    roles = [role for role in ROLES if role in NEEDED or columns.of(role) != default.of(role)]
    require_columns(table, {role: columns.of(role) for role in roles}, source)


def require_columns(table: pd.DataFrame, roles: Mapping[str, tuple[str, ...]], source: str) -> None:
    """Refuse a table that lacks a column of one of `roles` (role -> columns), or has any column twice."""
    missing = [(role, name) for role, names in roles.items() for name in names if name not in table.columns]
    if missing:
        names = ", ".join(f"'{name}'" + (f" (for {role})" if role != name else "") for role, name in missing)
        present = shown(", ".join(map(str, table.columns)), 300) or "none"
        raise OtherNames(f"{source} has no column {names}; found: {present}")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BadVotes(f"{source} has the column '{shown(twice[0])}' twice; each may occur once")


def _pairs(text: str, kind: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Split `key=value,key=value`."""
    pairs: dict[str, str] = {}
    for part in filter(str.strip, next(csv.reader([text], skipinitialspace=True), [])):
        key, sign, value = (word.strip() for word in part.partition("="))
        if not sign or not value:
            raise UplappError(f"'{part}' names no {kind}; write it as {allowed[0]}=..., with commas between")
        if key not in allowed:
            raise UnknownName(kind, key, allowed)
        if key in pairs:
            raise UplappError(f"'{text}' names {key} twice")
        pairs[key] = value
    return pairs


def _joined(role: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split("+"))
    if "" in names:
        raise UplappError(f"'{role}={text}' holds an empty name; columns are joined as NAME+NAME")
    return names
