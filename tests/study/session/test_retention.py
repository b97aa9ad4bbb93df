"""On the day that a study names, what may name a person is deleted to the last byte, and answers stay."""

import shutil
from datetime import UTC, datetime

import pytest

from tests.study.leavers import ANSWERS, answers_of, bytes_of, take_part
from tests.study.tiny import NOW, open_tiny
from uplapp.errors import BadStudy
from uplapp.settings import DATABASE
from uplapp.study.definition import Question, Retention, parse
from uplapp.study.exports import votes
from uplapp.study.session import lifecycle, links, retention
from uplapp.study.store import erasure, recovery, replay
from uplapp.study.store.personal import REMOVED
from uplapp.study.store.store import Store

DAY = "1970-02-01"
BEFORE, AFTER = NOW + 9, datetime(1970, 2, 1, tzinfo=UTC).timestamp()
AGE = (Question("age", "How old?"),)
PERSONAL = (b"Browser7654321", b"Ann Example", b"5f00d", b"I am 7654321")


@pytest.fixture
def lived(tmp_path):
    """A person of a panel took part by a personal link, in a study that names a day: store, person."""
    store = Store(tmp_path / "data" / DATABASE)
    parts = {"retention": Retention(DAY, ("age",)), "questions": AGE}
    study = open_tiny(store, tmp_path / "tiny", parts=parts)
    links.make(store, study.id, ["Ann Example"], NOW)
    person = take_part(store, study, 7_654_321)
    row = {"id": "p1", "observer": person.id, "name": "PROLIFIC_PID", "value": "5f00d"}
    store.insert("panel", row)
    yield store, study, person
    store.close()


def personal_in(folder):
    return [mark for mark in PERSONAL if any(mark in text for text in bytes_of(folder))]


def test_nothing_is_deleted_the_day_before(lived, tmp_path):
    store, *_ = lived
    assert retention.enforce(store, AFTER - 1) == 0
    assert erasure.erase(store) == 0
    assert personal_in(tmp_path / "data") == list(PERSONAL)


def test_from_the_day_on_no_byte_is_left_and_every_answer_is(lived, tmp_path):
    store, study, person = lived
    assert retention.enforce(store, AFTER) == 4
    assert erasure.erase(store) == 1
    assert personal_in(tmp_path / "data") == []
    assert answers_of(tmp_path / "data" / DATABASE, person) == ANSWERS
    assert len(votes.votes(store, study.id)) == ANSWERS
    assert [row["label"] for row in links.listing(store, study.id)] == [REMOVED]
    assert retention.enforce(store, AFTER + 9) == 0


def test_journals_alone_restore_the_answers_without_the_personal_fields(lived, tmp_path):
    store, _, person = lived
    retention.enforce(store, AFTER)
    erasure.erase(store)
    store.close()
    assert replay.compared(tmp_path / "data" / DATABASE, tmp_path / "data/journal") == replay.Compared(
        0, [], 0
    )
    target = tmp_path / "new" / DATABASE
    replay.replay(target, tmp_path / "data" / "journal")
    assert answers_of(target, person) == ANSWERS
    assert personal_in(tmp_path / "new") == []


def test_a_kill_before_the_journals_are_overwritten_brings_nothing_back(lived, tmp_path):
    store, _, person = lived
    shutil.copytree(tmp_path / "data" / "journal", tmp_path / "older" / "journal")
    retention.enforce(store, AFTER)
    store.close()
    shutil.copytree(tmp_path / "older" / "journal", tmp_path / "data" / "journal", dirs_exist_ok=True)
    recovery.settle(tmp_path / "data" / DATABASE, tmp_path / "data" / "journal")
    store = Store(tmp_path / "data" / DATABASE)
    assert store.rows("SELECT * FROM panel", {}) == store.rows("SELECT * FROM replies", {}) == []
    erasure.erase(store)
    store.close()
    assert personal_in(tmp_path / "data") == []
    assert answers_of(tmp_path / "data" / DATABASE, person) == ANSWERS


def test_a_copy_that_is_wiped_keeps_the_rows_that_were_written_anew(lived, tmp_path):
    store, *_ = lived
    retention.enforce(store, AFTER)
    erasure.erase(store)
    texts = [path.read_bytes() for path in sorted((tmp_path / "data" / "journal").glob("*.jsonl"))]
    assert erasure.wiped(texts, erasure.scope(store)) == texts


def test_who_comes_after_the_day_is_cleared_too(lived):
    store, study, _ = lived
    retention.enforce(store, AFTER)
    late = take_part(store, study, 2_222_222, now=AFTER + 5)
    assert retention.enforce(store, AFTER + 60) == 2  # browser and reply
    assert store.row("SELECT agent FROM observers WHERE id = :id", id=late.id) == {"agent": ""}


def test_who_withdrew_before_is_not_brought_back(lived, tmp_path):
    store, study, person = lived
    lifecycle.withdraw(store, study.id, person.id, BEFORE)
    retention.enforce(store, AFTER)
    erasure.erase(store)
    assert personal_in(tmp_path / "data") == []
    assert answers_of(tmp_path / "data" / DATABASE, person) == 0


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"personal_until": "30.6.2027"}, "must be a day, such as 2027-06-30"),
        ({"questions": ["age"], "personal_until": DAY}, "retention of question 'age' needs"),
        ({"personal": DAY}, "unknown key 'personal'"),
    ],
)
def test_a_day_that_cannot_be_is_said(said, message):
    rows = [{"name": name, "label": name} for name in ("a", "b")]
    raw = {"title": "?", "conditions": rows, "scenes": [{"name": "s"}], "retention": said}
    with pytest.raises(BadStudy, match=message):
        parse(raw, "tiny", "study.toml")
