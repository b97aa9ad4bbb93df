"""The tables, as ordered migrations. Each runs in one transaction together with its own record."""

from collections.abc import Mapping
from functools import partial

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

# A migration that was released is never changed. A database server takes the same, with its names of types.
HISTORY: Mapping[str, tuple[str, ...]] = {
    # Studies are frozen manifests. Keys are random texts, so rows can be replayed from a journal.
    "m001_first_tables": (
        """CREATE TABLE studies (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, manifest TEXT NOT NULL,
            secret TEXT NOT NULL, opened_at REAL NOT NULL, UNIQUE (name, hash))""",
        """CREATE TABLE observers (
            id TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (id), number INTEGER NOT NULL,
            session TEXT NOT NULL UNIQUE, simulated INTEGER NOT NULL, consent_version TEXT NOT NULL,
            joined_at REAL NOT NULL, finished_at REAL, excluded TEXT NOT NULL DEFAULT '',
            UNIQUE (study, simulated, number))""",
        """CREATE TABLE trials (
            token TEXT PRIMARY KEY, observer TEXT NOT NULL REFERENCES observers (id),
            position INTEGER NOT NULL, kind TEXT NOT NULL, scene TEXT NOT NULL,
            "left" TEXT NOT NULL, "right" TEXT NOT NULL, first TEXT NOT NULL, attempt INTEGER NOT NULL,
            original_token TEXT NOT NULL UNIQUE, left_token TEXT NOT NULL UNIQUE,
            right_token TEXT NOT NULL UNIQUE,
            UNIQUE (observer, position))""",
        """CREATE TABLE answers (
            trial TEXT PRIMARY KEY REFERENCES trials (token), key TEXT NOT NULL, choice TEXT NOT NULL,
            response_ms REAL NOT NULL, layout TEXT NOT NULL, frame_ms REAL NOT NULL,
            frames_per_phase INTEGER NOT NULL, swaps_ms TEXT NOT NULL, gaps_ms TEXT NOT NULL,
            missed_frames INTEGER NOT NULL, paused_ms REAL NOT NULL, seen_ms TEXT NOT NULL,
            pixel_ratio REAL NOT NULL, flags TEXT NOT NULL, excluded TEXT NOT NULL DEFAULT '',
            answered_at REAL NOT NULL)""",
        """CREATE TABLE events (
            id TEXT PRIMARY KEY, observer TEXT NOT NULL REFERENCES observers (id), kind TEXT NOT NULL,
            at_ms REAL NOT NULL, detail TEXT NOT NULL, received_at REAL NOT NULL)""",
        "CREATE INDEX events_observer ON events (observer)",
    ),
    # A study is open, paused or closed, perhaps with a quota. Who withdrew leaves a time, nothing else.
    "m002_life": (
        "ALTER TABLE studies ADD COLUMN state TEXT NOT NULL DEFAULT 'open'",
        "ALTER TABLE studies ADD COLUMN quota INTEGER",
        """CREATE TABLE withdrawals (
            observer TEXT PRIMARY KEY, study TEXT NOT NULL, withdrawn_at REAL NOT NULL)""",
    ),
    # Ratings beside pairs. Personal links, each for one observer. Replies to the questions at the end.
    "m003_tasks": (
        "ALTER TABLE answers ADD COLUMN ratings TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE observers ADD COLUMN language TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE observers ADD COLUMN agent TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE observers ADD COLUMN join_key TEXT",
        "CREATE UNIQUE INDEX observers_join ON observers (study, join_key)",
        """CREATE TABLE links (
            id TEXT PRIMARY KEY, study TEXT NOT NULL REFERENCES studies (id), label TEXT NOT NULL,
            made_at REAL NOT NULL, observer TEXT REFERENCES observers (id), revoked_at REAL)""",
        """CREATE TABLE replies (
            id TEXT PRIMARY KEY, observer TEXT NOT NULL REFERENCES observers (id), question TEXT NOT NULL,
            reply TEXT NOT NULL, replied_at REAL NOT NULL, UNIQUE (observer, question))""",
    ),
    # An edition is served from a time on. People of a pilot are marked. Who did what is written down.
    "m004_editions": (
        "ALTER TABLE studies ADD COLUMN served_at REAL",
        "ALTER TABLE studies ADD COLUMN pilot INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE observers ADD COLUMN pilot INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE actions (
            id TEXT PRIMARY KEY, study TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
            detail TEXT NOT NULL, done_at REAL NOT NULL)""",
    ),
    # Whose bytes are off this disk. No journal has it, for each disk has bytes of its own.
    "m005_erased": ("CREATE TABLE _erased (id TEXT PRIMARY KEY)",),
    # Ids of a panel, apart from the answers. When the personal fields of a study's people were cleared.
    "m006_personal": (
        """CREATE TABLE panel (
            id TEXT PRIMARY KEY, observer TEXT NOT NULL REFERENCES observers (id), name TEXT NOT NULL,
            value TEXT NOT NULL, UNIQUE (observer, name))""",
        "CREATE INDEX panel_value ON panel (name, value)",
        """CREATE TABLE clearings (
            id TEXT PRIMARY KEY, study TEXT NOT NULL, questions TEXT NOT NULL, cleared_at REAL NOT NULL)""",
    ),
    # By how much a side was chosen, 0 where nobody asked.
    "m007_steps": ("ALTER TABLE answers ADD COLUMN step INTEGER NOT NULL DEFAULT 0",),
}

# The columns that change after a row was added. All others stay what they are, in database and journals.
CHANGING: Mapping[str, frozenset[str]] = {
    "studies": frozenset({"hash", "manifest", "state", "quota", "served_at", "pilot"}),
    "observers": frozenset({"finished_at", "excluded", "agent", "language", "join_key"}),
    "links": frozenset({"observer", "revoked_at", "label"}),
}

migrations = Migrations("uplapp.study")


def _run(statements: tuple[str, ...], db: Database) -> None:
    for statement in statements:
        db.execute(statement)


for _name, _statements in HISTORY.items():
    migrations(name=_name)(partial(_run, _statements))  # type: ignore[type-var]
