"""CSV files: cells, lines, separators, encodings."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.made import write
from uplapp.analysis.reading.numbers import number
from uplapp.analysis.reading.tables import read_header, read_rows, read_table, shown
from uplapp.errors import BadVotes


def read(folder, text):
    table = read_table(write(folder, text))
    return table.columns.tolist(), table.to_numpy().tolist(), table.index.tolist()


def test_a_row_keeps_the_line_it_ends_on(tmp_path):
    text = 'who,what\nann,"x\ny"\n\nbob,z\n'
    assert read(tmp_path, text) == (["who", "what"], [["ann", "x\ny"], ["bob", "z"]], [3, 5])


def test_cells_stay_text(tmp_path):
    _, rows, _ = read(tmp_path, "who,what\n007,NA\nnull,1e3\n")
    assert rows == [["007", "NA"], ["null", "1e3"]]


def test_rows_without_text_and_columns_without_a_name_are_left_out(tmp_path):
    text = "\nwho,what,\n,,\n  \nann,x,9\n\n"
    assert read(tmp_path, text) == (["who", "what"], [["ann", "x"]], [5])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_other_programs_read_alike(tmp_path, end, separator, encoding):
    path = tmp_path / "votes.csv"
    path.write_bytes(
        f"who,what\nann,ü\nbob,y{'x' * 9}\n".replace(",", separator).replace("\n", end).encode(encoding)
    )
    table = read_table(path)
    assert table.columns.tolist() == ["who", "what"]
    assert table.to_numpy().tolist() == [["ann", "ü"], ["bob", "yxxxxxxxxx"]]
    assert table.index.tolist() == [2, 3]


def test_two_separators_in_a_header_mean_commas(tmp_path):
    assert read(tmp_path, "who;m,what\nann;b,x\n")[:2] == (["who;m", "what"], [["ann;b", "x"]])


@given(body=st.text(alphabet='xy ,;"\n\r\té0', max_size=40))
def test_the_fast_reader_sees_what_the_exact_one_sees(tmp_path_factory, body):
    text = f"who,what\nann,x\n{body}"
    path = write_bytes(tmp_path_factory, text)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        rows = [(row, reader.line_num) for row in reader if any(row)][1:]
        exact = [row for row, _ in rows], [line for _, line in rows]
    except csv.Error:
        exact = None
    if exact is None or any(len(row) != 2 for row in exact[0]):
        with pytest.raises(BadVotes, match="line"):
            read_table(path)
    else:
        table = read_table(path)
        assert (table.to_numpy().tolist(), table.index.tolist()) == exact


def write_bytes(factory, text):
    path = factory.getbasetemp() / "any.csv"
    path.write_bytes(text.encode())
    return path


def test_an_apostrophe_before_a_formula_is_taken_off(tmp_path):
    _, rows, _ = read(tmp_path, "who,what\n'=1+1,'quoted'\n'-5 dB,''+x\n")
    assert rows == [["=1+1", "'quoted'"], ["-5 dB", "'+x"]]


def test_header_and_rows_are_read_on_their_own(tmp_path):
    path = write(tmp_path, "\n who ,what,\nann, x,\n\n'=b,y,\n")
    assert read_header(path) == ("who", "what")
    assert read_rows(path) == [(2, ["who", "what", ""]), (3, ["ann", "x", ""]), (5, ["=b", "y", ""])]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("1.0", 1), ("+.5", 0.5), ("0,5", 0.5), ("-2", -2), ("1e-3", 0.001), ("0,125", 0.125)],
)
def test_a_number_is_read_with_a_point_or_a_comma(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "x", "1_0", "nan", "inf", "1,000", "1,000.5", "١", "--1"])
def test_what_is_no_number_or_two_numbers_is_none(text):
    assert number(text) != number(text)


def test_a_long_text_is_cut_to_fit_into_a_sentence():
    assert shown("a\nb  c") == "a b c"
    assert shown("x" * 99, 10) == "xxxxxxx..."
