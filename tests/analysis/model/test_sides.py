"""The side bias that is always estimated."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import t as student

from uplapp.analysis.model.answers import is_off_zero, is_unknown, side_bias
from uplapp.analysis.model.objective import SIGMA, preference
from uplapp.values import Estimate


def people(side, observers=12, votes=10, seed=0, spread=0.0):
    """Answers (K,3,3,3) of observers whose own bias varies by `spread`."""
    generator = np.random.default_rng(seed)
    scores, own = np.array([0.5, 0.0, -0.5]), side + generator.normal(0, spread, observers)
    chosen = preference(scores[:, None] - scores + own[:, None, None])
    answers = np.zeros((observers, 3, 3, 3))
    answers[:, 0] = generator.binomial(votes, chosen) * (1 - np.eye(3))
    answers[:, 2] = (votes - answers[:, 0]) * (1 - np.eye(3))
    return answers


def test_two_conditions_by_hand():
    answers = np.zeros((1, 3, 2, 2))
    answers[0, :, 0, 1], answers[0, :, 1, 0] = (80, 0, 20), (40, 0, 60)
    bias = side_bias(answers)
    assert bias.jod == pytest.approx(SIGMA * (ndtri(0.8) + ndtri(0.4)) / 2)
    # delta method: each probit has variance p (1 - p) / (n phi^2), and b is half their sum
    spread = [p * (1 - p) / 100 * 2 * np.pi * np.exp(ndtri(p) ** 2) for p in (0.8, 0.4)]
    assert bias.se == pytest.approx(SIGMA * np.sqrt(sum(spread)) / 2, rel=1e-6)


def test_the_sandwich_of_identical_observers_is_zero_wide():
    assert side_bias(np.repeat(people(0.3)[:1], 5, axis=0)).se == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("spread", [0.0, 0.6], ids=["equal observers", "different observers"])
def test_the_standard_error_is_the_spread_of_repeated_studies(spread):
    biases = [side_bias(people(0.2, seed=seed, spread=spread)) for seed in range(300)]
    assert np.mean([each.se for each in biases]) == pytest.approx(
        np.std([each.jod for each in biases]), rel=0.15
    )


def test_without_a_bias_about_one_study_in_twenty_is_off_zero():
    flagged = [is_off_zero(side_bias(people(0.0, seed=seed)), 12) for seed in range(300)]
    assert 0.02 < np.mean(flagged) < 0.085  # 300 looks at .05: two and a half standard errors either side


def test_off_zero_follows_student():
    edge = student.ppf(0.975, 4)
    assert is_off_zero(Estimate(1.01 * edge, 1.0), 5)
    assert not is_off_zero(Estimate(-0.99 * edge, 1.0), 5)


def one_order():
    answers = np.zeros((4, 3, 2, 2))
    answers[:, 0, 0, 1], answers[:, 2, 0, 1] = 6, 4
    return answers


def always_the_same_place():
    answers = np.zeros((4, 3, 2, 2))
    answers[:, 0] = 5 * (1 - np.eye(2))
    return answers


UNKNOWN = {
    "one order only": one_order(),
    "the place alone decides": always_the_same_place(),
    "no votes": np.zeros((4, 3, 2, 2)),
    "one winner": one_order() * np.array([1, 0, 0])[:, None, None],
}


@pytest.mark.parametrize("answers", UNKNOWN.values(), ids=UNKNOWN)
def test_votes_that_do_not_fix_the_bias_leave_it_unknown(answers):
    bias = side_bias(answers)
    assert is_unknown(bias)
    assert not is_off_zero(bias, 4)


def test_a_condition_that_always_won_does_not_hide_the_bias_of_the_others():
    answers = people(0.4, votes=100)
    wider = np.zeros((12, 3, 4, 4))
    wider[:, :, :3, :3] = answers
    wider[:, 0, 3, :3], wider[:, 2, :3, 3] = 5, 5
    assert side_bias(wider).jod == pytest.approx(side_bias(answers).jod, abs=1e-9)
    assert side_bias(wider).se == pytest.approx(side_bias(answers).se, abs=1e-9)
