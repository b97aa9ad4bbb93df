"""Votes files: what they mean, and what is wrong with them."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis.made import write
from uplapp.analysis.comparisons import count
from uplapp.analysis.votes import from_table, read_votes
from uplapp.errors import BadVotes

HEADER = "observer,condition_A,condition_B,is_A_selected"


def read(folder, *rows, header=HEADER, **options):
    return count(read_votes(write(folder, "\n".join([header, *rows]) + "\n"), **options))


def test_votes_are_counted_by_observer_and_pair(tmp_path):
    found = read(tmp_path, "zoe,x,y,1", "zoe,y,x,0", "abe,x,y,0.5", "zoe,z,x,1")
    assert found.conditions == ("x", "y", "z")
    assert found.observers == ("abe", "zoe")
    assert found.wins[0].tolist() == [[0, 0.5, 0], [0.5, 0, 0], [0, 0, 0]]
    assert found.wins[1].tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_only_main_trials_that_the_study_keeps_are_votes(tmp_path):
    rows = [f"o,x,y,1,{kind}," for kind in ("main", "practice", "catch", "repeat")] + ["o,x,y,1,main,slow"]
    found = read(tmp_path, *rows, header=HEADER + ",kind,excluded")
    assert found.wins.sum() == 1
    assert set(found.notes) == {
        "3 practice, catch and repeat trials are left out",
        "1 answers are left out because the study excluded them",
    }


@pytest.mark.parametrize(("choice", "observers"), [(None, ("p",)), (False, ("p",)), (True, ("s",))])
def test_people_and_simulated_observers_are_never_pooled(tmp_path, choice, observers):
    found = read(tmp_path, "p,x,y,1,0", "s,x,y,0,1", header=HEADER + ",simulated", simulated=choice)
    assert found.observers == observers
    assert found.simulated == (choice is True)
    assert any("are left out" in note for note in found.notes)


def test_simulated_observers_alone_are_scored_and_labelled(tmp_path):
    found = read(tmp_path, "s,x,y,1,True", header=HEADER + ",simulated")
    assert found.simulated
    assert found.notes == ("SIMULATED observers: these scores say nothing about people",)


def test_names_may_hold_commas_quotes_and_line_breaks(tmp_path):
    found = read(tmp_path, 'o,"a, ""b""","c\nd",1')
    assert found.conditions == ('a, "b"', "c\nd")


def test_a_table_from_memory_reads_like_a_file():
    table = pd.DataFrame(
        {"observer": [1, 1], "condition_A": ["x"] * 2, "condition_B": ["y"] * 2, "is_A_selected": [1.0, 0.5]}
    )
    assert count(from_table(table)).wins.tolist() == [[[0, 1.5], [0.5, 0]]]


def test_the_order_of_rows_does_not_matter(tmp_path):
    rows = [f"o{k % 3},{a},{b},{k % 2}" for k, (a, b) in enumerate([("x", "y"), ("y", "z"), ("z", "x")] * 4)]
    forth, back = read(tmp_path, *rows), read(tmp_path, *reversed(rows))
    assert np.array_equal(forth.wins, back.wins)


BAD = {
    "no column": (("o,x,1",), "observer,condition_A,is_A_selected", "no column 'condition_B'; it needs"),
    "third value": (("o,x,y,1", "o,x,y,2"), HEADER, "line 3, column 'is_A_selected': '2' is not 1"),
    "no value": (("o,x,y,",), HEADER, "line 2, column 'is_A_selected': '' is not 1"),
    "self": (("o,x,x,1",), HEADER, "line 2: 'x' is compared with itself"),
    "no votes": ((), HEADER, "votes.csv holds no votes"),
    "no main trials": (("o,x,y,1,catch",), HEADER + ",kind", "holds no votes of main trials"),
    "unknown kind": (("o,x,y,1,warmup",), HEADER + ",kind", "'warmup' is not main, practice, catch, repeat"),
    "unknown mark": (("o,x,y,1,maybe",), HEADER + ",simulated", "column 'simulated': 'maybe' is not 0 or 1"),
    "no observer": ((" ,x,y,1",), HEADER, "line 2, column 'observer': the cell is empty"),
    "no condition": (("o,x,,1",), HEADER, "line 2, column 'condition_B': the cell is empty"),
    "short row": (("o,x,y,1", "o,x"), HEADER, "line 3: 2 cells, the header has 4"),
    "column twice": (("o,x,y,1,0",), HEADER + ",observer", "has the column 'observer' twice"),
    "open quote": (('o,"x,y,1',), HEADER, "cannot be read as UTF-8 text in CSV form"),
    "empty file": ((), "", "no column 'observer'"),
}


@pytest.mark.parametrize(("rows", "header", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_sentence_that_says_where(tmp_path, rows, header, sentence):
    with pytest.raises(BadVotes) as caught:
        read(tmp_path, *rows, header=header)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_is_counted_as_an_editor_shows_it(tmp_path):
    with pytest.raises(BadVotes, match="line 5"):
        read(tmp_path, 'o,"a\nb",c,1', "", "o,x,y,3")


def test_a_missing_file_and_a_binary_file_are_one_sentence(tmp_path):
    with pytest.raises(BadVotes, match="there is no file"):
        read_votes(tmp_path / "nowhere.csv")
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(BadVotes, match="cannot be read as UTF-8 text"):
        read_votes(tmp_path / "image.csv")


def test_asking_for_simulated_observers_needs_the_column(tmp_path):
    with pytest.raises(BadVotes, match="no column 'simulated'"):
        read(tmp_path, "o,x,y,1", simulated=True)
