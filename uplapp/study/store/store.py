"""The store of answers: one transaction per answer, and readers that block nobody."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from uplapp.errors import UplappError
from uplapp.study.store import sqlite
from uplapp.study.store.database import Backend, Connection, Place, View, rows_of
from uplapp.study.store.replay import FOLDER, Journal
from uplapp.study.store.schema import CHANGING

Row = dict[str, Any]
BUSY = "the answers cannot be stored or read right now; try again in a moment"


def new_token() -> str:
    """Draw an id that nobody can guess: 128 random bits in hex."""
    return secrets.token_hex(16)


class StoreBusy(UplappError):
    """The database is locked, full or out of reach. Nothing was stored."""

    reason = "busy"


def backend_of(place: Place) -> Backend:
    """The module that speaks with the database at `place`."""
    if isinstance(place, Path):
        return sqlite
    from uplapp.study.store import postgres

    return postgres


def exists(place: Place) -> bool:
    """Whether there is a database: a file may not have been made yet, a server is there."""
    return not isinstance(place, Path) or place.exists()


class Store:
    """A database of rows, safe to call from several threads. What a row means is decided elsewhere.

    `path` is its file. On a server it is None, and no journal is written: the server has its own.
    """

    def __init__(self, place: Place) -> None:
        self.path, self._lock = place if isinstance(place, Path) else None, threading.RLock()
        backend = backend_of(place)
        self._busy, self._db = backend.BUSY, backend.connect(place)
        self._journal = _begin_journal(self.path) if self.path else None
        self._pending: list[tuple[str, Row]] = []

    @property
    def vanished(self) -> list[Path]:
        """Journals of this process that somebody removed while they were written."""
        return self._journal.vanished if self._journal else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction, then write its journal lines. Nested calls join the outer one."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            committed = len(self._pending)
            try:
                self._db.begin()
                yield
                self._db.commit()
            except BaseException as error:
                self._db.rollback()
                del self._pending[committed:]
                if isinstance(error, self._busy):
                    raise StoreBusy(BUSY) from error
                raise
            self._write_journal()

    def _write_journal(self) -> None:
        """Append what is committed. A line that fails waits for the next transaction, unacknowledged."""
        try:
            while self._pending:
                if self._journal:
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
            self._db.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({values})', row)  # noqa: S608
            self._pending.append((table, row))

    def update(self, table: str, key: str, values: Row) -> None:
        """Change columns of a row by its id. KeyError if it does not exist, or a column is not CHANGING."""
        if unchanging := values.keys() - CHANGING[table]:
            raise KeyError(*unchanging)
        changes = ", ".join(f'"{name}" = :{name}' for name in values)
        row = {"id": key, **values}
        with self.transaction():
            if not self._db.execute(f'UPDATE "{table}" SET {changes} WHERE id = :id', row).rowcount:  # noqa: S608
                raise KeyError(key)
            self._pending.append((table, row))

    def rows(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """Every row of a SELECT with :named values."""
        with self._lock:
            try:
                return list(rows_of(self._db.execute(query, values)))
            except self._busy as error:
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
    def here_alone(self) -> Iterator[Connection]:
        """Run a block as one transaction on rows that concern this database, so that no journal gets them."""
        with self.transaction():
            yield self._db

    def compact(self) -> None:
        """Write the database anew without the remains of deleted rows, and empty SQLite's write-ahead log.

        StoreBusy while another connection reads or writes.
        """
        with self._lock:
            try:
                self._db.compact()
            except self._busy as error:
                raise StoreBusy(BUSY) from error

    def close(self) -> None:
        """Close the database and its journal."""
        with self._lock:
            if self._journal:
                self._journal.close()
            self._db.close()


def _begin_journal(path: Path) -> Journal:
    try:
        return Journal(path.parent / FOLDER)
    except OSError as error:
        raise UplappError(sqlite.reason_of(path, error)) from error


class Reader:
    """One consistent view of the database: later answers are not in it."""

    def __init__(self, view: View) -> None:
        self._view = view

    def each(self, query: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """The rows of a SELECT with :named values, one after the other, never all in memory."""
        return rows_of(self._view.execute(query, values))

    def rows(self, query: str, values: Mapping[str, Any]) -> list[Row]:
        """All of them."""
        return list(self.each(query, values))


@contextmanager
def reading(place: Place) -> Iterator[Reader]:
    """A view of a database for one thread. StoreBusy if it cannot be read right now."""
    backend = backend_of(place)
    try:
        with backend.reading(place) as view:
            yield Reader(view)
    except backend.BUSY as error:
        raise StoreBusy(BUSY) from error


def snapshot(place: Place, target: Path) -> None:
    """Copy every study to the new file `target` of SQLite.

    It holds the session tokens too: keep it as private as the database. UplappError if `target` exists.
    """
    if target.exists():
        raise UplappError(f"{target} exists already; choose another file name")
    backend_of(place).snapshot(place, target)
