"""A column of numbers: an empty cell is NaN, a text is refused with its place."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis.made import write
from uplapp.analysis.asking.planning import read_scores
from uplapp.analysis.reading.cells import numbers
from uplapp.analysis.reading.covariate import read_covariate
from uplapp.analysis.reading.matrices import read_matrix
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.analysis.reading.ratings import read_ratings
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


CLEAR = {
    "decimal commas": ("x;y\n0,5;a\n30,125;b\n", [0.5, 30.125]),
    "commas of another column": ("x;y\n30,125;0,9\n28,500;0,8\n", [30.125, 28.5]),
    "tabs": ("x\ty\n1,25\ta\n2,5\tb\n", [1.25, 2.5]),
    "points between commas": ("x,y\n30.125,a\n28.456,b\n", [30.125, 28.456]),
    "a point that is seen elsewhere": ("x,y\n1.000,a\n0.988,b\n", [1, 0.988]),
}


@pytest.mark.parametrize(("text", "values"), CLEAR.values(), ids=CLEAR)
def test_a_mark_splits_decimals_where_the_file_says_so(tmp_path, text, values):
    assert numbers(read_table(write(tmp_path, text)), "x", "f").tolist() == values


UNCLEAR = {
    "semicolons": ("x;y\n1.000;a\n2.500;b\n", "'1.000' may be 1 or 1000"),
    "semicolons and commas": ("x;y\n1,000;a\n2;b\n", "'1,000' may be 1 or 1000"),
    "a comma in quotes": ('x,y\n"1,000",a\n2,b\n', "'1,000' may be 1 or 1000"),
    "beside whole numbers": ("x,y\n1.250,a\n12,b\n", "'1.250' may be 1.25 or 1250"),
    "thousands alone": ("x,y\n1.000,a\n", "'1.000' may be 1 or 1000"),
    "the other mark": ("x;y\n0,5;a\n1.250;b\n", "'1.250' may be 1.25 or 1250"),
}


@pytest.mark.parametrize(("text", "sentence"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_may_be_one_or_a_thousand_is_asked_about(tmp_path, text, sentence):
    with pytest.raises(BadVotes) as caught:
        numbers(read_table(write(tmp_path, text)), "x", "f")
    assert sentence in str(caught.value)
    assert "column 'x'" in str(caught.value)


def by_matrix(folder, cell):
    return read_matrix(write(folder, f",a,b,c\na,0,{cell},12\nb,3,0,4\nc,5,6,0\n"), "row").wins[0, 0, 1]


def by_metrics(folder, cell):
    return read_metrics(write(folder, f"condition,psnr\na,{cell}\nb,12\n")).values[0, 0, 0]


def by_ratings(folder, cell):
    return read_ratings(write(folder, f"observer,condition,rating\no,a,{cell}\no,b,12\n")).table["rating"][2]


def by_covariate(folder, cell):
    return read_covariate(f"rate: a={cell},b=12")[1]["a"]


def by_plan(folder, cell):
    return read_scores(f"a={cell},b=12")[0][1]


READERS = (by_matrix, by_metrics, by_ratings, by_covariate, by_plan)


@pytest.mark.parametrize("reader", READERS)
def test_all_tables_have_one_reader_of_numbers(tmp_path, reader):
    assert reader(tmp_path, "2") == reader(tmp_path, "2.0") == reader(tmp_path, "0.2e1") == 2
    with pytest.raises(BadVotes, match=r"'2\.000' may be 2 or 2000"):
        reader(tmp_path, "2.000")


def test_votes_per_pair_are_read_by_it_too(tmp_path):
    with pytest.raises(BadVotes, match="may be 1 or 1000"):
        read_matrix(write(tmp_path, ",a,b\na,0,.5\nb,.5,0\n"), "row", "1.000")
