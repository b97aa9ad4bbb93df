"""Bytes of a CSV file: whether it is one, how its cells are separated, where its header is."""

import codecs
import csv
import gzip
import re
import unicodedata
import zlib
from pathlib import Path
from typing import NamedTuple

from uplapp.errors import BadVotes
from uplapp.foreign import EMPTY, LONGEST_START, TABLE, foreign, hollow

# In the order in which a header is searched for them; a pipe may also stand in the names of columns.
SEPARATORS, LAST_SEPARATOR = ",;\t", "|"
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"  # how workbooks and packed files begin
OTHERS = {b"[{": "JSON", b"{\\rtf": "RTF", b"{": "JSON", b"<": "HTML or XML", b"%PDF": "PDF"}
TEXT = re.compile(rb"[^ \t\r\n,;]")
LINE = re.compile(rb"[^\r\n]*(\r\n|\r|\n|$)")
SEP = re.compile(rb"\"?sep=([,;\t|])\"?[ \t;,]*$")  # the first line by which Excel knows the separator
MOST_BYTES = 200_000_000
MOST_LINES = 6_000_000
MOST_PACKED = 50_000_000  # bytes of text in a packed file, which a stranger may have made of a few kilobytes
TITLES = 10  # lines above a header that may hold titles


class Content(NamedTuple):
    """Text in UTF-8 with empty lines in place of those above the header, and what was left out."""

    name: str
    data: bytes
    separator: str
    notes: tuple[str, ...] = ()


def content(path: Path, header: int = 0) -> Content:
    """Read a file of text, packed or not, in UTF-8 or UTF-16, its letters in the composed form (NFC).

    `header` is the line that holds the names of columns, 0 where that is to be found: the first that is no
    `sep=;` and no title. Raises BadVotes where the file is something else.
    """
    data = _bytes(path)
    data = _composed(_text(path.name, data))
    if header:
        return _from(path.name, data, header)
    sep = SEP.fullmatch(_line(data, 0))
    first = 1 + (sep is not None)
    titles = _titles(data, first)
    found = _from(path.name, data, first + titles)
    notes = (f"{titles} line{'s' * (titles > 1)} above the header left out",) if titles else ()
    return found._replace(notes=notes, separator=sep[1].decode() if sep else found.separator)


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadVotes(f"there is no file '{path}'") from None
    except IsADirectoryError:
        raise BadVotes(f"'{path}' is a folder; give a CSV file") from None
    except OSError as error:
        raise BadVotes(f"'{path}' cannot be opened: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise BadVotes("the name of the file holds a character that no file has") from None
    if data.startswith(GZIP):
        data = _unpacked(path)
    if len(data) > MOST_BYTES:
        raise BadVotes(f"'{path.name}' holds more than {MOST_BYTES // 1_000_000} MB of text; split it")
    return data


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_PACKED + 1)
    except (OSError, EOFError, zlib.error):
        raise BadVotes(f"'{path.name}' is a packed file that is damaged") from None
    if len(data) > MOST_PACKED:
        raise BadVotes(f"'{path.name}' unpacks to more than {MOST_PACKED // 1_000_000} MB of text; split it")
    return data


def _text(name: str, data: bytes) -> bytes:
    if data.startswith(UTF16):
        data = data.decode("utf-16", errors="ignore").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    if (what := hollow(data[:LONGEST_START])) and what is not EMPTY and not data.lstrip().startswith(b"<"):
        raise BadVotes(f"'{name}' is {what.kind}; {what.way}")
    if data.startswith(ZIP):
        raise BadVotes(f"'{name}' is a workbook or an archive; export its sheet as CSV (UTF-8)")
    if kind := next((kind for start, kind in OTHERS.items() if data.lstrip().startswith(start)), ""):
        raise BadVotes(f"'{name}' is {kind}, not a table; export its answers as CSV (UTF-8)")
    if b"\0" in data:
        raise BadVotes(f"'{name}' cannot be read as UTF-8 text in CSV form: it is {_kind(data)}; {TABLE}")
    if not TEXT.search(data):
        raise BadVotes(f"'{name}' is empty; it needs a header")
    if data.count(b"\n") > MOST_LINES:
        raise BadVotes(f"'{name}' has more than {MOST_LINES // 10**6} million lines; split it")
    return data


def _kind(data: bytes) -> str:
    """Name what is no text, by its first bytes."""
    start = data[:LONGEST_START]
    if not start[1::2].strip(b"\0") or not start[::2].strip(b"\0"):
        return "UTF-16 without the mark at its beginning"
    what = foreign("", start)
    return what.kind if what else "a binary file"


def _composed(data: bytes) -> bytes:
    """Letters in the composed form (NFC), so that two ways to write one name are one name."""
    if data.isascii():
        return data
    try:
        return unicodedata.normalize("NFC", data.decode()).encode()
    except UnicodeDecodeError:
        return data  # which line is wrong is said where it is read


def _from(name: str, data: bytes, header: int) -> Content:
    """Empty the lines above line `header`."""
    place = 0
    for _ in range(header - 1):
        end = _end(data, place)
        if end >= len(data):
            raise BadVotes(f"'{name}' has no line {header} for its header")
        place = end
    data = b"\n" * (header - 1) + data[place:]
    if not TEXT.search(data):
        raise BadVotes(f"'{name}' is empty below line {header}; it needs a header")
    return Content(name, data, _separator(data))


def _titles(data: bytes, first: int) -> int:
    """Count the lines from line `first` to the header that hold one text where the header has several.

    Those without text count where a title lies above the header.
    """
    lines = [_line(data, place) for place in range(first - 1, first + TITLES)]
    several = [len(_texts(line)) > 1 for line in lines]
    if True not in several:
        return 0
    above = lines[: several.index(True)]
    return len(above) if any(_texts(line) for line in above) else 0


def _texts(line: bytes) -> list[str]:
    """Give the cells of a line without the empty ones at its end.

    The first line of a matrix begins with an empty cell, which stays.
    """
    try:
        text = line.decode()
        cells = next(csv.reader([text], delimiter=_separator(line), skipinitialspace=True), [])
    except (UnicodeDecodeError, csv.Error):
        return ["", ""]
    if text.count('"') % 2:  # a cell that goes on in the next line
        return ["", ""]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _line(data: bytes, place: int) -> bytes:
    """Give a line, the first for `place` 0, without its line break. It is empty after the last line."""
    at = 0
    for _ in range(place):
        at = _end(data, at)
    match = LINE.match(data, at)
    return match[0].rstrip(b"\r\n") if match else b""


def _end(data: bytes, place: int) -> int:
    match = LINE.match(data, place)
    return match.end() if match else len(data)


def _separator(data: bytes) -> str:
    """The separator of the header's cells, a comma unless only another one occurs in it, a pipe last."""
    header = re.search(rb"[^\r\n]*\S[^\r\n]*", data)
    marks = [mark for mark in SEPARATORS if header and mark.encode() in header[0]]
    if not marks and header and LAST_SEPARATOR.encode() in header[0]:
        return LAST_SEPARATOR
    return marks[0] if len(marks) == 1 else ","
