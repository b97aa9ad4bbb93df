"""Ten thousand trials as they are dealt: what is balanced, how exactly, and what is connected."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare

from tests.study.plans.trials import comparison, in_one_piece, of_kind, sit
from tests.study.tiny import definition
from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.study.plans.pairs import plan
from uplapp.values import REFERENCE

SEED = 20
TRIALS = 10_000
NAMES, SCENES = tuple(f"c{i}" for i in range(6)), ("a", "b", "c")
DESIGNS = [
    {},
    {"pairs": "random:7"},
    {"orders": 2},
    {"pairs": "random:7", "orders": 2},
    {"pairs": "adaptive:9"},
]
PLANNED = [{}, {"pairs": "random:7"}, {"pairs": "random:50"}]

fixed = settings(max_examples=60)
sizes = st.integers(2, 16)


def study_of(size, scenes, **protocol):
    names, places = [f"c{i}" for i in range(size)], [f"s{i}" for i in range(scenes)]
    return definition(places, names, catch=0, practice=0, **protocol)


def p_even(counts):
    return chisquare(list(counts.values())).pvalue


@pytest.fixture(scope="module")
def dealt(request):
    """The sessions of as many observers as share 10^4 trials, the adaptive ones with the real chooser."""
    study = definition(SCENES, NAMES, catch=0, practice=0, **request.param)
    observers, answers = range(-(-TRIALS // study.main_trials)), Counter()
    if study.protocol.adaptive:
        alike = dict.fromkeys(NAMES, 0.0)  # so that no pair has more to tell than another
        return [sit(study, number, answers, next_pairs, alike) for number in observers]
    return [plan(study, number, SEED) for number in observers]


@pytest.mark.slow
@pytest.mark.parametrize("dealt", DESIGNS, ids=str, indirect=True)
class TestTenThousandTrials:
    def test_pairs_scenes_and_conditions_come_equally_often(self, dealt):
        trials = [trial for session in dealt for trial in session]
        assert len(trials) >= TRIALS
        pairs = Counter(frozenset((trial.left, trial.right)) for trial in trials)
        assert (len(pairs), len(set(map(comparison, trials)))) == (15, 45)
        shown = Counter(name for trial in trials for name in (trial.left, trial.right))
        for counts in (pairs, Counter(trial.scene for trial in trials), shown):
            assert p_even(counts) > 0.01

    def test_each_condition_and_pair_is_as_often_left_as_right_and_as_often_first(self, dealt):
        trials = [trial for session in dealt for trial in session]
        assert p_even(Counter(trial.first for trial in trials)) > 0.01
        assert p_even(Counter(trial.left < trial.right for trial in trials)) > 0.01
        sides, firsts = Counter(), Counter()
        for trial in trials:
            sides[trial.left, "left"] += 1
            sides[trial.right, "right"] += 1
            firsts[trial.left if trial.first == "left" else trial.right, "first"] += 1
            firsts[trial.right if trial.first == "left" else trial.left, "second"] += 1
        for counts, ways in ((sides, ("left", "right")), (firsts, ("first", "second"))):
            table = [[counts[name, way] for way in ways] for name in NAMES]
            assert chi2_contingency(table).pvalue > 0.01

    def test_no_condition_comes_earlier_in_the_session_than_another(self, dealt):
        table = np.zeros((len(NAMES), 5))
        for session in dealt:
            for trial in session:
                for name in (trial.left, trial.right):
                    table[NAMES.index(name), 5 * trial.position // len(session)] += 1
        assert chi2_contingency(table).pvalue > 0.01


@pytest.mark.parametrize("protocol", PLANNED, ids=str)
@pytest.mark.parametrize("observers", [1, 3, 8, 29, 200])
def test_after_any_observer_no_comparison_is_more_than_one_ahead_nor_one_of_its_four_ways(
    protocol, observers
):
    study = definition(SCENES, NAMES, catch=0, practice=0, **protocol)
    trials = [trial for number in range(observers) for trial in plan(study, number, SEED)]
    every = [frozenset(pair) for pair in study.pairs]
    counts = Counter(map(comparison, trials))
    times = [counts[scene, pair] for scene in SCENES for pair in every]
    assert max(times) - min(times) <= 1
    ways = Counter((trial.scene, trial.left, trial.right, trial.first) for trial in trials)
    for scene in SCENES:
        for one, other in study.pairs:
            own = [
                ways[scene, *pair, first]
                for pair in ((one, other), (other, one))
                for first in ("left", "right")
            ]
            assert max(own) - min(own) <= 1


@pytest.mark.parametrize("kind", ["practice", "catch"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_reference_of_known_trials_is_on_either_side_and_the_candidate_any_condition(kind, count):
    other = {"practice": "catch", "catch": "practice"}[kind]
    study = definition(SCENES, NAMES, pairs="random:3", **{kind: count, other: 0})
    plans = [of_kind(plan(study, number, SEED), kind) for number in range(2_000)]
    for own in plans:
        assert abs(sum(trial.left == REFERENCE for trial in own) - count / 2) <= 0.5
    trials = [trial for own in plans for trial in own]
    assert p_even(Counter(trial.left == REFERENCE for trial in trials)) > 0.01
    assert p_even(Counter((trial.first == "left") == (trial.left == REFERENCE) for trial in trials)) > 0.01
    assert p_even(Counter(({trial.left, trial.right} - {REFERENCE}).pop() for trial in trials)) > 0.01
    assert p_even(Counter(trial.scene for trial in trials)) > 0.01


@fixed
@given(sizes, st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**32), st.integers(0, 500))
def test_observers_in_a_row_connect_all_conditions_whoever_is_the_first(size, scenes, share, seed, first):
    study = study_of(size, scenes, pairs=f"random:{share}")
    run = size - 1 + size % 2  # cards of a path through all conditions; twice as many hold a whole one
    observers = range(first, first - (-(2 * run - 1) // study.main_trials))
    pairs = [comparison(trial)[1] for number in observers for trial in plan(study, number, seed)]
    assert in_one_piece(pairs, [condition.name for condition in study.conditions])


@fixed
@given(sizes, st.integers(1, 4), st.integers(1, 40), st.integers(0, 2**32), st.integers(0, 500))
def test_observers_in_a_row_connect_the_conditions_within_every_scene(size, scenes, share, seed, first):
    study = study_of(size, scenes, pairs=f"random:{share}")
    block = scenes * (size - 1 + size % 2)
    observers = range(first, first - (-(2 * block - 1) // study.main_trials))
    shown = [comparison(trial) for number in observers for trial in plan(study, number, seed)]
    names = [condition.name for condition in study.conditions]
    assert all(
        in_one_piece([pair for where, pair in shown if where == scene.name], names) for scene in study.scenes
    )


@fixed
@given(st.integers(3, 9), st.integers(2, 4), st.integers(5, 20), st.integers(0, 2**32), st.integers(0, 99))
def test_a_plan_is_made_of_its_arguments_alone(size, scenes, share, seed, observer):
    study = study_of(size, scenes, pairs=f"random:{share}", repeats=2)
    once = plan(study, observer, seed)
    plan.cache_clear()
    np.random.seed(observer)  # noqa: NPY002 - a global seed must not matter
    assert plan(study, observer, seed) == once
    assert plan(study, observer, seed + 1) != once
