"""Choices that run in a circle."""

from itertools import combinations, permutations
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.made import matrix
from uplapp.analysis.observers.conduct import CHANCE, Triads, observers_triads, triads
from uplapp.analysis.reading.votes import from_table


def test_three_conditions_by_hand():
    assert triads(matrix((0, 3, 1), (2, 0, 4), (2, 0, 0)).wins[0]) == Triads(1, 1)  # a > b > c > a
    assert triads(matrix((0, 3, 3), (2, 0, 4), (2, 0, 0)).wins[0]) == Triads(1, 0)


def test_an_open_pair_makes_no_triad():
    counts = triads(matrix((0, 3, 1), (2, 0, 2), (2, 2, 0)).wins[0])
    assert counts == Triads(0, 0)
    assert np.isnan(counts.share)


def test_a_line_has_no_circle_and_every_triad():
    assert triads(np.triu(np.ones((7, 7)), 1)) == Triads(comb(7, 3), 0)


def test_five_conditions_have_at_most_five_circles():
    # Kendall & Babington Smith 1940: at most (n^3 - n) / 24 for odd n, reached where each wins half
    wheel = np.array([[(j - i) % 5 in (1, 2) for j in range(5)] for i in range(5)], dtype=float)
    assert triads(wheel) == Triads(10, 5)


@settings(max_examples=50)
@given(seed=st.integers(0, 1000), n=st.integers(3, 8))
def test_counting_one_by_one_gives_the_same(seed, n):
    wins = np.random.default_rng(seed).integers(0, 3, (n, n))
    beats = wins > wins.T
    complete = [
        t for t in combinations(range(n), 3) if all(wins[i, j] != wins[j, i] for i, j in combinations(t, 2))
    ]
    circular = [
        t for t in complete if any(beats[i, j] and beats[j, k] and beats[k, i] for i, j, k in permutations(t))
    ]
    assert triads(wins) == Triads(len(complete), len(circular))


def test_coin_tosses_make_a_quarter_of_the_triads_circular():
    tosses = np.triu(np.random.default_rng(0).integers(0, 2, (40, 40)), 1)
    assert triads(tosses + np.tril(1 - tosses.T, -1)).share == pytest.approx(CHANCE, abs=0.02)


def votes(*rows):
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(rows, columns=columns).astype(str))


def test_observers_are_counted_scene_by_scene():
    circle = [("ann", "s1", "a", "b", 1), ("ann", "s1", "b", "c", 1), ("ann", "s1", "a", "c", 0)]
    line = [("ann", "s2", "a", "b", 1), ("ann", "s2", "b", "c", 1), ("ann", "s2", "a", "c", 1)]
    half = [("bob", "s1", "a", "b", 1), ("bob", "s1", "b", "c", 1), ("bob", "s1", "a", "c", 0.5)]
    by_observer = observers_triads(votes(*circle, *line, *half))
    assert by_observer == {"ann": Triads(2, 1), "bob": Triads(0, 0)}
    assert by_observer["ann"].share == 0.5


def test_pairs_of_different_scenes_make_no_triad():
    rows = [("ann", "s1", "a", "b", 1), ("ann", "s2", "b", "c", 1), ("ann", "s3", "a", "c", 0)]
    assert observers_triads(votes(*rows)) == {"ann": Triads(0, 0)}


def test_an_observers_majority_decides():
    rows = [("ann", "s", "a", "b", 1)] * 2 + [("ann", "s", "b", "a", 1)] + [("ann", "s", "b", "c", 1)]
    assert observers_triads(votes(*rows, ("ann", "s", "c", "a", 1))) == {"ann": Triads(1, 1)}
