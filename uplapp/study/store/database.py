"""What the store asks of a database, be it a file of SQLite or a PostgreSQL server.

Queries are standard SQL with :named values, and the three functions `json_extract`, `json_each` and `instr`
of SQLite. Rows of a table have a `rowid` that grows in the order of their transactions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Place = Path | str  # the file of SQLite, or the address of a PostgreSQL database
NOTHING: Mapping[str, Any] = {}


class Cursor(Protocol):
    """The outcome of a statement: rows as tuples, the names of their columns, the number of rows it met."""

    @property
    def rowcount(self) -> int:
        """How many rows were added, changed or deleted."""

    @property
    def description(self) -> Sequence[Sequence[Any]] | None:
        """The columns, the name of each first. None for a statement without rows."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class View(Protocol):
    """What can be asked."""

    def execute(self, query: str, values: Mapping[str, Any] = NOTHING) -> Cursor:
        """Run one statement with :named values."""


class Connection(View, Protocol):
    """The connection of a writer. A statement outside of `begin` and `commit` is a transaction of its own."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""

    def begin(self) -> None:
        """Begin a transaction, when no other writer is in one."""

    def commit(self) -> None:
        """End it. Afterwards no crash loses what it did."""

    def rollback(self) -> None:
        """End it without a trace, also where the connection was lost."""

    def compact(self) -> None:
        """Write the tables anew, without the remains of deleted rows."""

    def close(self) -> None:
        """End the connection."""


class Backend(Protocol):
    """A module that speaks with one kind of database. `BUSY` are its errors that another try may cure."""

    @property
    def BUSY(self) -> tuple[type[Exception], ...]:
        """The errors of a database that is locked, full or out of reach."""

    def connect(self, place: Any) -> Connection:
        """Open a database for writing, its tables brought up to date. UplappError says why it cannot be."""

    def reading(self, place: Any) -> AbstractContextManager[View]:
        """One consistent view, into which later transactions do not come."""

    def snapshot(self, place: Any, target: Path) -> None:
        """Copy every study to a new file of SQLite."""


def rows_of(cursor: Cursor) -> Iterator[dict[str, Any]]:
    """The rows of a cursor by the names of their columns, one after the other."""
    names = [column[0] for column in cursor.description or ()]
    for row in cursor:
        yield dict(zip(names, row, strict=True))
