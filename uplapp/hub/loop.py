"""The background loop that keeps the copy on the Hub close to the journals."""

import random
import sys
import threading
import time
from collections.abc import Callable

from uplapp.errors import UplappError
from uplapp.hub.client import HubError
from uplapp.hub.mirror import Mirror

EVERY_S = 60.0
GAP_S = 30.0  # after sessions that end; the Hub allows about 128 commits an hour in one repository
TICK_S = 1.0
LONGEST_S = 600.0
LAST_S = 30.0  # how long a process that ends waits for its last lines


class Loop:
    """Sends new answers every minute and soon after a session ends. It waits longer after each failure."""

    def __init__(self, mirror: Mirror, finished: Callable[[], int], jitter: Callable[[], float]) -> None:
        self.mirror, self._finished, self._jitter = mirror, finished, jitter
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._failures, self._last_error = 0, ""

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, after one last try to send what is left."""
        self._stopped.set()
        self._thread.join(LAST_S)

    def _run(self) -> None:
        wait_s, since_s, seen = self._attempt(), time.monotonic(), self._ended(0)
        while not self._stopped.wait(min(TICK_S, wait_s)):
            passed_s, ended = time.monotonic() - since_s, self._ended(seen)
            soon = ended != seen and not self._failures and passed_s >= min(GAP_S, wait_s)
            if passed_s >= wait_s or soon:
                wait_s, since_s, seen = self._attempt(), time.monotonic(), ended
        self._attempt()

    def _ended(self, before: int) -> int:
        """How many sessions have ended. The old number while the database is busy."""
        try:
            return self._finished()
        except UplappError:
            return before

    def _attempt(self) -> float:
        """Send once. Returns the seconds to the next time."""
        try:
            self.mirror.push()
        except HubError as error:
            self._failures += 1
            if str(error) != self._last_error:
                print(f"answers are not copied: {error}", file=sys.stderr)
            self._last_error = str(error)
            return pause_s(self._failures, error.wait_s, self._jitter())
        self._failures, self._last_error = 0, ""
        return EVERY_S


def pause_s(failures: int, asked_s: float, jitter: float) -> float:
    """Seconds to wait after that many failures in a row: doubling, at most ten minutes, times .5 to 1.5.

    `jitter` is in [0, 1); never less than the Hub asks for.
    """
    doubled = EVERY_S * 2.0 ** min(failures - 1, 10)
    return max(min(doubled, LONGEST_S) * (0.5 + jitter), asked_s)


def keep(mirror: Mirror, finished: Callable[[], int]) -> Loop:
    """Start the loop. `finished` counts the sessions that have ended."""
    loop = Loop(mirror, finished, random.random)
    loop.start()
    return loop
