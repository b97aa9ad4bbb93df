"""Answers of one edition of a study, without its pilot: stimuli that differ are never mixed."""

import pytest

from uplapp.analysis.reading.editions import editions_in
from uplapp.analysis.reading.ratings import read_ratings
from uplapp.analysis.reading.votes import read_votes
from uplapp.errors import BadVotes, UnknownName

VOTES = "observer,condition_A,condition_B,is_A_selected"
RATINGS = "observer,condition,rating"


def write(tmp_path, header, more, rows):
    path = tmp_path / "answers.csv"
    path.write_text("\n".join([f"{header},{more}", *rows]))
    return path


KINDS = pytest.mark.parametrize(
    ("read", "header", "answer"), [(read_votes, VOTES, "x,y,1"), (read_ratings, RATINGS, "x,4")]
)


@KINDS
def test_stimuli_that_differ_are_refused_until_an_edition_is_chosen(tmp_path, read, header, answer):
    rows = [f"o,{answer},1,aa11,s1", f"p,{answer},2,bb22,s2", f"q,{answer},2,bb22,s2"]
    path = write(tmp_path, header, "edition,manifest,stimuli", rows)
    with pytest.raises(BadVotes, match=r"differ \(editions: 1, 2\).*--edition"):
        read(path)
    for edition in ("2", "bb22", "BB22"):
        assert sorted(read(path, edition=edition).table["observer"]) == ["p", "q"]
    for unknown in ("3", "b"):
        with pytest.raises(UnknownName, match=r"edition in answers\.csv"):
            read(path, edition=unknown)


@KINDS
def test_editions_that_show_the_same_are_pooled_with_a_note(tmp_path, read, header, answer):
    rows = [f"o,{answer},1,aa11,s1", f"p,{answer},2,bb22,s1"]
    found = read(write(tmp_path, header, "edition,manifest,stimuli", rows))
    assert len(found.table) == 2
    assert any("2 different studies are pooled" in note for note in found.notes)


@KINDS
def test_a_pilot_is_left_out_and_alone_is_said(tmp_path, read, header, answer):
    pilot, real = f"o,{answer},True", f"p,{answer},False"
    found = read(write(tmp_path, header, "pilot", [pilot, real]))
    assert list(found.table["observer"]) == ["p"]
    assert "1 answer of a pilot left out" in found.notes
    assert any("PILOT" in note for note in read(write(tmp_path, header, "pilot", [pilot])).notes)


@KINDS
def test_the_editions_of_a_file_are_listed_by_their_numbers(tmp_path, read, header, answer):
    rows = [f"o,{answer},10,aa", f"p,{answer},2,bb", f"q,{answer},2,bb"]
    assert editions_in(write(tmp_path, header, "edition,manifest", rows)) == ("2", "10")
    assert editions_in(write(tmp_path, header, "note", [f"o,{answer},a"])) == ()


@KINDS
def test_a_file_without_editions_says_so(tmp_path, read, header, answer):
    with pytest.raises(UnknownName, match="no column 'edition'"):
        read(write(tmp_path, header, "note", [f"o,{answer},a"]), edition="1")
