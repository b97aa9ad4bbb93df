import numpy as np
import pytest

from uplapp.study.exports.dashboard import CHANCE, RECENT, Alarm, alarm, at_least


def test_a_share_of_a_tenth_that_becomes_two_fifths_is_an_alarm_with_both_shares():
    assert alarm(20, 200, 20) == Alarm(0.4, 0.1)


@pytest.mark.parametrize("recent_marked", [0, 5, 8])
def test_the_same_share_or_a_little_more_is_none(recent_marked):
    assert alarm(20, 200, recent_marked) is None


@pytest.mark.parametrize(("answers", "recent"), [(RECENT - 1, RECENT), (400, RECENT - 1)])
def test_few_answers_on_either_side_raise_none(answers, recent):
    assert alarm(0, answers, recent, recent) is None


def test_a_share_that_falls_is_none():
    assert alarm(180, 200, 5) is None


def test_the_chance_of_none_or_more_is_one():
    assert at_least(0, 50, 3, 70) == pytest.approx(1.0)


def test_the_chance_agrees_with_drawing_the_share_and_then_the_answers():
    rng = np.random.default_rng(1)
    counts = rng.binomial(50, rng.beta(20.5, 180.5, 200_000))
    assert at_least(9, 50, 20, 200) == pytest.approx((counts >= 9).mean(), abs=0.004)


def test_a_steady_share_cries_wolf_in_less_than_one_of_two_hundred_studies():
    rng = np.random.default_rng(7)
    studies = rng.random((200, 1000)) < 0.08
    totals = studies.cumsum(axis=1)
    cries = 0
    for counted in totals:
        windows = [(counted[n - RECENT - 1], counted[n - 1]) for n in range(2 * RECENT, 1000, 10)]
        cries += any(
            alarm(int(before), n, int(now - before))
            for n, (before, now) in zip(range(RECENT, 1000, 10), windows, strict=False)
        )
    assert cries <= 1
    assert CHANCE <= 1e-4
