"""Intervals that hold for other scenes too."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.analysis import made, slow
from tests.analysis.real import TONE_MAPPING_FILE, data_file
from uplapp.analysis.reading.votes import count, from_table, read_votes
from uplapp.analysis.scoring import BOTH, OBSERVERS, analyse, observer_weights, scope
from uplapp.analysis.scoring.two_way import combine, unit_weights, units_of
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Method

PEOPLE, SCENES = tuple("opqrstuv"), ("fog", "lake", "oak", "sea", "sun")
QUICK = Method("none", bootstraps=60, resample=BOTH)


@pytest.fixture(scope="module")
def votes():
    return count(from_table(made.table(PEOPLE, SCENES)))


def test_the_variance_is_that_of_observers_and_scenes_less_that_of_their_cells():
    parts = np.array([[4.0, 4.0, 1.0], [9.0, 1.0, 4.0], [3.0, 3.0, 2.0]])  # rows: observers, scenes, cells
    variance, freedom = combine(parts, (12, 5, 60))
    assert variance.tolist() == [10.0, 4.0, 4.0]  # the second and third would lie below either
    assert freedom.tolist() == pytest.approx([10**2 / (4**2 / 11 + 9**2 / 4), 16 / (16 / 11 + 1 / 4), 4])


@pytest.mark.parametrize("scenes", [2, 3, 4])
def test_of_few_scenes_the_degrees_of_freedom_are_their_number_less_one(scenes):
    _, freedom = combine(np.array([[4.0, 1.0], [1.0, 4.0], [1.0, 1.0]]), (12, scenes, 12 * scenes))
    assert freedom.tolist() == [scenes - 1] * 2


def counts_of(cells, weights):
    """Sum the wins of answers (E,), each as often as its weight says."""
    wins = np.zeros((3, 3))
    for outcome, a, b, times, weight in zip(
        cells.outcome, cells.first, cells.second, cells.times, weights, strict=True
    ):
        wins[a, b] += weight * times * (1 - outcome / 2)
        wins[b, a] += weight * times * outcome / 2
    return wins


def slow_variance(cells, unit, weights):
    """Variance of scores, and of differences beside the diagonal, over replicates fitted one by one."""
    scores = np.array([slow.fit(counts_of(cells, row[unit]), False, np.zeros(3)) for row in weights])
    apart = [[np.var(scores[:, i] - scores[:, j] * (i != j), ddof=1) for j in range(3)] for i in range(3)]
    return np.array(apart) * weights.shape[1] / (weights.shape[1] - 1)


def test_standard_errors_are_those_of_a_slow_fit_of_the_same_draws():
    rows, method = count(from_table(made.table(PEOPLE[:6], SCENES[:4]))), replace(QUICK, bootstraps=15)
    cells = rows.cells
    both = cells.observer * 4 + cells.scene
    draws = {
        1: unit_weights(4, 15, np.random.default_rng([0, 1])),
        2: unit_weights(24, 15, np.random.default_rng([0, 2])),
    }
    parts = [
        slow_variance(cells, cells.observer, observer_weights(6, 15, 0)),
        slow_variance(cells, cells.scene, draws[1]),
        slow_variance(cells, both, draws[2]),
    ]
    expected = np.sqrt(np.maximum(sum(parts[:2]) - parts[2], np.maximum(*parts[:2])))
    scores = analyse(rows, method)
    first, second = np.triu_indices(3, 1)
    assert [pair.se for pair in scores.pairs] == pytest.approx(expected[first, second], abs=1e-6)
    assert np.sqrt(np.diag(scores.two_way.covariance)) == pytest.approx(np.diag(expected), abs=1e-6)


@pytest.mark.parametrize("prior", ["none", "distance"])
def test_no_standard_error_is_below_that_over_observers(votes, prior):
    both = analyse(votes, replace(QUICK, prior=prior))
    alone = analyse(votes, Method(prior, bootstraps=60))
    assert all(x.se >= y.se - 1e-12 for x, y in zip(both.pairs, alone.pairs, strict=True))
    assert (both.jod == alone.jod).all()


def test_a_difference_and_its_interval_never_disagree_about_an_anchor(votes):
    scores = analyse(votes, replace(QUICK, anchor="a"))
    pair = next(pair for pair in scores.pairs if (pair.a, pair.b) == ("a", "b"))
    assert (pair.p < 0.05) == (scores.low[1] > 0 or scores.high[1] < 0)
    assert scores.low[0] == scores.high[0] == 0


def test_scenes_that_differ_widen_the_intervals():
    upright, turned = made.table(PEOPLE, SCENES[:3]), made.table(PEOPLE, SCENES[3:], names="cba", seed=1)
    turned[["condition_A", "condition_B"]] = turned[["condition_B", "condition_A"]].to_numpy()
    rows = count(from_table(pd.concat([upright, turned], ignore_index=True)))
    both, alone = analyse(rows, QUICK), analyse(rows, replace(QUICK, resample=OBSERVERS))
    assert (both.high - both.low > 2 * (alone.high - alone.low))[[0, 2]].all()  # b lies between them
    assert (scope(both), scope(alone)) == ("other observers, other scenes", "other observers, these scenes")


@pytest.mark.parametrize("kind", ["scenes", "cells"])
def test_chunks_of_any_size_hold_the_same_replicates(votes, kind):
    draws = units_of(votes.cells, kind, 3, QUICK).draws(20)
    once, often = (np.concatenate(list(draws.chunks(size))) for size in (20, 7))
    assert (once == often).all()


def test_cells_add_up_to_the_votes(votes):
    assert (counts_of(votes.cells, np.ones(len(votes.cells.times))) == votes.wins.sum(axis=0)).all()


@pytest.mark.parametrize(("ties", "prior"), [("threshold", "distance"), ("half", "none")])
def test_answers_one_by_one_have_two_way_errors_too(ties, prior):
    rows = made.table(PEOPLE, SCENES)
    rows.loc[::5, "is_A_selected"] = "0.5"
    method = Method(prior, ties=ties, side_bias=True, bootstraps=30, resample=BOTH)
    scores = analyse(count(from_table(rows)), method)
    alone = analyse(count(from_table(rows)), replace(method, resample=OBSERVERS))
    assert np.isfinite(scores.low).all()
    assert scores.side.se == scores.two_way.extra_se[0] >= alone.side.se
    assert ties == "half" or scores.tie.se == scores.two_way.extra_se[1] >= alone.tie.se


def test_whoever_watches_hears_of_all_three_kinds_of_replicates(votes):
    heard = []
    analyse(votes, QUICK, lambda done, total: heard.append((done, total)))
    assert heard == [(60, 180), (120, 180), (180, 180)]


def test_three_scenes_are_said_to_be_few():
    scores = analyse(count(from_table(made.table(PEOPLE, SCENES[:3]))), QUICK)
    (warning,) = [text for text in scores.warnings if "3 scenes" in text]
    assert "2 degrees of freedom" in warning


def test_scenes_without_which_nothing_is_fixed_are_not_resampled():
    rows = made.table(PEOPLE, SCENES)
    rows = rows[(rows["scene"] == "sea") | (rows[["condition_A", "condition_B"]] != "c").all(axis=1)]
    scores = analyse(count(from_table(rows)), QUICK)
    assert scores.two_way is None
    assert np.isfinite(scores.low).all()
    assert any("scenes were not resampled" in text for text in scores.warnings)


def worse(rows):
    """Let z lose every vote."""
    always = rows["is_A_selected"].mask(rows["condition_A"] == "z", "0").mask(rows["condition_B"] == "z", "1")
    return count(from_table(rows.assign(is_A_selected=always)))


def hopeless():
    """Votes that find a and b much alike, and z worse in every scene."""
    return worse(made.table(PEOPLE, SCENES, names="abz"))


@pytest.mark.parametrize("prior", ["none", "distance"])
def test_what_the_votes_fix_has_two_way_intervals_and_the_rest_bounds(prior):
    scores = analyse(hopeless(), replace(QUICK, prior=prior))
    assert scope(scores) == "other observers, other scenes"
    assert np.isfinite([scores.low, scores.high]).tolist() == [[True, True, False]] * 2
    assert scores.bound == ("", "", "below")
    assert scores.bound_jod[2] < 0
    assert np.isnan(scores.jod[2]) == (prior == "none")
    assert np.isfinite([pair.se for pair in scores.pairs]).tolist() == [True, False, False]


def test_a_part_that_two_votes_hold_to_the_rest_keeps_two_way_intervals_and_the_rest_signs():
    rows = made.table(PEOPLE, SCENES, names="abz")
    of_z = (rows[["condition_A", "condition_B"]] == "z").any(axis=1)
    lost = np.where(rows["condition_A"] == "z", "0", "1")
    rows["is_A_selected"] = rows["is_A_selected"].where(~of_z, lost)
    rows.loc[rows.index[of_z][0], "is_A_selected"] = "1" if lost[of_z][0] == "0" else "0"
    scores, inside = (analyse(count(from_table(some)), QUICK) for some in (rows, rows[~of_z]))
    assert scope(scores) == "other observers, other scenes"
    assert np.isfinite([scores.low, scores.high]).tolist() == [[True, True, False]] * 2
    assert "but within a, b" in scores.warnings[-1]
    firm, *open_ = scores.pairs
    assert firm.se == pytest.approx(inside.pairs[0].se)
    assert np.isnan([pair.se for pair in open_]).all()
    assert [pair.p for pair in open_] == [2 * 0.5 ** len(SCENES)] * 2  # fewer signs than of 8 observers
    assert np.isfinite(scores.two_way.covariance[:2, :2]).all()
    assert np.isnan(scores.two_way.covariance[2, :2]).all()


@pytest.mark.parametrize("prior", ["none", "distance"])
def test_two_way_errors_of_a_fixed_block_are_those_of_a_study_of_it_alone(prior):
    rows = made.table(PEOPLE, SCENES, names="abz")
    inside = rows[(rows["condition_A"] != "z") & (rows["condition_B"] != "z")].reset_index(drop=True)
    method = replace(QUICK, prior=prior)
    alone, whole = (analyse(worse(votes), method) for votes in (inside, rows))
    assert whole.pairs[0].se == pytest.approx(alone.pairs[0].se, rel=1e-6 if prior == "none" else 0.1)
    assert whole.two_way.freedom[0, 1] == pytest.approx(alone.two_way.freedom[0, 1], rel=0.1)


def test_an_open_pair_is_tested_by_the_signs_of_observers_and_of_scenes():
    p = [pair.p for pair in analyse(hopeless(), QUICK).pairs]
    assert p[1:] == pytest.approx([2 * 0.5**5] * 2)  # five scenes say less than eight observers: 2 * 0.5**8


def test_votes_that_fix_no_distance_leave_scenes_alone():
    rows = made.table(PEOPLE, SCENES, names="ab")
    one_way = (rows["condition_A"] == "a").map({True: "1", False: "0"})
    scores = analyse(count(from_table(rows.assign(is_A_selected=one_way))), QUICK)
    assert scores.two_way is None
    assert any("the votes fix no distance" in text for text in scores.warnings)


REFUSED = {
    "unknown": (SCENES, PEOPLE, {"resample": "scenes"}, UnknownName, "unknown resample 'scenes'"),
    "percentile": (SCENES, PEOPLE, {"interval": "percentile"}, UplappError, "kind t, not 'percentile'"),
    "one scene": (SCENES[:1], PEOPLE, {}, UplappError, "two scenes and two observers"),
    "one observer": (SCENES, PEOPLE[:1], {}, UplappError, "two scenes and two observers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_resampled_is_one_sentence(case):
    scenes, people, options, error, text = REFUSED[case]
    with pytest.raises(error, match=text):
        analyse(count(from_table(made.table(people, scenes))), replace(QUICK, **options))


def test_tone_mapping_has_far_wider_intervals_for_other_scenes():
    rows = count(read_votes(data_file(TONE_MAPPING_FILE)))
    both, alone = (analyse(rows, Method("none", resample=name)) for name in (BOTH, OBSERVERS))
    ratios = [x.se / y.se for x, y in zip(both.pairs, alone.pairs, strict=True)]
    assert min(ratios) > 1.1
    assert max(ratios) > 2.5
    assert sum(pair.significant for pair in alone.pairs) == 14
    assert sum(pair.significant for pair in both.pairs) <= 2
