import numpy as np
import pytest

from tests.study.tiny import CONDITIONS, NOW, definition, open_tiny
from uplapp.errors import UnknownName
from uplapp.study.answers import response
from uplapp.study.exports import votes
from uplapp.study.presentations import PRESENTATIONS
from uplapp.study.simulation import observers
from uplapp.study.store.store import Store
from uplapp.values import GRAIN, REFERENCE, SPOT, Trial

SCORES = dict(zip(CONDITIONS, (1.0, 0.0, -0.5, -0.5), strict=True))


def share_of_left(left, right):
    rng = np.random.default_rng(1)
    trial = Trial(0, "main", "chelsea", left, right)
    return np.mean([observers.choose(trial, SCORES, rng) == "left" for _ in range(4000)])


def test_one_jod_is_a_preference_of_three_quarters():
    assert share_of_left("l1", "l2") == pytest.approx(0.75, abs=0.03)  # 4 sd of 4000 draws


def test_equal_conditions_are_chosen_equally_often():
    assert share_of_left("ms_ssim", "flip") == pytest.approx(0.5, abs=0.032)


def test_the_reference_is_nearly_always_recognised():
    assert share_of_left(REFERENCE, "l1") > 0.98


@pytest.mark.parametrize("min_view_ms", [0.0, 5000.0])
@pytest.mark.parametrize("layout", ["side_by_side", "in_place"])
def test_simulated_answers_pass_the_checks_for_real_ones(layout, min_view_ms):
    rng = np.random.default_rng(2)
    protocol = definition(layout=layout, min_view_ms=min_view_ms).protocol
    for _ in range(50):
        given = observers.respond("left", protocol, rng)
        body = {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(given).items()
        }
        assert response.read(body, protocol) == given
        assert response.flags(given, protocol) == ()


def test_simulated_observers_are_marked_and_never_among_people(tmp_path):
    store = Store(tmp_path / "answers.db")
    study = open_tiny(store, tmp_path / "tiny")
    observers.simulate(store, study, SCORES, 3, 0, NOW)
    assert votes.votes(store, study.id).empty
    simulated = votes.votes(store, study.id, simulated=True)
    assert simulated["simulated"].all()
    assert simulated["observer"].nunique() == 3
    store.close()


def test_the_same_seed_gives_the_same_choices(tmp_path):
    tables = []
    for name in "ab":
        store = Store(tmp_path / name / "answers.db")
        study = open_tiny(store, tmp_path / "tiny")
        observers.simulate(store, study, SCORES, 2, 11, NOW, spread=0.3)
        table = votes.votes(store, study.id, simulated=True)
        tables.append(table.groupby(["scene", "condition_A", "condition_B", "kind"])["is_A_selected"].sum())
        store.close()
    assert tables[0].equals(tables[1])


def test_scores_without_a_condition_are_refused(tmp_path):
    store = Store(tmp_path / "answers.db")
    study = open_tiny(store, tmp_path / "tiny")
    with pytest.raises(UnknownName, match="'ms_ssim'"):
        observers.simulate(store, study, {"l1": 0.0, "l2": 0.0, "flip": 0.0}, 1, 0, NOW)
    store.close()


def test_simulated_observers_pass_catch_trials_whose_sides_both_differ(tmp_path, store):
    study = open_tiny(store, tmp_path / "tiny", catch=4, catch_kind="disguised")
    observers.simulate(store, study, SCORES, 5, 0, NOW)
    catches = votes.votes(store, study.id, simulated=True).query("kind == 'catch'")
    assert set(catches["condition_A"]) == {GRAIN, SPOT}
    assert ((catches["condition_A"] == GRAIN) == (catches["is_A_selected"] == 1)).mean() > 0.9


def test_every_presentation_can_be_simulated():
    assert observers.SIMULATORS.keys() == PRESENTATIONS.keys()
