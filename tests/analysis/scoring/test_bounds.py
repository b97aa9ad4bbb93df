"""What is left where one side won every vote."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tests.analysis import slow
from tests.analysis.made import matrix
from uplapp.analysis.model import PRIORS, SIGMA
from uplapp.analysis.scoring import analyse, least_distances, ranking
from uplapp.analysis.scoring.bounds import least_distance
from uplapp.values import Comparisons, Method


def hopeless(observers=6, votes=8):
    """Observers who find a and b even, and c worse without exception."""
    half = votes // 2
    wins = np.array([[0.0, half, votes], [votes - half, 0, votes], [0, 0, 0]])
    people = tuple(f"o{k:02d}" for k in range(observers))
    return Comparisons(tuple("abc"), people, np.repeat(wins[None], observers, axis=0))


def islands():
    return matrix((0, 26, 0, 0), (23, 0, 0, 0), (0, 0, 0, 20), (0, 0, 29, 0))


@pytest.mark.parametrize("prior", PRIORS)
def test_a_hundred_of_a_hundred_votes_have_a_rank_and_a_bound(prior):
    scores = analyse(matrix((0, 100), (0, 0)), Method(prior, bootstraps=20))
    (pair,) = scores.pairs
    assert ranking(scores)["rank"].tolist() == [1, 2]
    assert scores.bound == ("above", "below")
    assert pair.bound_share == pytest.approx(0.05 ** (1 / 100))  # .9705, by hand
    assert pair.bound_jod == pytest.approx(2.80, abs=0.005)
    assert scores.bound_jod == pytest.approx([pair.bound_jod / 2, -pair.bound_jod / 2])
    assert "a lies at least 2.80 JOD above b" in least_distances(scores)[0]
    assert any("if votes are independent" in warning for warning in scores.warnings)


@settings(max_examples=20)
@given(votes=st.integers(5, 400))
def test_the_bound_of_one_pair_is_that_of_clopper_and_pearson(votes):
    share = stats.binomtest(votes, votes, alternative="greater").proportion_ci(0.95, "exact").low
    jod = least_distance(np.array([float(votes)]), np.zeros(1))
    assert jod == pytest.approx(SIGMA * stats.norm.ppf(share), abs=1e-6)


@settings(max_examples=20)
@given(votes=st.integers(5, 200), more=st.integers(1, 50))
def test_more_votes_for_one_side_never_lower_the_bound(votes, more):
    few, many = (least_distance(np.array([float(n)]), np.zeros(1)) for n in (votes, votes + more))
    assert many > few


@pytest.mark.parametrize("prior", PRIORS)
def test_a_condition_that_lost_every_vote_leaves_the_others_their_scores(prior):
    scores = analyse(hopeless(), Method(prior, bootstraps=200))
    assert scores.jod[:2] == pytest.approx([0, 0], abs=1e-6)
    assert np.isfinite(scores.low).tolist() == [True, True, False]
    assert scores.bound == ("", "", "below")
    assert scores.bound_jod[2] == pytest.approx(-SIGMA * stats.norm.ppf(0.05 ** (1 / 96)), abs=1e-6)
    assert ranking(scores)["rank"].tolist() == [1, 1, 3]
    assert scores.pairs[1].bound_observers == pytest.approx(0.05 ** (1 / 6))


@pytest.mark.parametrize("prior", PRIORS)
def test_groups_that_nothing_connects_are_scored_and_ranked_within_themselves(prior):
    scores = analyse(islands(), Method(prior, bootstraps=200))
    assert scores.group == (1, 1, 2, 2)
    assert np.isfinite([scores.jod, scores.low, scores.high]).all()
    ranked = ranking(scores)
    assert ranked["condition"].tolist() == ["a", "b", "d", "c"]
    assert ranked["rank"].tolist() == [1, 2, 1, 2]


def test_a_part_of_the_scores_equals_that_of_a_study_of_the_part_alone():
    whole = analyse(islands(), Method("none", bootstraps=2))
    alone = analyse(matrix((0, 26), (23, 0)), Method("none", bootstraps=2))
    assert whole.jod[:2] == pytest.approx(alone.jod, abs=1e-7)


def test_a_hopeless_condition_moves_no_score_without_a_prior():
    with_it = analyse(matrix((0, 9, 20), (14, 0, 20), (0, 0, 0)), Method("none", bootstraps=2))
    without = analyse(matrix((0, 9), (14, 0)), Method("none", bootstraps=2))
    assert with_it.jod[:2] == pytest.approx(without.jod, abs=1e-7)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_chain_of_winners_is_ranked_though_no_distance_is_fixed(prior):
    scores = analyse(matrix((0, 9, 0), (0, 0, 9), (0, 0, 0)), Method(prior, bootstraps=20))
    assert ranking(scores)["rank"].tolist() == [1, 2, 3]
    assert np.isnan(scores.low).all()


def test_conditions_whose_order_is_unknown_share_a_rank():
    scores = analyse(matrix((0, 9, 9), (0, 0, 0), (0, 0, 0)), Method(bootstraps=20))
    assert ranking(scores)["rank"].tolist() == [1, 2, 2]


def test_few_votes_have_no_bound_above_zero():
    scores = analyse(matrix((0, 3), (0, 0)), Method(bootstraps=20))
    assert scores.bound == ("above", "below")
    assert np.isnan(scores.bound_jod).all()
    assert least_distances(scores) == ()


def test_an_anchor_that_lost_every_vote_is_warned_of_with_better_ones():
    scores = analyse(hopeless(), Method(anchor="c", bootstraps=50))
    assert any("with one of a, b as the anchor" in warning for warning in scores.warnings)
    default = analyse(hopeless(), Method(bootstraps=50))
    assert any("zero is the mean of a, b" in text and "anchor" in text for text in default.warnings)


@settings(max_examples=12)
@given(wins=arrays(np.int8, (4, 4), elements=st.integers(0, 9)), order=st.permutations(range(4)))
def test_with_the_prior_every_compared_condition_has_a_score_in_the_order_of_the_wins(wins, order):
    counts = np.triu(wins, 1)[np.ix_(order, order)].astype(float)
    scores = analyse(Comparisons(tuple("abcd"), (), counts[None]), Method(bootstraps=2))
    compared = (counts + counts.T).any(axis=1)
    assert (np.isfinite(scores.jod) == compared).all()
    won, lost = np.nonzero(counts)
    assert (scores.jod[won] > scores.jod[lost]).all()


def test_scores_that_no_vote_fixes_are_those_of_half_a_vote_more_on_either_side():
    wins = np.array([[0.0, 6, 6], [0, 0, 6], [0, 0, 0]])
    slowly = slow.fit(wins + 0.5 * (wins + wins.T > 0), False, np.zeros(3))
    scores = analyse(Comparisons(tuple("abc"), (), wins[None]), Method(bootstraps=2))
    assert scores.jod == pytest.approx(slowly, abs=1e-5)
    assert any("half a vote more" in warning for warning in scores.warnings)


def test_a_block_keeps_its_intervals_where_the_prior_leaves_the_rest_open():
    wins = np.array(
        [[0.0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    )  # d beat a, and nobody beat it
    with_it, without = (
        analyse(Comparisons(tuple("abcd")[: len(some)], (), some[None]), Method(bootstraps=300))
        for some in (8 * wins, 8 * wins[:3, :3])
    )
    assert np.isfinite(with_it.jod).all()
    assert with_it.jod[3] > with_it.jod[0]
    assert np.isfinite(with_it.low).tolist() == [True, True, True, False]
    assert with_it.bound == ("", "", "", "above")
    assert with_it.jod[:3] - without.jod == pytest.approx(np.zeros(3), abs=0.5)
