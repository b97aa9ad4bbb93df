"""An answer as the browser measured it, with flags for times that cannot be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from uplapp.errors import UplappError
from uplapp.study.definition import Protocol
from uplapp.values import Choice

LONGEST_MS = 7 * 24 * 3_600_000.0  # a laptop closed over a weekend loses no answer
SLOWEST_FRAME_MS = 1000.0
FASTEST_FRAME_MS = 1.5
FASTEST_RATING_MS = 500.0
SWAPS_LOGGED = 2400  # the player stops its log here, so that no answer outgrows the body cap
WORST_GAP_MS = 50.0
MISSED_SHARE = 0.02
CYCLES_IN_PLACE = 2
LAYOUTS = ("side_by_side", "in_place")
CHOICES: tuple[Choice, ...] = ("left", "right", "not_sure", "both_bad", "none")


class BadResponse(UplappError):
    """An answer whose fields are missing, of another type, out of range, or not offered."""

    reason = "bad"


@dataclass(frozen=True)
class Response:
    """What an observer chose and what was on screen, with times in ms since the first picture of the trial.

    `swaps_ms` are the requested frames in which the pictures changed, `gaps_ms` the lengths of frame gaps
    above 1.5 frames, `seen_ms` how long the left and the right flicker were on screen.
    `step` says by how much a side was chosen, 1 for slightly, where the study asks that, else 0.
    `ratings` holds (criterion, value) where one image was rated instead. `inputs` counts the events of keys
    and pointers during the trial that the browser says a person made. `clock_ms` is the step of a clock that
    the browser makes coarse, with which it fakes `pixel_ratio` too, and 0 for others.
    """

    choice: Choice
    response_ms: float
    layout: str
    frame_ms: float
    frames_per_phase: int
    swaps_ms: tuple[float, ...]
    gaps_ms: tuple[float, ...]
    missed_frames: int
    paused_ms: float
    seen_ms: tuple[float, float]
    pixel_ratio: float
    ratings: tuple[tuple[str, int], ...] = ()
    inputs: int = 1
    clock_ms: float = 0.0
    step: int = 0


def inputs(body: Mapping[str, Any]) -> int:
    """How many events of keys and pointers came with an answer. 0 where its sender does not say."""
    return whole(body, "inputs", 0, 10_000_000) if "inputs" in body else 0


def clock_step(body: Mapping[str, Any]) -> float:
    """The step in ms of the clock that measured an answer. 0 where its sender does not say."""
    return number(body, "clock_ms", 0.0, SLOWEST_FRAME_MS) if "clock_ms" in body else 0.0


def read(body: Mapping[str, Any], protocol: Protocol) -> Response:
    """Build a Response from the browser's JSON. BadResponse for what is no measurement or not offered.

    Times that contradict each other are a measurement all the same: `flags` marks them, so that no answer
    is lost.
    """
    response = Response(
        choice=one_of(body, "choice", CHOICES),
        response_ms=number(body, "response_ms", 1.0, LONGEST_MS),
        layout=one_of(body, "layout", LAYOUTS),
        frame_ms=number(body, "frame_ms", FASTEST_FRAME_MS, SLOWEST_FRAME_MS),
        frames_per_phase=whole(body, "frames_per_phase", 1, 2000),
        swaps_ms=numbers(body, "swaps_ms", SWAPS_LOGGED),
        gaps_ms=numbers(body, "gaps_ms", SWAPS_LOGGED),
        missed_frames=whole(body, "missed_frames", 0, 10_000_000),
        paused_ms=number(body, "paused_ms", 0.0, LONGEST_MS),
        seen_ms=two(numbers(body, "seen_ms", 2)),
        pixel_ratio=number(body, "pixel_ratio", 0.1, 20.0),
        inputs=inputs(body),
        clock_ms=clock_step(body),
        step=whole(body, "step", 0, protocol.steps) if "step" in body else 0,
    )
    check_choice(response, protocol)
    _check_step(response, protocol)
    if protocol.layout not in ("auto", response.layout):
        raise BadResponse(f"layout '{response.layout}' is not the study's; it is {protocol.layout}")
    return response


def phase_frames(phase_ms: float, frame_ms: float) -> int:
    """Whole display frames per phase. The .01 keeps 7.5 frames (125 ms at 60 Hz) from falling to 7."""
    return max(1, math.floor(phase_ms / frame_ms + 0.5 + 0.01))


def is_broken(response: Response) -> bool:
    """True if a frame gap or the share of missed frames is too large to trust the flicker."""
    frames = max(1.0, _on_screen_ms(response) / response.frame_ms)
    late = max(response.gaps_ms, default=0.0) > WORST_GAP_MS
    return late or response.missed_frames / frames > MISSED_SHARE


def _on_screen_ms(response: Response) -> float:
    """How long a flicker was on screen: side by side both were, in place one at a time."""
    return max(response.seen_ms) if response.layout == "side_by_side" else sum(response.seen_ms)


def flags(response: Response, protocol: Protocol) -> tuple[str, ...]:
    """List what a researcher should see beside the answer. A flag never drops one."""
    marks = []
    if is_broken(response):
        marks.append("late_frames")
    if response.response_ms < (FASTEST_RATING_MS if response.ratings else 2 * protocol.phase_ms):
        marks.append("too_fast")
    if response.paused_ms > 0:
        marks.append("paused")
    if is_early(response, protocol):
        marks.append("too_early")
    if contradicts(response, protocol):
        marks.append("contradiction")
    if response.clock_ms > 0:
        marks.append(COARSE_CLOCK)
    return tuple(marks)


COARSE_CLOCK = "coarse_clock"  # the browser hides its clock and the size of its pixels
CLOCK_BACK = "clock_back"  # the server's clock stood earlier than at the answer before, or at the consent


def check_choice(response: Response, protocol: Protocol) -> None:
    """Refuse a choice that the study does not offer."""
    offered = {"not_sure": protocol.not_sure, "both_bad": protocol.both_bad}
    if not offered.get(response.choice, True):
        raise BadResponse(f"choice '{response.choice}' is not offered in this study; choose left or right")
    if response.choice == "none" and not protocol.answer_timeout_ms:
        raise BadResponse("choice 'none' is for a study whose trials end without an answer; this one waits")


def _check_step(response: Response, protocol: Protocol) -> None:
    """Refuse a side without a step where the study asks for one, and a step where it asks for none."""
    asked = protocol.steps > 1 and response.choice in ("left", "right")
    if asked != (response.step > 0):
        allowed = f"a whole number from 1 to {protocol.steps}" if asked else "0, or left out"
        raise BadResponse(f"'step' of choice '{response.choice}' must be {allowed}")


def is_early(response: Response, protocol: Protocol) -> bool:
    """Whether an answer came before its time, or a trial ended without one before its time ran out."""
    limit = protocol.answer_timeout_ms if response.choice == "none" else protocol.min_view_ms
    return response.response_ms - response.paused_ms < limit - response.frame_ms


def contradicts(response: Response, protocol: Protocol) -> bool:
    """Whether the times do not fit each other or the study's phase. Browsers round their clocks."""
    too_long = max(response.seen_ms) > response.response_ms + response.frame_ms
    if response.layout == "single":
        return too_long or (response.choice == "rated" and response.seen_ms[0] <= 0)
    least = (2 * CYCLES_IN_PLACE * response.frames_per_phase - 1) * response.frame_ms
    in_place = response.layout == "in_place" and response.choice != "none"
    return (
        too_long
        or response.frames_per_phase != phase_frames(protocol.phase_ms, response.frame_ms)
        or (in_place and min(response.seen_ms) < least)
        or not _swaps_fit(response, protocol)
    )


def _swaps_fit(response: Response, protocol: Protocol) -> bool:
    """Swaps rise within the response time, and are as many as the phase allows, less pauses and gaps."""
    swaps, phase = response.swaps_ms, response.frames_per_phase * response.frame_ms
    if any(later <= earlier for earlier, later in pairwise(swaps)):
        return False
    if swaps and swaps[-1] > response.response_ms + response.frame_ms:
        return False
    most = response.response_ms / phase + 2
    viewed_ms = min(response.response_ms - response.paused_ms, protocol.max_view_ms or LONGEST_MS)
    skipped = sum(gap > phase for gap in response.gaps_ms)  # two phases on, the picture is the same one
    least = 0.9 * (viewed_ms - sum(response.gaps_ms)) / phase - skipped - 2
    return min(least, SWAPS_LOGGED) <= len(swaps) <= most


def _field(body: Mapping[str, Any], key: str) -> Any:
    if key not in body:
        raise BadResponse(f"'{key}' is missing")
    return body[key]


def one_of(body: Mapping[str, Any], key: str, allowed: Sequence[str]) -> Any:
    """The entry `key` of a body. BadResponse unless it is one of `allowed`."""
    value = _field(body, key)
    if value not in allowed:
        raise BadResponse(f"'{key}' must be one of: {', '.join(allowed)}")
    return value


def number(body: Mapping[str, Any], key: str, low: float, high: float) -> float:
    """The entry `key` of a body as a number from low to high."""
    return finite(_field(body, key), key, low, high)


def whole(body: Mapping[str, Any], key: str, low: int, high: int) -> int:
    """The entry `key` of a body as a whole number from low to high."""
    value = number(body, key, low, high)
    if value != int(value):
        raise BadResponse(f"'{key}' must be a whole number from {low} to {high}")
    return int(value)


def numbers(body: Mapping[str, Any], key: str, most: int) -> tuple[float, ...]:
    """The entry `key` of a body as at most so many numbers."""
    values = _field(body, key)
    if not isinstance(values, list) or len(values) > most:
        raise BadResponse(f"'{key}' must be a list of at most {most} numbers")
    return tuple(finite(value, key, 0.0, LONGEST_MS) for value in values)


def two(values: tuple[float, ...]) -> tuple[float, float]:
    """The two numbers of `seen_ms`."""
    if len(values) != 2:
        raise BadResponse("'seen_ms' must hold two numbers")
    return values[0], values[1]


def finite(value: object, key: str, low: float, high: float) -> float:
    """Return `value` as a float. BadResponse unless it is from low to high, so not NaN or infinite."""
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise BadResponse(f"'{key}' must be a number between {low:g} and {high:g}")
    return float(value)  # type: ignore[arg-type]
