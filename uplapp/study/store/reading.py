"""The living database, read beside its writer: a long query keeps no observer waiting."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.study.store.store import BUSY, BUSY_S, Row, StoreBusy


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
