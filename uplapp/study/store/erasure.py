"""What was withdrawn or cleared taken out of the files themselves, so that no byte of it is left on the disk.

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

from uplapp.study.store.personal import LINKS, PEOPLE, REMOVED
from uplapp.study.store.replay import FOLDER, WITHDRAWALS, note
from uplapp.study.store.store import BUSY, Store, StoreBusy

BLANK = b" "
# Tables by stage, each with the column that says whose a row is. A trial says whose an answer is, so it goes
# after the answer. Rows of which something stays go last: that is written anew before.
STAGES: tuple[Mapping[str, str], ...] = (
    {"answers": "trial", "events": "observer", "replies": "observer", "panel": "observer"},
    {"trials": "observer"},
    {"observers": "id", "links": "id"},
)
OWNED = {table: column for stage in STAGES for table, column in stage.items()}
DUE = f"""SELECT id FROM (SELECT observer AS id FROM {WITHDRAWALS} UNION SELECT id FROM clearings) AS acts
    WHERE id NOT IN (SELECT id FROM _erased)"""  # noqa: S608


@dataclass(frozen=True)
class Scope:
    """What has to go: all of the observers `gone`, personal fields of those `cleared`, labels of `links`.

    `cleared` has by observer the questions whose replies go.
    """

    gone: frozenset[str]
    cleared: Mapping[str, frozenset[str]]
    links: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A line of a journal from byte `start` up to its end. One that a kill left half blank has no table."""

    start: int
    end: int
    table: str
    row: Mapping[str, Any]

    @property
    def owner(self) -> Any:
        """Whose the row is: an observer, of an answer its trial, of a link itself."""
        return self.row.get(OWNED.get(self.table, ""))

    @property
    def whole(self) -> bool:
        """Whether it adds an observer or a link, and does not only change one."""
        return "study" in self.row


def due(store: Store) -> list[str]:
    """The withdrawals and clearings whose bytes this disk may still hold, by observer or id."""
    return [str(row["id"]) for row in store.rows(DUE, {})]


def erased(store: Store) -> int:
    """How many withdrawals and clearings were carried out on this disk."""
    return int((store.row("SELECT count(*) AS n FROM _erased") or {"n": 0})["n"])


def scope(store: Store) -> Scope:
    """All that has ever to go, so that journals from elsewhere are covered too."""
    cleared: dict[str, frozenset[str]] = {}
    for row in store.rows(PEOPLE, {}):
        cleared[row["id"]] = cleared.get(row["id"], frozenset()) | {*json.loads(row["questions"])}
    return Scope(
        frozenset(row["observer"] for row in store.rows(f"SELECT observer FROM {WITHDRAWALS}", {})),  # noqa: S608
        cleared,
        frozenset(row["id"] for row in store.rows(LINKS, {})),
    )


def erase(store: Store) -> int:
    """Overwrite what was withdrawn or cleared, in journals and database. Returns the number of such acts.

    StoreBusy, with the work to be done again, while somebody reads the database or the disk is full.
    """
    acts = due(store)
    if acts:
        try:
            store.catch_up()
            if store.path is not None:
                _overwrite(store, store.path.parent / FOLDER)
                _drop_damaged(store.path)
        except OSError as error:
            raise StoreBusy(BUSY) from error
        store.compact()
        with store.here_alone() as database:
            for act in acts:
                database.execute("INSERT INTO _erased VALUES (:act) ON CONFLICT DO NOTHING", {"act": act})
    return len(acts)


def again(store: Store) -> None:
    """Have everything erased once more, as after journals came from elsewhere."""
    with store.here_alone() as database:
        database.execute("DELETE FROM _erased")


def wiped(texts: Sequence[bytes], what: Scope) -> list[bytes]:
    """The same pieces of journals with the lines in scope blank. No length changes."""
    found = [list(lines(text)) for text in texts]
    tokens = _trials((line for entries in found for line in entries), what)
    wiped = []
    for text, entries in zip(texts, found, strict=True):
        data = bytearray(text)
        for line in entries:
            if _goes(line, what, tokens):
                data[line.start : line.end] = BLANK * (line.end - line.start)
        wiped.append(bytes(data))
    return wiped


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


def _overwrite(store: Store, journals: Path) -> None:
    """Write what stays of rows in scope to a journal of its own, then blank the lines of all."""
    what = scope(store)
    found = {path: list(lines(path.read_bytes())) for path in sorted(journals.glob("*.jsonl"))}
    every = [line for entries in found.values() for line in entries]
    tokens = _trials(every, what)
    note(_rest(store, every, what), journals)
    for tables in ({""} | {*STAGES[0]}, STAGES[1], STAGES[2]):
        for path, entries in found.items():
            _blank(path, [line for line in entries if line.table in tables and _goes(line, what, tokens)])


def _rest(store: Store, every: Iterable[Line], what: Scope) -> list[tuple[str, dict[str, Any]]]:
    """The rows as they are now of which the journals have nothing but lines that go."""
    whole = [line for line in every if line.table in STAGES[2] and line.whole]
    lost = {(line.table, line.owner) for line in whole if _goes(line, what, ())}
    lost -= {(line.table, line.owner) for line in whole if not _goes(line, what, ())}
    return [
        (table, row)
        for table, owner in sorted(lost)
        for row in store.rows(f'SELECT * FROM "{table}" WHERE id = :id', {"id": owner})  # noqa: S608
    ]


def _read(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
        return {"table": line["table"], "row": dict(line["row"])}
    except (ValueError, KeyError, TypeError):
        return None


def _trials(found: Iterable[Line], what: Scope) -> set[object]:
    return {line.row.get("token") for line in found if line.table == "trials" and line.owner in what.gone}


def _goes(line: Line, what: Scope, tokens: Collection[object]) -> bool:
    """Whether a line is in scope. A row of which something stays goes as long as it has what must not."""
    row, owner = line.row, line.owner
    if line.table == "answers":
        return owner in tokens
    if line.table == "links":
        return owner in what.links and row.get("label", REMOVED) != REMOVED
    if line.table == "observers":
        personal = ("agent", "language", "join_key") if owner in what.gone else ("agent",)
        return (owner in what.gone or owner in what.cleared) and any(row.get(name) for name in personal)
    if line.table == "panel":
        return owner in what.gone or owner in what.cleared
    if line.table == "replies" and row.get("question") in what.cleared.get(owner, ()):
        return True
    return not line.table or owner in what.gone


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


def _drop_damaged(database: Path) -> None:
    """Delete damaged databases that a rebuild put aside: nothing can be taken out of them."""
    for path in database.parent.glob(f"{database.name}.damaged-*"):
        path.unlink(missing_ok=True)
        print(f"{path} was deleted, for it may hold what somebody withdrew", file=sys.stderr)
