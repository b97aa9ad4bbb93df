"""A database that is lost, damaged or older than its journals comes back whole from them."""

import multiprocessing
import sqlite3
import stat
import time

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import UplappError
from uplapp.settings import DATABASE
from uplapp.study.session import joining, session
from uplapp.study.store import recovery, replay
from uplapp.study.store.holding import Held, holding
from uplapp.study.store.store import Store

ANSWERS = 5


@pytest.fixture
def folder(tmp_path):
    """A data folder in which one observer gave some answers."""
    store = Store(tmp_path / DATABASE)
    study = open_tiny(store, tmp_path / "tiny")
    observer = joining.join(store, study, study.definition.consent.version, NOW)
    for n in range(ANSWERS):
        shown = session.state(store, study, observer).trial
        session.answer(store, study, observer, shown.token, f"{n:032}", response(), NOW + n)
    store.close()
    return tmp_path


def places(folder):
    return folder / DATABASE, folder / replay.FOLDER


def check(folder):
    """What an app does before it serves a folder."""
    recovery.require_whole(folder / DATABASE)
    recovery.settle(*places(folder))


def answers(folder):
    connection = sqlite3.connect(folder / DATABASE)
    try:
        return connection.execute("SELECT count(*), count(DISTINCT trial) FROM answers").fetchone()
    finally:
        connection.close()


def damage(folder, sought, other):
    """Overwrite the last place in the file where something stands."""
    path = folder / DATABASE
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = path.read_bytes()
    place = data.rindex(sought)
    path.write_bytes(data[:place] + other + data[place + len(other) :])


def a_key(folder):
    """The last trial's, which stands in its index too."""
    connection = sqlite3.connect(folder / DATABASE)
    try:
        return connection.execute("SELECT trial FROM answers ORDER BY rowid DESC").fetchone()[0].encode()
    finally:
        connection.close()


DAMAGES = {
    "a page": lambda folder: (b"CREATE TABLE", bytes(3000)),
    "a text's letter": lambda folder: (b"side_by_side", b"\xff"),
    "a key": lambda folder: (a_key(folder), b"x"),
    "a value": lambda folder: (b"side_by_side", b"hide_by_side"),
}


class TestSettling:
    def test_a_database_that_is_gone_comes_back(self, folder):
        for part in folder.glob(f"{DATABASE}*"):
            part.unlink()
        assert recovery.settle(*places(folder)).added > ANSWERS
        assert answers(folder) == (ANSWERS, ANSWERS)

    def test_an_older_database_is_brought_up_to_date(self, folder):
        connection = sqlite3.connect(folder / DATABASE)
        with connection:
            connection.execute("DELETE FROM answers WHERE rowid IN (SELECT max(rowid) FROM answers)")
        connection.close()
        assert recovery.settle(*places(folder)).added == 1
        assert answers(folder) == (ANSWERS, ANSWERS)

    def test_a_whole_one_is_left_as_it_is(self, folder):
        assert recovery.settle(*places(folder)).added == 0
        assert len(list((folder / replay.FOLDER).glob("*.jsonl"))) == 1

    def test_an_empty_folder_stays_empty(self, tmp_path):
        assert recovery.settle(*places(tmp_path)).added == 0
        assert not (tmp_path / DATABASE).exists()


class TestRebuilding:
    @pytest.mark.parametrize("kind", DAMAGES)
    def test_a_database_overwritten_in_one_place_is_told_then_put_aside_and_made_anew(self, folder, kind):
        damage(folder, *DAMAGES[kind](folder))
        journals = {path: path.read_bytes() for path in (folder / replay.FOLDER).iterdir()}
        with pytest.raises(recovery.Damaged, match="study rebuild"):
            check(folder)
        assert {path: path.read_bytes() for path in (folder / replay.FOLDER).iterdir()} == journals
        made = recovery.rebuild(*places(folder))
        assert made.moved is not None
        assert made.moved.exists()
        assert answers(folder) == (ANSWERS, ANSWERS)
        check(folder)

    def test_without_journals_nothing_is_moved(self, tmp_path):
        (tmp_path / DATABASE).write_bytes(b"no database")
        with pytest.raises(UplappError, match="holds no journal"):
            recovery.rebuild(*places(tmp_path))
        assert (tmp_path / DATABASE).read_bytes() == b"no database"


class TestOpening:
    def test_a_file_that_is_no_database_is_told_in_a_sentence(self, tmp_path):
        (tmp_path / DATABASE).write_bytes(b"no database" * 1000)
        with pytest.raises(UplappError, match=r"is damaged; .*study rebuild"):
            Store(tmp_path / DATABASE)

    def test_a_folder_that_is_a_file_is_told_in_a_sentence(self, tmp_path):
        (tmp_path / "data").write_text("")
        with pytest.raises(UplappError, match="cannot be written"):
            Store(tmp_path / "data" / DATABASE)

    def test_a_disk_without_write_ahead_log_is_told_in_a_sentence(self, tmp_path, monkeypatch):
        class Plain(sqlite3.Connection):
            def execute(self, query, *values):
                return super().execute(query.replace("= WAL", "= DELETE"), *values)

        real = sqlite3.connect
        monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, **k, factory=Plain))
        with pytest.raises(UplappError, match="network disk"):
            Store(tmp_path / DATABASE)

    def test_a_journal_that_is_removed_under_way_is_told_and_another_begins(self, tmp_path, capsys):
        store = Store(tmp_path / DATABASE)
        (journal,) = (tmp_path / replay.FOLDER).glob("*.jsonl")
        journal.unlink()
        open_tiny(store, tmp_path / "tiny")
        assert store.vanished == [journal]
        assert "was removed while it was written" in capsys.readouterr().err
        (other,) = (tmp_path / replay.FOLDER).glob("*.jsonl")
        assert other != journal
        assert other.read_text().count("\n") >= 1
        store.close()


def _hold(folder, ready):
    with holding(folder):
        ready.set()
        time.sleep(60)


class TestHolding:
    @pytest.fixture
    def other(self, tmp_path):
        """Another process that holds the folder, until it is killed."""
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        process = context.Process(target=_hold, args=(tmp_path, ready))
        process.start()
        assert ready.wait(60)
        yield process
        process.kill()
        process.join(60)

    def test_a_second_process_learns_who_serves_a_folder(self, other, tmp_path):
        with pytest.raises(Held, match=f"served by process {other.pid} on .* since"), holding(tmp_path):
            pass

    def test_a_process_that_was_killed_holds_nothing(self, other, tmp_path):
        other.kill()
        other.join(60)
        with holding(tmp_path):
            assert stat.S_ISREG((tmp_path / "serving.lock").stat().st_mode)

    def test_one_that_waits_takes_over_when_the_other_is_gone(self, other, tmp_path, capsys):
        began = time.monotonic()
        other.kill()
        with holding(tmp_path, wait=True):
            assert time.monotonic() - began < 60
