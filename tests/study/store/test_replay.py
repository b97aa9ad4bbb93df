import json
import random
import shutil
import sqlite3

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.study.session import joining, session
from uplapp.study.store.replay import BadJournal, Journal, complete, replay
from uplapp.study.store.store import Store

TABLES = ("studies", "observers", "trials", "answers", "events")


def content(database):
    connection = sqlite3.connect(database)
    try:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}  # noqa: S608
    finally:
        connection.close()


@pytest.fixture
def lived(tmp_path):
    """A folder in which two observers took part, one to the end, over two starts of the process."""
    for start in range(2):
        store = Store(tmp_path / "lived" / "answers.db")
        study = open_tiny(store, tmp_path / "tiny")
        observer = joining.join(store, study, study.definition.consent.version, NOW)
        session.note(store, study, observer, [{"kind": "focus", "at_ms": 1.0}], NOW)
        for n in range(14 if start else 3):
            shown = session.state(store, study, observer).trial
            session.answer(store, study, observer, shown.token, f"{n:032}", response(), NOW + n)
        store.close()
    return tmp_path / "lived"


def lines(folder):
    return [line for path in folder.glob("*.jsonl") for line in path.read_text().splitlines()]


def test_an_empty_disk_gets_every_row_and_change_back(lived, tmp_path):
    outcome = replay(tmp_path / "new.db", lived / "journal")
    assert content(tmp_path / "new.db") == content(lived / "answers.db")
    assert (outcome.damaged, outcome.orphans) == (0, 0)
    assert len(content(lived / "answers.db")["answers"]) == 17


def test_replaying_again_changes_nothing(lived, tmp_path):
    before = content(lived / "answers.db")
    assert replay(lived / "answers.db", lived / "journal").added == 0
    assert content(lived / "answers.db") == before


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_lines_and_their_doubles_do_not_matter(lived, tmp_path, seed):
    shuffled = lines(lived / "journal") * 2
    random.Random(seed).shuffle(shuffled)
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.jsonl").write_text("".join(f"{line}\n" for line in shuffled))
    replay(tmp_path / "new.db", tmp_path / "mixed")
    assert content(tmp_path / "new.db") == content(lived / "answers.db")


@pytest.mark.parametrize("first", [True, False])
def test_a_withdrawal_wins_over_answers_whatever_the_order(lived, tmp_path, first):
    leaving = content(lived / "answers.db")["trials"][0][1]
    tombstone = json.dumps({"at": 0 if first else 9e12, "table": "withdrawals", "row": {"observer": leaving}})
    (lived / "journal" / f"{'0' if first else 'z'}.jsonl").write_text(tombstone + "\n")
    replay(tmp_path / "new.db", lived / "journal")
    connection = sqlite3.connect(tmp_path / "new.db")
    query = "SELECT count(*) FROM answers JOIN trials ON token = trial WHERE observer = ?"
    assert connection.execute(query, (leaving,)).fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM events WHERE observer = ?", (leaving,)).fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM answers").fetchone()[0] > 0
    connection.close()


def test_a_line_cut_off_by_a_kill_is_left_out_and_the_rest_stays(lived, tmp_path):
    (lived / "journal" / "zz.jsonl").write_text('{"at": 1.0, "table": "stu')
    assert replay(tmp_path / "new.db", lived / "journal").damaged == 0
    assert content(tmp_path / "new.db") == content(lived / "answers.db")


def test_lines_that_are_no_rows_are_counted(lived, tmp_path):
    (lived / "journal" / "zz.jsonl").write_text('nonsense\n[]\n{"table": "studies"}\n')
    assert replay(tmp_path / "new.db", lived / "journal").damaged == 3


def test_rows_whose_parents_are_lost_are_counted_and_left_out(lived, tmp_path):
    (tmp_path / "part").mkdir()
    kept = [line for line in lines(lived / "journal") if json.loads(line)["table"] != "studies"]
    (tmp_path / "part" / "a.jsonl").write_text("".join(f"{line}\n" for line in kept))
    outcome = replay(tmp_path / "new.db", tmp_path / "part")
    assert outcome.orphans == outcome.added > 0
    assert content(tmp_path / "new.db")["answers"] == []


@pytest.mark.parametrize(("table", "row"), [("planets", {"id": "x"}), ("studies", {"id": "x", "colour": 1})])
def test_a_journal_of_a_newer_version_is_refused_whole(lived, tmp_path, table, row):
    journal = Journal(lived / "journal")
    journal.append(table, row)
    journal.close()
    with pytest.raises(BadJournal, match=table):
        replay(tmp_path / "new.db", lived / "journal")
    assert not any(content(tmp_path / "new.db").values())


def test_what_a_kill_kept_from_the_journal_is_written_at_the_next_start(lived, tmp_path):
    before = content(lived / "answers.db")
    shutil.rmtree(lived / "journal")
    (lived / "journal").mkdir()
    assert complete(lived / "answers.db", lived / "journal") == sum(map(len, before.values()))
    replay(tmp_path / "new.db", lived / "journal")
    assert content(tmp_path / "new.db") == before
    assert complete(lived / "answers.db", lived / "journal") == 0


def test_a_change_that_a_kill_kept_from_the_journal_is_written_at_the_next_start(lived, tmp_path):
    connection = sqlite3.connect(lived / "answers.db")
    with connection:
        connection.execute("UPDATE observers SET excluded = 'asleep' WHERE finished_at IS NULL")
    connection.close()
    assert complete(lived / "answers.db", lived / "journal") == 1
    replay(tmp_path / "new.db", lived / "journal")
    assert content(tmp_path / "new.db") == content(lived / "answers.db")


def test_a_clock_set_back_does_not_reorder_changes(tmp_path, monkeypatch):
    journal, clock = Journal(tmp_path), iter([100.0, 7.0])
    monkeypatch.setattr("uplapp.study.store.replay.time.time", lambda: next(clock))
    journal.append("studies", {"id": "a"})
    journal.append("studies", {"id": "b"})
    journal.close()
    assert [json.loads(line)["at"] for line in lines(tmp_path)] == [100.0, 100.0]
