"""Answers on a PostgreSQL server, which several processes serve at once: the only module of its dialect.

Writers of all processes take turns by one advisory lock, as they do on a file of SQLite. So whatever is
counted in a transaction, such as the places of a quota, still holds when it is committed.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.study.store.database import NOTHING, Cursor, View, rows_of
from uplapp.study.store.schema import HISTORY, migrations

try:
    import psycopg
except ImportError as missing:
    raise UplappError(
        "answers in PostgreSQL need the package psycopg; `pip install 'psycopg[binary]>=3.2'`, or unset "
        "UPLAPP_DATABASE to keep them in SQLite"
    ) from missing

BUSY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.IdleInTransactionSessionTimeout)
TURN = 0x75706C617070  # the advisory lock of who writes
BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({TURN})".encode()
WAIT_MS, SHORT_MS = 5000, 200  # for a turn, and for the readers before tables are written anew
# A process that is stopped in its transaction, or cut off, holds up the others for 10 s. To compile a query
# takes seconds where the dashboard's takes some .1 s, and a page read by an index costs no more than another.
SESSION = f"""SET lock_timeout = {WAIT_MS}; SET idle_in_transaction_session_timeout = 10000;
    SET synchronous_commit = on; SET jit = off; SET random_page_cost = 1.1""".encode()
CONNECT_S = 5
PIECE = 500  # rows that a reader holds at a time
# What SQLite has: a path is names after '$', and an object comes as its text.
FUNCTIONS = (
    """CREATE FUNCTION json_extract(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$SELECT $1::json #>> string_to_array(substr($2, 3), '.')$$""",
    """CREATE FUNCTION json_each(text) RETURNS TABLE (key bigint, value text) LANGUAGE sql IMMUTABLE AS
        $$SELECT place - 1, element FROM json_array_elements_text($1::json)
        WITH ORDINALITY AS elements (element, place)$$""",
    """CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS
        $$SELECT strpos($1, $2)$$""",
)
# Columns of which the server's statistics keep no samples, for they would outlive a withdrawal.
UNSAMPLED = {
    "answers": ("swaps_ms", "gaps_ms", "seen_ms", "ratings"),
    "events": ("detail",),
    "replies": ("reply",),
    "panel": ("value",),
    "links": ("label",),
    "observers": ("agent", "join_key"),
}
TYPES = {"TEXT": 'TEXT COLLATE "C"', "REAL": "DOUBLE PRECISION", "INTEGER": "BIGINT"}
ROWID = ", rowid BIGINT GENERATED ALWAYS AS IDENTITY)"


class PostgresConnection:
    """The connection of a writer. One that the server ended is opened anew, but never in a transaction."""

    def __init__(self, address: str) -> None:
        self._address, self._inside = address, False
        self._conn = _open(address)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""
        return self._inside

    def begin(self) -> None:
        """Begin a transaction, when no writer of any process is in one."""
        self._run(BEGIN)
        self._inside = True

    def commit(self) -> None:
        """End it, when the server's disk has it."""
        self._run(b"COMMIT")
        self._inside = False

    def rollback(self) -> None:
        """End it without a trace, also where the connection was lost."""
        self._inside = False
        if not self._conn.closed:
            self._run(b"ROLLBACK")

    def execute(self, query: str, values: Mapping[str, Any] = NOTHING) -> Cursor:
        """Run one statement with :named values."""
        return self._run(translated(query), _values(values))

    def _run(self, text: bytes, values: Mapping[str, Any] | None = None) -> Cursor:
        try:
            cursor: Cursor = self._conn.execute(text, values)
        except BUSY:
            if self._inside or not self._conn.closed:
                raise
            self._conn = _open(self._address)
            cursor = self._conn.execute(text, values)
        return cursor

    def compact(self) -> None:
        """Write the tables anew without the remains of deleted rows.

        What reads them now would keep the remains alive, so it is waited for, a moment. An error of BUSY
        if it takes longer.
        """
        tables = ", ".join(_tables())
        try:
            self.execute(f"SET lock_timeout = {SHORT_MS}")
            self._run(f"BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; COMMIT".encode())
            self.execute(f"VACUUM (FULL, ANALYZE) {tables}")
        finally:
            self.rollback()
            if not self._conn.closed:
                self.execute(f"SET lock_timeout = {WAIT_MS}")

    def close(self) -> None:
        """End the connection."""
        self._conn.close()


def connect(address: str) -> PostgresConnection:
    """Open the database at an address for writing, its tables brought up to date.

    UplappError says why it cannot be.
    """
    try:
        connection = PostgresConnection(address)
        connection.begin()
        _migrate(connection)
        connection.commit()
    except psycopg.Error as error:
        raise UplappError(_reason_of(address, error)) from error
    return connection


class _Pieces:
    """A view whose rows come from the server in pieces."""

    def __init__(self, conn: "psycopg.Connection[tuple[Any, ...]]", stack: ExitStack) -> None:
        self._conn, self._stack, self._numbers = conn, stack, count()

    def execute(self, query: str, values: Mapping[str, Any] = NOTHING) -> Cursor:
        """Run one SELECT with :named values."""
        cursor = self._stack.enter_context(self._conn.cursor(f"rows{next(self._numbers)}"))
        cursor.itersize = PIECE
        cursor.execute(translated(query), _values(values))
        rows: Cursor = cursor
        return rows


@contextmanager
def reading(address: str) -> Iterator[View]:
    """One consistent view, which later transactions do not change. Else an error of BUSY."""
    with closing(_open(address)) as connection, ExitStack() as stack:
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _Pieces(connection, stack)


def snapshot(address: str, target: Path) -> None:
    """Copy every study to the new file `target` of SQLite."""
    with whole.replacing(target) as draft, closing(sqlite3.connect(draft)) as copy, reading(address) as view:
        migrations.apply(Database(copy))
        with copy:
            _copy(view, copy)


def take_in(path: Path, address: str) -> int:
    """Copy every row of a file of SQLite to a database that has no study yet. Returns the number of rows.

    UplappError if it has one.
    """
    with closing(connect(address)) as target, closing(sqlite3.connect(path)) as source:
        migrations.apply(Database(source))
        if next(iter(target.execute("SELECT id FROM studies")), None):
            raise UplappError(f"{_place(address)} has studies already; give an empty database")
        target.begin()
        copied = _copy(source, target)
        target.commit()
    return copied


@lru_cache(maxsize=512)
def translated(query: str) -> bytes:
    """A query with the placeholders of psycopg."""
    return re.sub(r"(?<![:\w]):([a-z]\w*)", r"%(\1)s", query.replace("%", "%%")).encode()


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as SQLite would store them: no truth values, and U+FFFD for NUL, which no text may hold."""
    return {
        name: int(value)
        if isinstance(value, bool)
        else value.replace("\0", "\ufffd")
        if isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _open(address: str) -> "psycopg.Connection[tuple[Any, ...]]":
    connection = psycopg.connect(address, autocommit=True, connect_timeout=CONNECT_S)
    connection.execute(SESSION)
    return connection


def _migrate(connection: PostgresConnection) -> None:
    """Bring the tables up to date, in a transaction."""
    connection.execute("CREATE TABLE IF NOT EXISTS _migrations (name TEXT PRIMARY KEY)")
    held = {name for (name,) in connection.execute("SELECT name FROM _migrations")}
    for name, statements in _history().items():
        if name not in held:
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO _migrations VALUES (:name)", {"name": name})


def _history() -> dict[str, Sequence[str]]:
    samples = [
        f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0"
        for table, columns in UNSAMPLED.items()
        for column in columns
    ]
    tables = {name: [_typed(statement) for statement in HISTORY[name]] for name in HISTORY}
    return {"functions": FUNCTIONS, **tables, "samples": samples}


def _typed(statement: str) -> str:
    """A statement of the history with the server's types, and with a rowid in each table."""
    text = re.sub(r"\b(TEXT|REAL|INTEGER)\b", lambda found: TYPES[found[0]], statement)
    return re.sub(r"\)\s*$", ROWID, text) if text.startswith("CREATE TABLE") else text


def _tables() -> list[str]:
    """The tables of studies and answers, parents first."""
    made = (re.match(r"CREATE TABLE ([a-z]\w*)", text) for step in HISTORY.values() for text in step)
    return [found[1] for found in made if found]


def _copy(source: View, target: View) -> int:
    """Copy the rows of all tables in their order. Returns their number."""
    copied = 0
    for table in _tables():
        for row in rows_of(source.execute(f"SELECT * FROM {table} ORDER BY rowid")):  # noqa: S608
            row.pop("rowid", None)
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join(f":{name}" for name in row)
            target.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
            copied += 1
    return copied


def _place(address: str) -> str:
    """The database of an address, without user and password."""
    try:
        parts = psycopg.conninfo.conninfo_to_dict(address)
    except psycopg.Error:
        return "the database of UPLAPP_DATABASE"
    return f"the PostgreSQL database {parts.get('dbname', '')} on {parts.get('host', 'this machine')}"


def _reason_of(address: str, error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines() or ["no answer"]
    return f"{_place(address)} cannot be used ({lines[0]}); correct UPLAPP_DATABASE, or start the server"
