"""Ranks are counted from the replicates, and what the votes leave open stays open."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, rankdata

from tests.analysis.made import matrix, study, table
from uplapp.analysis.reading.votes import count, from_table
from uplapp.analysis.scoring import BOTH, analyse, possible_ranks, rank_columns, ranks
from uplapp.values import Method

QUICK = Method("none", bootstraps=200)


@pytest.fixture(scope="module")
def scores():
    return analyse(study(np.array([0.4, 0.1, 0.0, -0.4]), 12, 4, seed=3, spread_jod=0.4), QUICK)


def test_of_four_replicates_the_ranks_are_counted_by_hand(scores):
    four = np.array([[3.0, 2.0, 1.0, 0.0], [2.0, 3.0, 1.0, 0.0], [3.0, 1.0, 2.0, 0.0], [3.0, 2.0, 2.0, 0.0]])
    made = ranks(replace(scores, jod=four[0], replicates=four))
    assert made.best.tolist() == [0.75, 0.25, 0.0, 0.0]
    assert made.probability[1].tolist() == [0.25, 0.375, 0.375, 0.0]  # two scores alike share two ranks
    assert (made.low.tolist(), made.high.tolist()) == ([1, 1, 2, 4], [2, 3, 3, 4])
    assert made.above[0, 1] == 0.75
    assert (made.same_order, made.same_best) == (0.25, 0.75)
    assert made.tau == pytest.approx(np.mean([1, 4 / 6, 4 / 6, 5 / 6]))


def test_a_plain_count_of_the_replicates_agrees(scores):
    made = ranks(scores)
    places = np.array([rankdata(-row) for row in scores.replicates])
    for condition, rank in np.ndindex(4, 4):
        assert made.probability[condition, rank] == np.mean(places[:, condition] == rank + 1)
    for i, j in combinations(range(4), 2):
        assert made.above[i, j] == np.mean(scores.replicates[:, i] > scores.replicates[:, j])
    assert made.same_order == np.mean((places == rankdata(-scores.jod)).all(axis=1))
    assert made.tau == pytest.approx(np.mean([kendalltau(row, scores.jod)[0] for row in scores.replicates]))
    assert np.percentile(places, [2.5, 97.5], axis=0, method="inverted_cdf").tolist() == [
        made.low.tolist(),
        made.high.tolist(),
    ]


@settings(max_examples=20)
@given(st.integers(2, 6), st.integers(0, 1000))
def test_every_condition_has_some_rank_and_every_rank_some_condition(n, seed):
    jod = np.random.default_rng(seed).normal(0, 0.5, n)
    made = ranks(analyse(study(jod, 6, 4, seed=seed), Method(bootstraps=30)))
    if not np.isnan(made.probability).any():
        np.testing.assert_allclose(made.probability.sum(axis=0), 1)
        np.testing.assert_allclose(made.probability.sum(axis=1), 1)
    assert (made.first <= made.last).all()


def test_the_ranks_of_the_tests_leave_room_for_what_is_not_significantly_apart(scores):
    first, last = possible_ranks(scores)
    names = scores.conditions
    for place, name in enumerate(names):
        tied = [pair for pair in scores.pairs if name in (pair.a, pair.b) and not pair.significant]
        assert last[place] - first[place] == len(tied)


def test_an_order_by_unanimity_is_known_only_where_its_test_is_significant():
    jod = np.array([9.0, 0, 0.2])
    few, many = (analyse(study(jod, people, 4, seed=1), QUICK) for people in (3, 12))
    assert np.isnan(ranks(few).best).all()
    assert ranks(many).best.tolist() == [1, 0, 0]
    assert 0 < ranks(many).probability[1, 1] < 1


def test_groups_without_a_common_scale_have_ranks_of_their_own():
    made = ranks(analyse(matrix((0, 29, 0, 0), (24, 0, 0, 0), (0, 0, 0, 23), (0, 0, 28, 0)), QUICK))
    assert made.best[[0, 1]].sum() == made.best[[2, 3]].sum() == 1
    assert made.probability[:, 2:].sum() == 0
    assert np.isnan(made.above[0, 2])


def test_other_scenes_make_ranks_less_sure():
    votes = count(from_table(table(tuple("opqrst"), ("fog", "lake", "oak", "sea", "sun"))))
    here, both = (
        ranks(analyse(votes, Method("none", bootstraps=400, resample=how))) for how in ("observers", BOTH)
    )
    assert both.draws == here.draws
    np.testing.assert_allclose(both.probability.sum(axis=1), 1)
    assert (both.high - both.low >= here.high - here.low).all()


def test_without_replicates_there_are_no_ranks_and_empty_columns():
    nothing = analyse(matrix((0, 3), (0, 0)), QUICK)
    assert ranks(nothing) is None or np.isnan(ranks(nothing).best).all()
    assert rank_columns(None, nothing)["p_best"].isna().all()


def test_the_best_of_many_observers_is_the_best_of_the_truth():
    made = ranks(analyse(study(np.array([0.0, 0.6, -0.6]), 40, 6, seed=5, spread_jod=0.3), QUICK))
    assert made.best[1] > 0.99
    assert (made.low.tolist(), made.high.tolist()) == ([2, 1, 3], [2, 1, 3])
