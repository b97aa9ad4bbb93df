"""People who took part and whom every byte search can find again."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.study.tiny import NOW, response
from uplapp.study.session import joining, session

ANSWERS = 3


@dataclass(frozen=True)
class Person:
    """An observer, its session, and the byte strings that only its answers, events and replies have."""

    id: str
    session: str
    marks: tuple[bytes, ...]


def take_part(store, study, mark: int, agent="", now=NOW) -> Person:
    """Add an observer with answers, an event and a reply, which hold the seven-digit number `mark`."""
    agent = agent or f"Browser{mark}"
    newcomer = joining.Newcomer(key=f"{mark:032}", agent=agent)
    who = joining.join(store, study, study.definition.consent.version, now, newcomer)
    session.note(store, study, who, [{"kind": "blur", "at_ms": mark + 0.25}], now)
    tokens = []
    for n in range(ANSWERS):
        shown = session.state(store, study, who).trial
        tokens.append(shown.token)
        given = response(seen_ms=(mark + n + 0.5, 2100.0))
        session.answer(store, study, who, shown.token, f"{mark}{n:025}", given, now + n)
    observer = store.row("SELECT id FROM observers WHERE session = :who", who=who)["id"]
    row = {"id": f"{observer}:age", "observer": observer, "question": "age", "reply": f"I am {mark}"}
    store.insert("replies", {**row, "replied_at": now})
    return Person(observer, who, (f"{mark}".encode(), *(token.encode() for token in tokens)))


def marks_in(texts, person: Person) -> list[bytes]:
    """Which marks of a person these byte strings hold."""
    return [mark for mark in person.marks if any(mark in text for text in texts)]


def bytes_of(folder: Path) -> list[bytes]:
    """The content of every file below a folder."""
    return [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]


def answers_of(database: Path, person: Person) -> int:
    """How many answers of a person a database holds."""
    query = "SELECT count(*) FROM answers JOIN trials ON token = trial WHERE observer = ?"
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query, (person.id,)).fetchone()[0]
