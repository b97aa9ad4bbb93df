"""Votes under other column names and with other answers."""

import csv

import pytest

from tests.analysis.made import write
from tests.analysis.real import data_file
from uplapp.analysis.reading.layouts.columns import Columns, parse_columns
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import read_header
from uplapp.analysis.reading.votes import count, read_votes, scenes
from uplapp.errors import BadVotes, UplappError

ROLES = "condition_A=type1+level1,condition_B=type2+level2,is_A_selected=selected"
PAIRS = (
    "observer,type1,level1,type2,level2,selected\nann,OPT,10,NN,4,1\nann,NN,4,OPT,10,2.0\nbob,OPT,10,NN,4,2\n"
)


def test_nothing_named_is_what_the_field_uses():
    assert parse_columns() == Columns()


def test_named_columns_replace_the_usual_ones_alone():
    assert parse_columns("observer = who, scene=s") == Columns(observer=("who",), scene=("s",))


def test_columns_may_be_joined_and_answers_may_be_1_and_2(tmp_path):
    counts = count(read_votes(write(tmp_path, PAIRS), columns=parse_columns(ROLES, "A=1,B=2")))
    assert counts.conditions == ("NN 4", "OPT 10")
    assert counts.observers == ("ann", "bob")
    assert counts.wins.tolist() == [[[0, 0], [2, 0]], [[0, 1], [0, 0]]]


def test_the_votes_on_light_fields_are_read_as_they_are():
    path = data_file("pairwise/pwcmp_lf_quality_10scenes.csv")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    left = ["OPT", "1", "DQ", "1", "1"]  # OPT 1 was A and chosen, or B and chosen
    right = ["DQ", "1", "OPT", "1", "2"]
    names = ("dist_type1", "dist_level1", "dist_type2", "dist_level2", "selected")
    won = sum([row[name] for name in names] in (left, right) for row in rows)
    roles = "condition_A=dist_type1+dist_level1,condition_B=dist_type2+dist_level2,is_A_selected=selected"
    votes = read_votes(path, columns=parse_columns(roles, "A=1,B=2"))
    counts = count(votes)
    place = counts.conditions.index
    assert (len(counts.conditions), len(scenes(votes)), counts.wins.sum()) == (37, 10, len(rows))
    assert counts.wins[:, place("OPT 1"), place("DQ 1")].sum() == won > 0


@pytest.mark.parametrize(("values", "a"), [("A=left,B=right", 1.0), ("A=right,B=left", 0.0)])
def test_who_is_a_is_told_not_guessed(tmp_path, values, a):
    text = "observer,condition_A,condition_B,is_A_selected\nann,x,y,Left\n"
    votes = read_votes(write(tmp_path, text), columns=parse_columns("", values))
    assert votes.table["is_A_selected"].tolist() == [a]


def test_not_sure_may_have_any_cell(tmp_path):
    text = "observer,condition_A,condition_B,is_A_selected\nann,x,y,0\nann,x,y,-1\n"
    votes = read_votes(write(tmp_path, text), columns=parse_columns("", "A=1,B=-1,tie=0"))
    assert votes.table["is_A_selected"].tolist() == [0.5, 0]


def test_without_a_cell_for_not_sure_nobody_was(tmp_path):
    text = "observer,condition_A,condition_B,is_A_selected\nann,x,y,0.5\n"
    with pytest.raises(BadVotes, match=r"'0.5' is not 1 \(A chosen\) or 2 \(B chosen\)"):
        read_votes(write(tmp_path, text), columns=parse_columns("", "A=1,B=2"))


def test_a_column_name_may_hold_a_comma():
    assert parse_columns('"observer=name, first",scene=s').observer == ("name, first",)


BAD = {
    "unknown role": ("subject=x", "", "unknown column 'subject'; choose one of: condition_A, condition_B"),
    "no sign": ("observer", "", "'observer' names no column; write it as observer=..."),
    "no name": ("observer=", "", "'observer=' names no column"),
    "half a join": ("condition_A=type+", "", "'condition_A=type+' holds an empty name"),
    "role twice": ("observer=a,observer=b", "", "names observer twice"),
    "unknown value": ("", "A=1,B=2,C=3", "unknown value 'C'; choose one of: A, B, both_bad, tie"),
    "half the values": ("", "A=1", "must say which cell means A and which B"),
    "same cells": ("", "A=1,B=1.0", "A, B and tie need different cells, not 1, 1.0"),
    "tie is A": ("", "A=left,B=right,tie=LEFT", "need different cells"),
}


@pytest.mark.parametrize(("columns", "values", "sentence"), BAD.values(), ids=BAD)
def test_columns_that_cannot_be_are_one_sentence(columns, values, sentence):
    with pytest.raises(UplappError) as caught:
        parse_columns(columns, values)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"a": " "}, "an empty cell is no answer"),
        ({"tie": ""}, "an empty cell is no answer"),
        ({"scene": ()}, "each of observer, condition_A, condition_B, is_A_selected, scene needs a column"),
    ],
)
def test_every_role_has_a_column_and_every_answer_a_cell(options, sentence):
    with pytest.raises(UplappError, match=sentence):
        Columns(**options)


MISSING = {
    "usual": ("", "no column 'condition_A', 'condition_B', 'is_A_selected'; found: observer, type1"),
    "named": ("scene=place", "'place' (for scene)"),
    "one of a join": ("condition_A=type1+level9", "no column 'level9' (for condition_A)"),
}


@pytest.mark.parametrize(("columns", "sentence"), MISSING.values(), ids=MISSING)
def test_a_missing_column_is_named_with_what_was_found(tmp_path, columns, sentence):
    with pytest.raises(BadVotes) as caught:
        read_votes(write(tmp_path, PAIRS), columns=parse_columns(columns))
    assert sentence in str(caught.value)
    assert "--columns" in caught.value.hint
    assert "--" not in str(caught.value), "the page has no options"


def test_a_bad_cell_names_the_column_of_the_file(tmp_path):
    with pytest.raises(BadVotes, match="line 4, column 'selected': '2' is not 1"):
        read_votes(write(tmp_path, PAIRS.replace("2.0", "0")), columns=parse_columns(ROLES))


def test_names_that_only_meet_when_joined_are_refused(tmp_path):
    text = "observer,p,q,condition_B,is_A_selected\no,a b,c,y,1\no,a,b c,y,1\n"
    with pytest.raises(BadVotes, match="become the same name 'a b c'"):
        read_votes(write(tmp_path, text), columns=parse_columns("condition_A=p+q"))


def test_an_empty_part_of_a_joined_name_is_left_out(tmp_path):
    text = "observer,p,q,condition_B,is_A_selected\no,clean,,y,1\n"
    votes = read_votes(write(tmp_path, text), columns=parse_columns("condition_A=p+q"))
    assert votes.table["condition_A"].tolist() == ["clean"]


@pytest.mark.parametrize("cell", ["1", "1.0", " +1 ", "1,0", "01"])
def test_a_number_has_one_spelling(cell):
    assert spelling(cell) == "1"


@pytest.mark.parametrize("cell", ["5e12345", "12345678901234567890", "1,000", "nan"])
def test_an_identifier_is_no_number(cell):
    assert spelling(cell) == cell


def test_a_menu_is_told_the_columns(tmp_path):
    path = write(tmp_path, PAIRS)
    assert read_header(path) == ("observer", "type1", "level1", "type2", "level2", "selected")
