"""Published matrices: direction, probabilities, and what is wrong with them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.made import write
from uplapp.analysis.reading.matrices import read_matrix
from uplapp.errors import UplappError

COUNTS = ",x,y\nx,9,3\ny,1.5,\n"
VOTES = "observer,condition_A,condition_B,is_A_selected\no,x,y,1\n"
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


def test_half_of_an_odd_number_of_votes_is_half_a_vote(tmp_path):
    wins = read(tmp_path, ",x,y\nx,0,.5\ny,.5,0\n", votes_per_pair="5").wins[0]
    assert wins.tolist() == [[0, 2.5], [2.5, 0]]


@given(
    share=st.floats(0.01, 0.99).map(lambda share: round(share, 2)),
    miss=st.sampled_from([-0.01, 0, 0.01]),
    votes=st.integers(1, 300),
)
def test_rounding_never_adds_or_loses_a_vote(tmp_path_factory, share, miss, votes):
    folder = tmp_path_factory.getbasetemp()
    text = f",x,y\nx,0,{share}\ny,{round(1 - share + miss, 2)},0\n"
    assert read(folder, text, votes_per_pair=str(votes)).wins.sum() == votes


def test_a_matrix_from_a_european_spreadsheet_reads_alike(tmp_path):
    text = SHARES.replace(",", ";").replace("0.7", "0,7").replace("0.5", "0,500")
    assert (
        read(tmp_path, text, votes_per_pair="12").wins.tolist()
        == read(tmp_path, SHARES, votes_per_pair="12").wins.tolist()
    )


def test_names_may_hold_commas_quotes_line_breaks_and_formulas(tmp_path):
    names = '"a, ""b""","c\nd",\'=1+1'
    rows = '"a, ""b""",0,1,2\n"c\nd",3,0,4\n\'=1+1,5,6,0\n'
    assert read(tmp_path, f",{names}\n{rows}").conditions == ('a, "b"', "c\nd", "=1+1")


DOUBTS = {
    "votes cast": (",x,y,z\nx,0,9,8\ny,9,0,7\nz,8,7,0\n", None, "are they votes won, or votes cast?"),
    "percentages": (",x,y,z\nx,0,70,60\ny,30,0,55\nz,40,45,0\n", None, "percentages need --votes-per-pair"),
    "other total": (SHARES, "12", "gives no whole votes (0.7 of 12 votes is 8.4)"),
}


@pytest.mark.parametrize(("text", "votes", "note"), DOUBTS.values(), ids=DOUBTS)
def test_what_may_be_a_slip_is_a_note(tmp_path, text, votes, note):
    (warning,) = read(tmp_path, text, votes_per_pair=votes).notes
    assert note in warning


SOUND = {
    "counts": (",x,y,z\nx,0,9,8\ny,1,0,7\nz,2,3,0\n", None),
    "two conditions": (",x,y\nx,0,5\ny,5,0\n", None),
    "one pair of three": (",x,y,z\nx,0,50,0\ny,50,0,0\nz,0,0,0\n", None),
    "printed with two places": (",x,y\nx,0,.67\ny,.33,0\n", "12"),
    "a condition called sum": (",x,y,sum\nx,0,9,8\ny,1,0,7\nsum,2,3,0\n", None),
}


@pytest.mark.parametrize(("text", "votes"), SOUND.values(), ids=SOUND)
def test_a_sound_matrix_has_no_notes(tmp_path, text, votes):
    assert read(tmp_path, text, votes_per_pair=votes).notes == ()


BAD = {
    "direction": (COUNTS, "left", None, "unknown winner 'left'; choose one of: column, row"),
    "negative": (",x,y\nx,0,-3\ny,1,0\n", "row", None, "row 'x', column 'y': '-3' is not a number from 0"),
    "text": (",x,y\nx,0,many\ny,1,0\n", "row", None, "row 'x', column 'y': 'many' is not a number"),
    "infinite": (",x,y\nx,0,inf\ny,1,0\n", "row", None, "'inf' is not a number from 0 up"),
    "thousands": (
        ',x,y\nx,0,"1,000"\ny,1,0\n',
        "row",
        None,
        "'1,000' may be 1 or 1000; write it",
    ),
    "third of a vote": (",x,y\nx,0,.3\ny,1,0\n", "row", None, "0.3 is no count (whole or half votes); prob"),
    "one condition": (",x\nx,0\n", "row", None, "names 1 conditions in its first row"),
    "empty": ("", "row", None, "'matrix.csv' is empty; it needs a header"),
    "no name": (",x,,y\nx,0,1,1\n", "row", None, "column 3 of the first row names no condition"),
    "name twice": (",x,x\nx,0,1\nx,1,0\n", "row", None, "must name every condition once, not 'x' twice"),
    "no rows": (",x,y\n", "row", None, "same conditions in the same order as the first row; it lacks 'x'"),
    "row missing": (",x,y\nx,0,1\n", "row", None, "it lacks 'y'"),
    "other row": (",x,y\nx,0,1\nz,1,0\n", "row", None, "it lacks 'y', and 'z' is in no column"),
    "row twice": (",x,y\nx,0,1\ny,1,0\ny,1,0\n", "row", None, "a row is there twice"),
    "other order": (",x,y\ny,0,1\nx,1,0\n", "row", None, "row 1 is 'y', column 1 'x'"),
    "short row": (",x,y\nx,0\ny,1,0\n", "row", None, "line 2, row 'x': 1 cells for 2 conditions"),
    "no corner": ("x,y\nx,0,1\ny,1,0\n", "row", None, "names 1 conditions in its first row"),
    "totals": (",x,y,Total\nx,0,1,1\ny,2,0,2\nTotal,2,1,3\n", "row", None, "row 'Total' is the sum of"),
    "no votes": (",x,y\nx,0,0\ny,0,0\n", "row", None, "matrix.csv holds no votes"),
    "only a diagonal": (",x,y\nx,5,0\ny,0,5\n", "row", None, "matrix.csv holds no votes"),
    "no probability": (",x,y\nx,0,1.2\ny,0,0\n", "row", "10", "1.2 is no probability (0 to 1)"),
    "percentages": (",x,y\nx,0,70\ny,30,0\n", "row", "10", "divide percentages by 100"),
    "counts": (",x,y\nx,0,7\ny,3,0\n", "row", "10", "counts need no --votes-per-pair"),
    "halves": (",x,y\nx,0,.7\ny,.2,0\n", "row", "10", "0.7 and its mirror cell 0.2 must add up to 1"),
    "half a table": (",x,y\nx,,.7\ny,,\n", "row", "10", "0.7 and its mirror cell 0 must add up to 1"),
    "mixed directions": (
        ",x,y\nx,0,.7\ny,.7,0\n",
        "row",
        "10",
        "do the two halves count in different directions",
    ),
    "votes file": (SHARES, "row", "nowhere.csv", "there is no file 'nowhere.csv'"),
    "no votes a pair": (SHARES, "row", "0", "votes per pair: '0' is not a whole number from 1 up"),
    "part of a vote": (SHARES, "row", "12.5", "'12.5' is not a whole number from 1 up"),
    "negative votes": (SHARES, "row", "-3", "'-3' is not a whole number from 1 up"),
    "votes one by one": (VOTES, "row", None, "is a file of votes, not a matrix; give it without --counts"),
}


@pytest.mark.parametrize(("text", "winner", "votes", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_matrix_is_one_sentence_that_says_where(tmp_path, text, winner, votes, sentence):
    with pytest.raises(UplappError) as caught:
        read(tmp_path, text, winner, votes)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_called_a_folder(tmp_path):
    with pytest.raises(UplappError, match="is a folder; give a CSV file"):
        read_matrix(tmp_path, "row")


@pytest.mark.parametrize(
    ("votes", "sentence"),
    [
        (",x,y\nx,0,5\ny,5,0\n", "names other conditions than matrix.csv: x, y"),
        (",x,y,z\nx,0,5,5\ny,4,0,5\nz,5,5,0\n", "must be whole and symmetric, not 5 and 4"),
        (",x,y,z\nx,0,5.5,5\ny,5.5,0,5\nz,5,5,0\n", "must be whole and symmetric"),
        (
            ",x,y,z\nx,0,5,5\ny,5,0,5\nz,5,5,0\n",
            "column 'z': 5 votes, but the probabilities in matrix.csv are 0",
        ),
        (
            ",x,y,z\nx,0,0,0\ny,0,0,5\nz,0,5,0\n",
            "0 votes, but the probabilities in matrix.csv are 0.7 and 0.3",
        ),
    ],
)
def test_votes_per_pair_must_fit_the_matrix(tmp_path, votes, sentence):
    path = write(tmp_path, votes, "votes.csv")
    with pytest.raises(UplappError, match=sentence):
        read(tmp_path, SHARES, votes_per_pair=str(path))


@pytest.mark.parametrize("winner", ["row", "column"])
def test_counts_say_who_was_taken_as_the_winner_and_nothing_of_rounding(tmp_path, winner):
    assert read(tmp_path, COUNTS, winner).origin == f"The {winner} of a cell was taken as the winner."


def test_probabilities_say_how_many_votes_they_were_taken_of(tmp_path):
    votes = write(tmp_path, ",x,y,z\nx,0,10,0\ny,10,0,4\nz,0,4,0\n", "votes.csv")
    assert (
        "probabilities times 4 to 10 votes a pair" in read(tmp_path, SHARES, votes_per_pair=str(votes)).origin
    )
    assert "probabilities times 10 votes a pair" in read(tmp_path, SHARES, votes_per_pair="10").origin
    assert read(tmp_path, SHARES, votes_per_pair="10").notes == ()


def test_a_matrix_without_names_says_what_it_lacks(tmp_path):
    with pytest.raises(UplappError, match="holds numbers where the names of conditions belong"):
        read(tmp_path, "0,8,9\n4,0,9\n3,3,0\n")


@pytest.mark.parametrize(
    ("text", "halved"),
    [(",x,y,z\nx,,8,9\ny,,,9\nz,,,\n", True), (",x,y,z\nx,,8,9\ny,1,,9\nz,,,\n", False)],
)
def test_half_a_matrix_is_doubted(tmp_path, text, halved):
    assert any("one side of its diagonal" in note for note in read(tmp_path, text).notes) == halved
