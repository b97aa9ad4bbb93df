"""Votes: whose answers count, under which names."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.made import write
from tests.study.tiny import NOW, open_tiny
from uplapp.analysis.reading.choices import count_both_bad, count_steps
from uplapp.analysis.reading.votes import (
    count,
    from_table,
    main_trials,
    of_scene,
    read_votes,
    scenes,
    without,
)
from uplapp.analysis.scoring import analyse
from uplapp.errors import BadVotes, UnknownName
from uplapp.plain import to_csv
from uplapp.study.exports import votes as study_votes
from uplapp.study.simulation import observers
from uplapp.values import Method

HEADER = "observer,condition_A,condition_B,is_A_selected"


def read(folder, *rows, header=HEADER, **options):
    return read_votes(write(folder, "\n".join([header, *rows]) + "\n"), **options)


def names(votes):
    return votes.table[["observer", "condition_A", "condition_B"]].to_numpy().tolist()


def test_votes_keep_their_lines_and_their_other_columns(tmp_path):
    votes = read(tmp_path, "o,x,y,1,812.5", "", "o,y,x,.5,", header=HEADER + ",response_ms")
    assert votes.table.index.tolist() == [2, 4]
    assert votes.table["is_A_selected"].tolist() == [1, 0.5]
    assert votes.table["response_ms"].tolist() == ["812.5", ""]
    assert (votes.source, votes.simulated, votes.notes, votes.manifest) == ("votes.csv", False, (), "")


def test_a_file_without_kinds_and_scenes_holds_main_trials_of_one_scene(tmp_path):
    votes = read(tmp_path, "o,x,y,1")
    assert len(main_trials(votes)) == 1
    assert scenes(votes) == ("",)


def test_names_may_hold_commas_quotes_line_breaks_and_formulas(tmp_path):
    votes = read(tmp_path, 'o,"a, ""b""","c\nd",1', "o,=1+1,-5 dB,0")
    assert names(votes) == [["o", 'a, "b"', "c\nd"], ["o", "=1+1", "-5 dB"]]


NAME = st.text(alphabet="ab =+-@,;'\"\n\té", min_size=1, max_size=8).map(str.strip)


@given(pair=st.lists(NAME.filter(lambda name: name and name[0] != "'"), min_size=2, max_size=2, unique=True))
def test_names_come_back_from_our_own_export(tmp_path_factory, pair):
    row = {"observer": "o", "condition_A": pair[0], "condition_B": pair[1], "is_A_selected": 1.0}
    path = tmp_path_factory.getbasetemp() / "export.csv"
    path.write_text(to_csv(pd.DataFrame([row])), encoding="utf-8", newline="")
    assert names(read_votes(path)) == names(from_table(pd.DataFrame([row]))) == [["o", *pair]]


def test_a_live_table_and_its_export_give_the_same_votes(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", not_sure=True)
    observers.simulate(store, study, observers.even_scores(study.definition), 3, 0, NOW)
    first, *_ = store.rows("SELECT id FROM observers ORDER BY id", {})
    store.update("observers", first["id"], {"excluded": "=asked to leave"})
    table = study_votes.votes(store, study.id, simulated=True, everything=True)
    live = from_table(table, simulated=True)
    text = to_csv(table)
    file = read_votes(write(tmp_path, text))
    assert live.excluded == file.excluded == ((first["id"], "=asked to leave"),)
    assert live.manifest == file.manifest == table["manifest"][0]
    assert live.notes == file.notes
    assert count(live).answers.tolist() == count(file).answers.tolist()


def test_both_bad_of_a_study_comes_back_from_its_table_and_its_export(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", both_bad=True)
    observers.simulate(store, study, observers.even_scores(study.definition), 2, 0, NOW)
    query = (
        "SELECT answers.trial FROM answers JOIN trials ON trials.token = answers.trial WHERE kind = 'main'"
    )
    main, *_ = store.rows(query, {})
    with store.transaction():
        store._db.execute("UPDATE answers SET choice = 'both_bad' WHERE trial = :trial", main)
    table = study_votes.votes(store, study.id, simulated=True)
    for votes in (from_table(table, simulated=True), read_votes(write(tmp_path, to_csv(table)))):
        assert count_both_bad(votes, "tie").total[0] == 1
        assert count(votes).answers[:, 1].sum() == 1


def test_steps_of_a_study_come_back_from_its_table_and_its_export_and_are_found_again(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", steps=2, practice=0, catch=0)
    observers.simulate(store, study, {"l1": 1.5, "l2": 0.5, "ms_ssim": -0.5, "flip": -1.5}, 40, 3, NOW)
    table = study_votes.votes(store, study.id, simulated=True)
    live = from_table(table, simulated=True)
    file = read_votes(write(tmp_path, to_csv(table)))
    assert live.steps == file.steps == 2
    assert count_steps(live) == count_steps(file)
    scores = analyse(count(live), Method("none", bootstraps=50, ties="ordered"))
    assert [step.jod for step in scores.steps[1:]] == [pytest.approx(observers.FROM_JOD[2][0], abs=0.25)]


def test_answers_that_the_study_excluded_are_left_out_with_a_note(tmp_path):
    rows = ["a,x,y,1,", "a,x,y,0,late frames", "b,x,y,1,left early", "b,x,y,nonsense,left early"]
    votes = read(tmp_path, *rows, header=HEADER + ",excluded")
    assert names(votes) == [["a", "x", "y"]]
    assert votes.excluded == (("b", "left early"),)
    assert votes.notes == ("3 answers are left out because the study excluded them",)


@pytest.mark.parametrize(
    ("mark", "kept"), [("", 2), ("0", 2), ("FALSE", 2), ("1", 1), ("True", 1), ("slow", 1)]
)
def test_a_mark_that_says_no_excludes_nobody(tmp_path, mark, kept):
    votes = read(tmp_path, "a,x,y,1,", f"b,x,y,0,{mark}", header=HEADER + ",excluded")
    assert len(votes.table) == kept
    reason = mark if mark == "slow" else "no reason given"
    assert votes.excluded == ((("b", reason),) if kept == 1 else ())


@pytest.mark.parametrize(("choice", "observer"), [(None, "p"), (False, "p"), (True, "s")])
def test_people_and_simulated_observers_are_never_pooled(tmp_path, choice, observer):
    votes = read(tmp_path, "p,x,y,1,0", "s,x,y,0,1", header=HEADER + ",simulated", simulated=choice)
    assert names(votes) == [[observer, "x", "y"]]
    assert votes.simulated == (choice is True)
    assert any("left out" in note for note in votes.notes)


def test_simulated_observers_alone_are_read_and_labelled(tmp_path):
    votes = read(tmp_path, "s,x,y,1,True", header=HEADER + ",simulated")
    assert votes.simulated
    assert votes.notes == ("SIMULATED observers: these scores say nothing about people",)


def test_where_people_are_all_excluded_nobody_else_takes_their_place(tmp_path):
    rows = ["p,x,y,1,0,reset", "s,x,y,1,1,"]
    votes = read(tmp_path, *rows, header=HEADER + ",simulated,excluded")
    assert (votes.table.empty, votes.simulated, votes.excluded) == (True, False, (("p", "reset"),))


@pytest.mark.parametrize(
    ("second", "manifest", "notes"), [("ab", "ab", 0), ("", "ab", 0), ("cd", "ab, cd", 1)]
)
def test_answers_to_several_stimuli_are_noted(tmp_path, second, manifest, notes):
    votes = read(tmp_path, "o,x,y,1,ab", f"o,x,y,1,{second}", header=HEADER + ",manifest")
    assert votes.manifest == manifest
    assert votes.notes == ("answers to the stimuli of 2 different studies are pooled",) * notes


@pytest.mark.parametrize(("a", "b"), [("OPT 10", "OPT 10.0"), ("Bicubic", "bicubic"), ("a  b", "a b")])
def test_names_that_differ_in_spelling_alone_are_noted_and_kept_apart(tmp_path, a, b):
    votes = read(tmp_path, f"o,{a},y,1", f"o,{b},y,1")
    assert [row[1] for row in names(votes)] == [a, b]
    assert any("differ in their spelling alone" in note for note in votes.notes)


def test_a_table_from_memory_reads_like_a_file():
    table = pd.DataFrame(
        {"observer": [1, 1], "condition_A": ["x"] * 2, "condition_B": ["y"] * 2, "is_A_selected": [1.0, 0.5]}
    )
    votes = from_table(table)
    assert names(votes) == [["1", "x", "y"]] * 2
    assert votes.table["is_A_selected"].tolist() == [1, 0.5]


def test_checked_votes_can_be_checked_again(tmp_path):
    votes = read(tmp_path, "o,x,y,1,catch", "o,y,z,0.5,main", header=HEADER + ",kind")
    again = from_table(votes.table, votes.source)
    pd.testing.assert_frame_equal(again.table, votes.table)


def test_a_bad_row_of_a_table_from_memory_is_called_a_row():
    table = pd.DataFrame({"observer": "o", "condition_A": "x", "condition_B": ["y", "x"], "is_A_selected": 1})
    with pytest.raises(BadVotes, match=r"^the live study, row 1: 'x' is compared with itself$"):
        from_table(table, "the live study")


def test_scenes_are_those_of_main_trials(tmp_path):
    rows = ["o,x,y,1,b,main", "o,x,y,1,a,main", "o,x,y,1,c,practice"]
    votes = read(tmp_path, *rows, header=HEADER + ",scene,kind")
    assert scenes(votes) == ("a", "b")
    assert of_scene(votes, "b").table.index.tolist() == [2]
    with pytest.raises(UnknownName, match="unknown scene 'c'; choose one of: a, b"):
        of_scene(votes, "c")


def test_observers_are_left_out_with_a_reason(tmp_path):
    votes = without(read(tmp_path, "a,x,y,1", "b,x,y,0"), {"a": "failed the catch trials"})
    assert names(votes) == [["b", "x", "y"]]
    assert votes.excluded == (("a", "failed the catch trials"),)
    with pytest.raises(UnknownName, match="unknown observer 'a'; choose one of: b"):
        without(votes, {"a": "again"})


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("zoom 2", "zoom 2", "zoom 2"),
        ("", "zoom 2, amplification 2", "as they are and zoom 2, amplification 2"),
    ],
)
def test_votes_on_boosted_views_are_labelled(tmp_path, first, second, words):
    rows = f'o,x,y,1,"{first}"', f'o,y,x,1,"{second}"'
    (note,) = read(tmp_path, *rows, header=HEADER + ",boosting").notes
    assert note == f"BOOSTED views ({words}): differences were easier to see than in plain views"
