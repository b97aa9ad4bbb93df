"""Answers on a PostgreSQL server are what they would be in a file of SQLite, whatever fails in between."""

import json
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict

import pytest

from tests.calling import caller
from tests.study.leavers import marks_in, take_part
from tests.study.tiny import NOW, open_tiny, paced
from uplapp.commands.study import app
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.study.answers import replies
from uplapp.study.definition import Panel, Question
from uplapp.study.exports import codes, dashboard, streaming, votes
from uplapp.study.plans import adaptive
from uplapp.study.plans.adaptive import Tally
from uplapp.study.session import editions, joining, lifecycle, links, log, retention, session, status
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.store import erasure
from uplapp.study.store.store import Store, StoreBusy, reading, snapshot

STUDY = {"id": "s", "name": "n", "hash": "h", "manifest": "{}", "secret": "00", "opened_at": 1.0}
QUESTIONS = (Question("age", "How old are you?", "text"),)


@pytest.fixture
def address(postgres) -> str:
    """The address of a database without rows."""
    return postgres.cleared()


@pytest.fixture
def server(address):
    """A store on that database."""
    made = Store(address)
    yield made
    made.close()


def live(store, folder) -> str:
    """Let six people and a simulated observer do all that can be done in a study. Returns its id."""
    study = open_tiny(
        store, folder, parts={"questions": QUESTIONS, "panel": Panel("prolific", required=False)}
    )
    (link,) = links.make(store, study.id, ["Ä 1"], NOW)
    people = {}
    for n, who in enumerate(("whole", "flagged", "left out", "gone", "link", "pilot", "simulated")):
        lifecycle.pilot(store, study.id, who == "pilot")
        newcomer = Newcomer(
            key=f"{n:032}",
            agent="Firefox, Linux",
            link=link if who == "link" else "",
            simulated=who == "simulated",
            panel={"PROLIFIC_PID": "p1"} if who == "flagged" else {},
        )
        people[who] = joining.join(store, study, "1", NOW + n, newcomer)
    lifecycle.pilot(store, study.id, False)
    for n, (who, token) in enumerate(people.items()):
        reached = session.state(store, study, token, NOW)
        while reached.trial and (reached.done < 3 or who == "whole"):
            trial, late = reached.trial.token, {"missed_frames": 40} if who == "flagged" else {}
            given = paced(n + reached.done, choice=("left", "right")[reached.done % 2], **late)
            reached = session.answer(store, study, token, trial, trial, given, NOW + 10 * n + reached.done)
        session.note(store, study, token, [{"kind": "blur", "at_ms": 1.5}], NOW)
    session.reply(store, study, people["whole"], {"replies": {"age": "40 \0 or so"}}, NOW + 90)
    ids = {
        token: row["id"]
        for row in store.rows("SELECT id, session FROM observers", {})
        for token in [row["session"]]
    }
    lifecycle.leave_out(store, study.id, ids[people["left out"]], "asleep")
    lifecycle.withdraw(store, study.id, ids[people["gone"]], NOW + 99)
    log.note(store, study.definition.name, "anna", "closed", "it is enough", NOW)
    lifecycle.limit(store, study.id, 9)
    return study.id


def cleared(store, study: str) -> int:
    """Take the personal fields out. Returns how many rows had one."""
    return retention.enforce(store, NOW) + retention.clear(store, study, ["age"], NOW + 100)


def reports(store, place, study: str) -> dict[str, object]:
    """Everything that is said of a study anywhere, with the rows that were written."""
    row = editions.listing(store, "tiny")[0]
    described, now = editions.described(row), NOW + 4000
    tallies = [Tally(), Tally()]
    for simulated in (False, True):
        adaptive.count(store, study, simulated, tallies[simulated])
    with reading(place) as reader:
        return {
            "status": asdict(status.status(store, study, now)),
            "studies": status.overview(reader),
            "dashboard": asdict(dashboard.overview(reader, study, described.definition, now)),
            "pace": dashboard.pace(reader, study, NOW + 60, 60.0, 6),
            "alarms": dashboard.alarms(reader, study),
            "codes": codes.listing(reader, "tiny", now, with_ids=True).to_csv(),
            "exports": streaming.everything(reader, described, now),
            "simulated": votes.votes(store, study, simulated=True).to_csv(),
            "progress": votes.progress(store, study),
            "replies": replies.listing(reader, study, everything=True),
            "links": links.listing(store, study),
            "log": log.listing(store, "tiny"),
            "answers": [tally.answers for tally in tallies],
            "editions": {name: value for name, value in row.items() if name != "rowid"},
        }


def written(path) -> list[tuple]:
    """Every row of a file of SQLite, without what belongs to one database alone."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
        tables = sorted(name for (name,) in connection.execute(query) if not name.startswith("sqlite_"))
        return [
            (name, *row)
            for name in tables
            for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1")  # noqa: S608
        ]


def test_a_study_on_a_server_reads_as_it_does_in_a_file(store, server, address, tmp_path, monkeypatch):
    said = {}
    for name, place in {"file": tmp_path / "answers.db", "server": address}.items():
        numbers = iter(range(10_000))
        monkeypatch.setattr(secrets, "token_hex", lambda n=16: f"{next(numbers):0{2 * n}x}")  # noqa: B023
        one = store if name == "file" else server
        study = live(one, tmp_path / "tiny")
        said[name] = [reports(one, place, study), cleared(one, study), reports(one, place, study)]
        snapshot(place, tmp_path / f"{name}.db")
    replaced = str(said["file"]).replace("\\x00", "\ufffd")
    assert str(said["server"]) == replaced
    rows = [
        tuple(str(value).replace("\0", "\ufffd") for value in row) for row in written(tmp_path / "file.db")
    ]
    assert [tuple(map(str, row)) for row in written(tmp_path / "server.db")] == rows
    assert {row[0] for row in rows} >= {"answers", "events", "links", "withdrawals", "actions", "clearings"}


def test_a_file_is_taken_in_and_comes_out_again_as_it_was(store, postgres, tmp_path):
    study, empty = live(store, tmp_path / "tiny"), postgres.new()
    count = postgres.dialect.take_in(tmp_path / "answers.db", empty)
    snapshot(empty, tmp_path / "copy.db")
    rows = written(tmp_path / "answers.db")
    assert count == len(rows)
    assert [str(row).replace("\\x00", "\ufffd") for row in rows] == [
        str(row) for row in written(tmp_path / "copy.db")
    ]
    with pytest.raises(UplappError, match="has studies already"):
        postgres.dialect.take_in(tmp_path / "answers.db", empty)
    assert study in str(rows)


def test_two_processes_may_start_on_an_empty_database_at_once(postgres):
    address = postgres.new()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store, [address] * 4))
    for store in stores:
        store.insert("studies", STUDY | {"id": store_id(store), "hash": store_id(store)})
    assert len(stores[0].rows("SELECT * FROM studies", {})) == 4
    for store in stores:
        store.close()


def store_id(store) -> str:
    return f"{id(store):x}"


def insert_around(store, happens) -> None:
    """Add two rows in one transaction, between which something happens."""
    with store.transaction():
        store.insert("studies", STUDY | {"id": "t", "hash": "t"})
        happens()
        store.insert("studies", STUDY | {"id": "u", "hash": "u"})


def insert_then_fail(store):
    with store.transaction():
        store.insert("studies", STUDY)
        store.insert("studies", STUDY)


def test_a_failed_transaction_leaves_no_row(server, postgres):
    with pytest.raises(postgres.errors.UniqueViolation):
        insert_then_fail(server)
    assert server.rows("SELECT * FROM studies", {}) == []
    server.insert("studies", STUDY)
    with pytest.raises(KeyError, match="nobody"):
        server.update("studies", "nobody", {"state": "closed"})


def test_while_another_process_writes_one_is_asked_to_try_again(address, postgres, monkeypatch):
    monkeypatch.setattr(postgres.dialect, "SESSION", b"SET lock_timeout = 50")
    with closing(Store(address)) as store, closing(Store(address)) as other:
        with other.transaction(), pytest.raises(StoreBusy, match="try again"):
            store.insert("studies", STUDY)
        store.insert("studies", STUDY)
        assert len(other.rows("SELECT * FROM studies", {})) == 1


def test_a_process_that_stops_in_its_transaction_holds_up_nobody_for_long(address, postgres, monkeypatch):
    limits = b"SET lock_timeout = 5000; SET idle_in_transaction_session_timeout = 100"
    monkeypatch.setattr(postgres.dialect, "SESSION", limits)
    with closing(Store(address)) as stopped, closing(Store(address)) as store:
        with pytest.raises(StoreBusy):
            insert_around(stopped, lambda: store.insert("studies", STUDY | {"manifest": "{1}"}))
        assert stopped.rows("SELECT manifest FROM studies", {}) == [{"manifest": "{1}"}]


def test_a_lost_connection_is_opened_anew_but_never_within_a_transaction(server, postgres, address):
    postgres.cut(address)
    assert server.rows("SELECT * FROM studies", {}) == []
    postgres.cut(address)
    server.insert("studies", STUDY)
    with pytest.raises(StoreBusy):
        insert_around(server, lambda: postgres.cut(address))
    assert [row["id"] for row in server.rows("SELECT id FROM studies", {})] == ["s"]


def test_a_server_that_ends_asks_to_try_again_until_it_is_back(postgres, address):
    with closing(Store(address)) as store:
        store.insert("studies", STUDY)
        postgres.stop()
        try:
            with pytest.raises(StoreBusy):
                store.rows("SELECT * FROM studies", {})
            with pytest.raises(StoreBusy):
                store.insert("studies", STUDY | {"id": "t", "hash": "t"})
            with pytest.raises(UplappError, match="cannot be used") as said:
                Store(address)
        finally:
            postgres.start()
        store.insert("studies", STUDY | {"id": "u", "hash": "u"})
        assert [row["id"] for row in store.rows("SELECT id FROM studies ORDER BY id", {})] == ["s", "u"]
    assert "secret" not in str(said.value)


def test_a_quota_holds_over_all_processes(address, tmp_path):
    with closing(Store(address)) as one, closing(Store(address)) as other:
        studies = [open_tiny(store, tmp_path / "tiny") for store in (one, other)]
        assert studies[0].id == studies[1].id
        lifecycle.limit(one, studies[0].id, 5)

        def come(n: int) -> bool:
            try:
                joining.join((one, other)[n % 2], studies[n % 2], "1", NOW)
            except NotNow:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(come, range(12))) == 5
        numbers = [row["number"] for row in other.rows("SELECT number FROM observers ORDER BY number", {})]
    assert numbers == [0, 1, 2, 3, 4]


def test_a_reader_sees_one_moment(server, address):
    server.insert("studies", STUDY)
    with reading(address) as reader:
        assert len(reader.rows("SELECT * FROM studies", {})) == 1
        server.insert("studies", STUDY | {"id": "t", "hash": "t"})
        assert len(reader.rows("SELECT * FROM studies", {})) == 1


def test_what_was_withdrawn_is_not_left_in_the_files_of_the_tables(server, address, postgres, tmp_path):
    study = open_tiny(server, tmp_path / "tiny")
    left, stayed = take_part(server, study, 7_654_321), take_part(server, study, 3_333_333)
    postgres.flush(address)
    assert marks_in(postgres.files(), left) == list(left.marks)
    session.withdraw(server, study, left.session, NOW)
    with reading(address) as reader:
        reader.rows("SELECT * FROM studies", {})
        with pytest.raises(StoreBusy):
            erasure.erase(server)
    assert erasure.erase(server) == 1
    assert erasure.erase(server) == 0
    postgres.flush(address)
    assert marks_in(postgres.files(), left) == []
    assert marks_in(postgres.files(), stayed) == list(stayed.marks)


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"UPLAPP_DATABASE": "mysql://x"}, "must be postgresql://"),
        ({"UPLAPP_DATABASE": "postgresql://x/y", "UPLAPP_ANSWERS_REPO": "a/b"}, "unset one of them"),
    ],
)
def test_an_address_that_cannot_work_is_refused_at_once(variables, why):
    with pytest.raises(UplappError, match=why):
        Settings.from_env(variables)


def test_the_command_line_takes_a_file_in_and_goes_on_there(postgres, tmp_path, monkeypatch):
    call = caller(app)
    with closing(Store(tmp_path / "data" / "uplapp.db")) as store:
        live(store, tmp_path / "tiny")
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "elsewhere"))
    file = str(tmp_path / "data" / "uplapp.db")
    with pytest.raises(UplappError, match="set UPLAPP_DATABASE"):
        call("take-in", file)
    monkeypatch.setenv("UPLAPP_DATABASE", postgres.new())
    with pytest.raises(UplappError, match="there is no file"):
        call("take-in", f"{file}x")
    assert json.loads(call("take-in", file, "--json").stdout)["rows"] > 100
    said = json.loads(call("status", str(tmp_path / "tiny"), "--json").stdout)
    assert (said["observers"], said["pilot_observers"], said["withdrawn"]) == (5, 1, 1)
    assert call("codes", str(tmp_path / "tiny")).stdout.count(",finished,") == 1
    with pytest.raises(UplappError, match="restore a backup"):
        call("rebuild")
