"""The votes' graph decides what can be known, in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from uplapp.analysis.model.connectivity import components, findings, intact, strong_components

NAMES = ("a", "b", "c", "d")
BOTH = np.array([[0, 2], [1, 0]])


def blocks(*parts):
    n = sum(len(part) for part in parts)
    whole, at = np.zeros((n, n)), 0
    for part in parts:
        whole[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return whole


def test_a_cycle_of_wins_identifies_all():
    assert findings(NAMES[:3], np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])) == ()


def test_groups_that_no_vote_connects_are_named():
    (sentence,) = findings(NAMES, blocks(BOTH, BOTH))
    assert sentence == (
        "no comparison connects these groups: a, b | c, d; scores of different groups have no common scale"
    )


@pytest.mark.parametrize(("transposed", "verb", "side"), [(False, "lost", "above"), (True, "won", "below")])
def test_a_group_that_never_lost_or_never_won_is_named(transposed, verb, side):
    wins = blocks(BOTH, BOTH)
    wins[:2, 2:] = 1
    sentences = findings(NAMES, wins.T if transposed else wins)
    assert f"a, b never {verb} against c, d: the votes do not say how far {side}" in sentences
    assert len(sentences) == 2  # and the rest, the other way round


def test_components_and_strong_components_differ_by_who_won():
    wins = blocks(BOTH, BOTH)
    wins[0, 2] = 1
    assert components(wins).tolist() == [0, 0, 0, 0]
    assert strong_components(wins).tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize("n", [2, 3, 7, 40, 200])
def test_a_ring_is_one_group_however_long(n):
    assert set(strong_components(np.roll(np.eye(n), 1, axis=1))) == {0}


def test_a_replicate_that_lost_a_link_is_not_intact():
    whole, broken = np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 0]])
    assert intact(np.stack([whole, broken]).astype(float), np.array([0, 0])).tolist() == [True, False]
    assert intact(broken[None].astype(float), np.array([0, 1])).tolist() == [True]


def by_scipy(wins):
    """Number (n,) of the strongly connected component of each condition."""
    return connected_components(wins > 0, directed=True, connection="strong")[1]


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 9), share=st.floats(0.05, 0.6))
def test_replicates_are_intact_where_scipys_components_say_so(seed, n, share):
    generator = np.random.default_rng(seed)
    wins = (generator.random((6, n, n)) < share).astype(float)
    labels = strong_components(wins.sum(axis=0))
    wins *= labels[:, None] == labels
    parts = [by_scipy(each) for each in wins]
    expected = [len(np.unique(part)) == len(np.unique(labels)) for part in parts]
    assert intact(wins, labels).tolist() == expected


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 9), share=st.floats(0.05, 0.6))
def test_strong_components_are_scipys(seed, n, share):
    wins = np.random.default_rng(seed).random((n, n)) < share
    same, theirs = strong_components(wins), by_scipy(wins)
    assert ((same[:, None] == same) == (theirs[:, None] == theirs)).all()


@pytest.mark.parametrize("n", [2, 50, 200])
def test_a_ring_of_any_length_is_intact_until_a_link_is_lost(n):
    ring = np.roll(np.eye(n), 1, axis=1)
    broken = ring.copy()
    broken[n // 2, (n // 2 + 1) % n] = 0
    assert intact(np.stack([ring, broken]), np.zeros(n, dtype=int)).tolist() == [True, False]
