"""Journals of every row, and a database rebuilt from them, whatever the order of files and lines."""

import json
import os
import sqlite3
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from uplapp.errors import UplappError
from uplapp.study.store import personal
from uplapp.study.store.schema import CHANGING, migrations

WITHDRAWALS = "withdrawals"  # a line of this table is a tombstone: it wins over all lines of that observer
WITHDRAWN = "withdrawn"


class BadJournal(UplappError):
    """A journal that this version cannot replay."""


@dataclass(frozen=True)
class Replayed:
    """What a replay did: rows added, lines that cannot be read, rows whose study or observer is missing."""

    added: int
    damaged: int
    orphans: int


@dataclass(frozen=True)
class Table:
    """The columns of a table: all, those that a whole row must have, and the key."""

    columns: frozenset[str]
    required: frozenset[str]
    key: str


def replay(database: Path, folder: Path) -> Replayed:
    """Add to the database, made if need be, every row of the folder's journals that it does not hold.

    Whole rows are added unless their key is there; changes follow in the order of their time; withdrawals
    win whatever the order. One transaction: all of it or nothing. Raises BadJournal for a table or column
    that this version does not have.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as connection:
        Database(connection).enable_wal()
        return _replay(connection, folder)


def complete(database: Path, folder: Path) -> int:
    """Write to a journal of its own what the database holds and no journal. Returns the number of lines.

    A process killed between the commit and the line leaves such a row.
    """
    return note(compared(database, folder).missing, folder)


def note(missing: Sequence[tuple[str, dict[str, Any]]], folder: Path) -> int:
    """Write rows, each with its table, to a journal of their own. Returns their number."""
    if missing:
        journal = Journal(folder)
        for name, row in missing:
            journal.append(name, row)
        journal.sync()
        journal.close()
    return len(missing)


@dataclass(frozen=True)
class Compared:
    """How many rows only the journals hold, and the rows (table, columns) that only the database holds.

    `contradictions` counts the rows whose values differ in a column that never changes: either is damaged.
    """

    lacking: int
    missing: list[tuple[str, dict[str, Any]]]
    contradictions: int


def compared(database: Path, folder: Path) -> Compared:
    """Compare a database with a replay of the journals of a folder."""
    with closing(sqlite3.connect(":memory:")) as copy, closing(sqlite3.connect(database)) as connection:
        migrations.apply(Database(connection))
        _replay(copy, folder)
        tables = _tables(connection)
        lacking = sum(len(_keys(copy, name) - _keys(connection, name)) for name in tables)
        missing = [(name, row) for name in tables for row in _difference(connection, copy, name)]
        return Compared(lacking, missing, sum(_contradicts(name, tables[name], row) for name, row in missing))


def _contradicts(name: str, table: Table, row: Mapping[str, Any]) -> bool:
    """Whether a row is not whole, and so was added, but has another value in a column that never changes."""
    return not row.keys() >= table.required and not row.keys() <= CHANGING.get(name, set()) | {table.key}


def _keys(connection: sqlite3.Connection, name: str) -> set[object]:
    key = _table(connection, name).key
    return {row[0] for row in connection.execute(f'SELECT "{key}" FROM "{name}"')}  # noqa: S608


def _replay(connection: sqlite3.Connection, folder: Path) -> Replayed:
    """Insert the rows and check foreign keys once at the end, for lines come in any order over files."""
    migrations.apply(Database(connection))
    connection.execute("PRAGMA foreign_keys = OFF")
    lines, damaged = _lines(folder)
    with connection:
        before = connection.total_changes
        changes = _add(connection, lines)
        added = connection.total_changes - before
        for table, key, row in changes:
            _change(connection, table, key, row)
        gone = [line["row"].get("observer") for line in lines if line["table"] == WITHDRAWALS]
        # A kill can keep a tombstone from the journal, while the journal still holds the answers.
        held = [row[0] for row in connection.execute(f"SELECT observer FROM {WITHDRAWALS}")]  # noqa: S608
        _bury(connection, {*gone, *held})
        personal.clear(connection)
        orphans = _drop_orphans(connection)
    return Replayed(added, damaged, orphans)


def _lines(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """Every line of every journal in the order of time, and the number of those that cannot be read.

    What follows the last line end was never acknowledged: the process died while it wrote.
    """
    lines, damaged = [], 0
    for path in sorted(folder.glob("*.jsonl")):
        for text in path.read_bytes().split(b"\n")[:-1]:
            if text.startswith(b" "):  # an answer that was withdrawn, overwritten in part or whole
                continue
            try:
                line = json.loads(text)
                lines.append({"at": line.get("at", 0.0), "table": line["table"], "row": dict(line["row"])})
            except (ValueError, KeyError, TypeError, AttributeError):
                damaged += 1
    return sorted(lines, key=lambda line: float(line["at"])), damaged


def _add(
    connection: sqlite3.Connection, lines: Iterable[dict[str, Any]]
) -> list[tuple[str, str, dict[str, Any]]]:
    """Add whole rows. Returns the changes, table, key and row, which need all rows to be there."""
    tables, changes = _tables(connection), []
    for line in lines:
        name, row = line["table"], line["row"]
        if name == WITHDRAWALS and name not in tables:
            continue
        if name not in tables or not row.keys() <= tables[name].columns:
            raise BadJournal(f"the journal has rows of {name!r} that this version does not know; update it")
        if row.keys() >= tables[name].required:
            marks = ", ".join("?" * len(row))
            query = f'INSERT OR IGNORE INTO "{name}" ({_names(row)}) VALUES ({marks})'  # noqa: S608
            connection.execute(query, list(row.values()))
        else:
            changes.append((name, tables[name].key, row))
    return changes


def _change(connection: sqlite3.Connection, table: str, key: str, row: dict[str, Any]) -> None:
    """Set the columns of the row with that key. A line without a change or a key says nothing."""
    columns = [name for name in row if name != key]
    if columns and key in row:
        assignments = ", ".join(f'"{name}" = ?' for name in columns)
        query = f'UPDATE "{table}" SET {assignments} WHERE "{key}" = ?'  # noqa: S608
        connection.execute(query, [*(row[name] for name in columns), row[key]])


def _bury(connection: sqlite3.Connection, observers: Iterable[str | None]) -> None:
    """Take away what withdrawn observers said, did and saw. Their row stays, excluded."""
    for observer in observers:
        connection.execute(
            "DELETE FROM answers WHERE trial IN (SELECT token FROM trials WHERE observer = ?)", (observer,)
        )
        for table in ("events", "replies", "trials", "panel"):
            connection.execute(f"DELETE FROM {table} WHERE observer = ?", (observer,))  # noqa: S608
        connection.execute(
            "UPDATE observers SET excluded = ?, join_key = NULL, agent = '', language = '' WHERE id = ?",
            (WITHDRAWN, observer),
        )


def _drop_orphans(connection: sqlite3.Connection) -> int:
    """Remove rows whose parent is missing, and then their own children. A link is free again."""
    connection.execute("UPDATE links SET observer = NULL WHERE observer NOT IN (SELECT id FROM observers)")
    count = 0
    while orphans := {(row[0], row[1]) for row in connection.execute("PRAGMA foreign_key_check")}:
        for table, rowid in orphans:
            connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (rowid,))  # noqa: S608
        count += len(orphans)
    return count


def _tables(connection: sqlite3.Connection) -> dict[str, Table]:
    """List the tables of studies and answers, parents first, without the migrations' own record."""
    query = """SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY rowid"""
    return {name: _table(connection, name) for (name,) in connection.execute(query).fetchall()}


def _table(connection: sqlite3.Connection, name: str) -> Table:
    rows = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    columns = frozenset(row[1] for row in rows)
    keys = [row[1] for row in rows if row[5]]
    required = frozenset(row[1] for row in rows if row[5] or (row[3] and row[4] is None))
    return Table(columns, required, keys[0])


def _difference(
    connection: sqlite3.Connection, copy: sqlite3.Connection, name: str
) -> Iterator[dict[str, Any]]:
    """The rows of a table that the copy lacks, whole. Of those that it holds otherwise, what differs."""
    names = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
    key = _table(connection, name).key
    query = f'SELECT {_names(names)} FROM "{name}"'  # noqa: S608
    copies = {row[names.index(key)]: row for row in copy.execute(query)}
    for values in connection.execute(query):
        row = dict(zip(names, values, strict=True))
        held = copies.get(row[key])
        if held is None:
            yield row
        elif held != values:
            old = dict(zip(names, held, strict=True))
            yield {column: row[column] for column in names if column == key or row[column] != old[column]}


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


FOLDER = "journal"  # beside the database
LOST = "its lines are in the database alone until the app starts again"


class Journal:
    """One open file. A line is `{"id": uuid, "at": seconds, "table": ..., "row": {...}}`, never changed.

    `row` is a whole row when it was added, or its key with the columns that changed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._last_s = folder, 0.0
        self.vanished: list[Path] = []  # journals that somebody removed while they were written
        self._begin()

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.path = self._folder / f"{uuid.uuid4().hex}.jsonl"
        self._file = self.path.open("a", encoding="utf-8")

    def append(self, table: str, row: Mapping[str, Any]) -> None:
        """Write one line and hand it to the operating system. The caller holds the writer's lock.

        If the file was removed meanwhile, another begins with this line, and the loss is told on stderr.
        """
        if not self.path.exists():
            self.vanished.append(self.path)
            print(f"{self.path} was removed while it was written; {LOST}", file=sys.stderr)
            self._file.close()
            self._begin()
        self._last_s = max(
            self._last_s, time.time()
        )  # a clock set back must not reorder the changes of a row
        line = {"id": uuid.uuid4().hex, "at": self._last_s, "table": table, "row": dict(row)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()

    def sync(self) -> None:
        """Wait until the disk has every line."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file. Nothing can be appended any more."""
        self._file.close()
