"""Compact letters of tied conditions."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.made import matrix, study
from uplapp.analysis.scoring.scores import analyse
from uplapp.analysis.scoring.significance import MOST_GROUPS, letters, tied_groups
from uplapp.values import Difference, Method

BASE = analyse(study(np.array([1.0, 0.0]), 5, 4, seed=0), Method(bootstraps=10))


def scored(n, significant, unknown=()):
    """Scores of n conditions, best first, with these significant pairs and pairs without a difference."""
    names = tuple(f"c{i:02d}" for i in range(n))
    pairs = tuple(
        Difference(names[i], names[j], *([np.nan] * 4), False)
        if (i, j) in unknown
        else Difference(names[i], names[j], j - i, 1.0, 0.5, 0.5, (i, j) in significant)
        for i, j in combinations(range(n), 2)
    )
    return replace(BASE, conditions=names, jod=-np.arange(n, dtype=float), pairs=pairs)


def test_three_conditions_in_a_row_by_hand():
    assert letters(scored(3, {(0, 2)})) == ("a", "ab", "b")


def test_nothing_significant_is_one_group_and_everything_significant_is_as_many_as_conditions():
    assert letters(scored(4, set())) == ("a", "a", "a", "a")
    assert letters(scored(4, set(combinations(range(4), 2)))) == ("a", "b", "c", "d")


def test_two_pairs_apart_by_hand():
    # tied: 0-1, 2-3, 0-3, 1-2; the square has four groups of two
    assert letters(scored(4, {(0, 2), (1, 3)})) == ("ab", "ac", "cd", "bd")


@settings(max_examples=200)
@given(data=st.data(), n=st.integers(2, 12))
def test_two_conditions_share_a_letter_exactly_where_their_difference_is_not_significant(data, n):
    pairs = list(combinations(range(n), 2))
    significant = set(data.draw(st.lists(st.sampled_from(pairs), unique=True)))
    apart = np.zeros((n, n), dtype=bool)
    apart[tuple(np.array(sorted(significant) or np.empty((0, 2), int)).T)] = True
    groups = tied_groups(apart | apart.T)
    shared = {pair for pair in pairs if any(set(pair) <= group for group in groups)}
    assert shared == set(pairs) - significant
    assert not any(x < y for x in groups for y in groups)
    assert 0 in groups[0]


@settings(max_examples=30)
@given(order=st.permutations(range(5)))
def test_letters_follow_the_rank_and_not_the_place_in_the_table(order):
    made = study(np.array([1.2, 0.9, 0.1, 0.0, -1.5]), 10, 8, seed=2)
    moved = replace(
        made,
        conditions=tuple(made.conditions[i] for i in order),
        wins=made.wins[:, order][:, :, order],
    )
    here, there = (letters(analyse(x, Method(bootstraps=50))) for x in (made, moved))
    assert there == tuple(here[i] for i in order)
    assert here[0].startswith("a")


def test_a_condition_without_any_comparison_has_no_letter():
    assert letters(scored(3, {(0, 1)}, unknown={(0, 2), (1, 2)})) == ("a", "b", "")


def test_conditions_without_a_common_scale_are_not_tied():
    islands = analyse(matrix((0, 6, 0, 0), (3, 0, 0, 0), (0, 0, 0, 5), (0, 0, 4, 0)), Method(bootstraps=50))
    assert letters(islands) == ("a", "a", "b", "b")


@pytest.mark.parametrize(("n", "first"), [(MOST_GROUPS, "a"), (MOST_GROUPS + 1, "")])
def test_more_groups_than_the_alphabet_has_letters_leave_all_without(n, first):
    words = letters(scored(n, set(combinations(range(n), 2))))
    assert words[0] == first
    assert len(set(words)) == (n if first else 1)


@pytest.mark.parametrize("n", [50, 200])
def test_many_groups_that_overlap_end_the_search_early(n):
    # three by three apart, as many groups as a graph can have (Moon & Moser 1965): 3^(n/3)
    apart = (np.arange(n)[:, None] // 3 == np.arange(n) // 3) & ~np.eye(n, dtype=bool)
    assert tied_groups(apart) == []
    assert len(tied_groups(apart[:6, :6])) == 9


def test_two_hundred_conditions_in_a_few_groups_keep_their_letters():
    place = np.arange(200)
    groups = tied_groups(np.abs(place[:, None] - place) > 180)
    assert groups == [frozenset(range(at, at + 181)) for at in range(20)]


def test_a_pair_that_no_test_compares_is_not_called_tied():
    open_pair = scored(3, set())
    pairs = tuple(
        replace(p, p=np.nan, p_adjusted=np.nan) if p.a + p.b == "c00c02" else p for p in open_pair.pairs
    )
    assert letters(replace(open_pair, pairs=pairs)) == ("a", "ab", "b")


def test_a_condition_at_an_unknown_distance_has_no_letter():
    scores = analyse(matrix((0, 9, 9), (0, 0, 5), (0, 4, 0)), Method("none", bootstraps=50))
    assert [np.isfinite(pair.p) for pair in scores.pairs] == [True, True, True]
    assert letters(scores) == ("", "a", "a")
