"""What goes wrong while nobody looks at the page is told on stderr and to a webhook, once."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.study.tiny import NOW
from uplapp.hub.mirror import SyncStatus
from uplapp.study.exports import dashboard
from uplapp.study.session import joining, lifecycle
from uplapp.study.session.joining import Newcomer
from uplapp.study.store.replay import FOLDER
from uplapp.study.store.store import reading
from uplapp.web.alarms import Alarms, Whole, present


class Copy:
    """A mirror of which only the status is asked."""

    def __init__(self, error: str) -> None:
        self.status = SyncStatus(None, 3, error)


@pytest.fixture
def hook():
    """The address of a webhook, and the bodies that it got."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_alarm_is_told_when_it_begins_and_when_it_comes_back(hook, capsys):
    address, bodies = hook
    found = {"copy": "answers are not copied"}
    alarms = Alarms(lambda: found, address)
    assert alarms.once() == ["answers are not copied"]
    assert alarms.once() == []
    found = {}
    assert alarms.once() == []
    found = {"copy": "answers are not copied: no space"}
    assert alarms.once() == ["answers are not copied: no space"]
    assert [body["text"] for body in bodies] == [
        "uplapp: answers are not copied",
        "uplapp: answers are not copied: no space",
    ]
    assert capsys.readouterr().err.count("ALARM: ") == 2


def test_a_webhook_that_nobody_answers_is_said_and_harms_nothing(capsys):
    assert Alarms(lambda: {"copy": "no copy"}, "http://127.0.0.1:9/").once() == ["no copy"]
    assert "did not reach UPLAPP_ALARM_WEBHOOK" in capsys.readouterr().err


def test_a_journal_that_is_removed_under_way_is_an_alarm_and_the_next_one_too(desk):
    shelf, told = desk.shelf, []
    alarms = Alarms(lambda: present(shelf, None), None)
    for n in range(2):
        for journal in (shelf.settings.data / FOLDER).glob("*.jsonl"):
            journal.unlink()
        joining.join(shelf.store, shelf.studies["tiny"], "1", NOW + n)
        told += alarms.once()
    assert len(told) == 2
    assert "was removed while it was written" in told[0]


def test_a_database_damaged_under_way_is_an_alarm_that_says_what_mends_it(desk):
    shelf, whole = desk.shelf, Whole(desk.shelf.settings, every_s=0)
    joining.join(shelf.store, shelf.studies["tiny"], "1", NOW, Newcomer(agent="Firefox, Linux"))
    shelf.store.compact()
    assert whole() == {}
    path, alarms = shelf.settings.answers, Alarms(lambda: present(shelf, None), None)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Firefox", b"\xffirefox"))
    assert "study rebuild" in whole()["database"]
    path.write_bytes(data[:4096] + bytes(len(data) - 4096))
    [said] = alarms.once()
    assert "study rebuild" in said


def test_a_copy_that_fails_and_a_jump_of_people_left_out_are_alarms(desk):
    study, store = desk.shelf.studies["tiny"], desk.shelf.store
    assert present(desk.shelf, Copy("")) == {}
    for n in range(60):
        joining.join(store, study, study.definition.consent.version, NOW + n)
    rows = store.rows("SELECT id FROM observers ORDER BY joined_at", {})
    for row in rows[-15:]:
        lifecycle.leave_out(store, study.id, row["id"], "fast")
    found = present(desk.shelf, Copy("the Hub is down"))
    assert found["copy"].endswith("the Hub is down")
    assert found["tiny: people"] == "study tiny: of the last people 75% are left out, before 0%"
    for row in rows[:35]:
        lifecycle.leave_out(store, study.id, row["id"], "fast")
    with reading(desk.shelf.settings.answers) as reader:
        assert dashboard.watch_people(reader, study.id) is None  # as bad as before: no jump
