"""Who withdraws stays withdrawn: on the disk, on the Hub, and in every database rebuilt from either."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.hub.lines import REPO
from tests.study.tiny import NOW, open_tiny, response
from uplapp.settings import DATABASE
from uplapp.study.session import joining, lifecycle, session
from uplapp.study.session.session import Unknown
from uplapp.study.store.replay import replay
from uplapp.web import safekeeping

SAID = {
    "answers": "SELECT count(*) FROM answers JOIN trials ON token = trial WHERE observer = ?",
    "events": "SELECT count(*) FROM events WHERE observer = ?",
    "replies": "SELECT count(*) FROM replies WHERE observer = ?",
    "withdrawals": "SELECT count(*) FROM withdrawals WHERE observer = ?",
    "excluded": "SELECT count(*) FROM observers WHERE id = ? AND excluded = 'withdrawn'",
}
GONE = {"answers": 0, "events": 0, "replies": 0, "withdrawals": 1, "excluded": 1}
KEPT = {"answers": 3, "events": 1, "replies": 1, "withdrawals": 0, "excluded": 0}


def take_part(store, study) -> tuple[str, str]:
    """Add an observer with answers, an event and a reply. Returns the session and the id."""
    who = joining.join(store, study, study.definition.consent.version, NOW)
    session.note(store, study, who, [{"kind": "blur", "at_ms": 1.0}], NOW)
    for n in range(3):
        shown = session.state(store, study, who).trial
        session.answer(store, study, who, shown.token, f"{n:032}", response(), NOW + n)
    observer = store.row("SELECT id FROM observers WHERE session = :who", who=who)["id"]
    row = {"id": f"{observer}:age", "observer": observer, "question": "age", "reply": "44"}
    store.insert("replies", {**row, "replied_at": NOW})
    return who, observer


def said(settings, observer) -> dict[str, int]:
    """How much of an observer a database holds."""
    with closing(sqlite3.connect(settings.data / DATABASE)) as connection:
        return {name: connection.execute(query, (observer,)).fetchone()[0] for name, query in SAID.items()}


def on_the_hub(hub) -> list[dict]:
    files = hub.repos["dataset", REPO].values()
    return [json.loads(line) for data in files for line in data.splitlines()]


@pytest.fixture
def lived(settings, hub, endpoint, tmp_path):
    """Two took part, everything is on the Hub, then one withdrew while the app runs on."""
    store, loop = safekeeping.open_store(settings, endpoint)
    study = open_tiny(store, tmp_path / "tiny")
    (session_left, left), (_, stayed) = take_part(store, study), take_part(store, study)
    loop.mirror.push()
    before = tmp_path / "before"
    shutil.copytree(settings.data / "journal", before / "journal")
    with closing(sqlite3.connect(before / DATABASE)) as copy:
        store._db.conn.backup(copy)
    lifecycle.withdraw(store, study.id, left, NOW + 9)
    yield store, loop, session_left, left, stayed
    safekeeping.close(store, loop)


def test_a_withdrawal_deletes_answers_events_and_replies_of_that_observer_alone(lived, settings):
    *_, left, stayed = lived
    assert said(settings, left) == GONE
    assert said(settings, stayed) == KEPT


def test_the_tombstone_reaches_the_hub(lived, hub):
    store, loop, _, left, _ = lived
    safekeeping.close(store, loop)
    tombs = [line["row"] for line in on_the_hub(hub) if line["table"] == "withdrawals"]
    assert [row["observer"] for row in tombs] == [left]


def test_a_withdrawal_outlives_the_disk(lived, settings, endpoint, tmp_path):
    store, loop, who, left, stayed = lived
    safekeeping.close(store, loop)
    shutil.rmtree(settings.data)
    store, loop = safekeeping.open_store(settings, endpoint)
    study = open_tiny(store, tmp_path / "tiny")
    with pytest.raises(Unknown):
        session.state(store, study, who)
    safekeeping.close(store, loop)
    assert said(settings, left) == GONE
    assert said(settings, stayed) == KEPT


def test_a_withdrawal_reaches_an_older_disk_through_the_hub(lived, settings, endpoint, tmp_path):
    store, loop, _, left, stayed = lived
    safekeeping.close(store, loop)
    shutil.rmtree(settings.data)
    shutil.copytree(tmp_path / "before", settings.data)
    assert said(settings, left) == KEPT
    safekeeping.close(*safekeeping.open_store(settings, endpoint))
    assert said(settings, left) == GONE
    assert said(settings, stayed) == KEPT


def test_a_withdrawal_while_the_hub_was_down_reaches_it_afterwards(lived, settings, hub, endpoint):
    store, loop, _, left, _ = lived
    hub.down = True
    safekeeping.close(store, loop)
    hub.down = False
    safekeeping.close(*safekeeping.open_store(settings, endpoint))
    shutil.rmtree(settings.data)
    safekeeping.close(*safekeeping.open_store(settings, endpoint))
    assert said(settings, left) == GONE


def test_a_withdrawal_killed_before_its_journal_line_is_not_undone_by_a_replay(lived, settings):
    store, loop, _, left, stayed = lived
    safekeeping.close(store, loop)
    for path in (settings.data / "journal").glob("*.jsonl"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "withdraw" not in line))
    replay(settings.data / DATABASE, settings.data / "journal")
    assert said(settings, left) == GONE
    assert said(settings, stayed) == KEPT


def test_replaying_twice_brings_nothing_back(lived, settings):
    store, loop, _, left, _ = lived
    safekeeping.close(store, loop)
    for _ in range(2):
        replay(settings.data / DATABASE, settings.data / "journal")
    assert said(settings, left) == GONE


def test_what_is_left_of_who_withdrew_says_nothing_of_what_was_chosen(lived, settings):
    *_, left, _ = lived
    with closing(sqlite3.connect(settings.data / DATABASE)) as connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM observers WHERE id = ?", (left,)).fetchone())
    assert set(row) <= {
        *("id", "study", "number", "session", "simulated", "consent_version", "joined_at"),
        *("finished_at", "excluded", "language", "agent", "join_key", "pilot"),
    }
    assert row["join_key"] is None
