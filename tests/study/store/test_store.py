import json
import sqlite3
import threading

import pytest

from uplapp.study.store import sqlite
from uplapp.study.store.store import Store, StoreBusy, new_token

STUDY = {"id": "s", "name": "n", "hash": "h", "manifest": "{}", "secret": "00", "opened_at": 1.0}


def outside(tmp_path):
    return sqlite3.connect(tmp_path / "answers.db", timeout=0)


def test_the_database_is_durable_and_checked(store):
    values = {
        name: store.row(f"PRAGMA {name}")[name] for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_migration_leaves_its_record_and_runs_once(store, tmp_path):
    Store(tmp_path / "answers.db").close()
    assert [row["name"] for row in store.rows("SELECT name FROM _sqlite_migrations", {})] == [
        "m001_first_tables",
        "m002_life",
        "m003_tasks",
        "m004_editions",
        "m005_erased",
        "m006_personal",
        "m007_steps",
    ]


def insert_then_fail(store):
    with store.transaction():
        store.insert("studies", STUDY)
        store.insert("studies", STUDY)


def test_a_failed_transaction_leaves_no_row_and_no_journal_line(store, tmp_path):
    with pytest.raises(sqlite3.IntegrityError):
        insert_then_fail(store)
    assert store.rows("SELECT * FROM studies", {}) == []
    store.insert("studies", STUDY)
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    (line,) = map(json.loads, journal.read_text().splitlines())
    assert line["table"] == "studies"
    assert line["row"] == STUDY


def test_nested_transactions_are_one(store):
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        insert_then_fail(store)
    assert store.rows("SELECT * FROM studies", {}) == []


def test_each_start_has_a_journal_of_its_own(store, tmp_path):
    Store(tmp_path / "answers.db").close()
    assert len(list((tmp_path / "journal").glob("*.jsonl"))) == 2


def test_a_row_without_its_parent_is_refused(store):
    row = dict.fromkeys(("id", "kind", "detail"), "x") | {
        "observer": "nobody",
        "at_ms": 0.0,
        "received_at": 0.0,
    }
    with pytest.raises(sqlite3.IntegrityError):
        store.insert("events", row)


def test_a_locked_database_says_try_again_and_stores_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    store = Store(tmp_path / "answers.db")
    other = outside(tmp_path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="try again"):
        store.insert("studies", STUDY)
    other.rollback()
    other.close()
    store.insert("studies", STUDY)
    assert len(store.rows("SELECT * FROM studies", {})) == 1
    store.close()


def test_a_journal_that_fails_is_made_up_for_before_anything_is_acknowledged(store, tmp_path, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(
            store._journal, "append", lambda table, row: (_ for _ in ()).throw(OSError("disk full"))
        )
        with pytest.raises(StoreBusy):
            store.insert("studies", STUDY)
    with store.transaction():
        pass  # the same answer again: nothing to store
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    assert [json.loads(line)["row"] for line in journal.read_text().splitlines()] == [STUDY]
    assert len(store.rows("SELECT * FROM studies", {})) == 1


def test_threads_take_turns(store):
    def add(number):
        for index in range(20):
            store.insert("studies", STUDY | {"id": f"{number}-{index}", "hash": f"{number}-{index}"})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.row("SELECT count(*) AS n FROM studies")["n"] == 160


def test_tokens_are_128_bits_and_never_repeat():
    tokens = {new_token() for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert all(len(bytes.fromhex(token)) == 16 for token in tokens)
