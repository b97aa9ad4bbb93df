"""CSV files as tables of text, which remember their lines, under whatever names the columns have."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.reading.files import Content, content
from uplapp.errors import BadVotes, OtherNames
from uplapp.plain import FORMULA, GUARD

GUARD_BYTES = re.compile(f"'{FORMULA}".encode())
IMPORT = '{"ImportId"'  # begins the cells of a row below the header in files of Qualtrics
MOST_WIDE, MOST_CELLS = 16_384, 30_000_000  # cells in a row, as in Excel, and in all rows
BELOW = 4  # rows, the header among them, in which such a row is looked for
NOTES, SEPARATOR = "notes", "separator"  # what a table knows of its file, in `attrs`


def read_table(path: Path, header: int = 0, skip: int = 0) -> pd.DataFrame:
    """Read a CSV as texts.

    The index, named `line`, is the line each row ends on. Cells are separated by whatever of comma, semicolon
    or tab the header holds; rows without any text and columns without a name are left out. The header is
    the first line, or the first below titles, or line `header`; `skip` rows below it hold no answers, nor do
    rows that repeat the header. A row of another length than the header is a BadVotes. `attrs` hold the
    separator, and notes on what was left out.
    """
    read = content(path, header)
    names, lines, width, said = _walk(read, skip)
    # The walk has made sure that both readers see the same cells; this one is ten times faster.
    table = pd.read_csv(
        io.BytesIO(read.data),
        sep=read.separator,
        header=None,
        names=list(range(width)),
        index_col=False,
        dtype=str,
        na_filter=False,
        skipinitialspace=True,
        skip_blank_lines=False,
    )
    named = [place for place, name in enumerate(names) if name]
    table = table.loc[lines > 0, named]
    table.columns = pd.Index([names[place] for place in named], dtype=object)
    table.index = pd.Index(lines[lines > 0], name="line")
    if GUARD_BYTES.search(read.data):
        table = table.apply(lambda column: column.str.replace(GUARD, "", regex=True))
    table.attrs |= {SEPARATOR: read.separator, NOTES: (*read.notes, *said)}
    return table


def read_header(path: Path, header: int = 0) -> tuple[str, ...]:
    """Read the names of the columns."""
    cells = next(row for _, row in _rows(content(path, header)) if any(row))
    return tuple(name for name in map(str.strip, cells) if name)


def separator_of(path: Path) -> str:
    """Say what stands between the cells of a file."""
    return content(path).separator


def read_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Read the lines and stripped cells of the rows that hold any text, the header first."""
    rows = _rows(content(path))
    return [(line, [re.sub(GUARD, "", cell.strip()) for cell in row]) for line, row in rows if any(row)]


def shown(text: object, most: int = 60) -> str:
    """Shorten a text from a file so that it fits into one sentence."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else f"{words[: most - 3]}..."


def listed(texts: Sequence[str], most: int = 6) -> str:
    """List some of the texts from a file in a sentence."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return shown(", ".join(f"'{shown(text, 30)}'" for text in texts[:most]), 240) + more


def _walk(read: Content, skip: int) -> tuple[list[str], np.ndarray, int, list[str]]:
    """Header, the line of every record (0 for one without answers), most cells, what was left out."""
    names: list[str] = []
    widths, repeats, below = {0}, 0, skip or _below(read)

    def lines() -> Iterator[int]:
        nonlocal repeats
        passed = 0
        for line, row in _rows(read):
            if not any(row):
                widths.add(len(row))
                yield 0
            elif not names:
                names.extend(cell.strip() for cell in row)
                yield 0
            elif passed < below:
                passed += 1
                widths.add(len(row))
                yield 0
            elif [cell.strip(" \t\ufeff") for cell in row] == names:
                repeats += 1
                yield 0
            elif len(row) != len(names):
                raise BadVotes(
                    f"{read.name}, line {line}: {_cells(row)}, the header has {len(names)}"
                    + ("; is the header in another line?" if line <= BELOW and len(row) > len(names) else "")
                )
            else:
                yield line

    ends = np.fromiter(lines(), dtype=np.int64)
    width = max(len(names), *widths)
    _require_room(read.name, len(ends), width)
    said = [f"{below} row{'s below the header are' if below > 1 else ' below the header is'} left out"]
    again = f"{repeats} row{'s that repeat the header are' if repeats > 1 else ' that repeats the header is'}"
    said = [*(said if below else ()), *([f"{again} left out"] if repeats else ())]
    return names, ends, width, said


def _cells(row: list[str]) -> str:
    return "1 cell" if len(row) == 1 else f"{len(row)} cells"


def _require_room(name: str, lines: int, width: int) -> None:
    """Refuse a table of more cells than memory is meant to hold, empty ones among them."""
    if lines * width > MOST_CELLS:
        raise BadVotes(
            f"{name} has {lines} lines of up to {width} cells; at most {MOST_CELLS // 10**6} million cells "
            "are read: split it"
        )


def _below(read: Content) -> int:
    """Count the rows below the header in which Qualtrics explains the columns."""
    if b"ImportId" not in read.data:
        return 0
    place = 0
    for _, row in _rows(read):
        if any(row):
            if any(cell.startswith(IMPORT) for cell in row):
                return place
            place += 1
        if place > BELOW:
            break
    return 0


def _rows(read: Content) -> Iterator[tuple[int, list[str]]]:
    """Every record, also an empty one, with the line it ends on."""
    text = io.TextIOWrapper(io.BytesIO(read.data), encoding="utf-8", newline="")
    line = 0
    try:
        reader = csv.reader(text, strict=True, skipinitialspace=True, delimiter=read.separator)
        for row in reader:
            line = reader.line_num
            if len(row) > MOST_WIDE:
                raise BadVotes(f"{read.name}, line {line}: {len(row)} cells; a row has at most {MOST_WIDE}")
            yield line, row
    except UnicodeDecodeError:
        raise BadVotes(_no_utf8(read.name, read.data)) from None
    except csv.Error as error:
        raise BadVotes(
            f"{read.name}, line {line + 1}: a quote is not closed before the end of its cell ({error}); "
            'a quote inside a quoted cell is written twice: "a ""b"" c"'
        ) from None


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


def require_columns(table: pd.DataFrame, roles: Mapping[str, tuple[str, ...]], source: str) -> None:
    """Refuse a table that lacks a column of one of `roles` (role -> columns), or has any column twice."""
    missing = [(role, name) for role, names in roles.items() for name in names if name not in table.columns]
    if missing:
        names = ", ".join(f"'{name}'" + (f" (for {role})" if role != name else "") for role, name in missing)
        present = shown(", ".join(map(str, table.columns)), 300) or "none"
        one = "; commas, semicolons, tabs or pipes separate columns" if len(table.columns) == 1 else ""
        raise OtherNames(f"{source} has no column {names}; found: {present}{one}")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BadVotes(f"{source} has the column '{shown(twice[0])}' twice; each may occur once")
