"""After an erasure no byte of withdrawn answers is in the data folder, and every other answer is."""

import os
import shutil
import sqlite3

import pytest

from tests.study.leavers import ANSWERS, answers_of, bytes_of, marks_in, take_part
from tests.study.tiny import NOW, open_tiny
from uplapp.settings import DATABASE
from uplapp.study.session import lifecycle
from uplapp.study.store import erasure, recovery, replay
from uplapp.study.store.sqlite import SqliteConnection
from uplapp.study.store.store import Store, StoreBusy, reading

LEFT, STAYED = 7_654_321, 1_234_567


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def lived(data, tmp_path):
    """A store in which one of two people withdrew, not erased yet: store, leaver, stayer."""
    store = Store(data / DATABASE)
    study = open_tiny(store, tmp_path / "tiny")
    left, stayed = take_part(store, study, LEFT), take_part(store, study, STAYED)
    lifecycle.withdraw(store, study.id, left.id, NOW + 9)
    yield store, left, stayed
    store.close()


def rebuilt(data, tmp_path, name="new"):
    """A database made of the journals alone."""
    target = tmp_path / name / DATABASE
    replay.replay(target, data / replay.FOLDER)
    return target


def test_a_withdrawal_alone_leaves_bytes_and_the_erasure_none(lived, data):
    store, left, stayed = lived
    assert marks_in(bytes_of(data), left)
    assert erasure.erase(store) == 1
    assert marks_in(bytes_of(data), left) == []
    assert marks_in(bytes_of(data), stayed) == list(stayed.marks)
    assert erasure.erase(store) == 0


def test_journals_restore_everybody_else_and_the_withdrawal(lived, data, tmp_path):
    store, left, stayed = lived
    erasure.erase(store)
    store.close()
    target = rebuilt(data, tmp_path)
    assert answers_of(target, stayed) == ANSWERS
    assert answers_of(target, left) == 0
    assert replay.compared(data / DATABASE, data / replay.FOLDER) == replay.Compared(0, [], 0)
    fresh = Store(target)
    row = fresh.row("SELECT excluded FROM observers WHERE id = :id", id=left.id)
    fresh.close()
    assert row == {"excluded": lifecycle.WITHDRAWN}


def test_no_line_moves_and_no_other_line_changes(lived, data):
    store, left, _ = lived
    journals = sorted((data / replay.FOLDER).glob("*.jsonl"))
    before = {path: path.read_bytes() for path in journals}
    erasure.erase(store)
    for path, text in before.items():
        pairs = list(zip(text.split(b"\n"), path.read_bytes().split(b"\n"), strict=True))
        assert all(old == new or new == b" " * len(old) for old, new in pairs)
        changed = [old for old, new in pairs if old != new]
        assert all(left.id.encode() in old or b'"answers"' in old for old in changed)


def test_answers_keep_their_numbers_by_which_adaptive_studies_count_them(lived):
    store, *_ = lived
    query = "SELECT rowid, trial FROM answers ORDER BY rowid"
    before = store.rows(query, {})
    erasure.erase(store)
    assert store.rows(query, {}) == before


def test_lines_that_are_written_meanwhile_are_kept(lived, data, tmp_path):
    store, *_ = lived
    study = open_tiny(store, tmp_path / "tiny")
    erasure.erase(store)
    late = take_part(store, study, 2_222_222)
    store.close()
    assert answers_of(rebuilt(data, tmp_path), late) == ANSWERS


def test_while_somebody_reads_the_erasure_waits_and_then_is_finished(lived, data):
    store, left, _ = lived
    with reading(data / DATABASE) as reader:
        reader.rows("SELECT * FROM studies", {})
        with pytest.raises(StoreBusy):
            erasure.erase(store)
        assert erasure.due(store) == [left.id]
    erasure.erase(store)
    assert marks_in(bytes_of(data), left) == []


def test_a_damaged_database_that_was_put_aside_goes_too(lived, data, capsys):
    store, left, _ = lived
    aside = data / f"{DATABASE}.damaged-20260101-000000"
    aside.write_bytes(left.marks[0])
    erasure.erase(store)
    assert not aside.exists()
    assert aside.name in capsys.readouterr().err


def die_at(step: int, folder) -> bool:
    """Erase in a process of its own that dies at the given system call. Returns whether it died."""
    child = os.fork()
    if not child:
        try:
            _erase_until(step, folder)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _erase_until(step: int, folder) -> None:
    left = [step]

    def dying(call):
        def counted(*values, **options):
            if not left[0]:
                os._exit(9)
            left[0] -= 1
            return call(*values, **options)

        return counted

    store = Store(folder / DATABASE)
    os.fsync = dying(os.fsync)
    SqliteConnection._empty_log = dying(SqliteConnection._empty_log)
    Store.here_alone = dying(Store.here_alone)
    erasure.erase(store)


def test_an_erasure_killed_at_any_step_is_finished_by_the_next(lived, data, tmp_path):
    store, left, stayed = lived
    store.close()
    step, died = 0, True
    while died:
        place = tmp_path / f"killed-{step}"
        shutil.copytree(data, place)
        died = die_at(step, place)
        recovery.settle(place / DATABASE, place / replay.FOLDER)
        store = Store(place / DATABASE)
        erasure.erase(store)
        store.close()
        assert marks_in(bytes_of(place), left) == []
        assert answers_of(place / DATABASE, stayed) == ANSWERS
        journals = b"".join(bytes_of(place / replay.FOLDER))
        assert journals.count(b'"table": "answers"') == ANSWERS
        step += 1
    assert step > 9  # once for each write and wait of an erasure


@pytest.mark.parametrize("torn", [1, 40])
def test_a_line_half_overwritten_is_no_damage_and_is_finished(lived, data, torn):
    store, left, _ = lived
    store.close()
    for path in (data / replay.FOLDER).glob("*.jsonl"):
        lines = path.read_bytes().split(b"\n")
        marked = [b" " * torn + line[torn:] if b'"answers"' in line and left.marks[0] in line else line
                  for line in lines]  # fmt: skip
        path.write_bytes(b"\n".join(marked))
    assert recovery.settle(data / DATABASE, data / replay.FOLDER).damaged == 0
    store = Store(data / DATABASE)
    erasure.erase(store)
    store.close()
    assert marks_in(bytes_of(data), left) == []


def test_a_database_of_the_version_before_is_erased_at_its_first_start(lived, data):
    store, left, _ = lived
    store.close()
    with sqlite3.connect(data / DATABASE) as old:
        old.execute("DROP TABLE _erased")
        old.execute("DROP TABLE panel")
        old.execute("DROP TABLE clearings")
        old.execute("ALTER TABLE answers DROP COLUMN step")
        old.execute("DELETE FROM _sqlite_migrations WHERE name > 'm005'")
    old.close()
    store = Store(data / DATABASE)
    assert erasure.erase(store) == 1
    store.close()
    assert marks_in(bytes_of(data), left) == []
