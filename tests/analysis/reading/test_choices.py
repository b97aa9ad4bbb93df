"""Answers beside A and B: steps by cells or by a column, both bad counted and settled."""

import numpy as np
import pandas as pd
import pytest

from uplapp.analysis.reading.choices import count_both_bad, count_steps, settle
from uplapp.analysis.reading.layouts.columns import Columns, parse_columns
from uplapp.analysis.reading.votes import count, from_table
from uplapp.errors import BadVotes, UnknownName, UplappError

NAMES = ["observer", "condition_A", "condition_B", "is_A_selected"]
ROWS = [("o", "x", "y", "2"), ("o", "y", "x", "1"), ("p", "x", "y", "0"), ("p", "y", "x", "-2")]
CELLS = parse_columns(values="A=2|1,B=-2|-1,tie=0")
BAD = [("o", "x", "y", "both_bad"), ("o", "x", "z", "1"), ("p", "x", "y", "0.5"), ("p", "y", "z", "both_bad")]


def frame(rows, **more):
    return pd.DataFrame(rows, columns=NAMES).assign(**more)


def test_the_cells_of_steps_are_counted_from_most_for_a_to_most_for_b():
    counted = count(from_table(frame(ROWS), columns=CELLS))
    assert counted.answers.shape == (2, 5, 2, 2)
    x, y = counted.conditions.index("x"), counted.conditions.index("y")
    assert counted.answers.sum(axis=0)[:, x, y].tolist() == [1, 0, 1, 0, 0]
    assert counted.answers.sum(axis=0)[:, y, x].tolist() == [0, 1, 0, 0, 1]
    assert counted.wins.sum(axis=0)[x, y] == 2.5
    assert counted.cells.share.sum() == 2.5


def test_a_column_of_strengths_says_the_same():
    plain = [(*row[:3], cell) for row, cell in zip(ROWS, ("1", "1", "0.5", "0"), strict=True)]
    votes = from_table(frame(plain, preference_strength=["2", "1.0", "", "2"]))
    assert votes.steps == 2
    assert count_steps(votes) == (1, 2)
    assert np.array_equal(count(votes).answers, count(from_table(frame(ROWS), columns=CELLS)).answers)


def test_a_column_of_single_steps_is_a_file_of_plain_votes():
    votes = from_table(frame(BAD[1:3], preference_strength=["1", "0"]))
    assert (votes.steps, count_steps(votes)) == (1, ())
    assert "step" not in votes.table


def test_a_wholly_empty_column_of_steps_says_that_nobody_was_asked():
    votes = from_table(frame(BAD[1:3], preference_strength=["", ""]))
    assert (votes.steps, count_steps(votes)) == (1, ())


@pytest.mark.parametrize("strength", ["", "0", "1.5", "12", "much"])
def test_a_choice_without_a_whole_step_is_one_sentence(strength):
    table = frame([BAD[1], BAD[1]], preference_strength=[strength, "1"])
    with pytest.raises(BadVotes, match=r"votes, row 0, column 'preference_strength'"):
        from_table(table)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("A=3|2|1,B=-1", "3 steps and B 1"),
        ("A=2|1,B=-2|2", "different cells"),
        ("A=2|,B=-2|-1", "empty cell"),
        ("A=" + "|".join(map(str, range(1, 11))) + ",B=" + "|".join(map(str, range(11, 21))), "up to 9"),
    ],
)
def test_steps_that_cannot_be_are_one_sentence(values, sentence):
    with pytest.raises(UplappError, match=sentence):
        parse_columns(values=values)


def test_both_bad_is_counted_by_pair_and_by_condition():
    both = count_both_bad(from_table(frame(BAD)), "tie")
    assert both.conditions == ("x", "y", "z")
    assert both.total == (2, 4)
    assert both.bad.sum(axis=1).tolist() == [1, 2, 1]
    assert both.answers[0].tolist() == [0, 2, 1]


def test_both_bad_counts_as_not_sure_or_not_at_all():
    votes = from_table(frame(BAD))
    tie, dropped = count(settle(votes, "tie")), count(settle(votes, "drop"))
    assert tie.answers[:, 1].sum() == 3
    assert dropped.answers.sum() == 2
    assert dropped.answers[:, 1].sum() == 1
    assert any('2 answers "both bad" count as ties' in note for note in tie.notes)
    assert any("left out of the scores" in note for note in dropped.notes)


def test_votes_without_both_bad_are_left_alone():
    votes = from_table(frame(BAD[1:3]))
    assert settle(votes, "drop") is votes
    assert count_both_bad(votes, "tie") is None
    with pytest.raises(UnknownName, match="drop, tie"):
        settle(votes, "ignore")


def test_another_cell_can_mean_both_bad():
    columns = parse_columns(values="A=l,B=r,tie=same,both_bad=neither")
    votes = from_table(frame([("o", "x", "y", "neither"), ("o", "x", "y", "l")]), columns=columns)
    assert votes.table["both_bad"].tolist() == [True, False]
    assert Columns(bad=None).meanings.keys() == {"1", "0", "0.5", "true", "false"}
