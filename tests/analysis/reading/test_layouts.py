"""Layouts that people have: each is read as one row per vote, and what was understood is said."""

import gzip

import numpy as np
import pytest

from tests.analysis.made import write
from tests.analysis.real import data_file
from uplapp.analysis.reading.layouts.columns import parse_columns
from uplapp.analysis.reading.layouts.rows import parse_rows
from uplapp.analysis.reading.ratings import read_ratings
from uplapp.analysis.reading.votes import count, main_trials, read_votes
from uplapp.errors import BadVotes, OtherNames, UplappError

WINS = [[0, 2], [1, 0]]  # x won twice against y, and lost once


def wins(folder, text, columns="", values="", pairs="", **rows):
    """Counts of a file, all observers together."""
    read = read_votes(
        write(folder, text), columns=parse_columns(columns, values, pairs), rows=parse_rows(**rows)
    )
    return count(read)


ALIKE = {
    "winner and loser": ("observer,winner,loser\na,x,y\na,x,y\nb,y,x\n", {}),
    "other names": ("observer,won,lost\na,x,y\na,x,y\nb,y,x\n", {"columns": "winner=won,loser=lost"}),
    "the chosen": ("observer,condition_A,condition_B,is_A_selected\na,x,y,x\na,y,x,X\nb,x,y,y\n", {}),
    "a winner of two sides": ("observer,condition_A,condition_B,winner\na,x,y,x\na,y,x,x\nb,x,y,y\n", {}),
    "capital letters": ("Observer,Condition A,CONDITION_B,Is_A_Selected\na,x,y,1\na,y,x,0\nb,x,y,0\n", {}),
    "counts": ("observer,condition_A,condition_B,win1,win2\na,x,y,2,0\nb,y,x,1,0\n", {}),
    "counts of other names": (
        "who,p,q,first,second\na,x,y,2,0\nb,y,x,1,0\n",
        {"columns": "observer=who,condition_A=p,condition_B=q,wins_A=first,wins_B=second"},
    ),
    "times": (
        "observer,condition_A,condition_B,is_A_selected,n\na,x,y,1,2\nb,y,x,1,1\nb,y,x,0,0\n",
        {"columns": "times=n"},
    ),
    "one column per pair": ("observer,x vs y\na,1\nb,1\nc,0\n", {}),
    "names in a column per pair": ("observer,x_vs_y\na,x\nb,x\nc,y\n", {}),
    "a question and its rows": ("observer,Which is better? [x vs y]\na,1\nb,1\nc,0\n", {}),
    "a question and a pair": ('observer,"G1Q1. Better, A or B: x vs. y"\na,x\nb,x\nc,y\n', {}),
    "truths": (
        "observer,condition_A,condition_B,is_A_selected\na,x,y,TRUE\na,y,x,False\nb,x,y,false\n",
        {},
    ),
    "a form of names": ("observer,[y|x]\na,2\nb,2\nc,1\n", {"pairs": "[{A}|{B}]", "values": "A=1,B=2"}),
    "a list of columns": ("observer,Q1\na,1\nb,1\nc,2\n", {"pairs": "Q1=x|y", "values": "A=1,B=2"}),
    "prefmod": (
        "V1,V2,V3\n1,NA,NA\n1,NA,NA\n-1,NA,NA\n",
        {"pairs": "prefmod:x,y,z", "values": "A=1,B=-1", "drop": "NA"},
    ),
    "titles": ("sep=;\nStudy 3;;;\n\nobserver;winner;loser;note\na;x;y;\na;x;y;\nb;y;x;\n", {}),
    "line 3": ("Study, of 3 kinds,\n,,\nobserver,winner,loser\na,x,y\na,x,y\nb,y,x\n", {"header": 3}),
    "a row below the header": ("observer,winner,loser\nwho?,,\na,x,y\na,x,y\nb,y,x\n", {"skip": 1}),
    "a filter": ("observer,winner,loser,bad\na,x,y,0\na,x,y,0.0\nb,y,x,0\nb,y,x,1\n", {"where": ["bad=0"]}),
    "answers to drop": (
        "observer,condition_A,condition_B,is_A_selected\na,x,y,1\na,y,x,0\nb,x,y,0\nb,x,y,skip\nb,x,y,\n",
        {"drop": "skip,empty"},
    ),
    "words for a tie to drop": (
        "observer,condition_A,condition_B,winner\na,x,y,x\na,x,y,x\nb,x,y,y\nb,x,y,tie\n",
        {"drop": "tie"},
    ),
    "a header in the middle": ("observer,winner,loser\na,x,y\nobserver,winner,loser\na,x,y\nb,y,x\n", {}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "options"), ALIKE.values(), ids=ALIKE)
def test_layouts_of_the_same_votes_have_the_same_counts(tmp_path, text, options):
    counts = wins(tmp_path, text, **options)
    assert counts.conditions == ("x", "y")
    assert counts.wins.sum(axis=0).tolist() == WINS


def test_ties_may_have_several_words_and_count_as_is_said(tmp_path):
    text = "observer,a,b,winner\no,x,y,x\no,x,y,tie\no,x,y,same\no,x,y,neither\n"
    columns = "condition_A=a,condition_B=b,preferred=winner"
    votes = read_votes(write(tmp_path, text), columns=parse_columns(columns, "tie=tie|same,both_bad=neither"))
    assert votes.table["is_A_selected"].tolist() == [1, 0.5, 0.5, 0.5]
    assert votes.table["both_bad"].tolist() == [False, False, False, True]


def test_winner_and_loser_may_have_a_column_of_ties(tmp_path):
    text = "observer,winner,loser,draw\no,x,y,no\no,x,y,yes\n"
    with pytest.raises(BadVotes, match=r"'draw'.*tie"):
        wins(tmp_path, text)
    assert wins(tmp_path, text, "is_A_selected=draw", "tie=yes").wins[0].tolist() == [[0, 1.5], [0.5, 0]]


def test_votes_without_observers_are_parametric_and_say_so(tmp_path):
    counts = wins(tmp_path, "condition_A,condition_B,win1,win2,ties\nx,y,2,1,4\n")
    assert counts.observers == ()
    assert counts.wins[0].tolist() == [[0, 4], [3, 0]]
    assert "intervals are parametric" in " ".join(counts.notes)


def test_halves_on_both_sides_are_ties(tmp_path):
    counts = wins(tmp_path, "condition_A,condition_B,win1,win2\nx,y,2.5,1.5\n")
    assert counts.wins[0].tolist() == [[0, 2.5], [1.5, 0]]
    assert counts.answers[0, :, 0, 1].tolist() == [2, 1, 1]


def test_a_column_that_may_name_observers_is_asked_about(tmp_path):
    text = "Subject ID,winner,loser\na,x,y\nb,x,y\n"
    with pytest.raises(OtherNames, match="no column 'observer'; does 'Subject ID'") as caught:
        wins(tmp_path, text)
    assert "observer=Subject ID" in caught.value.hint
    assert wins(tmp_path, text, "observer=Subject ID").observers == ("a", "b")
    assert wins(tmp_path, text, "observer=none").observers == ()


def test_a_file_of_qualtrics_is_read_with_its_three_headers(tmp_path):
    text = (
        'ResponseId,Q1,Q2\nResponse ID,"Which one?\nLook, please",Which one?\n'
        '"{""ImportId"":""_id""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
        "R_1,l1,l2\nR_2,flip,\n"
    )
    counts = wins(tmp_path, text, pairs="Q1=l1|flip,Q2=l1|l2")
    assert counts.observers == ("row 5", "row 6")
    assert counts.wins.sum() == 3
    said = " ".join(counts.notes)
    assert "2 rows below the header are left out" in said
    assert "1 empty cell was read as a pair that was not asked" in said


def test_pairs_of_prefmod_come_in_its_order(tmp_path):
    text = "a,b,c,d,e,f\n" + ",".join("1" * 6) + "\n"
    counts = wins(tmp_path, text, pairs="prefmod:p,q,r,s")
    assert counts.wins[0].tolist() == np.triu(np.ones((4, 4)), 1).tolist()


def test_pairs_may_stand_in_a_file_with_their_scenes(tmp_path):
    listed = write(tmp_path, "column,condition_A,condition_B,scene\nQ1,x,y,sea\nQ2,y,x,sky\n", "pairs.csv")
    votes = read_votes(write(tmp_path, "Q1,Q2\n1,0\n"), columns=parse_columns(pairs=str(listed)))
    assert main_trials(votes)[["condition_A", "scene", "is_A_selected"]].to_numpy().tolist() == [
        ["x", "sea", 1.0],
        ["y", "sky", 0.0],
    ]


def test_a_text_in_quotes_stands_for_itself(tmp_path):
    columns = "condition_A='old',condition_B='new',wins_A=o,wins_B=n"
    counts = wins(tmp_path, "image,o,n\nsea,1,3\nsky,2,2\n", columns)
    assert counts.conditions == ("new", "old")
    assert counts.wins[0].tolist() == [[0, 5], [3, 0]]


def test_one_letter_written_in_two_ways_is_one_letter(tmp_path):
    text = "observer,winner,loser\na,caf\u00e9,y\na,y,cafe\u0301\n"
    assert wins(tmp_path, text).conditions == ("caf\u00e9", "y")


def test_scenes_that_differ_in_spelling_alone_are_named(tmp_path):
    notes = wins(tmp_path, "observer,winner,loser,scene\na,x,y,Sea\na,x,y,sea\n").notes
    assert "the scenes 'Sea' and 'sea' differ in their spelling alone" in notes


@pytest.mark.parametrize("word", ["no", "N", "NA", "n/a", "None", "-", "0", "False", ""])
def test_words_for_not_excluded_keep_an_answer(tmp_path, word):
    text = f"observer,winner,loser,excluded\na,x,y,{word}\na,x,y,too fast\n"
    assert wins(tmp_path, text).wins.sum() == 1


def test_a_packed_file_is_read(tmp_path):
    path = tmp_path / "votes.csv.gz"
    path.write_bytes(gzip.compress(b"observer,winner,loser\na,x,y\n"))
    assert count(read_votes(path)).wins.sum() == 1


@pytest.mark.parametrize("test", ["rt>300", "rt>=301", "lab=a|b", "lab!=c", "rt<500"])
def test_rows_are_chosen_by_conditions(tmp_path, test):
    text = "observer,winner,loser,lab,rt\na,x,y,a,400\nb,x,y,B,301\nc,y,x,c,"
    counts = wins(tmp_path, text + ("200\n" if ">" in test else "900\n"), where=[test])
    assert counts.observers == ("a", "b")
    assert f"1 row is left out by {test}" in counts.notes


def test_a_filter_asks_about_numbers_that_may_be_thousands(tmp_path):
    with pytest.raises(BadVotes, match="column 'rt': '1,000' may be 1 or 1000; write it as one of them"):
        wins(tmp_path, 'observer,winner,loser,rt\na,x,y,900\nb,x,y,"1,000"\n', where=["rt>300"])


BAD = {
    "no such column": ({"where": ["lib=a"]}, "has no column 'lib' to choose rows by; found: observer"),
    "no such value": ({"where": ["lab=z"]}, "no row of votes.csv meets lab=z; column 'lab' holds 'a', 'b'"),
    "no condition": ({"where": ["lab"]}, "'lab' chooses no rows; write it as COLUMN=VALUE"),
    "no number": ({"where": ["lab>a"]}, "compares with 'a', which is not a number"),
    "nothing to ignore": ({"ignore": ["lib"]}, "has no column 'lib' to ignore; found"),
    "no header there": ({"header": 9}, "'votes.csv' has no line 9 for its header"),
    "below zero": ({"skip": -1}, "must be 0 or more"),
    "no pair": ({"pairs": "Q1=x"}, "names no pair; write it as COLUMN=a|b"),
    "no form": ({"pairs": "Q1"}, "does not say which pair a column is about"),
    "no such form": ({"pairs": "{A} or {B}"}, "no column's name has the form '{A} or {B}'"),
    "too few columns": ({"pairs": "prefmod:x,y,z,u"}, "4 conditions make 6 pairs, the file has 3 columns"),
    "one item": ({"pairs": "prefmod:x"}, "must name two conditions or more"),
}


@pytest.mark.parametrize(("options", "sentence"), BAD.values(), ids=BAD)
def test_what_does_not_fit_the_file_is_one_sentence(tmp_path, options, sentence):
    with pytest.raises(UplappError) as caught:
        wins(tmp_path, "observer,winner,loser,lab\na,x,y,a\nb,x,y,b\n", **options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


ROWS = {
    "neither": ("observer,condition_A,condition_B,winner\na,x,y,z\n", "'z' is neither 'x' nor 'y'"),
    "half a vote": ("condition_A,condition_B,win1,win2\nx,y,1.5,2\n", "line 2: votes are counted in whole"),
    "less than none": ("condition_A,condition_B,win1,win2\nx,y,-1,2\n", "'-1' is not a number from 0 up"),
    "too many": ("condition_A,condition_B,win1,win2\nx,y,9e9,2\n", "up to 2000000 can be read one by one"),
    "words": (
        "observer,condition_A,condition_B,is_A_selected\na,x,y,1\na,x,y,tie\na,x,y,both bad\n",
        "'tie' is not 1 (A chosen), 0 (B chosen) or 0.5 (not sure); not understood: 'both bad', 'tie'",
    ),
    "itself": ("observer,x vs x\na,1\n", "column 'x vs x' of votes.csv compares 'x' with itself"),
    "won over itself": ("observer,winner,loser\na,x,x\n", "line 2: 'x' is compared with itself"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), ROWS.values(), ids=ROWS)
def test_a_bad_row_of_any_layout_is_named(tmp_path, text, sentence):
    with pytest.raises(BadVotes) as caught:
        wins(tmp_path, text)
    assert sentence in str(caught.value)


def test_a_packed_file_that_is_damaged_is_one_sentence(tmp_path):
    path = tmp_path / "votes.csv.gz"
    path.write_bytes(gzip.compress(b"observer,winner,loser\n" * 9)[:30])
    with pytest.raises(BadVotes, match="packed file that is damaged"):
        read_votes(path)


class TestRealFiles:
    def test_sharpening_has_the_published_bradley_terry_variance(self):
        columns = parse_columns("winner=asset_id,loser=other_asset_id,scene=content")
        counts = count(read_votes(data_file("pairwise/krasula_sharpening_pc.csv"), columns=columns))
        strengths = bradley_terry_by_hand(counts.wins.sum(axis=0))
        logs = np.log(strengths / strengths.sum())
        assert (len(counts.observers), counts.wins.sum()) == (31, 2128)
        assert np.var(logs) == pytest.approx(3.144289, abs=1e-4)
        assert logs.sum() == pytest.approx(-187.186344, abs=1e-3)

    def test_sound_is_read_with_its_sessions_ignored(self):
        columns = "observer=subject,scene=progmat,condition_A=i,condition_B=j,is_A_selected=i_over_j"
        path, read = data_file("pairwise/sound_quality_pc.csv"), parse_columns(columns, "A=1,B=-1")
        with pytest.raises(BadVotes, match="several values of 'session'"):
            read_votes(path, columns=read)
        counts = count(read_votes(path, columns=read, rows=parse_rows(ignore=["session"])))
        assert (counts.wins.shape, counts.wins.sum()) == ((40, 8, 8), 21924)

    def test_counts_of_two_codecs_are_read_as_votes_of_nobody(self):
        columns = (
            "condition_A='base',condition_B='ours',wins_A=num_vote_base,wins_B=num_vote_ours,scene=image"
        )
        path = data_file("pairwise/resize_compression_2afc_counts.csv")
        counts = count(read_votes(path, columns=parse_columns(columns)))
        assert (counts.observers, counts.wins.sum(), len(counts.cells.scenes)) == ((), 144 * 47, 18)

    def test_triplets_are_read_packed_and_filtered(self):
        path = data_file("pairwise/jpeg_ai_sdr25_btc_responses.csv.gz")
        counts = count(read_votes(path, rows=parse_rows(where=["is_bias=0", "is_cross=1"])))
        assert len(counts.observers) == 386
        assert counts.wins.sum() == 13200 - said(counts.notes, "without an answer")

    def test_ratings_of_videos_have_the_published_mean(self):
        path = data_file("pairwise/nflx_public_raw.csv")
        table = read_ratings(path, columns="condition=file,scene=content,rating=score").table
        assert table.groupby("condition")["rating"].mean().mean() == pytest.approx(3.544790652, abs=1e-9)

    def test_ratings_of_those_who_finished_have_the_published_means(self):
        path = data_file("pairwise/avt_ai_images_2022_ratings.csv")
        rated = read_ratings(
            path, columns="condition=image,criterion=question", rows=parse_rows(where=["finished=1"])
        )
        published = read_ratings(
            data_file("pairwise/avt_ai_images_2022_published.csv"),
            columns="condition=image_key,rating=appeal_mean,observer=db",
        )
        own = rated.table[rated.table["criterion"] == "image_appeal"].groupby("condition")["rating"].mean()
        asked = published.table.set_index("condition")["rating"]
        assert (own - asked).abs().max() < 1e-12


def said(notes, words):
    """The number in the note with these words."""
    return int(next(note for note in notes if words in note).split()[0])


def bradley_terry_by_hand(votes):
    """Strengths (n,) by the steps of Hunter 2004, each content a group of its own, from equal strengths."""
    both, strengths = votes + votes.T, np.ones(len(votes))
    for _ in range(3000):
        strengths = votes.sum(axis=1) / (both / np.add.outer(strengths, strengths)).sum(axis=1)
    return strengths
