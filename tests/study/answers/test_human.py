"""Marks of answers without human timing."""

import numpy as np
import pytest

from tests.study.tiny import paced, response
from uplapp.study.answers import human
from uplapp.study.answers.response import read
from uplapp.study.definition import Protocol

LONG_MS = 1e9  # since the consent


def marks(given, earlier=(), passed_ms=LONG_MS, **protocol):
    return human.marks(given, earlier, passed_ms, Protocol(**protocol))


def test_an_answer_of_a_person_has_no_mark():
    assert marks(paced(9), [paced(n).response_ms for n in range(9)], 30_000) == []


def test_who_touched_neither_key_nor_pointer_is_marked_unless_the_time_ran_out():
    assert marks(response(inputs=0)) == [human.NO_INPUT]
    assert marks(response("none", inputs=0)) == []


def test_a_sender_that_does_not_say_how_it_answered_has_none():
    body = {
        **vars(response()),
        "swaps_ms": [250.0 * n for n in range(1, 9)],
        "gaps_ms": [],
        "seen_ms": [2100, 2100],
    }
    assert read(body, Protocol()).inputs == 1
    del body["inputs"]
    assert read(body, Protocol()).inputs == 0


@pytest.mark.parametrize(("spread_ms", "even"), [(5.0, True), (400.0, False)])
def test_a_pace_is_even_where_ten_answers_take_the_same_time(spread_ms, even):
    times = 2500 + spread_ms * np.tile([-1, 1], 5)
    assert human.is_even(times.tolist(), 0.0) is even
    assert not human.is_even(times[:9].tolist(), 0.0)


def test_people_who_wait_for_the_least_view_are_no_program():
    times = 3000 + 250 + 60 * np.random.default_rng(1).standard_normal(10)
    assert not human.is_even(times.tolist(), 3000.0)


def test_hardly_any_person_is_marked_by_the_spread_of_reaction_times():
    """Reaction times are ex-Gaussian; these are of quick simple reactions (Luce 1986), 300 people."""
    rng = np.random.default_rng(4)
    times = 200 + 35 * rng.standard_normal((300, 10)) + rng.exponential(40, (300, 10))
    assert np.mean([human.is_even(row.tolist(), 0.0) for row in times]) < 0.02


def test_answers_cannot_take_longer_than_has_passed_since_the_consent():
    earlier = [3000.0] * 5
    assert human.UNTIMELY in marks(paced(0), earlier, 4000.0)
    assert human.UNTIMELY not in marks(paced(0), earlier, 18_000.0)
