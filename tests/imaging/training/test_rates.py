"""The search for a learning rate: fair to each loss, a function of its recipe, no place for what diverged."""

from dataclasses import replace

import pytest

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, then
from uplapp.errors import UplappError
from uplapp.imaging.recipes.spec import Schedule
from uplapp.imaging.training.log import Scores
from uplapp.imaging.training.rates import Trial, choose, shortened, try_rates
from uplapp.imaging.training.run import Supplies, state_path


@pytest.fixture
def supplies(tmp_path):
    photos = tiny.photograph_folder(tmp_path / "photos")
    return Supplies.read(SPEC, replace(tiny.run_in(tmp_path).places, validate=photos))


def test_the_lowest_validation_loss_is_chosen():
    trials = [Trial(1e-4, Scores(30, 0.3)), Trial(1e-3, Scores(20, 0.1)), Trial(1e-2, Scores(40, 0.2))]
    assert choose(trials).rate == 1e-3


def test_a_loss_below_zero_is_lower():
    assert choose([Trial(1e-4, Scores(30, 0.01)), Trial(1e-3, Scores(20, -2.0))]).rate == 1e-3


def test_a_rate_that_diverged_is_never_chosen_and_all_diverged_is_told():
    assert choose([Trial(1e-4, Scores(10, 9.0)), Trial(1.0, None)]).rate == 1e-4
    with pytest.raises(UplappError, match=r"every rate diverged \(0\.1, 1\); give lower ones"):
        choose([Trial(0.1, None), Trial(1.0, None)])


def test_a_short_run_has_the_ramps_of_the_whole_in_proportion():
    whole = changed(SPEC, schedule=Schedule(steps=1000, warm_up=200, ramp_down=0.5))
    short = shortened(whole, 3e-4, 100).last.schedule
    assert (short.steps, short.warm_up, short.ramp_down, short.learning_rate) == (100, 20, 0.5, 3e-4)


def test_trials_start_from_the_same_weights_and_repeat(supplies, tmp_path):
    after = then(SPEC, loss="l1", schedule=replace(TINY, steps=40))
    rates = [1e-2, 1e-3, 1e-2]
    trials = try_rates(after, supplies, tmp_path / "first", ALONE, rates, steps=6)
    assert [trial.rate for trial in trials] == [1e-3, 1e-2]
    assert trials[0] != trials[1]
    assert try_rates(after, supplies, tmp_path / "second", ALONE, rates, steps=6) == trials
    assert state_path(tmp_path / "first", SPEC).exists()


def test_a_rate_at_which_the_loss_is_lost_has_no_scores(supplies, tmp_path):
    trials = try_rates(SPEC, supplies, tmp_path, ALONE, [1e-3, 1e30], steps=6)
    assert trials[0].scores is not None
    assert trials[1] == Trial(1e30, None)


def test_a_search_needs_images_to_compare_on(tmp_path):
    with pytest.raises(UplappError, match="compared on images that training does not see"):
        try_rates(SPEC, Supplies(tiny.photographs(), None), tmp_path, ALONE)
