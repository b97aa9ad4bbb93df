"""Links that are too weak to hold conditions on one scale are named."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, maximum_flow

from tests.analysis.made import NAMES, matrix
from uplapp.analysis.model.connectivity import FEW_VOTES, single_pairs, smallest_cut, weak_bridges
from uplapp.analysis.scoring import analyse
from uplapp.values import Method


def pairs(n, **votes):
    """Counts (n,n) with so many votes for both of each pair, as in ab=3."""
    counts = np.zeros((n, n))
    for (a, b), each in votes.items():
        i, j = NAMES.index(a), NAMES.index(b)
        counts[i, j] = counts[j, i] = each
    return counts


def sentences_on(n, **votes):
    return weak_bridges(NAMES[:n], pairs(n, **votes))


def test_two_pairs_that_two_votes_hold_together():
    assert sentences_on(4, ab=9, cd=9, bc=1) == (
        "only 2 votes, between b and c, connect a, b with c, d",
        "only 18 votes, between a and b, connect a with b, c, d",
        "only 18 votes, between c and d, connect d with a, b, c",
    )


def test_a_single_pair_is_weak_however_many_its_votes():
    (sentence,) = sentences_on(4, ab=9, ac=9, bc=9, cd=50)
    assert sentence == "only 100 votes, between c and d, connect d with a, b, c"


def test_a_condition_with_few_votes_in_several_pairs_is_named():
    (sentence,) = sentences_on(4, ab=9, ac=9, bc=9, cd=1, bd=1)
    assert sentence == "only 4 votes connect d with a, b, c"


@pytest.mark.parametrize(("votes", "sentences"), [(1, 1), (FEW_VOTES / 2, 0)])
def test_two_conditions_are_one_pair_by_nature_and_only_few_votes_are_weak(votes, sentences):
    assert len(sentences_on(2, ab=votes)) == sentences


def test_islands_are_looked_at_one_by_one():
    assert sentences_on(5, ab=9, cd=9, de=9, ce=1) == ()
    assert sentences_on(5, ab=1, cd=9, de=9, ce=1) == ("only 2 votes, between a and b, connect a with b",)


def test_many_weak_links_are_counted():
    (*named, rest) = sentences_on(6, ab=9, ac=9, ad=9, ae=9, af=9)
    assert len(named) == 3
    assert rest == "2 more links of one pair or few votes"


def test_a_large_side_is_told_as_a_number():
    counts = 9 * (1 - np.eye(12))
    counts[11] = counts[:, 11] = 0
    counts[11, 3] = counts[3, 11] = 9
    assert weak_bridges(NAMES[:12], counts) == (
        "only 18 votes, between d and l, connect l with the 11 others",
    )


def test_a_weak_link_is_a_warning_and_the_scores_stay_identifiable():
    scores = analyse(matrix((0, 8, 0), (9, 0, 1), (0, 1, 0)), Method(bootstraps=20))
    assert scores.identifiable
    assert any("only 2 votes, between b and c, connect c with a, b" in text for text in scores.warnings)


def random_votes(seed, n, share):
    generator = np.random.default_rng(seed)
    votes = np.triu((generator.random((n, n)) < share) * generator.integers(1, 5, (n, n)), 1)
    for i in range(1, n):  # a tree, so that all are connected
        j = generator.integers(0, i)
        votes[j, i] = max(votes[j, i], 1)
    return (votes + votes.T).astype(float)


DRAWN = {"seed": st.integers(0, 10**6), "n": st.integers(2, 9), "share": st.floats(0, 0.7)}


@settings(max_examples=80)
@given(**DRAWN)
def test_pairs_are_single_where_scipy_finds_two_parts_without_them(seed, n, share):
    votes = random_votes(seed, n, share)
    bridges = 0
    for i, j in np.argwhere(np.triu(votes)):
        without = votes.copy()
        without[i, j] = without[j, i] = 0
        bridges += connected_components(without)[0] == 2
    sides = single_pairs(votes)
    assert len(sides) == bridges
    assert all((votes[side][:, ~side] > 0).sum() == 1 for side in sides)


@settings(max_examples=80)
@given(**DRAWN)
def test_the_smallest_cut_is_scipys_smallest_flow(seed, n, share):
    votes = random_votes(seed, n, share)
    network = csr_array(votes.astype(np.int32))
    least = min(maximum_flow(network, 0, sink).flow_value for sink in range(1, n))
    side = smallest_cut(votes, np.inf)
    assert votes[side][:, ~side].sum() == least
    assert not side[0]
    assert smallest_cut(votes, least) is None
