import math

import pytest

from tests.study.tiny import body, response
from uplapp.study.answers.response import (
    COARSE_CLOCK,
    BadResponse,
    contradicts,
    flags,
    is_broken,
    phase_frames,
    read,
)
from uplapp.study.definition import Protocol

NINE_SWAPS = [250.0 * n for n in range(1, 9)]


def test_an_honest_answer_is_read_as_it_was_measured():
    assert read(body("t"), Protocol()) == response()


@pytest.mark.parametrize(
    "forged",
    [
        {"choice": "both"},
        {"choice": "not_sure"},
        {"choice": ["left"]},
        {"response_ms": -1},
        {"response_ms": 0},
        {"response_ms": math.nan},
        {"response_ms": math.inf},
        {"response_ms": 1e12},
        {"response_ms": 10**400},
        {"response_ms": "2100"},
        {"response_ms": True},
        {"response_ms": None},
        {"layout": "on_top"},
        {"frame_ms": 0},
        {"swaps_ms": "many"},
        {"swaps_ms": [*NINE_SWAPS[:-1], math.nan]},
        {"swaps_ms": [float(n) for n in range(3000)]},
        {"gaps_ms": [-5]},
        {"missed_frames": -1},
        {"missed_frames": 1.5},
        {"frames_per_phase": 14.5},
        {"paused_ms": -1},
        {"seen_ms": [1.0]},
        {"pixel_ratio": 0},
        {"clock_ms": -1},
        {"step": 1},
    ],
    ids=str,
)
def test_what_is_no_measurement_is_refused(forged):
    with pytest.raises(BadResponse):
        read(body("t", **forged), Protocol())


@pytest.mark.parametrize(
    "measured",
    [
        {"response_ms": 1200.0},
        {"response_ms": 60_000.0},
        {"frame_ms": 8.3},
        {"frames_per_phase": 14},
        {"swaps_ms": []},
        {"swaps_ms": list(reversed(NINE_SWAPS))},
        {"swaps_ms": [250.0, 250.0, *NINE_SWAPS[2:]]},
        {"swaps_ms": [float(n) for n in range(1, 200)]},
        {"seen_ms": [99_999.0, 0.0]},
        {"layout": "in_place", "seen_ms": [2000.0, 100.0]},
    ],
    ids=lambda measured: str(measured)[:40],
)
def test_times_that_contradict_each_other_are_kept_and_flagged(measured):
    assert "contradiction" in flags(read(body("t", **measured), Protocol()), Protocol())


def test_an_honest_answer_has_no_flag():
    assert flags(response(), Protocol()) == ()


def test_the_step_of_a_coarse_clock_is_a_flag():
    assert flags(read(body("t", clock_ms=100 / 6), Protocol()), Protocol()) == (COARSE_CLOCK,)


@pytest.mark.parametrize("key", ["choice", "response_ms", "swaps_ms", "seen_ms"])
def test_a_missing_field_is_named(key):
    sent = body("t")
    del sent[key]
    with pytest.raises(BadResponse, match=f"'{key}' is missing"):
        read(sent, Protocol())


@pytest.mark.parametrize(
    ("choice", "step", "good"),
    [
        *[("left", 1, True), ("right", 2, True), ("not_sure", 0, True)],
        *[("left", 0, False), ("left", 3, False), ("left", 1.5, False), ("not_sure", 1, False)],
    ],
)
def test_a_side_and_no_other_answer_has_one_of_the_steps_that_the_study_asks_for(choice, step, good):
    protocol, sent = Protocol(not_sure=True, steps=2), body("t", choice=choice, step=step)
    if good:
        assert read(sent, protocol).step == step
    else:
        with pytest.raises(BadResponse, match="step"):
            read(sent, protocol)


def test_not_sure_counts_where_the_study_offers_it():
    assert read(body("t", choice="not_sure"), Protocol(not_sure=True)).choice == "not_sure"


def test_a_pause_explains_missing_swaps():
    assert not contradicts(response(response_ms=60_000.0, paused_ms=57_900.0), Protocol())
    assert contradicts(response(response_ms=60_000.0), Protocol())


def test_a_gap_longer_than_a_phase_may_swallow_two_swaps():
    swaps = [250.0 * n for n in range(1, 80) if n % 4 in (1, 2)]  # two phases in four passed unseen
    late = {"response_ms": 20_000.0, "swaps_ms": swaps, "missed_frames": 300}
    assert not contradicts(read(body("t", **late, gaps_ms=[266.7] * 20), Protocol()), Protocol())
    assert contradicts(read(body("t", **late, gaps_ms=[240.0] * 20), Protocol()), Protocol())


@pytest.mark.parametrize(
    ("phase_ms", "hertz", "frames"), [(250, 60, 15), (125, 60, 8), (500, 144, 72), (100, 60, 6), (50, 10, 1)]
)
def test_a_phase_is_a_whole_number_of_frames(phase_ms, hertz, frames):
    assert phase_frames(phase_ms, 1000 / hertz) == frames


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, False),
        ({"gaps_ms": (49.0,), "missed_frames": 2}, False),
        ({"gaps_ms": (51.0,), "missed_frames": 2}, True),
        ({"gaps_ms": (33.0,) * 3, "missed_frames": 3}, True),  # 3 of 126 frames
    ],
)
def test_a_long_gap_or_many_missed_frames_break_a_trial(changes, broken):
    given = response(**changes)
    assert is_broken(given) is broken
    assert ("late_frames" in flags(given, Protocol())) is broken


def test_an_answer_before_one_cycle_is_flagged_not_refused():
    quick = response(response_ms=400.0, swaps_ms=(250.0,), seen_ms=(400.0, 400.0))
    assert flags(quick, Protocol()) == ("too_fast",)
