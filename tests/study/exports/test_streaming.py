import json
import tracemalloc
from contextlib import closing

import pytest

from tests.study.tiny import NOW, open_tiny
from uplapp.plain import to_csv
from uplapp.study.answers import replies
from uplapp.study.exports import streaming, votes
from uplapp.study.exports.streaming import Wanted
from uplapp.study.session import joining
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation import observers
from uplapp.study.store.store import Store, reading


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("streaming")


@pytest.fixture(scope="module")
def store(folder):
    """A database that these tests only read, once it is filled."""
    with closing(Store(folder / "answers.db")) as made:
        yield made


@pytest.fixture(scope="module")
def study(store, folder):
    study = open_tiny(store, folder / "tiny", not_sure=True)
    observers.simulate(store, study, observers.even_scores(study.definition), 40, 1, NOW)
    return study


@pytest.fixture
def reader(study, folder):
    with reading(folder / "answers.db") as reader:
        yield reader


WRITERS = [(streaming.csv, to_csv), (streaming.json_lines, votes.to_json_lines)]


@pytest.mark.parametrize(("in_pieces", "whole"), WRITERS)
@pytest.mark.parametrize("rows", [1, 7, 500])
def test_the_pieces_together_are_the_whole_whatever_their_size(
    store, study, reader, monkeypatch, in_pieces, whole, rows
):
    monkeypatch.setattr(streaming, "PIECE", rows)
    text = "".join(in_pieces(reader, study.id, Wanted(simulated=True, everything=True)))
    assert text == whole(votes.votes(store, study.id, simulated=True, everything=True))


@pytest.mark.parametrize(("in_pieces", "whole"), WRITERS)
def test_a_study_without_answers_has_its_columns_alone(store, study, reader, in_pieces, whole):
    assert "".join(in_pieces(reader, study.id)) == whole(votes.votes(store, study.id))


def peak_bytes(reader, study) -> int:
    tracemalloc.start()
    size = sum(map(len, streaming.csv(reader, study.id, Wanted(simulated=True))))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 60_000
    return peak


def test_small_pieces_need_a_fraction_of_the_memory_of_the_whole(study, reader, monkeypatch):
    monkeypatch.setattr(streaming, "PIECE", 20)
    small = peak_bytes(reader, study)
    monkeypatch.setattr(streaming, "PIECE", 10_000)
    assert small < peak_bytes(reader, study) / 4


@pytest.fixture(scope="module")
def replied(store, study):
    """One reply of a person, of an excluded person and of a simulated observer."""
    kept, excluded = (joining.join(store, study, "1", NOW) for _ in range(2))
    made = joining.join(store, study, "1", NOW, Newcomer(simulated=True))
    for who, note in ((kept, "kept"), (excluded, "left out"), (made, "made")):
        replies.keep(
            store, store.row("SELECT * FROM observers WHERE session = :s", s=who), {"note": note}, NOW
        )
    row = store.row("SELECT id FROM observers WHERE session = :s", s=excluded)
    store.update("observers", row["id"], {"excluded": "a test run"})
    return study


@pytest.mark.parametrize(
    ("simulated", "everything", "expected"),
    [
        (False, False, [("kept", None)]),
        (True, False, [("made", None)]),
        (False, True, [("kept", ""), ("left out", "a test run")]),
        (True, True, [("made", "")]),
    ],
)
def test_replies_of_the_excluded_come_with_everything_alone(replied, reader, simulated, everything, expected):
    text = "".join(streaming.export(reader, replied, "jsonl", Wanted(simulated, everything), True))
    rows = [json.loads(line) for line in text.splitlines()]
    assert sorted((row["reply"], row.get("excluded")) for row in rows) == expected
