"""Columns as the few different texts they hold."""

import numpy as np
import pandas as pd
import pytest

from uplapp.analysis.reading.cells import Cells, cells_of, constant, require
from uplapp.errors import BadVotes

TABLE = pd.DataFrame({"a": [" y", "x", None, "y "], "b": [1, 2, 2, 1], "c": [True, False, True, True]})


@pytest.mark.parametrize(
    ("columns", "texts", "codes"),
    [
        (("a",), ("", "x", "y"), [2, 1, 0, 2]),
        (("b",), ("1", "2"), [0, 1, 1, 0]),
        (("c",), ("False", "True"), [1, 0, 1, 1]),
        (("a", "b"), ("2", "x 2", "y 1"), [2, 1, 0, 2]),
        (("a", "b", "c"), ("2 True", "x 2 False", "y 1 True"), [2, 1, 0, 2]),
    ],
)
def test_cells_are_stripped_sorted_and_joined(columns, texts, codes):
    cells = cells_of(TABLE, columns)
    assert (cells.texts, cells.codes.tolist()) == (texts, codes)


def test_a_row_can_be_asked_for_its_text():
    assert [cells_of(TABLE, ("a",))[row] for row in range(4)] == ["y", "x", "", "y"]


def test_a_value_of_each_text_goes_to_its_rows():
    assert Cells(("x", "y"), np.array([1, 0, 1])).spread([7, 8]).tolist() == [8, 7, 8]


def test_categories_may_hold_more_names_than_occur():
    ordered = Cells(("x", "z"), np.array([1, 0])).categories(("x", "y", "z"))
    assert ordered.tolist() == ["z", "x"]
    assert ordered.categories.tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("rows", [0, 3])
def test_a_constant_fills_any_number_of_rows(rows):
    assert constant("main", rows).categories().tolist() == ["main"] * rows


@pytest.mark.parametrize(("name", "place"), [(None, "live, row 11"), ("line", "live, line 11")])
def test_the_first_row_that_is_wrong_is_named(name, place):
    table = TABLE.set_axis(pd.Index([10, 11, 12, 13], name=name))
    with pytest.raises(BadVotes) as caught:
        require(table, "live", ("b",), cells_of(table, ("b",)), [True, False], "1")
    assert str(caught.value) == f"{place}, column 'b': '2' is not 1"
