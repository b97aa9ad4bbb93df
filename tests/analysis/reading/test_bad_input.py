"""What people get wrong in votes files: one sentence that says where and what is allowed."""

import gzip

import pytest

from tests.analysis.made import write
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.errors import BadVotes

HEADER = "observer,condition_A,condition_B,is_A_selected"
MANY = 1_000_000


def refused(path, **options):
    with pytest.raises(BadVotes) as caught:
        count(read_votes(path, **options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


ROWS = {
    "no column": (
        "o,x,1",
        "observer,condition_A,is_A_selected",
        "no column 'condition_B'; found: observer, ",
    ),
    "long header": ("", "x" * 999, "found: xxx"),
    "column twice": ("o,x,y,1,0", HEADER + ",observer", "has the column 'observer' twice"),
    "third value": ("o,x,y,1\no,x,y,2", HEADER, "line 3, column 'is_A_selected': '2' is not 1 (A chosen), 0"),
    "no value": (
        "o,x,y,",
        HEADER,
        "line 2, column 'is_A_selected': the cell is empty; it needs 1 (A chosen)",
    ),
    "thousands": ('o,x,y,"1,000"', HEADER, "line 2, column 'is_A_selected': '1,000' is not 1"),
    "self": ("o,x,x,1", HEADER, "line 2: 'x' is compared with itself"),
    "self, spaced": ("o,x, x ,1", HEADER, "line 2: 'x' is compared with itself"),
    "no rows": ("", HEADER, "votes.csv holds no votes"),
    "no main trials": ("o,x,y,1,catch", HEADER + ",kind", "holds no votes of main trials"),
    "all excluded": ("o,x,y,1,slow", HEADER + ",excluded", "holds no votes of main trials"),
    "unknown kind": ("o,x,y,1,warmup", HEADER + ",kind", "'warmup' is not main, practice, catch, repeat"),
    "unknown mark": ("o,x,y,1,maybe", HEADER + ",simulated", "column 'simulated': 'maybe' is not 0 or 1"),
    "no observer": (" ,x,y,1", HEADER, "line 2, column 'observer': the cell is empty; it needs a name"),
    "no condition": ("o,x,,1", HEADER, "line 2, column 'condition_B': the cell is empty"),
    "short row": ("o,x,y,1\no,x", HEADER, "line 3: 2 cells, the header has 4"),
    "long row": ("o,x,y,1,9", HEADER, "line 2: 5 cells, the header has 4"),
    "comma in a name": ("o,x, bright,y,1", HEADER, "line 2: 5 cells, the header has 4"),
    "open quote": ('o,x,y,1\no,"x,y,1\no,x,y,1', HEADER, "line 3: a quote is not closed"),
    "text after a quote": ('o,"x"z,y,1', HEADER, "line 2: a quote is not closed before the end of its cell"),
    "mixed separators": ("o;x;y;1", HEADER, "line 2: 1 cell, the header has 4"),
    "long cell": (f"o,x,y,{'9' * 9999}", HEADER, "99...' is not 1 (A chosen)"),
    "line break in a cell": ('o,x,y,"1\n2"', HEADER, "line 3, column 'is_A_selected': '1 2' is not 1"),
    "a matrix": ("x,0,3\ny,1,0", ",x,y", "has no column 'observer', 'condition_A'"),
}


@pytest.mark.parametrize(("rows", "header", "sentence"), ROWS.values(), ids=ROWS)
def test_a_bad_file_is_one_sentence_that_says_where(tmp_path, rows, header, sentence):
    assert sentence in refused(write(tmp_path, f"{header}\n{rows}\n"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (",".join(["observer", *["x"] * 20_000]), "line 1: 20001 cells; a row has at most 16384"),
        (HEADER + "\n" * 6_100_000, "has more than 6 million lines"),
        (HEADER + ",x" * 400 + "\no,x,y,1" + ",x" * 400 + "\n" * 80_000, "80001 lines of up to 404 cells"),
        (
            HEADER + "\n" + "".join(f"o{n},a{n},b{n},1\n" for n in range(400)),
            "400 observers of 800 conditions are too many for one table of counts",
        ),
    ],
    ids=["wide", "long", "both", "many names"],
)
def test_tables_that_no_memory_holds_are_refused(tmp_path, text, sentence):
    assert sentence in refused(write(tmp_path, text))


BYTES = {
    "empty": (b"", "'votes.csv' is empty; it needs a header"),
    "blank": (b"\r\n \n,,,\n", "'votes.csv' is empty"),
    "mark alone": (b"\xef\xbb\xbf", "'votes.csv' is empty"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is a binary file"),
    "half a UTF-16": (b"\xff\xfea\0,\0b", "has no column"),
    "UTF-16, unmarked": ("observer,x".encode("utf-16-le"), "it is UTF-16 without the mark at its beginning"),
    "SPSS": (b"$FL2@(#) SPSS DATA FILE\0", "it is a file of SPSS; export it as CSV (UTF-8)"),
    "Parquet": (b"PAR1\x15\0", "it is Parquet; export it as CSV (UTF-8)"),
    "R": (gzip.compress(b"X\n\0\0\0\3"), "it is a file of R; export it as CSV (UTF-8)"),
    "MATLAB": (b"MATLAB 5.0 MAT-file\0", "it is a file of MATLAB; export it as CSV (UTF-8)"),
    "database": (b"SQLite format 3\0", "it is an SQLite database; export it as CSV (UTF-8)"),
    "RTF": (b"{\\rtf1 observer}", "is RTF, not a table"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
    "spaces": (HEADER.replace(",", " ").encode(), "commas, semicolons, tabs or pipes separate columns"),
    "JSON": (b'[{"observer": "o"}]', "'votes.csv' is JSON, not a table; export its answers as CSV (UTF-8)"),
    "a page": (b"\n<!DOCTYPE html><html>", "is HTML or XML, not a table"),
    "workbook": (b"PK\x03\x04\x14\0", "is a workbook or an archive; export its sheet as CSV (UTF-8)"),
    "Windows letters": (
        f"{HEADER}\no,x,y,1\nMüller,x,y,1".encode("cp1252"),
        "line 3: byte 0xfc cannot be read",
    ),
    "Windows header": ("größe,x\n1,2".encode("cp1252"), "line 1: byte 0xf6 cannot be read as UTF-8"),
}


@pytest.mark.parametrize(("content", "sentence"), BYTES.values(), ids=BYTES)
def test_a_file_that_is_no_table_is_named_for_what_it_is(tmp_path, content, sentence):
    path = tmp_path / "votes.csv"
    path.write_bytes(content)
    assert sentence in refused(path)


def test_a_missing_file_is_named(tmp_path):
    assert refused(tmp_path / "nowhere.csv") == f"there is no file '{tmp_path / 'nowhere.csv'}'"


def test_a_folder_is_called_a_folder(tmp_path):
    assert refused(tmp_path) == f"'{tmp_path}' is a folder; give a CSV file"


def test_a_name_longer_than_the_system_takes_is_no_traceback(tmp_path):
    assert "cannot be opened" in refused(tmp_path / ("x" * 999))


def test_asking_for_simulated_observers_needs_the_column(tmp_path):
    path = write(tmp_path, f"{HEADER}\no,x,y,1\n")
    assert "no column 'simulated'" in refused(path, simulated=True)


def test_a_line_is_counted_as_an_editor_shows_it(tmp_path):
    path = write(tmp_path, f'{HEADER}\no,"a\nb",c,1\n\no,x,y,3\n')
    assert refused(path).startswith("votes.csv, line 5, column 'is_A_selected': '3' is not")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            "ann,blur,sharp,7",
            "column 'is_A_selected': '7' is not 1 (A chosen), 0 (B chosen) or 0.5 (not sure)",
        ),
        ("ann,blur,blur,1", "'blur' is compared with itself"),
        ("ann,blur,sharp", "3 cells, the header has 4"),
    ],
)
def test_one_bad_row_in_a_million_is_found(tmp_path, row, sentence):
    good = "ann,blur,sharp,1\nbob,sharp,blur,0\n" * (MANY // 4)
    path = write(tmp_path, f"{HEADER}\n{good}{row}\n{good}")
    message = refused(path)
    assert message.startswith(f"votes.csv, line {MANY // 2 + 2}")
    assert sentence in message
