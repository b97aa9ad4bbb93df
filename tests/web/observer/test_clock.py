"""A server's clock that is set forward is remembered, and marks the next answer of everybody."""

import pytest

from tests.study.tiny import NOW, paced
from uplapp.study.exports import votes
from uplapp.study.session import joining, session
from uplapp.study.session.marking import Clock


class Hands:
    """A wall clock and a steady one that a test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 50.0

    def pass_s(self, seconds: float, wall: float | None = None) -> None:
        self.steady += seconds
        self.wall += seconds if wall is None else wall


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def clock(hands):
    return Clock(lambda: hands.wall, lambda: hands.steady)


def test_a_clock_that_is_set_forward_remembers_both_times(hands, clock):
    hands.pass_s(10.0)
    hands.pass_s(5.0, wall=3605.0)
    assert clock() == NOW + 3615
    assert list(clock.jumps) == [(NOW + 15, NOW + 3615)]


@pytest.mark.parametrize("wall", [61.5, 60.0, 58.0, -3000.0])
def test_small_steps_and_steps_back_are_no_jump_forward(hands, clock, wall):
    hands.pass_s(60.0, wall=wall)
    clock()
    assert not clock.jumps


def test_the_answer_after_a_jump_is_marked_once_in_the_export(store, study, hands, clock):
    who = joining.join(store, study, "1", clock())
    for n in range(3):
        hands.pass_s(30.0, wall=7230.0 if n == 1 else 30.0)
        token, now = session.state(store, study, who).trial.token, clock()
        session.answer(store, study, who, token, f"{n:032}", paced(n), now, tuple(clock.jumps))
    assert list(votes.votes(store, study.id)["flags"]) == ["", "clock_forward", ""]


def test_after_a_clock_was_set_back_nobody_is_taken_for_a_program(store, study, hands, clock):
    who = joining.join(store, study, "1", clock())
    for n in range(4):
        hands.pass_s(4.0, wall=-60.0 if n == 1 else 21.0)
        token, now = session.state(store, study, who).trial.token, clock()
        session.answer(store, study, who, token, f"{n:032}", paced(n), now, tuple(clock.jumps))
    flags = " ".join(votes.votes(store, study.id)["flags"])
    assert "clock_back" in flags
    assert "untimely" not in flags
