"""A column of numbers: an empty cell is NaN, a text is refused with its place."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis.made import write
from uplapp.analysis.reading.cells import numbers
from uplapp.analysis.reading.tables import read_table
from uplapp.errors import BadVotes


def column(tmp_path, *cells):
    return read_table(write(tmp_path, "x,y\n" + "".join(f"{cell},a\n" for cell in cells)))


def test_texts_become_numbers_and_empty_cells_unknown(tmp_path):
    assert numbers(column(tmp_path, "1", "2.5e3", "", "-4"), "x", "f") == pytest.approx(
        [1, 2500, np.nan, -4], nan_ok=True
    )


def test_numbers_of_a_live_table_stay_what_they_are():
    live = pd.DataFrame({"x": [1.5, np.nan, 3.0]})
    assert numbers(live, "x", "live") == pytest.approx([1.5, np.nan, 3.0], nan_ok=True)


@pytest.mark.parametrize("cell", ["two", "inf", "nan", "-1", "1;2", "0x10"])
def test_what_is_no_number_is_refused_with_line_and_column(tmp_path, cell):
    sentence = rf"f\.csv, line 3, column 'x': '{cell}' is not a number from 0 up"
    with pytest.raises(BadVotes, match=sentence):
        numbers(column(tmp_path, "1", cell), "x", "f.csv", 0.0)
