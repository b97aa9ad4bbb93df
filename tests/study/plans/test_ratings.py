from collections import Counter
from itertools import pairwise

import pytest
from scipy.stats import chisquare

from tests.study.rated import CONDITIONS, SCENES, definition
from uplapp.study.plans.ratings import plan
from uplapp.values import REFERENCE

SEED = 7
BARE = {"practice": 0, "catch": 0}
FULL = {"practice": 2, "catch": 3, "repeats": 4}


def of_kind(trials, kind):
    return [trial for trial in trials if trial.kind == kind]


def image(trial):
    return trial.scene, trial.left


def test_a_plan_is_a_function_of_definition_observer_and_seed():
    study = definition(**FULL)
    assert plan(study, 5, SEED) == plan(study, 5, SEED)
    assert plan(study, 5, SEED) != plan(study, 6, SEED)
    assert plan(study, 5, SEED) != plan(study, 5, SEED + 1)


@pytest.mark.parametrize("observer", range(8))
def test_every_observer_rates_every_image_once(observer):
    main = of_kind(plan(definition(**FULL), observer, SEED), "main")
    assert sorted(map(image, main)) == sorted((s, c) for s in SCENES for c in CONDITIONS)
    assert {(trial.right, trial.first) for trial in main} == {(REFERENCE, "left")}


@pytest.mark.parametrize("count", [1, 3, 5, 7, 15])
@pytest.mark.parametrize("observers", [1, 4, 13])
def test_how_often_two_images_were_dealt_differs_by_at_most_one(count, observers):
    study = definition(pairs=f"random:{count}", **BARE)
    dealt = Counter({(s, c): 0 for s in SCENES for c in CONDITIONS})
    dealt.update(image(t) for observer in range(observers) for t in plan(study, observer, SEED))
    assert dealt.total() == observers * count
    assert max(dealt.values()) - min(dealt.values()) <= 1


@pytest.mark.parametrize("count", [3, 7, 12])
@pytest.mark.parametrize("observer", range(5))
def test_a_share_of_the_images_holds_no_image_twice_and_spreads_over_conditions(count, observer):
    main = plan(definition(pairs=f"random:{count}", **BARE), observer, SEED)
    assert len(set(map(image, main))) == count
    conditions = Counter(trial.left for trial in main)
    scenes = Counter(trial.scene for trial in main)
    assert max(scenes.values()) - min(scenes[name] for name in SCENES) <= 1
    assert max(conditions.values()) <= -(-count // len(CONDITIONS)) + 1


@pytest.mark.parametrize("pairs", ["all", "random:5", "random:9"])
@pytest.mark.parametrize("scenes", [SCENES[:3], SCENES])
def test_no_scene_comes_twice_in_a_row(pairs, scenes):
    study = definition(scenes, pairs=pairs, **FULL)
    plans = [plan(study, observer, SEED) for observer in range(100)]
    assert [a for trials in plans for a, b in pairwise(trials) if a.scene == b.scene] == []


def test_two_scenes_take_turns():
    plans = [plan(definition(SCENES[:2], practice=2, catch=0), observer, SEED) for observer in range(50)]
    assert [a for trials in plans for a, b in pairwise(trials) if a.scene == b.scene] == []


def test_one_scene_is_shown_all_the_same():
    trials = plan(definition(SCENES[:1], **FULL), 0, SEED)
    assert len(trials) == 4 + 2 + 3 + 2  # no more repeats than images in the first half
    assert [trial.position for trial in trials] == list(range(11))


@pytest.mark.parametrize("turn", range(4))
def test_over_as_many_observers_as_conditions_each_image_comes_once_in_every_round(turn):
    study = definition(**BARE)
    rounds = Counter(
        (image(trial), trial.position // len(SCENES))
        for observer in range(4 * turn, 4 * turn + 4)
        for trial in plan(study, observer, SEED)
    )
    assert set(rounds.values()) == {1}
    assert len(rounds) == 16 * 4


@pytest.mark.slow
def test_which_image_comes_first_is_balanced_over_ten_thousand_allocations():
    study = definition(**BARE)
    first = Counter(image(plan(study, observer, SEED)[0]) for observer in range(10_000))
    assert chisquare([first[s, c] for s in SCENES for c in CONDITIONS]).pvalue > 0.01


@pytest.mark.parametrize("observer", range(20))
class TestTrialsBesideTheMainOnes:
    def test_a_catch_is_the_hidden_reference_itself(self, observer):
        trials = plan(definition(**FULL), observer, SEED)
        catches = of_kind(trials, "catch")
        assert {(trial.left, trial.right) for trial in catches} == {(REFERENCE, REFERENCE)}
        assert len({trial.scene for trial in catches}) == len(catches) == 3
        assert trials[2].kind == "main"

    def test_practice_is_the_same_for_all_with_other_conditions_and_scenes(self, observer):
        practice = plan(definition(**FULL), observer, SEED)[:2]
        assert practice == plan(definition(**FULL), 0, SEED)[:2]
        assert {trial.kind for trial in practice} == {"practice"}
        assert len({trial.scene for trial in practice}) == len({trial.left for trial in practice}) == 2

    def test_a_repeat_is_an_own_image_of_the_first_half_again(self, observer):
        trials = plan(definition(**FULL), observer, SEED)
        main = of_kind(trials, "main")
        early, places = set(map(image, main[: len(main) // 2])), {image(t): t.position for t in main}
        repeats = of_kind(trials, "repeat")
        assert len(set(map(image, repeats))) == len(repeats) == 4
        assert set(map(image, repeats)) <= early
        assert min(trial.position - places[image(trial)] for trial in repeats) > 1


@pytest.mark.parametrize("protocol", [FULL, {"pairs": "random:5"}])
def test_every_observer_has_as_many_main_trials_as_the_definition_says(protocol):
    study = definition(**protocol)
    counts = {len(of_kind(plan(study, observer, SEED), "main")) for observer in range(50)}
    assert counts == {study.main_trials}
