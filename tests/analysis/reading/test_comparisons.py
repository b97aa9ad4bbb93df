"""Counting votes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplapp.analysis.reading.votes import count, from_table, to_wins
from uplapp.errors import BadVotes

NAMES = ["observer", "condition_A", "condition_B", "is_A_selected", "kind"]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cid"]),
        st.sampled_from([("x", "y"), ("y", "x"), ("x", "z"), ("z", "y")]),
        st.sampled_from([1.0, 0.5, 0.0]),
        st.sampled_from(["main", "main", "catch"]),
    ),
    min_size=1,
    max_size=30,
).filter(lambda rows: any(row[3] == "main" for row in rows))


def votes(*rows):
    return from_table(pd.DataFrame([[*row, "main"][:5] for row in rows], columns=NAMES))


def test_votes_are_counted_by_observer_and_pair():
    counts = count(
        votes(["zoe", "x", "y", 1], ["zoe", "y", "x", 0], ["abe", "x", "y", 0.5], ["zoe", "z", "x", 1])
    )
    assert counts.conditions == ("x", "y", "z")
    assert counts.observers == ("abe", "zoe")
    assert counts.wins[0].tolist() == [[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]
    assert counts.wins[1].tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_answers_keep_who_was_a_and_who_was_not_sure():
    counts = count(votes(["o", "x", "y", 1], ["o", "y", "x", 0], ["o", "y", "x", 0.5]))
    chosen, unsure, other = counts.answers[0].tolist()
    assert chosen == [[0, 1], [0, 0]]
    assert unsure == [[0, 0], [1, 0]]
    assert other == [[0, 0], [1, 0]]


@given(rows=ROWS)
def test_counting_agrees_with_adding_up_one_by_one(rows):
    counts = count(votes(*([who, *pair, choice, kind] for who, pair, choice, kind in rows)))
    main = [row for row in rows if row[3] == "main"]
    expected = np.zeros_like(counts.wins)
    for who, (a, b), choice, _ in main:
        k, i, j = counts.observers.index(who), counts.conditions.index(a), counts.conditions.index(b)
        expected[k, i, j] += choice
        expected[k, j, i] += 1 - choice
    assert np.array_equal(counts.wins, expected)
    assert np.array_equal(to_wins(counts.answers), expected)


@given(rows=ROWS, shuffled=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, shuffled):
    table = [[who, *pair, choice, kind] for who, pair, choice, kind in rows]
    again = shuffled.sample(table, len(table))
    assert np.array_equal(count(votes(*table)).answers, count(votes(*again)).answers)


@pytest.mark.parametrize(
    ("kinds", "note"),
    [
        (["catch"], "1 practice, catch and repeat trial is left out"),
        (["practice", "repeat"], "2 practice, catch and repeat trials are left out"),
    ],
)
def test_other_kinds_of_trials_are_left_out_with_a_note(kinds, note):
    counts = count(votes(["o", "x", "y", 1], *(["o", "x", "reference", 1, kind] for kind in kinds)))
    assert (counts.conditions, counts.wins.sum(), counts.notes) == (("x", "y"), 1, (note,))


def test_many_observers_of_many_conditions_take_little_memory():
    rng = np.random.default_rng(0)
    a, b = rng.permuted(np.tile(np.arange(200), (1000, 1)), axis=1)[:, :2].T
    people = pd.Series(np.arange(1000) % 200)
    table = pd.DataFrame({"observer": people, "condition_A": a, "condition_B": b, "is_A_selected": 1})
    counts = count(from_table(table))
    assert counts.answers.shape == (200, 3, 200, 200)
    assert counts.answers.nbytes <= 100e6


def test_no_main_trials_are_no_votes():
    with pytest.raises(BadVotes, match="holds no votes of main trials"):
        count(votes(["o", "x", "y", 1, "catch"]))
