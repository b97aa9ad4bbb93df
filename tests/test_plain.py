"""What leaves the app as text: strict JSON, and CSV that is harmless in a spreadsheet."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uplapp.analysis.reading.tables import read_rows
from uplapp.plain import neutral, plain, to_csv, to_json

HOUSE = Path(__file__).resolve().parent.parent / "uplapp"
# How the second home of a rule would look: NaN turned into None, a list of what begins a formula.
COPIES = {
    "NaN to null": re.compile(r"None if [^\n]*(isfinite|isnan|isna)\(\w+\)|isfinite\(\w+\) else None"),
    "formulas": re.compile(r"""["'=+@\\-]{2,}[^\n]*@[^\n]*\\t[^\n]*\\r"""),
}
FORMULAS = ["=1+1", "+1", "-1", "-5 dB", "@x", "\tx", "'=1", "''@y"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, None),
        (np.inf, None),
        (pd.NA, None),
        (np.float64(0.5), 0.5),
        (np.float32(np.nan), None),
        (np.int64(3), 3),
        (np.True_, True),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ((1, [np.nan]), [1, [None]]),
        ({1: {"a": np.inf}}, {"1": {"a": None}}),
        (pd.DataFrame({"a": [1, 2], "b": [np.nan, "x"]}), [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
    ],
)
def test_what_json_does_not_know_becomes_plain(value, expected):
    assert plain(value) == expected
    assert json.loads(to_json({"value": value})) == {"value": expected}


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_one_apostrophe(text):
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "'quoted'", "1-2", " =1", "x\ty"])
def test_other_texts_stay_as_they_are(text):
    assert neutral(text) == text


@pytest.mark.parametrize("value", [-1.5, 3, None, True])
def test_what_is_no_text_stays_as_it_is(value):
    assert neutral(value) is value


def test_numbers_stay_numbers_in_a_table_beside_guarded_labels():
    table = pd.DataFrame({"label": ["-l1", "l2"], "jod": [-1.5, 0.25], "mixed": [-2, "=2"]})
    assert to_csv(table) == "label,jod,mixed\n'-l1,-1.5,-2\nl2,0.25,'=2\n"
    assert to_csv(table[["jod"]], decimals=3) == "jod\n-1.500\n0.250\n"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_line_end_in_a_text_stays_inside_its_cell(end):
    text = to_csv(pd.DataFrame({"a": [f"x{end}=1"], "b": ["y"]}))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b"], ["x\n=1", "y"]]


@pytest.mark.parametrize("text", [text for text in FORMULAS if text == text.strip()])
def test_reading_takes_off_what_writing_put_on(text, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(to_csv(pd.DataFrame({"name": [text]})), encoding="utf-8", newline="")
    assert read_rows(path)[1][1] == [text]


@pytest.mark.parametrize("rule", COPIES)
def test_a_rule_of_plain_has_no_second_home(rule):
    others = [path for path in sorted(HOUSE.rglob("*.py")) if path.name != "plain.py"]
    assert [path.name for path in others if COPIES[rule].search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("rule", COPIES)
def test_the_search_for_a_second_home_finds_the_first(rule):
    old = {
        "NaN to null": "return None if isinstance(value, float) and not np.isfinite(value) else value",
        "formulas": 'FORMULA = ("=", "+", "-", "@", "\\t", "\\r")',
    }
    assert COPIES[rule].search(old[rule])


def test_no_other_module_writes_a_table_of_texts_as_csv():
    writers = {
        path.relative_to(HOUSE).as_posix()
        for path in HOUSE.rglob("*.py")
        if re.search(r"\.to_csv\(index|csv\.(writer|DictWriter)\(", path.read_text(encoding="utf-8"))
    }
    # The log of a training run holds numbers alone. The one text in the table of a sweep that a stranger
    # chose, the name of the picture, goes through `neutral`.
    assert writers == {"plain.py", "imaging/training/log.py", "imaging/experiments/ledger.py"}
