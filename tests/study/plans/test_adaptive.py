from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chisquare

from tests.study.plans.trials import SEED, sit
from tests.study.tiny import CONDITIONS, NOW, SCENES, definition, open_tiny, response
from uplapp.analysis.asking.next_pair import next_pairs, posterior
from uplapp.study.plans.pairs import plan
from uplapp.study.session import joining, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation.observers import simulate
from uplapp.study.store.store import new_token

PLAIN = {"catch": 0, "practice": 0}


def broken(*arguments):
    raise ValueError("no optimum")


def outside(counts, *others):
    return ((0, 0),)


def comparison(trial):
    return trial.scene, frozenset((trial.left, trial.right))


def all_trials(study, chooser=next_pairs, count=40):
    answers = Counter()
    return [sit(study, number, answers, chooser) for number in range(count)]


def test_a_choice_is_a_function_of_definition_answers_and_seed():
    study = definition(pairs="adaptive:8", repeats=2)
    assert all_trials(study, count=5) == all_trials(study, count=5)


@pytest.mark.parametrize("chooser", [next_pairs, broken, outside, None])
def test_every_observer_has_as_many_trials_and_no_comparison_twice(chooser):
    study = definition(pairs="adaptive:9", catch=1, practice=1, repeats=2)
    for own in all_trials(study, chooser):
        kinds = Counter(trial.kind for trial in own)
        assert kinds == {"main": 9, "catch": 1, "practice": 1, "repeat": 2}
        assert len({comparison(trial) for trial in own if trial.kind == "main"}) == 9
        assert [trial.position for trial in own] == list(range(13))


def test_without_a_chooser_the_plan_decides():
    study = definition(pairs="adaptive:5", **PLAIN)
    assert tuple(sit(study, 3, Counter(), None)) == plan(study, 3, SEED)


def test_sides_first_places_and_scenes_are_balanced_within_the_observer():
    place = CONDITIONS.index
    for own in all_trials(definition(pairs="adaptive:8", **PLAIN)):
        assert sum(place(trial.left) < place(trial.right) for trial in own) == 4
        assert sum(trial.first == "left" for trial in own) == 4
        assert abs(sum(trial.scene == SCENES[0] for trial in own) - 4) <= 1


def test_an_observer_judges_every_pair_before_one_comes_again():
    for own in all_trials(definition(pairs="adaptive:6", **PLAIN)):
        pairs = {frozenset((trial.left, trial.right)) for trial in own}
        assert pairs == set(map(frozenset, combinations(CONDITIONS, 2)))


def test_a_repeat_shows_an_own_earlier_comparison_mirrored():
    for own in all_trials(definition(pairs="adaptive:8", repeats=3, **PLAIN)):
        main = {comparison(trial): trial for trial in own if trial.kind == "main"}
        repeats = [trial for trial in own if trial.kind == "repeat"]
        assert len(set(map(comparison, repeats))) == 3
        for again in repeats:
            once = main[comparison(again)]
            assert (again.left, again.right) == (once.right, once.left)
            assert again.position > once.position


@pytest.mark.parametrize("chooser", [next_pairs, None])
def test_five_trials_or_more_lie_between_a_repeat_and_its_original(chooser):
    gaps = []
    for own in all_trials(definition(pairs="adaptive:10", repeats=3, practice=2, catch=2), chooser):
        main = {comparison(trial): trial for trial in own if trial.kind == "main"}
        again = [trial for trial in own if trial.kind == "repeat"]
        gaps += [trial.position - main[comparison(trial)].position - 1 for trial in again]
    assert len(gaps) == 3 * 40
    assert min(gaps) >= 5


def test_sides_orders_and_scenes_are_balanced_over_all_observers():
    rows = [t for own in all_trials(definition(pairs="adaptive:5", **PLAIN), count=200) for t in own]
    sides = Counter(trial.left for trial in rows)
    shown = Counter(name for trial in rows for name in (trial.left, trial.right))
    for name in CONDITIONS:
        assert chisquare([sides[name], shown[name] - sides[name]]).pvalue > 0.01
    for counts in (Counter(t.scene for t in rows), Counter(t.first for t in rows)):
        assert chisquare(list(counts.values())).pvalue > 0.01


def error(study, scores, chooser, count, seed):
    """Root mean square error in JOD of the scores from `count` observers."""
    answers, order = Counter(), [entry.name for entry in study.conditions]
    for number in range(count):
        sit(study, number, answers, chooser, scores, seed)
    counts = np.zeros((len(order), len(order)))
    for (_, left, right, _, choice), times in answers.items():
        won, lost = (left, right) if choice == "left" else (right, left)
        counts[order.index(won), order.index(lost)] += times
    belief = posterior(counts).mean
    truth = np.array([scores[name] for name in order])
    return np.sqrt(np.mean((belief - belief.mean() - truth + truth.mean()) ** 2))


@pytest.mark.slow
def test_known_scores_are_recovered_with_five_eighths_of_the_votes_of_the_full_sweep():
    names = [f"c{i}" for i in range(8)]
    scores = {name: 0.75 * index for index, name in enumerate(names)}
    few, all_pairs = (
        definition(SCENES, names, pairs="adaptive:14", **PLAIN),
        definition(SCENES, names, **PLAIN),
    )
    seeds = range(0, 600, 100)
    chosen = np.mean([error(few, scores, next_pairs, 30, seed) for seed in seeds])  # 420 votes
    subset = np.mean([error(few, scores, None, 30, seed) for seed in seeds])
    full = np.mean([error(all_pairs, scores, None, 12, seed) for seed in seeds])  # 672 votes
    assert chosen < 1.1 * full < 0.25
    assert chosen < 0.9 * subset


@pytest.mark.study(chooser=next_pairs, pairs="adaptive:7", repeats=2)
class TestSession:
    def answer(self, store, study, person, given=None):
        shown = session.state(store, study, person).trial
        return session.answer(store, study, person, shown.token, new_token(), given or response(), NOW)

    def test_only_the_current_trial_and_the_next_exist(self, store, study):
        person = joining.join(store, study, "1", NOW)
        state, count = session.state(store, study, person), 0
        while state.trial:
            waiting = "SELECT count(*) AS n FROM trials WHERE token NOT IN (SELECT trial FROM answers)"
            assert store.row(waiting)["n"] == min(2, 11 - count)
            assert (state.total, state.code) == (10, None)
            state, count = self.answer(store, study, person), count + 1
        assert (count, state.done, len(state.code)) == (11, 10, 10)
        assert store.row("SELECT count(*) AS n FROM observers WHERE finished_at IS NOT NULL")["n"] == 1

    def test_a_broken_trial_comes_again_after_all_others(self, store, study):
        person = joining.join(store, study, "1", NOW)
        self.answer(store, study, person)
        broken_trial = session.state(store, study, person).trial.token
        state = self.answer(store, study, person, response(gaps_ms=(80.0,), missed_frames=4))
        assert state.total == 11
        while state.trial:
            last, state = state.trial.token, self.answer(store, study, person)
        once, again = (session.reveal(store, name) for name in (broken_trial, last))
        assert comparison(once) == comparison(again)
        assert again.position == 11
        assert state.done == 11

    def test_the_chooser_sees_the_answers_of_everybody_but_not_of_the_excluded(self, store, tmp_path):
        heard = []

        def listen(counts, *others):
            heard.append(counts.sum())
            return next_pairs(counts, *others)

        study = open_tiny(store, tmp_path / "tiny", listen, pairs="adaptive:7")
        simulate(store, study, dict.fromkeys(CONDITIONS, 0.0), 3, SEED, NOW)
        joining.join(store, study, "1", NOW, Newcomer(simulated=True))
        assert heard[-1] == 21
        joining.join(store, study, "1", NOW)
        assert heard[-1] == 0
        store.update(
            "observers",
            store.row("SELECT id FROM observers WHERE finished_at > 0")["id"],
            {"excluded": "withdrawn"},
        )
        joining.join(store, study, "1", NOW, Newcomer(simulated=True))
        assert heard[-1] == 14

    def test_a_failing_chooser_costs_no_answer(self, store, tmp_path):
        study = open_tiny(store, tmp_path / "tiny", broken, pairs="adaptive:7")
        simulate(store, study, dict.fromkeys(CONDITIONS, 0.0), 2, SEED, NOW)
        assert store.row("SELECT count(*) AS n FROM answers")["n"] == 2 * 9
