"""What an app does by itself while it runs: it erases who withdrew, and what was kept long enough."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from uplapp.errors import UplappError
from uplapp.study.session import retention
from uplapp.study.store import erasure
from uplapp.study.store.store import Store

TICK_S = 1.0
DAYS_S = 60.0  # between two looks at the days that studies name
REST_S = (
    20.0  # after an erasure, which holds answers up for a moment: who withdraws in masses holds up nobody
)


class Upkeep:
    """A thread that looks every second whether somebody withdrew, every minute whether a day has come."""

    def __init__(self, store: Store, sweep: Callable[[], None] | None = None) -> None:
        self._sweep = sweep
        self._store, self._stopped, self._last_error = store, threading.Event(), ""
        self._looked_s = -DAYS_S
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End, after one last erasure of whoever withdrew meanwhile."""
        self._stopped.set()
        self._thread.join()
        self.once()

    def once(self) -> float:
        """Clear what is due and erase who withdrew. Returns the seconds to the next look."""
        try:
            if time.monotonic() - self._looked_s >= DAYS_S:
                retention.enforce(self._store, time.time())
                if self._sweep:
                    self._sweep()
                self._looked_s = time.monotonic()
            found = erasure.erase(self._store)
        except UplappError as error:
            if str(error) != self._last_error:
                print(f"withdrawn answers are not erased yet: {error}", file=sys.stderr)
            self._last_error = str(error)
            return REST_S
        self._last_error = ""
        return REST_S if found else TICK_S

    def _run(self) -> None:
        wait_s = TICK_S
        while not self._stopped.wait(wait_s):
            wait_s = self.once()


@contextmanager
def keeping(store: Store, sweep: Callable[[], None] | None = None) -> Iterator[Upkeep]:
    """Keep a store up as long as the block runs, and call `sweep` each minute."""
    upkeep = Upkeep(store, sweep)
    upkeep.start()
    try:
        yield upkeep
    finally:
        upkeep.stop()
