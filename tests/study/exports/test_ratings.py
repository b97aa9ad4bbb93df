import json
from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest

from tests.study.rated import open_grading
from tests.study.tiny import NOW, open_tiny, response
from uplapp.plain import to_csv
from uplapp.study.answers import rating
from uplapp.study.exports import ratings, votes
from uplapp.study.session import joining, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation import observers
from uplapp.study.store.store import new_token

CRITERIA = ["denoising", "structure", "details"]


@pytest.fixture
def study(store, tmp_path):
    return open_grading(store, tmp_path / "grading", practice=0, catch=1, repeats=1, answer_timeout_ms=2000.0)


def answer(store, study, person, given):
    trial = session.state(store, study, person).trial
    session.answer(store, study, person, trial.token, new_token(), given, NOW)
    return session.reveal(store, trial.token)


def rated(*values):
    ratings = tuple(zip(CRITERIA, values, strict=True))
    return response("rated", layout="single", frames_per_phase=1, swaps_ms=(), ratings=ratings)


def test_one_row_a_criterion_and_image(store, study):
    person = joining.join(store, study, "1", NOW, Newcomer(language="en"))
    first, second = answer(store, study, person, rated(3, 0, 2)), answer(store, study, person, rated(1, 1, 1))
    table = ratings.ratings(store, study.id)
    assert list(table.columns) == list(ratings.COLUMNS)
    assert list(table["criterion"]) == CRITERIA * 2
    assert list(table["rating"]) == [3, 0, 2, 1, 1, 1]
    assert list(table["condition"]) == [first.left] * 3 + [second.left] * 3
    assert list(table["scene"]) == [first.scene] * 3 + [second.scene] * 3
    assert set(table["language"]) == {"en"}


def test_a_rating_tells_what_a_second_analysis_needs(store, study):
    person = joining.join(store, study, "1", NOW, Newcomer(language="en", agent="Firefox/128"))
    given = replace(rated(3, 0, 2), seen_ms=(1800.0, 300.0), pixel_ratio=2.0, paused_ms=40.0)
    answer(store, study, person, given)
    row = ratings.ratings(store, study.id).iloc[0]
    assert (row["seen_ms"], row["reference_seen_ms"]) == (1800.0, 300.0)
    assert (row["paused_ms"], row["pixel_ratio"], row["browser"]) == (40.0, 2.0, "Firefox/128")


def test_an_image_without_a_rating_in_time_is_in_neither_table(store, study):
    person = joining.join(store, study, "1", NOW)
    answer(store, study, person, response("none", layout="single"))
    answer(store, study, person, rated(1, 2, 3))
    assert len(ratings.ratings(store, study.id, everything=True)) == 3
    kept = votes.votes(store, study.id, everything=True)
    assert list(kept["excluded"].str.partition(",")[0]) == ["no answer in time", "a rating"]
    assert kept["is_A_selected"].isna().all()
    assert votes.votes(store, study.id).empty


def test_no_ratings_is_an_empty_table_with_all_columns(store, study):
    assert list(ratings.ratings(store, study.id).columns) == list(ratings.COLUMNS)


def test_excluded_ratings_come_with_everything_and_their_reason(store, study):
    person = joining.join(store, study, "1", NOW)
    answer(store, study, person, rated(1, 2, 3))
    votes.reset(store, study.id, "a test run")
    assert ratings.ratings(store, study.id).empty
    assert set(ratings.ratings(store, study.id, everything=True)["excluded"]) == {"a test run"}


def test_the_table_is_written_as_votes_are(store, study):
    observers.simulate(store, study, observers.even_scores(study.definition), 2, 0, NOW)
    table = ratings.ratings(store, study.id, simulated=True)
    read = pd.read_csv(StringIO(to_csv(table)))
    assert list(read["rating"]) == list(table["rating"])
    lines = votes.to_json_lines(table).splitlines()
    assert [json.loads(line)["criterion"] for line in lines] == list(table["criterion"])


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ({}, ""),
        ({"zoom": 2}, "zoom 2"),
        ({"zoom": 2, "amplification": 2}, "zoom 2, amplification 2"),
    ],
)
def test_votes_say_how_the_pictures_were_boosted(store, tmp_path, protocol, words):
    study = open_tiny(store, tmp_path / "tiny", **protocol)
    observers.simulate(store, study, observers.even_scores(study.definition), 1, 0, NOW)
    assert set(votes.votes(store, study.id, simulated=True)["boosting"]) == {words}


def test_ratings_say_so_too(store, tmp_path):
    study = open_grading(store, tmp_path / "grading", amplification=2)
    observers.simulate(store, study, observers.even_scores(study.definition), 1, 0, NOW)
    assert set(ratings.ratings(store, study.id, True)["boosting"]) == {"amplification 2"}


def test_simulated_ratings_pass_the_checks_for_real_ones(store, study):
    observers.simulate(store, study, observers.even_scores(study.definition), 1, 0, NOW)
    rows = store.rows("SELECT * FROM answers", {})
    decoded = ("swaps_ms", "gaps_ms", "seen_ms", "ratings")
    bodies = [row | {name: json.loads(row[name]) for name in decoded} for row in rows]
    assert len(bodies) == 16 + 2
    assert {rating.read(body, study.definition).choice for body in bodies} == {"rated"}
    assert {row["flags"] for row in rows} == {""}
