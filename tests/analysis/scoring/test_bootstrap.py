"""Resampling whole observers, and the intervals that follow."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis import slow
from tests.analysis.made import study
from tests.analysis.real import TONE_MAPPING_HIGH, TONE_MAPPING_LOW, tone_mapping
from uplapp.analysis.model import PRIORS, chunk_size, fit_best, preference
from uplapp.analysis.scoring.bootstrap import (
    INTERVALS,
    Draws,
    draw_votes,
    keep_anchor,
    normal_interval,
    observer_draws,
    refit,
    resample_observers,
    vote_draws,
)
from uplapp.analysis.scoring.scores import analyse
from uplapp.errors import Cancelled
from uplapp.values import Comparisons, Method

SCORES = np.array([0.6, 0.2, -0.1, -0.7])
ONE_SCALE = np.zeros(4, dtype=int)


def test_resamples_follow_the_recorded_recipe():
    wins = study(SCORES, 5, 4, seed=0).wins
    picks = np.random.default_rng(7).integers(0, 5, (3, 5))
    by_hand = np.stack([sum(wins[k] for k in row) for row in picks])
    assert (resample_observers(wins, 3, seed=7) == by_hand).all()


def test_a_resample_by_hand():
    wins = np.zeros((3, 2, 2))
    wins[:, 0, 1] = [1, 10, 100]
    # default_rng(0).integers(0, 3, (2, 3)) is [[2, 1, 1], [0, 0, 0]]
    assert resample_observers(wins, 2, seed=0)[:, 0, 1].tolist() == [120, 3]


def slow_interval(wins, bootstraps, seed, with_prior):
    """The recorded recipe: every replicate summed, solved and ranked on its own."""
    draws = np.random.default_rng(seed).integers(0, len(wins), (bootstraps, len(wins)))
    start = np.zeros(wins.shape[1])
    fits = np.array([slow.fit(sum(wins[k] for k in row), with_prior, start) for row in draws])
    return np.quantile(fits, (0.025, 0.975), axis=0, method="hazen")


@pytest.mark.parametrize("prior", PRIORS)
def test_percentile_intervals_follow_the_recorded_recipe_to_the_end(prior):
    made = study(SCORES, 7, 6, seed=1, spread_jod=0.3)
    scores = analyse(made, Method(prior, "percentile", bootstraps=24, seed=9333))
    low, high = slow_interval(made.wins, 24, 9333, prior == "distance")
    assert scores.low == pytest.approx(low, abs=1e-4)
    assert scores.high == pytest.approx(high, abs=1e-4)


def test_real_votes_give_the_known_percentile_intervals():
    scores = analyse(tone_mapping(), Method("distance", "percentile", bootstraps=300, seed=9333))
    assert scores.low == pytest.approx(TONE_MAPPING_LOW, abs=1e-5)  # 1e-2 asked
    assert scores.high == pytest.approx(TONE_MAPPING_HIGH, abs=1e-5)


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_chunks_of_any_size_hold_the_same_replicates(size):
    made = study(SCORES, 5, 4, seed=0)
    counts = made.wins.sum(axis=0)
    observers, votes = observer_draws(made.wins, 10, seed=7), vote_draws(SCORES, counts, 10, seed=7)
    assert (np.concatenate(list(observers.chunks(size))) == resample_observers(made.wins, 10, seed=7)).all()
    assert (np.concatenate(list(votes.chunks(size))) == draw_votes(SCORES, counts, 10, seed=7)).all()


def test_a_job_tells_how_far_it_is_until_all_is_done(monkeypatch):
    monkeypatch.setattr("uplapp.analysis.model.objective.CELLS", 4 * 16)  # four replicates of four conditions
    steps = []
    draws = observer_draws(study(SCORES, 8, 6, seed=2).wins, 10, seed=0)
    refit(draws, "none", SCORES, ONE_SCALE, True, lambda *progress: steps.append(progress))
    assert steps == [(4, 10), (8, 10), (10, 10)]


def test_a_job_that_is_cancelled_stops_there(monkeypatch):
    monkeypatch.setattr("uplapp.analysis.model.objective.CELLS", 16)
    steps = []

    def stop(done, total):
        steps.append(done)
        if done == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        refit(
            observer_draws(study(SCORES, 8, 6, seed=2).wins, 10, seed=0),
            "none",
            SCORES,
            ONE_SCALE,
            True,
            stop,
        )
    assert steps == [1, 2]


@pytest.mark.parametrize("prior", PRIORS)
def test_two_hundred_conditions_stay_within_memory(prior):
    truth, n = np.linspace(-1, 1, 200), 200
    first, second = np.triu_indices(n, 1)
    wins = np.zeros((2, n, n))
    wins[:, first, second] = np.rint(12 * preference(truth[first] - truth[second]))
    wins[:, second, first] = 12 - wins[:, first, second]
    draws = observer_draws(wins, 2, seed=0)
    tracemalloc.start()
    refits = refit(draws, prior, truth - truth.mean(), np.zeros(n, dtype=int), prior == "none")
    peak_mb = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert refits.degenerate == 0
    assert peak_mb < 200


@pytest.mark.parametrize("conditions", [6, 50, 200])
def test_the_counts_of_a_chunk_take_less_than_a_megabyte(conditions):
    assert chunk_size(conditions) * conditions**2 * 8 <= 2**20


def test_counts_that_are_there_are_handed_out_in_chunks():
    counts = resample_observers(study(SCORES, 5, 4, seed=0).wins, 5, seed=0)
    assert [len(chunk) for chunk in Draws.of(counts).chunks(2)] == [2, 2, 1]


@settings(max_examples=10)
@given(order=st.permutations(range(4)), seed=st.integers(0, 50), prior=st.sampled_from(list(PRIORS)))
def test_relabelling_conditions_permutes_scores_and_intervals(order, seed, prior):
    made = study(SCORES, 8, 12, seed)
    again = replace(made, wins=made.wins[np.ix_(range(8), order, order)])
    first, second = (analyse(each, Method(prior, bootstraps=40)) for each in (made, again))
    assert second.jod == pytest.approx(first.jod[list(order)], abs=1e-7)
    assert second.low == pytest.approx(first.low[list(order)], abs=1e-6)
    assert second.high == pytest.approx(first.high[list(order)], abs=1e-6)


@settings(max_examples=5)
@given(order=st.permutations(range(8)), prior=st.sampled_from(list(PRIORS)))
def test_relabelling_observers_leaves_scores_and_nearly_the_intervals(order, prior):
    made = study(SCORES, 8, 12, seed=3, spread_jod=0.3)
    again = replace(made, wins=made.wins[order])
    first, second = (analyse(each, Method(prior)) for each in (made, again))
    assert second.jod == pytest.approx(first.jod, abs=1e-9)
    assert second.high - second.low == pytest.approx(first.high - first.low, rel=0.15)  # other replicates


def twice(made):
    """The same people once more under other names."""
    names = made.observers + tuple(f"{name}b" for name in made.observers)
    return Comparisons(made.conditions, names, np.concatenate([made.wins, made.wins]))


@settings(max_examples=10)
@given(seed=st.integers(0, 100), prior=st.sampled_from(list(PRIORS)))
def test_twice_the_people_narrow_every_interval(seed, prior):
    made = study(SCORES, 10, 8, seed, spread_jod=0.3)
    wide, narrow = (analyse(each, Method(prior, bootstraps=400)) for each in (made, twice(made)))
    assert (narrow.high - narrow.low < 0.9 * (wide.high - wide.low)).all()  # .71 by the root of two


@settings(max_examples=10)
@given(seed=st.integers(0, 100))
def test_twice_the_people_leave_scores_without_a_prior(seed):
    made = study(SCORES, 10, 8, seed, spread_jod=0.3)
    once, double = (analyse(each, Method("none", bootstraps=2)) for each in (made, twice(made)))
    assert double.jod == pytest.approx(once.jod, abs=1e-8)


def test_drawn_votes_keep_the_number_a_pair():
    counts = study(SCORES, 1, 9, seed=0).wins[0]
    votes = draw_votes(SCORES, counts, 50, seed=1)
    assert (votes + votes.swapaxes(1, 2) == counts + counts.T).all()
    assert votes[:, 0, 3].mean() > votes[:, 3, 0].mean()


def test_the_t_interval_by_hand():
    replicates = np.array([[-1.0], [0.0], [1.0]])  # sd 1
    low, high = INTERVALS["t"].build(np.array([5.0]), replicates, 4)
    half = 3.182446 * np.sqrt(4 / 3)  # t table: 97.5% at 3 degrees of freedom
    assert (low[0], high[0]) == pytest.approx((5 - half, 5 + half), abs=1e-5)


def test_the_percentile_interval_is_hazens():
    low, high = INTERVALS["percentile"].build(np.zeros(1), np.arange(1.0, 101)[:, None], 9)
    assert (low[0], high[0]) == pytest.approx((3.0, 98.0))  # p n + 1/2


def test_the_normal_interval_is_196_standard_deviations():
    low, high = normal_interval(np.zeros(1), np.array([[-1.0], [0.0], [1.0]]), 1)
    assert (low[0], high[0]) == pytest.approx((-1.959964, 1.959964), abs=1e-6)


def test_replicates_without_an_optimum_are_counted_and_kept_out():
    both, one = np.array([[0.0, 3], [1, 0]]), np.array([[0.0, 4], [0, 0]])
    refits = refit(np.stack([both, one, both]), "none", np.zeros(2), np.zeros(2, dtype=int), directed=True)
    assert refits.degenerate == 1
    assert refits.scores.shape == (2, 2)
    assert np.isfinite(refits.scores).all()


@pytest.mark.parametrize(("conditions", "seed"), [(6, 4), (8, 2), (8, 4), (12, 5)])
def test_a_million_votes_a_pair_leave_no_replicate_on_a_saddle_of_the_prior(conditions, seed):
    made = study(np.linspace(-1, 1, conditions), 5, 200_000, seed, spread_jod=0.3)
    scale = np.zeros(conditions, dtype=int)
    scores = fit_best(made.wins.sum(axis=0), "distance", scale)
    assert refit(observer_draws(made.wins, 100, 0), "distance", scores, scale, False).degenerate == 0


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


@pytest.mark.parametrize("prior", PRIORS)
def test_doubling_all_votes_narrows_parametric_intervals_by_the_root_of_two(prior):
    one = study(SCORES, 1, 200, seed=4)
    two = Comparisons(one.conditions, one.observers, 2 * one.wins)
    narrow, wide = (analyse(made, Method(prior)) for made in (two, one))
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(np.sqrt(2), rel=0.06)


@pytest.mark.parametrize("spread_jod", [0.0, 0.5], ids=["equal observers", "different observers"])
def test_t_intervals_cover_the_truth_about_95_times_in_100(spread_jod):
    covered = []
    for seed in range(60):
        scores = analyse(study(SCORES, 12, 6, seed, spread_jod), Method(prior="none", bootstraps=300))
        covered.extend((scores.low <= SCORES) & (scores.high >= SCORES))
    # 240 correlated looks at .95: below .90 is a broken interval, not chance
    assert np.mean(covered) > 0.90
