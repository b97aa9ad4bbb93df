"""Uploaded files in the layouts that people have: menus, fields, and the first rows as understood."""

import gzip

import pytest

from tests.analysis import made
from tests.web.analysis.showing import FIELDS, show
from uplapp.web.analysis import layout_view
from uplapp.web.analysis.source import show_first

WINNERS = "who,better,worse,bad\na,x,y,0\na,x,y,0\nb,y,x,1\n"


def chosen(folder, text, **fields):
    return {"source": "upload", "upload": str(made.write(folder, text)), **fields}


def first(fields):
    return show_first(*FIELDS._replace(**fields))


def test_winner_and_loser_are_chosen_in_menus_and_shown_as_understood(tmp_path):
    fields = chosen(tmp_path, WINNERS, observer=["who"], won=["better"], lost=["worse"], where="bad=0")
    view = show(**fields)
    assert view.state.report.scores.wins.tolist() == [[0, 2], [0, 0]]
    assert "2 answers" in first(fields)
    assert first(fields).count("<td>x</td>") == 2


def test_a_question_about_a_column_is_answered_in_the_menu(tmp_path):
    rows = "".join(f"{who},x,y,1,{lab}\n" for lab in "pq" for who in "ab")
    fields = chosen(tmp_path, "observer,condition_A,condition_B,is_A_selected,lab\n" + rows)
    view = show(**fields)
    assert "several values of 'lab'" in view.headline
    assert "--" not in view.headline
    assert not first(fields)
    assert "4 comparisons of 2 observers" in show(**fields, ignore=["lab"]).headline


def test_one_column_per_pair_has_a_field(tmp_path):
    fields = chosen(tmp_path, "Q1,Q2\n1,0\n1,1\n", pairs="Q1=x|y,Q2=y|x")
    assert "4 comparisons of 2 observers" in show(**fields).headline
    assert "row 2" in first(fields)


def test_no_file_of_this_machine_is_opened_for_pairs(tmp_path):
    listed = made.write(tmp_path, "column,condition_A,condition_B\nQ1,x,y\n", "pairs.csv")
    view = show(**chosen(tmp_path, "Q1\n1\n", pairs=str(listed)))
    assert "does not say which pair a column is about" in view.headline


def test_ratings_of_other_names_are_chosen_in_a_menu(tmp_path):
    fields = chosen(tmp_path, "observer,file,score\na,x,3\nb,x,4\n", condition_a=["file"], rating=["score"])
    assert show(**fields).state.report.means["mean"].tolist() == [3.5]
    assert "3.00" in first(fields)


def test_criteria_of_ratings_and_counts_of_ties_are_chosen_in_menus(tmp_path):
    rows = "a,x,3,sharp\nb,x,4,sharp\na,x,1,noisy\nb,x,2,noisy\n"
    fields = chosen(tmp_path, "observer,condition,rating,aspect\n" + rows, criterion=["aspect"])
    means = show(**fields).state.report.means
    assert dict(zip(means["criterion"], means["mean"], strict=True)) == {"sharp": 3.5, "noisy": 1.5}
    counts = "who,condition_A,condition_B,win1,win2,same\n"
    fields = chosen(tmp_path, counts + "o,x,y,5,1,2\np,x,y,3,2,0\n", observer=["who"], ties=["same"])
    assert "13 comparisons of 2 observers" in show(**fields).headline


def test_a_packed_table_is_read_and_a_bomb_is_refused(tmp_path):
    path = tmp_path / "votes.csv.gz"
    path.write_bytes(gzip.compress(b"observer,winner,loser\na,x,y\nb,x,y\n"))
    fields = {"source": "upload", "upload": str(path)}
    assert "2 comparisons of 2 observers" in show(**fields).headline
    path.write_bytes(gzip.compress(b"observer,winner,loser\n" + b"a,x,y\n" * 9_000_000, 1))
    assert path.stat().st_size < 1_000_000
    assert "unpacks to more than 50 MB" in show(**fields).headline


@pytest.mark.parametrize(("header", "names"), [(0, ["p", "q"]), (2, ["1", "2"])])
def test_menus_offer_the_columns_of_the_line_of_the_header(tmp_path, header, names):
    path = made.write(tmp_path, "p,q\n1,2\n")
    offered = layout_view.menus(str(path), header)
    assert [update["choices"] for update in offered] == [names] * (5 + layout_view.IN_MENUS)


def test_a_text_in_a_file_is_no_markup_in_the_first_rows(tmp_path):
    shown = first(chosen(tmp_path, "observer,winner,loser\na,<b>x</b>,y\n"))
    assert "&lt;b&gt;x" in shown
    assert "<b>" not in shown


def test_nothing_is_shown_of_other_sources():
    assert first({"source": "example"}) == ""
