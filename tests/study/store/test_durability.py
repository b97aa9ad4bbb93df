"""What is committed reaches the journal, whatever fails in between."""

import json
import sqlite3

import pytest

from uplapp.study.store.store import StoreBusy

STUDY = {"name": "n", "manifest": "{}", "secret": "00", "opened_at": 1.0}


def study(name: str) -> dict:
    return {"id": name, "hash": name, **STUDY}


def journaled(tmp_path) -> list[str]:
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    return [json.loads(line)["row"]["id"] for line in journal.read_text().splitlines()]


@pytest.fixture
def waiting(store, monkeypatch):
    """A store with one committed row whose journal line could not be written."""

    def full(table, row):
        raise OSError("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(store._journal, "append", full)
        with pytest.raises(StoreBusy):
            store.insert("studies", study("first"))
    return store


def test_a_transaction_that_fails_takes_no_waiting_line_with_it(waiting, tmp_path):
    with pytest.raises(sqlite3.IntegrityError):
        waiting.insert("studies", study("first"))
    waiting.insert("studies", study("second"))
    assert journaled(tmp_path) == ["first", "second"]


def test_a_database_that_is_locked_takes_no_waiting_line_with_it(waiting, tmp_path):
    waiting._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "answers.db", timeout=0)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy):
        waiting.insert("studies", study("second"))
    other.rollback()
    other.close()
    waiting.insert("studies", study("second"))
    assert journaled(tmp_path) == ["first", "second"]
