"""A database and the journals beside it compared, and the database made anew from them."""

import sqlite3
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from uplapp.errors import UplappError
from uplapp.study.store import replay
from uplapp.study.store.replay import Replayed
from uplapp.study.store.sqlite import reason_of

CONTRADICTED = "in {} rows it has other values than its journals"
COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did: where the damaged database lies now, or None, and what came from the journals."""

    moved: Path | None
    replayed: Replayed


class Damaged(UplappError):
    """A database that SQLite cannot read, or that contradicts its journals."""

    def __init__(self, database: Path, why: str) -> None:
        super().__init__(
            f"{database} is damaged ({why}); `python -m uplapp study rebuild` puts it aside and makes it "
            "anew from the journals beside it"
        )


def require_whole(database: Path) -> None:
    """Raise Damaged, which says what to do, where a database cannot be read to its end."""
    if database.exists() and (why := _damage(database)):
        raise Damaged(database, why)


def settle(database: Path, folder: Path, newer: bool = False) -> Replayed:
    """Bring database and journals to hold the same rows. Returns what the database lacked.

    The journals are replayed where they hold rows that the database lacks, or are `newer`. Then what no
    journal has is written to one: a process killed between commit and line leaves such a row.
    UplappError says why a database cannot be read or written, Damaged that it contradicts the journals.
    """
    try:
        if database.exists():
            found = replay.compared(database, folder)
            if found.contradictions:
                raise Damaged(database, CONTRADICTED.format(found.contradictions))
            if not newer and not found.lacking:
                replay.note(found.missing, folder)
                return Replayed(0, 0, 0)
        elif not database.exists() and not any(folder.glob("*.jsonl")):
            return Replayed(0, 0, 0)
        outcome = replay.replay(database, folder)
        replay.complete(database, folder)
    except (sqlite3.DatabaseError, OSError) as error:
        raise UplappError(reason_of(database, error)) from error
    return outcome


def rebuild(database: Path, folder: Path) -> Rebuilt:
    """Make the database whole from the journals. A damaged one is put aside first, and kept.

    UplappError where there is nothing to rebuild from.
    """
    if not any(folder.glob("*.jsonl")):
        raise UplappError(f"{folder} holds no journal, so there is nothing to rebuild {database.name} from")
    moved = None
    if database.exists() and (_damage(database) or replay.compared(database, folder).contradictions):
        moved = _put_aside(database)
    return Rebuilt(moved, settle(database, folder))


def _damage(database: Path) -> str:
    """Say what is wrong with a database, or nothing. A lock or a disk that is full is no damage."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found == "ok":
                return "" if _readable(connection) else "a text is not in UTF-8"
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return str(found).splitlines()[-1]


def _readable(connection: sqlite3.Connection) -> bool:
    """Whether every text is UTF-8, of which SQLite makes sure nowhere."""
    connection.text_factory = bytes.decode
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    try:
        for name in tables:
            deque(connection.execute(f'SELECT * FROM "{name}"'), maxlen=0)  # noqa: S608
    except UnicodeDecodeError:
        return False
    return True


def _put_aside(database: Path) -> Path:
    stem = f"{database.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for companion in COMPANIONS:
        part = database.with_name(database.name + companion)
        if part.exists():
            part.rename(database.with_name(stem + companion))
    return database.with_name(stem)
