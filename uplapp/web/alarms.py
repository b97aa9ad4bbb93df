"""An alarm outside of the page, on stderr and to a webhook: lost copies, damage, many bad answers."""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from uplapp.errors import UplappError
from uplapp.hub.mirror import Mirror
from uplapp.settings import Settings
from uplapp.study.exports import dashboard
from uplapp.study.store import recovery
from uplapp.study.store.replay import LOST
from uplapp.study.store.store import StoreBusy, reading
from uplapp.web.shelf import Shelf

EVERY_S = 60.0
WHOLE_EVERY_S = 3600.0  # between two readings of the whole database, which take seconds
PATIENCE_S = 10.0


def present(shelf: Shelf, mirror: Mirror | None) -> dict[str, str]:
    """What is wrong now: a key for each kind of alarm, and its sentence."""
    found = {}
    if mirror is not None and mirror.status.error:
        found["copy"] = f"answers are not copied to the Hub: {mirror.status.error}"
    if vanished := shelf.store.vanished:
        found[f"journal {len(vanished)}"] = f"{vanished[-1]} was removed while it was written; {LOST}"
    with reading(shelf.settings.answers) as reader:
        for name, study in dict(shelf.studies).items():
            for key, sentence in dashboard.alarms(reader, study.id).items():
                found[f"{name}: {key}"] = f"study {name}: {sentence}"
    return found


class Whole:
    """Looks whether the database is damaged, at most once in `every_s` seconds."""

    def __init__(self, settings: Settings, every_s: float = WHOLE_EVERY_S) -> None:
        self._settings, self._every_s = settings, every_s
        self._looked_s = time.monotonic()  # the start of the app has just looked
        self._found: dict[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        """What was found when it looked last: nothing, or that the database is damaged."""
        place = self._settings.answers
        if isinstance(place, Path) and time.monotonic() - self._looked_s >= self._every_s:
            self._looked_s, self._found = time.monotonic(), {}
            try:
                recovery.require_whole(place)
            except UplappError as error:
                self._found = {"database": str(error)}
        return self._found


class Alarms:
    """A thread that looks once a minute. Each alarm is told when it begins, and again if it comes back."""

    def __init__(self, look: Callable[[], Mapping[str, str]], webhook: str | None) -> None:
        self._look, self._webhook = look, webhook
        self._before: set[str] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End. An alarm on its way is given a moment."""
        self._stopped.set()
        self._thread.join(PATIENCE_S)

    def once(self) -> list[str]:
        """Look, and tell what is new. Returns the new sentences."""
        try:
            found = self._look()
        except StoreBusy:  # the next look is in a minute
            return []
        except UplappError as error:
            found = {"database": str(error)}
        new = [sentence for key, sentence in found.items() if key not in self._before]
        self._before = set(found)
        for sentence in new:
            print(f"ALARM: {sentence}", file=sys.stderr, flush=True)
            self._send(sentence)
        return new

    def _run(self) -> None:
        while not self._stopped.wait(EVERY_S):
            self.once()

    def _send(self, sentence: str) -> None:
        """Send a sentence as JSON, whose keys chats of several makes read."""
        if self._webhook is None:
            return
        body = json.dumps({"text": f"uplapp: {sentence}", "content": f"uplapp: {sentence}"}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._webhook, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S):
                pass
        except (OSError, urllib.error.URLError) as error:
            print(f"the alarm did not reach UPLAPP_ALARM_WEBHOOK: {error}", file=sys.stderr)


@contextmanager
def watching(shelf: Shelf, mirror: Mirror | None) -> Iterator[Alarms]:
    """Look for alarms as long as the block runs."""
    whole = Whole(shelf.settings)
    alarms = Alarms(lambda: {**whole(), **present(shelf, mirror)}, shelf.settings.alarm_webhook)
    alarms.start()
    try:
        yield alarms
    finally:
        alarms.stop()
