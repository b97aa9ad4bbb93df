"""Withdrawn answers taken out of the files themselves, so that no byte of them is left on the disk.

A withdrawal deletes rows at once. What they said still lies in the journals, in pages of the database that
nothing uses, and in its write-ahead log. Here lines of journals are overwritten with blanks where they
lie: no other line moves, so nobody who appends meanwhile loses one, and a copy keeps its offsets. Every step
can be repeated; one that a kill cut short is found and finished by the next.
"""

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uplapp.study.store.replay import FOLDER, WITHDRAWALS, note
from uplapp.study.store.store import BUSY, Store, StoreBusy

BLANK = b" "
# Tables by stage, each with the column that says whose a row is. A trial says whose an answer is, so it goes
# after the answer. The observer's own row goes last: what is left of it was written anew before.
STAGES: tuple[Mapping[str, str], ...] = (
    {"answers": "trial", "events": "observer", "replies": "observer"},
    {"trials": "observer"},
    {"observers": "id"},
)
OWNED = {table: column for stage in STAGES for table, column in stage.items()}
PENDING = f"SELECT observer FROM {WITHDRAWALS} WHERE observer NOT IN (SELECT observer FROM _erased)"  # noqa: S608


@dataclass(frozen=True)
class Line:
    """A line of a journal from byte `start` up to its end, of a table, and the owner of its row.

    The owner is an observer, or of an answer its trial. A line that a kill left half blank has no table.
    """

    start: int
    end: int
    table: str
    row: Mapping[str, Any]

    @property
    def owner(self) -> object:
        """Whose the row is."""
        return self.row.get(OWNED.get(self.table, ""))


def pending(store: Store) -> list[str]:
    """The observers who withdrew and whose bytes this disk may still hold."""
    return [str(row["observer"]) for row in store.rows(PENDING, {})]


def withdrawn(store: Store) -> list[str]:
    """Every observer who withdrew."""
    return [str(row["observer"]) for row in store.rows(f"SELECT observer FROM {WITHDRAWALS}", {})]  # noqa: S608


def erased(store: Store) -> int:
    """How many observers were erased here."""
    return int((store.row("SELECT count(*) AS n FROM _erased") or {"n": 0})["n"])


def erase(store: Store) -> int:
    """Overwrite what withdrawn observers said, in journals and database. Returns the number of observers.

    StoreBusy, with the work to be done again, while somebody reads the database or the disk is full.
    """
    gone = pending(store)
    if gone:
        _erase(store, gone)
    return len(gone)


def _erase(store: Store, gone: Sequence[str]) -> None:
    folder = store.path.parent / FOLDER
    try:
        store.catch_up()
        journals = sorted(folder.glob("*.jsonl"))
        note(_rest(store, gone), folder)
        overwrite(journals, gone)
        _drop_damaged(store.path)
    except OSError as error:
        raise StoreBusy(BUSY) from error
    store.compact()
    with store.here_alone() as database:
        database.executemany("INSERT OR IGNORE INTO _erased VALUES (?)", [(one,) for one in gone])


def again(store: Store) -> None:
    """Have every withdrawal erased once more, as after journals came from elsewhere."""
    with store.here_alone() as database:
        database.execute("DELETE FROM _erased")


def overwrite(journals: Iterable[Path], gone: Collection[str]) -> None:
    """Blank the lines of these observers in journals."""
    found = {path: list(lines(path.read_bytes())) for path in journals}
    tokens = _trials((line for entries in found.values() for line in entries), gone)
    for stage in STAGES:
        for path, entries in found.items():
            _blank(path, [line for line in entries if _goes(line, stage, gone, tokens)])


def wiped(texts: Sequence[bytes], gone: Collection[str]) -> list[bytes]:
    """The same pieces of journals with the lines of these observers blank. No length changes."""
    found = [list(lines(text)) for text in texts]
    tokens = _trials((line for entries in found for line in entries), gone)
    return [
        _blanked(text, [line for line in entries if _goes(line, OWNED, gone, tokens)])
        for text, entries in zip(texts, found, strict=True)
    ]


def lines(data: bytes) -> Iterator[Line]:
    """The whole lines of a journal that hold a row of somebody, or that a kill left half blank."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        text = data[start:end]
        if text.startswith(BLANK):
            if text.strip():
                yield Line(start, end, "", {})
        elif (line := _read(text)) is not None and line["table"] in OWNED:
            yield Line(start, end, line["table"], line["row"])
        start = end + 1


def _read(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
        return {"table": line["table"], "row": dict(line["row"])}
    except (ValueError, KeyError, TypeError):
        return None


def _trials(found: Iterable[Line], gone: Collection[str]) -> set[object]:
    return {line.row.get("token") for line in found if line.table == "trials" and line.owner in gone}


def _goes(line: Line, stage: Mapping[str, str], gone: Collection[str], tokens: Collection[object]) -> bool:
    owners = tokens if line.table == "answers" else gone
    return not line.table or (line.table in stage and line.owner in owners)


def _blank(path: Path, entries: Sequence[Line]) -> None:
    """Overwrite lines, their first bytes before the rest: a line that begins blank is known as half done."""
    if not entries:
        return
    with path.open("r+b") as file:
        for whole in (False, True):
            for line in entries:
                file.seek(line.start)
                file.write(BLANK * (line.end - line.start if whole else 1))
            file.flush()
            os.fsync(file.fileno())


def _blanked(text: bytes, entries: Sequence[Line]) -> bytes:
    data = bytearray(text)
    for line in entries:
        data[line.start : line.end] = BLANK * (line.end - line.start)
    return bytes(data)


def _rest(store: Store, gone: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """What stays of these observers, as rows: written to a journal before the older lines are blanked."""
    query = "SELECT * FROM observers WHERE id = :id"
    rows = [row for one in gone for row in store.rows(query, {"id": one})]
    return [("observers", row) for row in rows]


def _drop_damaged(database: Path) -> None:
    """Delete damaged databases that a rebuild put aside: nothing can be taken out of them."""
    for path in database.parent.glob(f"{database.name}.damaged-*"):
        path.unlink(missing_ok=True)
        print(f"{path} was deleted, for somebody withdrew who may be in it", file=sys.stderr)
