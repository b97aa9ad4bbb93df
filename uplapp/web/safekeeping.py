"""The store with its copy on the Hub: restored before anything is answered, kept up afterwards."""

import sys
from contextlib import closing
from pathlib import Path

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.hub.loop import Erasing, Loop, keep
from uplapp.hub.mirror import Mirror
from uplapp.settings import Settings
from uplapp.study.store import erasure, recovery, replay
from uplapp.study.store.store import Store, StoreBusy


def open_store(settings: Settings, endpoint: str | None = None) -> tuple[Store, Loop | None]:
    """The store, which holds all rows of its journals. With an answers_repo a loop copies new ones there.

    What it lacked is told on stderr. Raises UplappError if the database is damaged, or if the disk is empty
    and the Hub cannot be read: an app that went on would start the studies anew beside their answers. With
    answers on the disk it goes on, and copies later. An erasure that was cut short is finished.
    """
    database, journals = settings.answers, settings.data / replay.FOLDER
    if not isinstance(database, Path):
        return _cleaned(Store(database)), None
    recovery.require_whole(database)
    whole.sweep(journals)  # a download that was cut short
    if settings.answers_repo is None:
        _settle(database, journals, journals, newer=False)
        return _cleaned(Store(database)), None
    mirror = Mirror(journals, settings.answers_repo, endpoint)
    fetched = _restore(mirror, database, journals)
    store = _cleaned(Store(database), fetched > 0)
    erasing = Erasing(lambda: erasure.erased(store), lambda texts: erasure.wiped(texts, erasure.scope(store)))
    return store, keep(mirror, lambda: _ended(store), erasing)


def close(store: Store, loop: Loop | None) -> None:
    """Send what is left, then close the store."""
    with closing(store):
        if loop is not None:
            loop.stop()


def _cleaned(store: Store, came: bool = False) -> Store:
    """The store after the erasures that are due: all of them again where journals `came` from the Hub."""
    try:
        if came:
            erasure.again(store)
        erasure.erase(store)
    except StoreBusy as error:
        print(f"withdrawn answers are erased a moment later: {error}", file=sys.stderr)
    return store


def _restore(mirror: Mirror, database: Path, journals: Path) -> int:
    fetched = _fetch(mirror, needed=not database.exists())
    for sentence in mirror.damage:
        print(sentence, file=sys.stderr)
    _settle(database, journals, mirror.repo, newer=fetched > 0)
    return fetched


def _settle(database: Path, journals: Path, source: object, newer: bool) -> None:
    outcome = recovery.settle(database, journals, newer)
    if outcome.added:
        print(f"{outcome.added} rows restored from {source}", file=sys.stderr)
    if outcome.damaged or outcome.orphans:
        print(
            f"{outcome.damaged} lines are damaged, {outcome.orphans} rows lack their study", file=sys.stderr
        )


def _fetch(mirror: Mirror, needed: bool) -> int:
    try:
        return mirror.fetch()
    except UplappError as error:
        if needed:
            raise UplappError(
                f"{error}; the disk has no answers, so the app stays closed until it can"
            ) from error
        print(f"answers are not compared with their copy: {error}", file=sys.stderr)
        return 0


def _ended(store: Store) -> int:
    """How many sessions were finished, and how many withdrawn and erased here."""
    query = "SELECT count(*) AS count FROM observers WHERE finished_at IS NOT NULL"
    return int((store.row(query) or {"count": 0})["count"]) + erasure.erased(store)
