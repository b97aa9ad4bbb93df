"""Ratings are read with checks, bad rows are named, people and simulated observers kept apart."""

import pandas as pd
import pytest

from tests.analysis import made, rated
from uplapp.analysis.reading.ratings import from_table, holds_ratings, images, read_ratings, without
from uplapp.analysis.reading.votes import read_votes
from uplapp.errors import BadVotes, OtherNames, UnknownName

HEADER = "observer,condition,rating\n"
GOOD = HEADER + "anna,x,3\nbob,x,4\n"


def read(folder, text, **options):
    return read_ratings(made.write(folder, text, "ratings.csv"), **options)


def test_a_table_of_three_columns_is_enough(tmp_path):
    data = read(tmp_path, GOOD)
    assert list(data.table["rating"]) == [3.0, 4.0]
    assert data.criteria == ("rating",)
    assert set(data.table["kind"]) == {"main"}


@pytest.mark.parametrize("header", ["Observer,Condition,RATING", "OBSERVER;condition;Rating"])
def test_columns_may_be_spelt_in_any_case(tmp_path, header):
    text = GOOD.replace("observer,condition,rating", header)
    data = read(tmp_path, text.replace(",", ";") if ";" in header else text)
    assert list(data.table["condition"]) == ["x", "x"]


def test_columns_of_other_names_are_named(tmp_path):
    text = "reader,method,level,score,what\nanna,OPT,10,3,sharpness\nbob,OPT,20,4,sharpness\n"
    columns = "observer=reader,condition=method+level,rating=score,criterion=what"
    data = read(tmp_path, text, columns=columns)
    assert list(data.table["condition"]) == ["OPT 10", "OPT 20"]
    assert data.criteria == ("sharpness",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("observer,condition\nanna,x\n", "no column 'rating'"),
        ("observer,rating\nanna,3\n", "no column 'condition'"),
        (HEADER + "anna,x,nice\n", "line 2, column 'rating': 'nice' is not a number"),
        (HEADER + "anna,x,3\nanna,y,\n", "line 3, column 'rating': the cell is empty"),
        (HEADER + "anna,x,inf\n", "line 2, column 'rating': 'inf' is not a number"),
        (HEADER + "anna,x,1e300\n", "a rating lies between -1e\\+06 and 1e\\+06"),
        (HEADER + ",x,3\n", "line 2, column 'observer': the cell is empty"),
        (HEADER + "anna,,3\n", "line 2, column 'condition': the cell is empty"),
        (HEADER, "holds no ratings of main trials"),
        ("observer,condition,rating,kind\nanna,x,3,practice\n", "holds no ratings of main trials"),
        ("observer,condition,rating,kind\nanna,x,3,later\n", "column 'kind': 'later' is not"),
        ("observer,condition,rating,rating\nanna,x,3,4\n", "has the column 'rating' twice"),
    ],
)
def test_what_cannot_be_read_without_guessing_is_named(tmp_path, text, sentence):
    with pytest.raises(BadVotes, match=sentence):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("columns", "error"), [("rating=score", OtherNames), ("rating=observer+condition", BadVotes)]
)
def test_a_named_column_must_be_there_and_a_rating_be_one(tmp_path, columns, error):
    with pytest.raises(error):
        read(tmp_path, GOOD, columns=columns)


def test_a_missing_column_comes_with_the_option_that_names_it(tmp_path):
    with pytest.raises(OtherNames) as caught:
        read(tmp_path, "reader,condition,score\nanna,x,3\n")
    assert "no column 'observer', 'rating'" in str(caught.value)
    assert caught.value.hint.endswith("--columns condition=NAME+NAME,rating=NAME")


def test_a_criterion_without_a_name_is_called_rating(tmp_path):
    data = read(tmp_path, "observer,condition,rating,criterion\nanna,x,3,\nanna,x,4,sharp\n")
    assert data.criteria == ("rating", "sharp")


def test_ratings_are_no_votes_and_say_what_reads_them(tmp_path):
    with pytest.raises(BadVotes, match="holds ratings of single images, not votes") as caught:
        read_votes(made.write(tmp_path, GOOD))
    assert "python -m uplapp ratings" in str(caught.value)


def test_people_and_simulated_observers_are_never_pooled(tmp_path):
    text = "observer,condition,rating,simulated\nanna,x,3,False\ns1,x,5,True\ns2,x,5,True\n"
    people, simulated = read(tmp_path, text), read(tmp_path, text, simulated=True)
    assert set(people.table["observer"]) == {"anna"}
    assert set(simulated.table["observer"]) == {"s1", "s2"}
    assert people.notes == ("2 ratings are of simulated observers left out",)
    assert simulated.notes[0].startswith("SIMULATED")


def test_excluded_observers_come_with_their_reason(tmp_path):
    text = "observer,condition,rating,excluded\nanna,x,3,\nbob,x,5,asleep\n"
    data = read(tmp_path, text)
    assert set(data.table["observer"]) == {"anna"}
    assert data.excluded == (("bob", "asleep"),)


def test_an_observer_is_left_out_with_a_reason(tmp_path):
    rest = without(read(tmp_path, GOOD), {"bob": "asleep"})
    assert set(rest.table["observer"]) == {"anna"}
    assert rest.excluded == (("bob", "asleep"),)


@pytest.mark.parametrize(
    ("names", "error"), [(("carl",), UnknownName), (("anna", "bob"), BadVotes)], ids=["unknown", "all"]
)
def test_nobody_unknown_and_not_everybody_is_left_out(tmp_path, names, error):
    with pytest.raises(error):
        without(read(tmp_path, GOOD), dict.fromkeys(names, "asleep"))


def test_practice_and_repeats_are_no_images_and_catches_only_as_reference():
    kinds = ["main", "practice", "repeat", "catch", "catch"]
    conditions = ["x", "x", "x", "reference", "x"]
    table = pd.DataFrame({"observer": "o", "condition": conditions, "rating": range(5), "kind": kinds})
    assert list(images(from_table(table))["rating"]) == [0.0, 3.0]


@pytest.mark.parametrize("words", ["zoom 2", "zoom 2, amplification 2"])
def test_ratings_of_boosted_views_are_labelled(words):
    table = rated.table(rated.draw(3, 2, 0)).assign(boosting=words)
    (note,) = from_table(table).notes
    assert note.startswith(f"BOOSTED views ({words})")
    assert from_table(table.assign(boosting="")).notes == ()


@pytest.mark.parametrize(
    ("header", "is_ratings"),
    [
        ("observer,condition,rating", True),
        ("Observer,Condition,Rating", True),
        ("observer,condition_A,condition_B,is_A_selected", False),
        ("observer,condition_A,condition_B,is_A_selected,rating", False),
    ],
)
def test_a_file_of_ratings_is_known_by_its_columns(tmp_path, header, is_ratings):
    assert holds_ratings(made.write(tmp_path, header + "\n")) is is_ratings


WIDE = {
    "{scene}_{condition}": "observer,cat_x,cat_y\nanna,3,4\nbob,,5\n",
    "How good? [{scene}: {condition}]": "observer,How good? [cat: x],How good? [cat: y]\nanna,3,4\nbob,,5\n",
}


@pytest.mark.parametrize(("form", "text"), WIDE.items())
def test_a_column_for_each_picture_is_read_as_a_row_for_each_rating(tmp_path, form, text):
    data = read(tmp_path, text, columns=f"rating={form}")
    rows = data.table[["observer", "scene", "condition", "rating"]].to_numpy().tolist()
    assert rows == [["anna", "cat", "x", 3.0], ["anna", "cat", "y", 4.0], ["bob", "cat", "y", 5.0]]
    assert "1 empty cell was read as no rating" in data.notes


def test_a_column_for_each_observer_is_read_as_a_row_for_each_rating(tmp_path):
    data = read(tmp_path, "file,anna,bob\nx,3,4\ny,2,5\n", columns="condition=file,rating={observer}")
    rows = data.table[["observer", "condition", "rating"]].to_numpy().tolist()
    assert sorted(rows) == [["anna", "x", 3.0], ["anna", "y", 2.0], ["bob", "x", 4.0], ["bob", "y", 5.0]]
    assert "2 columns were read as ratings, such as 'anna' as that of observer 'anna'" in data.notes


def test_rows_without_an_observer_are_one_each(tmp_path):
    data = read(tmp_path, "when,x!,y!\n9:00,3,4\n9:10,2,5\n", columns="rating={condition}!")
    assert sorted(set(data.table["observer"])) == ["row 2", "row 3"]
    assert "each row was read as one observer" in data.notes


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ("{condition} of {scene}", "no column of ratings.csv has the form"),
        ("{condition}{condition}", "twice"),
    ],
)
def test_a_form_that_fits_nothing_is_said(tmp_path, form, sentence):
    with pytest.raises(BadVotes, match=sentence):
        read(tmp_path, "observer,x,y\nanna,3,4\n", columns=f"rating={form}")


@pytest.mark.parametrize(
    ("values", "odd"), [((1, 5, 99), 99), ((0, 1, -9), -9), ((1, 8, 9), None), ((60, 100, 99), None)]
)
def test_a_word_for_no_answer_among_ratings_is_asked_about(tmp_path, values, odd):
    notes = read(tmp_path, HEADER + "".join(f"anna,x{at},{each}\n" for at, each in enumerate(values))).notes
    asked = [note.partition(" lies far from")[0] for note in notes if " lies far from" in note]
    assert asked == ([] if odd is None else [f"the rating {odd}"])


@pytest.mark.parametrize(
    ("words", "values"),
    [(("Bad", "good", "EXCELLENT"), [1, 4, 5]), (("Very annoying", "Perceptible, but not annoying"), [1, 4])],
)
def test_the_words_of_the_itu_are_the_numbers_of_their_scale(tmp_path, words, values):
    rows = "".join(f'anna,x{at},"{word}"\n' for at, word in enumerate(words))
    data = read(tmp_path, HEADER + rows)
    assert list(data.table["rating"]) == values
    assert any("were read as 1 to 5" in note for note in data.notes)


def test_words_of_two_scales_are_no_numbers(tmp_path):
    with pytest.raises(BadVotes, match="line 2, column 'rating': 'good' is not a number"):
        read(tmp_path, HEADER + "anna,x,good\nanna,y,annoying\n")
