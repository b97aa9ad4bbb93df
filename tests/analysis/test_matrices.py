"""Published matrices: direction, probabilities, and what is wrong with them."""

import pytest

from tests.analysis.made import write
from uplapp.analysis.matrices import read_matrix
from uplapp.errors import UplappError

COUNTS = ",x,y\nx,9,3\ny,1.5,\n"
SHARES = ",x,y,z\nx,0,0.7,0\ny,.3,0,.5\nz,,0.5,0\n"


def read(folder, text, winner="row", votes_per_pair=None):
    return read_matrix(write(folder, text, "matrix.csv"), winner, votes_per_pair)


def test_the_winner_is_the_row_or_the_column_as_told(tmp_path):
    assert read(tmp_path, COUNTS, "row").wins.tolist() == [[[0, 3], [1.5, 0]]]
    assert read(tmp_path, COUNTS, "column").wins.tolist() == [[[0, 1.5], [3, 0]]]


def test_a_matrix_has_no_observers(tmp_path):
    assert read(tmp_path, COUNTS).observers == ()


def test_probabilities_become_whole_votes_and_empty_pairs_stay_empty(tmp_path):
    wins = read(tmp_path, SHARES, votes_per_pair="12").wins[0]
    assert wins.tolist() == [[0, 8, 0], [4, 0, 6], [0, 6, 0]]


def test_votes_per_pair_may_differ_by_pair(tmp_path):
    votes = write(tmp_path, ",x,y,z\nx,0,10,0\ny,10,0,4\nz,0,4,0\n", "votes.csv")
    wins = read(tmp_path, SHARES, votes_per_pair=str(votes)).wins[0]
    assert wins.tolist() == [[0, 7, 0], [3, 0, 2], [0, 2, 0]]


BAD = {
    "direction": (COUNTS, "left", None, "unknown winner 'left'; choose one of: column, row"),
    "negative": (",x,y\nx,0,-3\ny,1,0\n", "row", None, "row 'x', column 'y': '-3' is not a number from 0"),
    "text": (",x,y\nx,0,many\ny,1,0\n", "row", None, "row 'x', column 'y': 'many' is not a number"),
    "infinite": (",x,y\nx,0,inf\ny,1,0\n", "row", None, "'inf' is not a number from 0 up"),
    "third of a vote": (",x,y\nx,0,.3\ny,1,0\n", "row", None, "probabilities need --votes-per-pair"),
    "one condition": (",x\nx,0\n", "row", None, "names 1 conditions in its first row"),
    "empty": ("", "row", None, "'matrix.csv' is empty; it needs a header"),
    "name twice": (",x,x\nx,0,1\nx,1,0\n", "row", None, "must name every condition once"),
    "other rows": (",x,y\ny,0,1\nx,1,0\n", "row", None, "same conditions in the same order"),
    "short row": (",x,y\nx,0\ny,1,0\n", "row", None, "row 'x': 1 cells for 2 conditions"),
    "no votes": (",x,y\nx,0,0\ny,0,0\n", "row", None, "matrix.csv holds no votes"),
    "no probability": (",x,y\nx,0,1.2\ny,0,0\n", "row", "10", "1.2 is no probability (0 to 1)"),
    "halves": (",x,y\nx,0,.7\ny,.7,0\n", "row", "10", "its mirror cell 0.7 must add up to 1"),
    "votes file": (SHARES, "row", "nowhere.csv", "there is no file 'nowhere.csv'"),
}


@pytest.mark.parametrize(("text", "winner", "votes", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_matrix_is_one_sentence_that_says_where(tmp_path, text, winner, votes, sentence):
    with pytest.raises(UplappError) as caught:
        read(tmp_path, text, winner, votes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("votes", "sentence"),
    [
        (",x,y\nx,0,5\ny,5,0\n", "names other conditions"),
        (",x,y,z\nx,0,5,5\ny,4,0,5\nz,5,5,0\n", "must be whole and symmetric"),
        (",x,y,z\nx,0,5.5,5\ny,5.5,0,5\nz,5,5,0\n", "must be whole and symmetric"),
    ],
)
def test_votes_per_pair_must_fit_the_matrix(tmp_path, votes, sentence):
    path = write(tmp_path, votes, "votes.csv")
    with pytest.raises(UplappError, match=sentence):
        read(tmp_path, SHARES, votes_per_pair=str(path))
