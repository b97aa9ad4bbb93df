"""The background loop that keeps the copy on the Hub close to the journals."""

import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from uplapp.errors import UplappError
from uplapp.hub.client import HubError
from uplapp.hub.mirror import Mirror, Wipe

EVERY_S = 60.0
GAP_S = 30.0  # after sessions that end; the Hub allows about 128 commits an hour in one repository
TICK_S = 1.0
LONGEST_S = 600.0
LAST_S = 30.0  # how long a process that ends waits for its last lines


@dataclass(frozen=True)
class Erasing:
    """How many observers were erased on this disk, and what takes them out of pieces of journals."""

    erased: Callable[[], int]
    wipe: Wipe


class Loop:
    """Sends new answers every minute and soon after a session ends. It waits longer after each failure.

    What was erased on the disk is erased in the copy next; at its start it looks whether anything is left.
    """

    def __init__(
        self,
        mirror: Mirror,
        finished: Callable[[], int],
        jitter: Callable[[], float],
        erasing: Erasing | None = None,
    ) -> None:
        self.mirror, self._finished, self._jitter = mirror, finished, jitter
        self._erasing, self._erased = erasing, -1
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
            return self._fail("answers are not copied", error)
        try:
            self._erase()
        except HubError as error:
            return self._fail("withdrawn answers are still in the copy", error)
        self._failures, self._last_error = 0, ""
        return EVERY_S

    def _fail(self, what: str, error: HubError) -> float:
        """Report a failure once. Returns the seconds to the next try."""
        self._failures += 1
        if str(error) != self._last_error:
            print(f"{what}: {error}", file=sys.stderr)
        self._last_error = str(error)
        return pause_s(self._failures, error.wait_s, self._jitter())

    def _erase(self) -> None:
        """Erase in the copy if anybody was erased on the disk since."""
        if self._erasing is None:
            return
        try:
            erased = self._erasing.erased()
            if erased != self._erased:
                self.mirror.erase(self._erasing.wipe)
                self._erased = erased
        except HubError:
            raise
        except UplappError as error:  # the database is busy
            raise HubError(str(error)) from error


def pause_s(failures: int, asked_s: float, jitter: float) -> float:
    """Seconds to wait after that many failures in a row: doubling, at most ten minutes, times .5 to 1.5.

    `jitter` is in [0, 1); never less than the Hub asks for.
    """
    doubled = EVERY_S * 2.0 ** min(failures - 1, 10)
    return max(min(doubled, LONGEST_S) * (0.5 + jitter), asked_s)


def keep(mirror: Mirror, finished: Callable[[], int], erasing: Erasing | None = None) -> Loop:
    """Start the loop. `finished` counts the sessions that have ended, also by a withdrawal."""
    loop = Loop(mirror, finished, random.random, erasing)
    loop.start()
    return loop
