"""Resampling whole observers, and the intervals that follow."""

import numpy as np
import pytest

from tests.analysis.made import study
from uplapp.analysis.analyse import analyse
from uplapp.analysis.bootstrap import (
    INTERVALS,
    draw_votes,
    keep_anchor,
    normal_interval,
    refit,
    resample_observers,
)
from uplapp.values import Method

SCORES = np.array([0.6, 0.2, -0.1, -0.7])


def test_resamples_follow_the_recorded_recipe():
    wins = study(SCORES, 5, 4, seed=0).wins
    drawn = np.random.default_rng(7).integers(0, 5, (3, 5))
    by_hand = np.stack([sum(wins[k] for k in row) for row in drawn])
    assert (resample_observers(wins, 3, seed=7) == by_hand).all()


def test_drawn_votes_keep_the_number_a_pair():
    counts = study(SCORES, 1, 9, seed=0).wins[0]
    drawn = draw_votes(SCORES, counts, 50, seed=1)
    assert (drawn + drawn.swapaxes(1, 2) == counts + counts.T).all()
    assert drawn[:, 0, 3].mean() > drawn[:, 3, 0].mean()


def test_the_t_interval_by_hand():
    replicates = np.array([[-1.0], [0.0], [1.0]])  # sd 1
    low, high = INTERVALS["t"].build(np.array([5.0]), replicates, 4)
    half = 3.182446 * np.sqrt(4 / 3)  # t table: 97.5 % at 3 degrees of freedom
    assert (low[0], high[0]) == pytest.approx((5 - half, 5 + half), abs=1e-5)


def test_the_percentile_interval_is_hazens():
    low, high = INTERVALS["percentile"].build(np.zeros(1), np.arange(1.0, 101)[:, None], 9)
    assert (low[0], high[0]) == pytest.approx((3.0, 98.0))  # p n + 1/2


def test_the_normal_interval_is_196_standard_deviations():
    low, high = normal_interval(np.zeros(1), np.array([[-1.0], [0.0], [1.0]]), 1)
    assert (low[0], high[0]) == pytest.approx((-1.959964, 1.959964), abs=1e-6)


def test_replicates_without_an_optimum_are_counted_and_kept_out():
    both, one = np.array([[0.0, 3], [1, 0]]), np.array([[0.0, 4], [0, 0]])
    found = refit(np.stack([both, one, both]), "none", np.zeros(2), np.zeros(2, dtype=int), directed=True)
    assert found.degenerate == 1
    assert found.scores.shape == (2, 2)
    assert np.isfinite(found.scores).all()


def test_the_anchor_lies_at_zero_in_every_replicate_of_its_own_scale():
    scores = np.array([[1.0, 3.0, 7.0], [2.0, 5.0, 7.0]])
    assert keep_anchor(scores, np.array([0, 0, 2]), 1).tolist() == [[-2, 0, 7], [-3, 0, 7]]
    assert keep_anchor(scores, np.array([0, 0, 2]), None) is scores


def test_an_anchored_condition_has_no_width_and_the_others_keep_their_distance():
    made = study(SCORES, 8, 6, seed=2)
    free, anchored = analyse(made), analyse(made, Method(anchor="b"))
    assert (anchored.low[1], anchored.jod[1], anchored.high[1]) == (0, 0, 0)
    assert np.diff(anchored.jod) == pytest.approx(np.diff(free.jod), abs=1e-9)
    assert [pair.se for pair in anchored.pairs] == pytest.approx([pair.se for pair in free.pairs])


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    made = study(SCORES, 8, 6, seed=2)
    first, second, third = (analyse(made, Method(seed=seed, bootstraps=200)) for seed in (1, 1, 2))
    assert (first.low == second.low).all()
    assert (first.low != third.low).all()


def test_doubling_all_votes_narrows_parametric_intervals_by_the_root_of_two():
    one = study(SCORES, 1, 200, seed=4)
    two = type(one)(one.conditions, one.observers, 2 * one.wins)
    narrow, wide = (analyse(made, Method(prior="none")) for made in (two, one))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(np.sqrt(2), rel=0.06)


@pytest.mark.parametrize("spread_jod", [0.0, 0.5], ids=["equal observers", "different observers"])
def test_t_intervals_cover_the_truth_about_95_times_in_100(spread_jod):
    covered = []
    for seed in range(60):
        scores = analyse(study(SCORES, 12, 6, seed, spread_jod), Method(prior="none", bootstraps=300))
        covered.extend((scores.low <= SCORES) & (scores.high >= SCORES))
    # 240 correlated looks at .95: below .90 is a broken interval, not chance
    assert np.mean(covered) > 0.90
