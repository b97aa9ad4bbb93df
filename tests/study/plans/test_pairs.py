from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy.stats import chisquare

from tests.study.plans.trials import comparison, in_one_piece, of_kind
from tests.study.tiny import CONDITIONS, definition
from uplapp.study.definition import CATCHES, Render
from uplapp.study.plans.pairs import plan
from uplapp.values import GRAIN, REFERENCE, SPOT

SEED = 7


def test_a_plan_is_a_function_of_definition_observer_and_seed():
    study = definition(repeats=3)
    assert plan(study, 5, SEED) == plan(study, 5, SEED)
    assert plan(study, 5, SEED) != plan(study, 6, SEED)
    assert plan(study, 5, SEED) != plan(study, 5, SEED + 1)


def test_a_study_whose_recipe_has_options_is_planned_like_any_other():
    recipe = Render(degradation={"sigma": 25}, methods={"tv": {"sigma": 20}})
    rendered = replace(definition(), render=recipe)
    assert plan(rendered, 5, SEED) == plan(definition(), 5, SEED)


def test_every_observer_gets_every_pair_of_every_scene_once():
    for observer in range(20):
        main = of_kind(plan(definition(), observer, SEED), "main")
        assert Counter(map(comparison, main)) == {
            (scene, frozenset(pair)): 1
            for scene in ("astronaut", "chelsea")
            for pair in combinations(CONDITIONS, 2)
        }


def test_four_observers_in_a_row_see_each_comparison_both_ways_round_with_both_first():
    ways = Counter()
    for observer in range(4):
        for trial in of_kind(plan(definition(), observer, SEED), "main"):
            ways[trial.scene, trial.left, trial.right, trial.first] += 1
    assert len(ways) == 12 * 4
    assert set(ways.values()) == {1}


def test_each_observer_sees_half_of_the_comparisons_either_way_round():
    for observer in range(20):
        main = of_kind(plan(definition(), observer, SEED), "main")
        place = CONDITIONS.index
        assert sum(place(trial.left) < place(trial.right) for trial in main) == len(main) / 2
        assert sum(trial.first == "left" for trial in main) == len(main) / 2


@pytest.mark.slow
def test_sides_are_balanced_over_ten_thousand_allocations():
    sides, firsts, study = Counter(), Counter(), definition(catch=1, practice=0)
    for observer in range(10_000):
        trial = plan(study, observer, SEED)[0]
        sides[trial.left] += 1
        firsts[trial.first] += 1
    assert chisquare([sides[name] for name in CONDITIONS]).pvalue > 0.01
    assert chisquare(list(firsts.values())).pvalue > 0.01


def test_known_trials_put_the_reference_on_both_sides_equally_often():
    lefts = 0
    for observer in range(400):
        trials = plan(definition(catch=2, practice=2), observer, SEED)
        certain = of_kind(trials, "catch") + of_kind(trials, "practice")
        assert all(REFERENCE in (trial.left, trial.right) for trial in certain)
        lefts += sum(trial.left == REFERENCE for trial in certain)
    assert lefts == 400 * 2  # they take turns within each observer


def test_disguised_catch_trials_take_the_places_of_plain_ones():
    for observer in range(40):
        plain, other = (plan(definition(catch=2, catch_kind=kind), observer, SEED) for kind in CATCHES)
        changed = {REFERENCE: GRAIN, **dict.fromkeys(CONDITIONS, SPOT)}
        catches = {trial.position: trial for trial in of_kind(plain, "catch")}
        assert [trial for trial in other if trial.kind != "catch"] == [t for t in plain if t.kind != "catch"]
        for trial in of_kind(other, "catch"):
            once = catches[trial.position]
            assert (trial.left, trial.right) == (changed[once.left], changed[once.right])


def test_practice_comes_first_and_a_catch_never_opens_the_comparisons():
    for observer in range(200):
        trials = plan(definition(catch=2, practice=2), observer, SEED)
        assert [trial.kind for trial in trials[:3]] == ["practice", "practice", "main"]
        assert [trial.position for trial in trials] == list(range(len(trials)))


def test_no_scene_returns_before_every_scene_came():
    study = definition(scenes=("a", "b", "c"), catch=0, practice=0)
    main = plan(study, 3, SEED)
    rounds = [{trial.scene for trial in main[i : i + 3]} for i in range(0, len(main), 3)]
    assert all(scenes == {"a", "b", "c"} for scenes in rounds)


def test_a_repeat_is_an_earlier_comparison_mirrored():
    for observer in range(50):
        trials = plan(definition(repeats=3), observer, SEED)
        main = {comparison(trial): trial for trial in of_kind(trials, "main")}
        for again in of_kind(trials, "repeat"):
            once = main[comparison(again)]
            assert (again.left, again.right) == (once.right, once.left)
            assert again.position > once.position


def test_random_subsets_deal_every_comparison_equally_often():
    study = definition(pairs="random:5", catch=0, practice=0)
    dealt = Counter(comparison(trial) for observer in range(12) for trial in plan(study, observer, SEED))
    assert set(dealt.values()) == {5}
    assert len(dealt) == 12


def test_the_place_of_a_comparison_is_random_over_observers():
    places = [
        next(
            t.position for t in plan(definition(catch=0, practice=0), observer, SEED) if t.scene == "chelsea"
        )
        for observer in range(200)
    ]
    assert np.bincount(places).size == 2  # first or second: the scenes take turns


@pytest.mark.parametrize("seed", [0, 7, 99])
@pytest.mark.parametrize("size", [2, 3, 4, 5, 8, 15])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_as_few_observers_as_can_connect_all_conditions_do(size, count, seed):
    names = [f"c{i}" for i in range(size)]
    study = definition(conditions=names, pairs=f"random:{count}", catch=0, practice=0)
    dealt = [
        comparison(trial)[1]
        for observer in range(-(-(size - 1) // study.main_trials))
        for trial in plan(study, observer, seed)
    ]
    assert in_one_piece(dealt, names)


@pytest.mark.parametrize("size", [3, 4, 7, 10])
@pytest.mark.parametrize("count", [1, 5, 12])
def test_conditions_are_soon_connected_within_every_scene(size, count):
    names, scenes = [f"c{i}" for i in range(size)], ("a", "b", "c")
    study = definition(scenes, names, pairs=f"random:{count}", catch=0, practice=0)
    cards = len(scenes) * (size - 1 + size % 2)
    shown = [
        comparison(trial)
        for observer in range(-(-cards // study.main_trials))
        for trial in plan(study, observer, SEED)
    ]
    for scene in scenes:
        assert in_one_piece([pair for where, pair in shown if where == scene], names)


@pytest.mark.parametrize("size", range(2, 12))
def test_every_deck_holds_each_comparison_once(size):
    names, scenes = [f"c{i}" for i in range(size)], ("a", "b", "c")
    main = plan(definition(scenes, names, catch=0, practice=0), 0, SEED)
    assert len({comparison(trial) for trial in main}) == len(main) == 3 * size * (size - 1) // 2


@pytest.mark.parametrize(
    "protocol", [{"pairs": "random:5"}, {"orders": 2}, {"pairs": "random:5", "orders": 2}]
)
def test_every_observer_has_as_many_trials_as_the_definition_says(protocol):
    study = definition(catch=2, practice=1, repeats=2, **protocol)
    counts = {len(plan(study, observer, SEED)) for observer in range(100)}
    assert counts == {study.main_trials + 5}


@pytest.mark.parametrize("pairs", ["all", "random:5"])
def test_with_two_orders_each_comparison_comes_once_each_way_round(pairs):
    study = definition(pairs=pairs, orders=2, catch=0, practice=0)
    for observer in range(20):
        seen = Counter((t.scene, t.left, t.right) for t in plan(study, observer, SEED))
        assert set(seen.values()) == {1}
        assert all((scene, right, left) in seen for scene, left, right in seen)


def test_a_share_of_the_deck_has_its_sides_balanced_within_the_observer():
    place = CONDITIONS.index
    study = definition(pairs="random:8", catch=0, practice=0)
    for observer in range(200):
        trials = plan(study, observer, SEED)
        assert abs(sum(place(t.left) < place(t.right) for t in trials) - 4) <= 2
        assert abs(sum(t.first == "left" for t in trials) - 4) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("protocol", [{}, {"pairs": "random:5"}, {"pairs": "random:7", "orders": 2}])
def test_pairs_sides_and_orders_are_balanced_over_ten_thousand_allocations(protocol):
    study = definition(catch=0, practice=0, **protocol)
    trials = [t for n in range(10_000 // study.main_trials + 1) for t in plan(study, n, SEED)]
    place = CONDITIONS.index
    pairs = Counter(map(comparison, trials))
    swapped = Counter(place(t.left) < place(t.right) for t in trials)
    firsts = Counter(t.first for t in trials)
    ways = Counter((t.scene, t.left, t.right, t.first) for t in trials)
    assert (len(pairs), len(ways)) == (12, 48)
    for counts in (pairs, swapped, firsts, ways):
        assert chisquare(list(counts.values())).pvalue > 0.01


def twice_in_a_row(trials):
    return sum(one.scene == other.scene for one, other in pairwise(trials))


@pytest.mark.parametrize("count", [3, 4, 8])
@pytest.mark.parametrize(
    "protocol", [{}, {"orders": 2}, {"pairs": "random:12"}, {"pairs": "adaptive:12"}], ids=str
)
def test_with_three_scenes_or_more_none_comes_twice_in_a_row(count, protocol):
    scenes = [f"s{i}" for i in range(count)]
    study = definition(scenes, practice=2, catch=2, repeats=3, **protocol)
    assert sum(twice_in_a_row(plan(study, observer, SEED)) for observer in range(100)) == 0


def test_two_scenes_take_turns_where_no_extra_trial_is_of_one_of_them():
    study = definition(practice=2, catch=0)
    assert sum(twice_in_a_row(plan(study, observer, SEED)) for observer in range(100)) == 0


def between(trials):
    """Trials between each repeat and the nearest other showing of its comparison."""
    shown = [(trial.position, comparison(trial)) for trial in trials]
    return [
        min(
            abs(trial.position - at) - 1
            for at, what in shown
            if what == comparison(trial) and at != trial.position
        )
        for trial in of_kind(trials, "repeat")
    ]


@pytest.mark.parametrize("scenes", [("a", "b"), ("a", "b", "c")], ids=len)
@pytest.mark.parametrize(
    "protocol", [{}, {"orders": 2}, {"pairs": "random:10"}, {"pairs": "adaptive:10"}], ids=str
)
def test_five_trials_or_more_lie_between_a_repeat_and_its_original(scenes, protocol):
    study = definition(scenes, practice=2, catch=2, repeats=3, **protocol)
    gaps = [gap for observer in range(100) for gap in between(plan(study, observer, SEED))]
    assert len(gaps) == 300
    assert min(gaps) >= 5


def test_a_repeat_in_a_short_plan_goes_as_far_away_as_it_can():
    study = definition(pairs="random:4", practice=0, catch=0, repeats=1)
    assert {min(between(plan(study, observer, SEED))) for observer in range(100)} <= {2, 3}


def test_repeats_wait_for_the_second_half():
    study = definition(("a", "b", "c"), practice=0, catch=2, repeats=5)
    for observer in range(100):
        trials = plan(study, observer, SEED)
        assert min(trial.position for trial in of_kind(trials, "repeat")) >= len(trials) // 2


def test_no_catch_comes_right_after_another():
    study = definition(("a", "b", "c"), practice=0, catch=4, repeats=2)
    for observer in range(100):
        kinds = [trial.kind for trial in plan(study, observer, SEED)]
        assert ("catch", "catch") not in list(pairwise(kinds))


def test_with_two_orders_the_second_half_is_the_first_with_its_sides_exchanged():
    study = definition(practice=0, catch=2, repeats=2, orders=2)
    for observer in range(100):
        main = of_kind(plan(study, observer, SEED), "main")
        first, second = main[: len(main) // 2], main[len(main) // 2 :]
        assert {(t.scene, t.left, t.right) for t in first} == {(t.scene, t.right, t.left) for t in second}
        assert len({comparison(trial) for trial in first}) == len(first)


def test_a_single_scene_may_come_again_and_again():
    trials = plan(definition(("a",), practice=1, catch=2, repeats=2), 0, SEED)
    assert twice_in_a_row(trials) == len(trials) - 1
