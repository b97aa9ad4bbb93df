"""The database of answers: one file, one writer, one transaction per answer, readers that block nobody."""

import errno
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.study.store.replay import FOLDER, Journal
from uplapp.study.store.schema import migrations

Row = dict[str, Any]
DATABASE = "uplapp.db"  # its name inside the data folder
BUSY = "the answers cannot be stored or read right now; try again in a moment"
NO_WAL = (
    "{folder} lies on a disk where SQLite's write-ahead log does not work, such as a network disk; set "
    "UPLAPP_DATA to a folder of a disk of this machine"
)
SHORT_MS = 200
BUSY_S = 5.0  # another process (the command line) may hold the database for a moment


def new_token() -> str:
    """Draw an id that nobody can guess: 128 random bits in hex."""
    return secrets.token_hex(16)


class StoreBusy(UplappError):
    """The database is locked or its disk is full. Nothing was stored."""

    reason = "busy"


class Store:
    """A database of rows, safe to call from several threads. What a row means is decided elsewhere."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _connect(path)
            self._journal = Journal(path.parent / FOLDER)
        except (sqlite3.DatabaseError, OSError) as error:
            raise UplappError(reason_of(path, error)) from error
        self._pending: list[tuple[str, Row]] = []

    @property
    def vanished(self) -> list[Path]:
        """Journals of this process that somebody removed while they were written."""
        return self._journal.vanished

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction, then write its journal lines. Nested calls join the outer one."""
        with self._lock:
            if self._db.conn.in_transaction:
                yield
                return
            committed = len(self._pending)
            try:
                self._db.conn.execute("BEGIN IMMEDIATE")
                yield
                self._db.conn.execute("COMMIT")
            except BaseException as error:
                self._db.conn.rollback()
                del self._pending[committed:]
                if isinstance(error, sqlite3.OperationalError):
                    raise StoreBusy(BUSY) from error
                raise
            self._write_journal()

    def _write_journal(self) -> None:
        """Append what is committed. A line that fails waits for the next transaction, unacknowledged."""
        try:
            while self._pending:
                self._journal.append(*self._pending[0])
                del self._pending[0]
        except OSError as error:
            raise StoreBusy(BUSY) from error

    def insert(self, table: str, row: Row) -> None:
        """Add one row. Fails if its key exists."""
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        with self.transaction():
            # All names are ours; sqlite_utils would ask for the schema each time, .2 ms a row.
            self._db.conn.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({values})', row)  # noqa: S608
            self._pending.append((table, row))

    def update(self, table: str, key: str, values: Row) -> None:
        """Change columns of the row with that key."""
        with self.transaction():
            changed = self._db.table(table).update(key, values)
            self._pending.append((table, {changed.pks[0]: key, **values}))

    def rows(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Every row of a SELECT with :named values."""
        with self._lock:
            try:
                cursor = self._db.conn.execute(query, dict(values))
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor]
            except sqlite3.OperationalError as error:
                raise StoreBusy(BUSY) from error

    def row(self, query: str, **values: object) -> Row | None:
        """The first row of a SELECT, or None."""
        rows = self.rows(query, values)
        return rows[0] if rows else None

    def catch_up(self) -> None:
        """Write the journal lines that an earlier transaction could not. StoreBusy if they still wait."""
        with self._lock:
            self._write_journal()

    @contextmanager
    def here_alone(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction on rows that concern this disk, so that no journal gets them."""
        with self.transaction():
            yield self._db.conn

    def compact(self) -> None:
        """Write the database anew without the remains of deleted rows, and empty its write-ahead log.

        StoreBusy while another connection reads or writes.
        """
        with self._lock:
            try:
                self._db.execute(f"PRAGMA busy_timeout = {SHORT_MS}")  # answers wait meanwhile
                self._empty_log()
                self._db.execute("VACUUM")
                self._empty_log()
            except sqlite3.OperationalError as error:
                raise StoreBusy(BUSY) from error
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S:.0f}")

    def _empty_log(self) -> None:
        (busy, *_) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreBusy(BUSY)

    def close(self) -> None:
        """Close the database and its journal."""
        with self._lock:
            self._journal.close()
            self._db.close()


def _connect(path: Path) -> Database:
    database = Database(sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False))
    (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise UplappError(NO_WAL.format(folder=path.parent))
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA secure_delete = ON")
    migrations.apply(database)
    return database


def reason_of(path: Path, error: sqlite3.DatabaseError | OSError) -> str:
    """Say in one sentence why a database cannot be opened, and what to do."""
    kind = getattr(error, "sqlite_errorname", "")
    if kind.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"{path} is damaged; `python -m uplapp study rebuild` makes it anew from its journals"
    if kind.startswith(("SQLITE_FULL",)) or getattr(error, "errno", None) == errno.ENOSPC:
        return f"the disk of {path.parent} is full; free some space, and start again"
    if kind.startswith(("SQLITE_PROTOCOL", "SQLITE_IOERR")):
        return NO_WAL.format(folder=path.parent)
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return BUSY
    return f"{path.parent} cannot be written ({error}); allow it, or set UPLAPP_DATA to another folder"


class Reader:
    """One consistent view of the database: later answers are not in it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def each(self, query: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of a SELECT with :named values, one after the other, never all in memory."""
        cursor = self._connection.execute(query, dict(values))
        names = [column[0] for column in cursor.description]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def rows(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """All of them."""
        return list(self.each(query, values))


@contextmanager
def reading(database: Path) -> Iterator[Reader]:
    """A view of `database` for one thread. StoreBusy if it cannot be read right now."""
    address = f"{database.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, timeout=BUSY_S, uri=True, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            yield Reader(connection)
    except sqlite3.OperationalError as error:
        raise StoreBusy(BUSY) from error


def snapshot(database: Path, target: Path) -> None:
    """Copy every study of `database` through SQLite's backup to the new file `target`.

    It holds the session tokens too: keep it as private as the database. UplappError if `target` exists.
    """
    if target.exists():
        raise UplappError(f"{target} exists already; choose another file name")
    with (
        whole.replacing(target) as draft,
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(draft)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
