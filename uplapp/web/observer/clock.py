"""The server's clock, which remembers when it was set forward."""

import time
from collections import deque
from collections.abc import Callable

JUMP_S = 2.0  # clocks that are kept right by small steps are no matter
KEPT = 100


def steady_s() -> float:
    """Seconds that nobody can set, and that go on while the machine sleeps where it can tell them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """Seconds since 1970 at each call. `jumps` holds what was shown before and after it was set forward."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady_s) -> None:
        self._wall, self._steady = wall, steady
        self._last = wall(), steady()
        self.jumps: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def __call__(self) -> float:
        """Read the clock."""
        now, steady = self._wall(), self._steady()
        (before, then), self._last = self._last, (now, steady)
        expected = before + (steady - then)
        if now - expected > JUMP_S:
            self.jumps.append((expected, now))
        return now
