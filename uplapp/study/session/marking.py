"""What a researcher should see beside an answer: its flags, of its own times and of the times around it.

The server's clock remembers when it was set forward.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from uplapp.study.answers import human, response
from uplapp.study.answers.response import Response
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Row, Store

CLOCK_BACK = response.CLOCK_BACK
CLOCK_FORWARD = "clock_forward"  # the server's clock was set forward since the answer before, or the consent

JUMP_S = 2.0  # clocks that are kept right by small steps are no matter
KEPT = 100

Jump = tuple[float, float]  # what the server's clock showed before it was set forward, and after


def marks(
    store: Store, study: OpenStudy, observer: Row, given: Response, now: float, jumps: Sequence[Jump] = ()
) -> list[str]:
    """List the flags of an answer that comes at `now`, in seconds since 1970.

    `jumps` are the times before and after which the server's clock was set forward. After it was
    set back nothing is said of the time since the consent.
    """
    found = list(response.flags(given, study.definition.protocol))
    query = """SELECT response_ms, choice, flags, answered_at FROM answers
        JOIN trials ON trials.token = answers.trial WHERE trials.observer = :id ORDER BY position"""
    earlier = store.rows(query, {"id": observer["id"]})
    last = max([observer["joined_at"], *(row["answered_at"] for row in earlier)])
    if any(last <= before and after <= now for before, after in jumps):
        found.append(CLOCK_FORWARD)
    if now < last:
        found.append(CLOCK_BACK)
    elif not observer["simulated"]:
        back = any(CLOCK_BACK in row["flags"] for row in earlier)
        passed_ms = inf if back else 1000.0 * (now - observer["joined_at"])
        times = [row["response_ms"] for row in earlier if row["choice"] != "none"]
        found += human.marks(given, times, passed_ms, study.definition.protocol)
    return found


def steady_s() -> float:
    """Seconds that nobody can set, and that go on while the machine sleeps where it can tell them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """Seconds since 1970 at each call. `jumps` holds what was shown before and after it was set forward."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady_s) -> None:
        self._wall, self._steady = wall, steady
        self._last = wall(), steady()
        self.jumps: deque[Jump] = deque(maxlen=KEPT)

    def __call__(self) -> float:
        """Read the clock."""
        now, steady = self._wall(), self._steady()
        (before, then), self._last = self._last, (now, steady)
        expected = before + (steady - then)
        if now - expected > JUMP_S:
            self.jumps.append((expected, now))
        return now
