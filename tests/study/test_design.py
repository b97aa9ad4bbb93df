from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chisquare

from tests.study.tiny import CONDITIONS, definition
from uplapp.study.design import plan
from uplapp.values import REFERENCE

SEED = 7


def of_kind(trials, kind):
    return [trial for trial in trials if trial.kind == kind]


def comparison(trial):
    return trial.scene, frozenset((trial.left, trial.right))


def test_a_plan_is_a_function_of_definition_observer_and_seed():
    study = definition(repeats=3)
    assert plan(study, 5, SEED) == plan(study, 5, SEED)
    assert plan(study, 5, SEED) != plan(study, 6, SEED)
    assert plan(study, 5, SEED) != plan(study, 5, SEED + 1)


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
    sides, firsts = Counter(), Counter()
    for observer in range(10_000):
        trial = plan(definition(catch=1, practice=0), observer, SEED)[0]
        sides[trial.left] += 1
        firsts[trial.first] += 1
    assert chisquare([sides[name] for name in CONDITIONS]).pvalue > 0.01
    assert chisquare(list(firsts.values())).pvalue > 0.01


def test_known_trials_put_the_reference_on_both_sides_equally_often():
    lefts = 0
    for observer in range(400):
        trials = plan(definition(catch=2, practice=2), observer, SEED)
        known = of_kind(trials, "catch") + of_kind(trials, "practice")
        assert all(REFERENCE in (trial.left, trial.right) for trial in known)
        lefts += sum(trial.left == REFERENCE for trial in known)
    assert lefts == 400 * 2  # they take turns within each observer


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
