"""Columns that change what votes mean are asked about; pasted files and heavy observers are named."""

import re

import numpy as np
import pytest

from tests.analysis.made import write
from uplapp.analysis.reading.layouts.columns import parse_columns
from uplapp.analysis.reading.layouts.questions import OWN
from uplapp.analysis.reading.layouts.rows import parse_rows
from uplapp.analysis.reading.ratings import read_ratings
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.analysis.scoring import analyse
from uplapp.errors import BadVotes, OtherNames, Question
from uplapp.study.exports import votes as exported
from uplapp.values import Method

HEAD = "observer,condition_A,condition_B,is_A_selected"
CRITERIA = f"{HEAD},criterion\n" + "".join(
    f"o{r},x,y,{int((7 * k + r) % 10 < limit)},{what}\n"
    for k in range(8)
    for r in range(5)
    for limit, what in ((8, "quality"), (2, "noise"))
)


def read(folder, text, columns="", **rows):
    return read_votes(write(folder, text), columns=parse_columns(columns), rows=parse_rows(**rows))


@pytest.mark.parametrize(("criterion", "jod"), [("quality", 1.248), ("noise", -1.120)])
def test_criteria_are_scored_apart(tmp_path, criterion, jod):
    counts = count(read(tmp_path, CRITERIA, where=[f"criterion={criterion}"]))
    scores = analyse(counts, Method(prior="none", bootstraps=20))
    x, y = scores.jod
    assert x - y == pytest.approx(jod, abs=5e-3)


def test_criteria_are_never_pooled_unasked(tmp_path):
    with pytest.raises(Question, match="several things were asked: 'noise', 'quality'") as caught:
        read(tmp_path, CRITERIA)
    assert "--" not in str(caught.value), "the page has no options"
    assert '--where "criterion=noise"' in caught.value.hint
    assert count(read(tmp_path, CRITERIA, ignore=["criterion"])).wins.sum() == 80


ASKED = {
    "weight": ("a,x,y,1,2\nb,x,y,1,1\n", "may say how often a row counts"),
    "Lab": ("1,x,y,1,p\n1,x,y,1,q\n", "'1' of votes.csv occurs under several values of 'Lab'"),
    "session": ("1,x,y,1,p\n1,x,y,1,q\n", "under several values of 'session'"),
    "site_id": ("1,x,y,1,p\n1,x,y,1,q\n", "under several values of 'site_id'"),
    "Question": ("1,x,y,1,sharp?\n1,x,y,1,nice?\n", "several things were asked"),
    "Instructions": ("1,x,y,1,sharper?\n1,x,y,1,worse?\n", "several things were asked"),
    "is_trap": ("1,x,y,1,0\n1,x,y,1,1\n", "may say that some rows are practice, checks"),
    "Practice": ("1,x,y,1,true\n1,x,y,1,false\n", "may say that some rows are practice, checks"),
    "attention check": ("1,x,y,1,pass\n1,x,y,1,fail\n", "may say that some rows are practice, checks"),
    "phase": ("1,x,y,1,training\n1,x,y,1,test\n", "'test', 'training'; choose those that count"),
    "swapped": ("1,x,y,1,0\n1,x,y,1,1\n", "may say that A and B changed places"),
    "draw": ("1,x,y,1,False\n1,x,y,1,True\n", "may say that an answer was a tie"),
    "submitdate": ("1,x,y,1,2024\n1,x,y,1,\n", "is empty where somebody did not finish"),
    "AssignmentStatus": ("1,x,y,1,Approved\n1,x,y,1,Rejected\n", "some rows are no answers ('rejected')"),
    "kind": (
        "1,x,y,1,warmup\n1,x,y,1,test\n",
        "'warmup' is not main, practice, catch, repeat; which",
    ),
}


@pytest.mark.parametrize(("column", "case"), ASKED.items(), ids=ASKED)
def test_a_column_that_changes_the_meaning_is_asked_about_and_can_be_ignored(tmp_path, column, case):
    rows, sentence = case
    with pytest.raises(Question) as caught:
        read(tmp_path, f"{HEAD},{column}\n{rows}")
    assert sentence in str(caught.value)
    assert f'--ignore "{column}"' in caught.value.hint.replace("--ignore kind", '--ignore "kind"')
    assert count(read(tmp_path, f"{HEAD},{column}\n{rows}", ignore=[column])).wins.sum() == 2


def test_labs_with_observers_of_their_own_are_listed_alone(tmp_path):
    notes = read(tmp_path, f"{HEAD},lab,trial\n1,x,y,1,p,7\n2,x,y,1,q,8\n").notes
    assert "not used: columns 'lab', 'trial'" in notes


def test_an_observer_in_each_lab_is_another_one(tmp_path):
    text = f"{HEAD},lab\n1,x,y,1,p\n1,x,y,1,q\n"
    assert count(read(tmp_path, text, "observer=lab+observer")).observers == ("p 1", "q 1")


@pytest.mark.parametrize(
    ("column", "cells", "sentence", "where", "votes"),
    [
        ("Finished", ("True", "False"), "some did not finish", "Finished=True", 1),
        ("Finished", ("1", "0"), "some did not finish", "Finished=1", 1),
        ("Status", ("IP Address", "Survey Preview"), "no answers ('survey preview')", "Status=IP Address", 1),
        ("Status", ("Spam", "IP Address"), "no answers ('spam')", "Status!=Spam", 1),
    ],
)
def test_unfinished_answers_and_previews_are_asked_about(tmp_path, column, cells, sentence, where, votes):
    first, second = cells
    path = write(tmp_path, f"{column},observer,Q1\n{first},a,1\n{second},b,0\n")
    columns = parse_columns(pairs="Q1=x|y")
    with pytest.raises(Question, match=re.escape(sentence)) as asked:
        read_votes(path, columns=columns)
    assert column in asked.value.hint
    assert len(read_votes(path, columns=columns, rows=parse_rows([where])).table) == votes
    assert len(read_votes(path, columns=columns, rows=parse_rows(ignore=[column])).table) == 2


def test_columns_of_our_own_files_are_never_asked_about_nor_listed():
    assert set(exported.COLUMNS) <= OWN


def test_ratings_are_asked_about_too(tmp_path):
    path = write(tmp_path, "observer,condition,rating,lab\n1,x,3,p\n1,x,4,q\n")
    with pytest.raises(Question, match="several values of 'lab'"):
        read_ratings(path)
    assert len(read_ratings(path, rows=parse_rows(ignore=["lab"])).table) == 2


@pytest.mark.parametrize("column", ["trial", "Timestamp", "response_ms"])
def test_a_file_pasted_three_times_counts_once(tmp_path, column):
    rows = "".join(f"o,x,y,{k % 2},{1000 + k}\n" for k in range(6))
    head = f"{HEAD},{column}\n"
    votes = read(tmp_path, (head + rows) * 3)
    assert len(votes.table) == 6
    assert "12 rows are there again" in " ".join(votes.notes)


def test_equal_rows_without_a_trial_are_votes_and_copies_of_a_block_are_named(tmp_path):
    assert len(read(tmp_path, f"{HEAD}\n" + "o,x,y,1\n" * 3).table) == 3
    block = "o,x,y,1\no,y,z,1\no,x,z,0\np,x,y,1\n"
    votes = read(tmp_path, f"{HEAD}\n" + block * 2)
    assert len(votes.table) == 8
    assert "the same 4 rows are there 2 times: was the file pasted twice?" in votes.notes


def test_equal_rows_with_a_time_that_tells_nothing_apart_are_votes(tmp_path):
    assert len(read(tmp_path, f"{HEAD},time\n" + "o,x,y,1,1\no,y,z,0,1\no,x,z,0,2\n" * 6).table) == 18


class TestWhoCounts:
    TEXT = f"{HEAD}\n" + "ann,x,y,1\n" * 30 + "bob,x,y,0\n" * 5 + "cat,x,y,0\n" * 5

    def test_an_observer_with_most_of_the_votes_is_named(self, tmp_path):
        assert "observer 'ann' gave 75% of the votes" in " ".join(read(tmp_path, self.TEXT).notes).replace(
            "75%", "75%"
        )

    def test_observers_can_count_the_same(self, tmp_path):
        counts = count(read(tmp_path, self.TEXT, equal=True))
        assert counts.wins.sum(axis=(1, 2)) == pytest.approx([40 / 3] * 3)
        assert counts.wins.sum(axis=0)[0, 1] / 40 == pytest.approx(1 / 3)
        assert counts.cells.times.sum() == pytest.approx(counts.answers.sum()) == pytest.approx(40)
        assert (
            analyse(counts, Method(bootstraps=20)).jod[0]
            < 0
            < analyse(count(read(tmp_path, self.TEXT)), Method(bootstraps=20)).jod[0]
        )

    def test_equal_numbers_of_votes_stay_as_they_are(self, tmp_path):
        text = f"{HEAD}\n" + "ann,x,y,1\nbob,x,y,0\nbob,y,x,0\nann,x,y,0.5\n"
        plain, equal = (count(read(tmp_path, text, equal=each)) for each in (False, True))
        assert np.array_equal(plain.wins, equal.wins)


def test_an_unknown_kind_stays_one_sentence(tmp_path):
    with pytest.raises(BadVotes, match="line 2, column 'kind'"):
        read(tmp_path, f"{HEAD},kind\no,x,y,1,warmup\n")


@pytest.mark.parametrize("head", ["winner,winner,loser", "observer,x vs y,x vs y", "who,who,kind"])
def test_a_column_that_is_there_twice_is_named_in_every_layout(tmp_path, head):
    with pytest.raises(BadVotes, match=r"twice"):
        read(tmp_path, f"{head}\na,b,c\n")


def test_a_filter_that_answers_is_offered_for_rows_that_are_no_answers(tmp_path):
    rows = f"{HEAD},phase\na,x,y,1,training\na,x,y,0,main\n"
    with pytest.raises(Question) as caught:
        read(tmp_path, rows)
    assert '--where "phase=main"' in caught.value.hint
    assert count(read(tmp_path, rows, where=["phase=main"])).wins.sum() == 1


TWINS = [
    pytest.param("x\u200b", "x", "", id="a space without width"),
    pytest.param("\uff38", "x", "", id="a wide letter"),
    pytest.param("deep\u2013x", "deep-x", "", id="a dash of a word processor"),
    pytest.param("deep\xa0x", "deep x", "", id="a space without break"),
    pytest.param("\u0445", "x", ": one has the letter CYRILLIC SMALL LETTER HA", id="a Cyrillic letter"),
    pytest.param("\u0392M3D", "BM3D", ": one has the letter GREEK CAPITAL LETTER BETA", id="a Greek letter"),
]


@pytest.mark.parametrize(("first", "second", "letter"), TWINS)
def test_names_that_look_the_same_are_twins(tmp_path, first, second, letter):
    votes = read(tmp_path, f"{HEAD}\na,{first},y,1\na,{second},y,0\n")
    assert any(note.endswith(f"differ in their spelling alone{letter}") for note in votes.notes)
    assert len(count(votes).conditions) == 3


def test_names_of_other_letters_are_no_twins(tmp_path):
    names = "\u0436", "\u03b1-TV", "b-TV", "l1", "li", "\xe9", "e"
    votes = read(tmp_path, "\n".join([HEAD, *(f"a,{name},y,1" for name in names)]))
    assert not any("spelling" in note for note in votes.notes)


def test_the_word_for_a_tie_that_is_offered_is_one(tmp_path):
    with pytest.raises(Question) as caught:
        read(tmp_path, "winner,loser,draw\nx,y,False\ny,x,True\n")
    assert "--values tie=True" in caught.value.hint


def test_unfinished_answers_are_left_out_as_the_question_says(tmp_path):
    rows = f"{HEAD},submitdate\na,x,y,1,2024\na,x,y,0,\n"
    assert count(read(tmp_path, rows, where=["submitdate!="])).wins.sum() == 1


@pytest.mark.parametrize(
    ("head", "who"),
    [
        pytest.param(
            "Reaction Time,Response,Participant Private ID,Zone", "Participant Private ID", id="Gorilla"
        ),
        pytest.param("response,rt,subject", "subject", id="jsPsych"),
        pytest.param("Start Date,Response Type,ResponseId", "ResponseId", id="Qualtrics"),
        pytest.param("HITId,WorkerId,Answer", "WorkerId", id="MTurk"),
    ],
)
def test_the_column_that_names_people_is_found_among_others(tmp_path, head, who):
    cells = ",".join(str(at) for at in range(head.count(",") + 1))
    with pytest.raises(OtherNames, match=f"does '{who}' say who voted"):
        read(tmp_path, f"condition_A,condition_B,is_A_selected,{head}\nx,y,1,{cells}\n")


def test_errors_of_a_spreadsheet_are_no_names(tmp_path):
    with pytest.raises(BadVotes, match="'#NAME\\?' is not a name but an error of a spreadsheet"):
        read(tmp_path, f"{HEAD}\na,#NAME?,y,1\n")


@pytest.mark.parametrize(("name", "warned"), [("5.1E+12", True), ("3-Dec", True), ("e3-December", False)])
def test_names_that_a_spreadsheet_may_have_changed_are_said(tmp_path, name, warned):
    notes = read(tmp_path, f"{HEAD}\na,{name},y,1\na,x,y,0\n").notes
    assert any("before a spreadsheet changed it" in note for note in notes) == warned
