"""The table that a sweep writes: a CSV file that a kill leaves readable, with the rows that were done."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from uplapp import whole
from uplapp.errors import UplappError
from uplapp.plain import neutral

Row = Mapping[str, str]
Key = tuple[str, ...]


class Ledger:
    """The rows of a file by their key. `common` are the columns with one value in all rows.

    A file of other columns, or with other common values, is refused. A row that a kill cut short is dropped.
    """

    def __init__(self, path: Path, common: Row, key: Sequence[str], values: Sequence[str]) -> None:
        self.path, self.key = path, tuple(key)
        self.common = {name: str(neutral(value)) for name, value in common.items()}
        self.columns = (*common, *key, *values)
        self.rows: dict[Key, Row] = {}
        for row in self._read():
            self.rows[self._key(row)] = row

    def get(self, key: Iterable[object]) -> Row | None:
        """Give the row of a key, None where the file has no such row yet."""
        return self.rows.get(tuple(map(str, key)))

    def add(self, rows: Iterable[Row]) -> None:
        """Append those rows that are new, in one write that is on the disk before this returns."""
        new = [{**self.common, **row} for row in rows]
        new = [row for row in new if self._key(row) not in self.rows]
        if not new:
            return
        begun = self.path.exists() and self.path.stat().st_size > 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(self._text(new, header=not begun).encode())
            file.flush()
            os.fsync(file.fileno())
        self.rows |= {self._key(row): row for row in new}

    def settle(self, order: Callable[[Row], Any]) -> None:
        """Write the file again with its rows in order, whatever the order they came in."""
        self.rows = {self._key(row): row for row in sorted(self.rows.values(), key=order)}
        whole.write_text(self.path, self._text(self.rows.values(), header=True))

    def _key(self, row: Row) -> Key:
        return tuple(row[name] for name in self.key)

    def _read(self) -> list[Row]:
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        try:
            reader = csv.DictReader(io.StringIO(complete.decode(), newline=""))
            rows: list[Row] = [row for row in reader if None not in row.values()]
        except (ValueError, csv.Error) as error:
            raise UplappError(f"{self.path.name} is not a table of a sweep: {error}") from error
        header = self._text([], header=True).encode()
        torn = not complete and header.startswith(content)
        if not torn and tuple(reader.fieldnames or ()) != self.columns:
            raise UplappError(f"{self.path.name} is not a table of this sweep; give another --out")
        for row in rows:
            self._check(row)
        if len(complete) < len(content):
            whole.write_bytes(self.path, complete)
        return rows

    def _check(self, row: Row) -> None:
        for name, value in self.common.items():
            if row[name] != value:
                raise UplappError(
                    f"{self.path.name} holds a sweep with {name} {row[name]}, and this one has {value}; "
                    f"give another --out"
                )

    def _text(self, rows: Iterable[Row], header: bool) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, restval="", lineterminator="\n")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()
