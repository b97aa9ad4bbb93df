"""Differences and their tests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.made import matrix, study
from uplapp.analysis.model import PRIORS
from uplapp.analysis.scoring.scores import analyse
from uplapp.analysis.scoring.significance import covariance, differences, holm, sign_test, upright
from uplapp.analysis.scoring.unanimity import score_test
from uplapp.values import Comparisons, Method

ONE_SCALE = np.zeros(3, dtype=int)


def votes(observers, n=2):
    """Everybody chose everything at least once, so that the votes fix every distance."""
    return np.ones((observers, n, n)) - np.eye(n)


def random_replicates(seed=0):
    return np.random.default_rng(seed).normal([1.0, 0.0], 0.3, (4000, 2))


def compared(interval, observers, replicates):
    (pair,) = differences(
        ("a", "b"), np.array([1.0, 0.0]), replicates, ONE_SCALE[:2], votes(observers), interval
    )
    return pair


def test_holm_by_hand():
    # sorted .01 .02 .04, times 3 2 1 -> .03 .04 .04
    assert holm(np.array([0.04, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])


def test_holm_never_exceeds_one_and_skips_what_is_undefined():
    assert holm(np.array([0.9, np.nan, 0.8])) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)


@pytest.mark.parametrize("interval", ["percentile", "parametric"])
def test_z_comes_from_the_replicates_covariance(interval):
    pair = compared(interval, 5, random_replicates())
    assert pair.se == pytest.approx(np.std(np.diff(random_replicates()), ddof=1), rel=1e-12)
    assert pair.p == pytest.approx(2 * stats.norm.sf(1 / pair.se), rel=1e-9)


def test_the_t_test_by_hand():
    pair = compared("t", 4, np.array([[-1.0, 0], [0, 0], [1, 0]]))  # sd 1
    assert pair.se == pytest.approx(np.sqrt(4 / 3))
    assert pair.p == pytest.approx(0.4502, abs=1e-4)  # t = .8660 at 3 degrees of freedom


def test_the_t_test_of_an_undisturbed_bootstrap_is_the_t_test_of_the_observers():
    own = np.random.default_rng(3).normal(0.4, 1, 9)  # one difference an observer; its mean is the score
    rows = np.random.default_rng(0).integers(0, 9, (40_000, 9))
    replicates = np.column_stack([own[rows].mean(axis=1), np.zeros(40_000)])
    (pair,) = differences(("a", "b"), np.array([own.mean(), 0]), replicates, ONE_SCALE[:2], votes(9), "t")
    assert pair.p == pytest.approx(stats.ttest_1samp(own, 0).pvalue, rel=0.05)


@settings(max_examples=10)
@given(seed=st.integers(0, 100), observers=st.integers(5, 12))
def test_a_pair_is_significant_where_its_own_t_interval_leaves_zero_out(seed, observers):
    made = study(np.array([0.5, 0.0, -0.5]), observers, 6, seed, spread_jod=0.3)
    scores = analyse(made, Method(anchor="a", bootstraps=200))
    outside = [(low > 0) | (high < 0) for low, high in zip(scores.low[1:], scores.high[1:], strict=True)]
    assert [pair.p < 0.05 for pair in scores.pairs if pair.a == "a"] == outside


def test_the_covariance_is_that_of_the_tests():
    scores = analyse(study(np.array([0.5, 0.0, -0.5]), 8, 6, seed=1), Method(bootstraps=200))
    spread = covariance(scores)
    first = scores.pairs[0]
    assert np.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]) == pytest.approx(first.se)
    assert scores.high[0] - scores.jod[0] == pytest.approx(stats.t.ppf(0.975, 7) * np.sqrt(spread[0, 0]))


def test_conditions_without_a_common_scale_have_no_difference():
    replicates = np.random.default_rng(0).normal(size=(50, 3))
    pairs = differences(tuple("abc"), np.zeros(3), replicates, np.array([0, 0, 2]), votes(5, 3), "t")
    assert [np.isnan(pair.difference) for pair in pairs] == [False, True, True]
    assert not any(pair.significant for pair in pairs[1:])


@pytest.mark.parametrize("replicates", [np.empty((0, 2)), np.ones((50, 2))], ids=["none", "all alike"])
def test_replicates_without_spread_test_nothing(replicates):
    pair = compared("t", 5, replicates)
    assert np.isnan([pair.se, pair.p, pair.p_adjusted]).all()
    assert not pair.significant


def test_the_sign_test_counts_every_observer_once():
    wins = np.zeros((7, 2, 2))
    wins[:6, 0, 1], wins[6, 1, 0] = 1, 50  # six favour the first, one the second, however often
    assert sign_test(wins)[0, 1] == pytest.approx(stats.binomtest(6, 7).pvalue)


def test_the_sign_test_of_one_observer_counts_votes_and_leaves_half_votes_out():
    assert sign_test(np.array([[[0, 6.5], [1.5, 0]]]))[0, 1] == pytest.approx(stats.binomtest(6, 7).pvalue)


def test_pairs_without_direct_votes_have_no_sign_test():
    p = sign_test(matrix((0, 3, 0), (3, 0, 3), (0, 3, 0)).wins)
    assert p[0, 1] == p[1, 0] == 1
    assert np.isnan(p[0, 2])


def test_one_observer_who_answered_each_pair_twice_proves_nothing():
    made = matrix((0, 2, 2, 2), (0, 0, 1, 1), (0, 1, 0, 1), (0, 1, 1, 0))
    scores = analyse(Comparisons(made.conditions, ("p",), made.wins), Method(bootstraps=50))
    assert not scores.identifiable
    assert np.isfinite(scores.jod).all()
    assert all(0.05 < pair.p <= 0.5 for pair in scores.pairs if pair.a == "a")
    assert not any(pair.significant for pair in scores.pairs)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_condition_that_always_won_among_many_observers_is_better_whatever_the_prior(prior):
    made = study(np.array([9.0, 0.2, 0.0]), 12, 4, seed=0)
    scores = analyse(made, Method(prior, bootstraps=100))
    assert not scores.identifiable
    assert [pair.significant for pair in scores.pairs] == [True, True, False]
    assert scores.pairs[0].p == pytest.approx(score_test(made.wins, np.array([0]), np.array([1]))[0])
    assert scores.pairs[0].p < 2 * 0.5**12  # of the signs of twelve observers, who agree without exception


@pytest.mark.parametrize("prior", PRIORS)
def test_two_conditions_with_one_winner_are_tested_whatever_the_prior(prior):
    (pair,) = analyse(matrix((0, 10), (0, 0)), Method(prior, bootstraps=20)).pairs
    assert np.isnan(pair.se)
    assert np.isnan(pair.difference) == (prior == "none")
    assert pair.p == pytest.approx(2 * 0.5**10)


@pytest.mark.parametrize("prior", PRIORS)
def test_open_pairs_without_direct_votes_stay_untested(prior):
    chain = matrix((0, 9, 0), (0, 0, 9), (0, 0, 0))
    p = {(pair.a, pair.b): pair.p for pair in analyse(chain, Method(prior, bootstraps=20)).pairs}
    assert p["a", "b"] == p["b", "c"] == pytest.approx(2 * 0.5**9)
    assert np.isnan(p["a", "c"])


@pytest.mark.parametrize("prior", PRIORS)
def test_the_better_of_a_pair_is_known_where_its_distance_is_not(prior):
    scores = analyse(matrix((0, 0, 4), (9, 0, 9), (5, 0, 0)), Method(prior, bootstraps=50))
    assert [upright(scores, pair) for pair in scores.pairs] == [("b", "a"), ("c", "a"), ("b", "c")]
