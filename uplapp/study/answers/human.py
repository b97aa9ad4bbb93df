"""Marks of answers without human timing: no key or pointer, a pace too even, more time than has passed.

Who writes a program to collect rewards can forge all of it. A mark says where to look, and drops nothing.
"""

from collections.abc import Sequence
from statistics import mean, stdev

from uplapp.study.answers.response import Response
from uplapp.study.definition import Protocol

NO_INPUT = "no_input"  # answered without an event of a key or a pointer that the browser vouches for
EVEN_PACE = "even_pace"  # one answer takes as long as the other
UNTIMELY = "untimely"  # the answers took longer than the time that has passed since the consent
PACED = 10  # answers that are compared; people vary by 20% and more even where they react as fast as they can
LEAST_SD_MS = 20.0  # of simple reactions (Luce 1986, Response Times: 30 ms and more)
LEAST_SPREAD = 0.05  # standard deviation by the mean of the time beyond the least view
SLACK_MS, SLACK = 5000.0, 1.1  # clocks of browsers are coarse, and differ from the server's


def marks(given: Response, earlier_ms: Sequence[float], passed_ms: float, protocol: Protocol) -> list[str]:
    """Mark an answer beside those `earlier_ms` of the same person took, `passed_ms` after the consent.

    Trials that ended by themselves are not among them. Pauses are part of the times.
    """
    if given.choice == "none":
        return []
    times = [*earlier_ms, given.response_ms]
    found = {
        NO_INPUT: given.inputs == 0,
        EVEN_PACE: is_even(times[-PACED:], protocol.min_view_ms),
        UNTIMELY: sum(times) > SLACK * passed_ms + SLACK_MS,
    }
    return [name for name, marked in found.items() if marked]


def is_even(times_ms: Sequence[float], min_view_ms: float) -> bool:
    """Tell whether times in ms spread too little for a person, even one who answers as soon as possible.

    Of fewer than PACED nothing is said.
    """
    if len(times_ms) < PACED:
        return False
    beyond = max(0.0, mean(times_ms) - min_view_ms)
    return stdev(times_ms) < max(LEAST_SD_MS, LEAST_SPREAD * beyond)
