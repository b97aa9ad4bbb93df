"""Answers in a file of SQLite: one writer at a time, readers that block nobody, a disk that is waited for."""

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.study.store.database import NOTHING, View
from uplapp.study.store.schema import migrations

BUSY = (sqlite3.OperationalError,)
NO_WAL = (
    "{folder} lies on a disk where SQLite's write-ahead log does not work, such as a network disk; set "
    "UPLAPP_DATA to a folder of a disk of this machine"
)
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
SHORT_MS = 200
BUSY_S = 5.0  # another process (the command line) may hold the database for a moment


class SqliteConnection:
    """The connection of a writer, safe to hand from thread to thread."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.conn = conn

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""
        return self.conn.in_transaction

    def begin(self) -> None:
        """Begin a transaction, when no other writer is in one."""
        self.conn.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End it, when the disk has it."""
        self.conn.execute("COMMIT")

    def rollback(self) -> None:
        """End it without a trace."""
        self.conn.rollback()

    def execute(self, query: str, values: Mapping[str, Any] = NOTHING) -> sqlite3.Cursor:
        """Run one statement with :named values."""
        return self.conn.execute(query, values)

    def compact(self) -> None:
        """Write the file anew without the remains of deleted rows, and empty its write-ahead log.

        An error of BUSY while another connection reads or writes.
        """
        try:
            self.execute(f"PRAGMA busy_timeout = {SHORT_MS}")  # answers wait meanwhile
            self._empty_log()
            self.execute("VACUUM")
            self._empty_log()
        finally:
            self.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S:.0f}")

    def _empty_log(self) -> None:
        (busy, *_) = self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("the write-ahead log is in use")

    def close(self) -> None:
        """Close the file."""
        self.conn.close()


def connect(path: Path) -> SqliteConnection:
    """Open a file for writing, made if need be, its tables brought up to date.

    UplappError says why it cannot be.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        database = Database(sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False))
        (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise UplappError(NO_WAL.format(folder=path.parent))
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA secure_delete = ON")
        migrations.apply(database)
    except (sqlite3.DatabaseError, OSError) as error:
        raise UplappError(reason_of(path, error)) from error
    return SqliteConnection(database.conn)


def reason_of(path: Path, error: sqlite3.DatabaseError | OSError) -> str:
    """Say in one sentence why a database cannot be opened, and what to do."""
    kind = _kind(error)
    if kind.startswith(DAMAGED):
        return f"{path} is damaged; `python -m uplapp study rebuild` makes it anew from its journals"
    if kind.startswith(("SQLITE_FULL",)) or getattr(error, "errno", None) == errno.ENOSPC:
        return f"the disk of {path.parent} is full; free some space, and start again"
    if kind.startswith(("SQLITE_PROTOCOL", "SQLITE_IOERR")):
        return NO_WAL.format(folder=path.parent)
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{path} is in use by another process; try again in a moment"
    return f"{path.parent} cannot be written ({error}); allow it, or set UPLAPP_DATA to another folder"


def _kind(error: Exception) -> str:
    return str(getattr(error, "sqlite_errorname", ""))


@contextmanager
def reading(path: Path) -> Iterator[View]:
    """A consistent view of the file for one thread. An error of BUSY if it cannot be read right now.

    UplappError says that the file is damaged.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, timeout=BUSY_S, uri=True, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN")
            yield connection
        except sqlite3.DatabaseError as error:
            if _kind(error).startswith(DAMAGED):
                raise UplappError(reason_of(path, error)) from error
            raise


def snapshot(path: Path, target: Path) -> None:
    """Copy the file through SQLite's backup to the new file `target`."""
    with (
        whole.replacing(target) as draft,
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
