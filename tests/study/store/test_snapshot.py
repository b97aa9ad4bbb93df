import sqlite3
from contextlib import closing

import pytest

from tests.study.tiny import NOW, open_tiny
from uplapp.errors import UplappError
from uplapp.study.session import joining
from uplapp.study.store.store import snapshot


def test_a_snapshot_of_an_open_database_holds_what_is_committed(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny")
    joining.join(store, study, "1", NOW)
    snapshot(tmp_path / "answers.db", tmp_path / "out" / "copy.db")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["copy.db"]
    with closing(sqlite3.connect(tmp_path / "out" / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM observers").fetchone() == (1,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_snapshot_overwrites_nothing(store, tmp_path):
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UplappError, match="exists already"):
        snapshot(tmp_path / "answers.db", tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"
