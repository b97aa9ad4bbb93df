import math

import pandas as pd
import pytest

from tests.study.tiny import NOW, response
from uplapp.plain import to_csv
from uplapp.study.exports import votes
from uplapp.study.session import joining, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation import observers
from uplapp.study.store.store import new_token

pytestmark = pytest.mark.study(not_sure=True)


def answer_all(store, study, *choices):
    person = joining.join(store, study, "1", NOW)
    for choice in choices:
        trial = session.state(store, study, person).trial
        session.answer(store, study, person, trial.token, new_token(), response(choice), NOW)


def test_the_first_columns_are_the_fields_own(store, study):
    answer_all(store, study, "left", "right", "not_sure")
    table = votes.votes(store, study.id)
    assert list(table.columns[:7]) == [
        *("observer", "condition_A", "condition_B", "is_A_selected", "scene", "kind", "simulated")
    ]
    assert list(table["is_A_selected"]) == [1.0, 0.0, 0.5]
    assert table["kind"][0] == "practice"
    assert list(table["consent_version"]) == ["1"] * 3


def test_condition_a_is_the_one_on_the_left(store, study):
    answer_all(store, study, "left")
    table, trial = (
        votes.votes(store, study.id),
        store.row('SELECT "left", "right" FROM trials WHERE position = 0'),
    )
    assert (table["condition_A"][0], table["condition_B"][0]) == (trial["left"], trial["right"])


def test_a_vote_tells_what_a_second_analysis_needs(store, study):
    person = joining.join(store, study, "1", NOW, Newcomer(language="en", agent="Firefox/128"))
    trial = session.state(store, study, person).trial
    given = response(response_ms=2100.0, seen_ms=(2000.0, 1900.0))
    session.answer(store, study, person, trial.token, new_token(), given, NOW)
    row, shown = votes.votes(store, study.id).iloc[0], session.reveal(store, trial.token)
    assert row["first"] == {"left": "A", "right": "B"}[shown.first]
    assert (row["seen_A_ms"], row["seen_B_ms"]) == (2000.0, 1900.0)
    assert (row["language"], row["browser"]) == ("en", "Firefox/128")


def test_no_votes_is_an_empty_table_with_all_columns(store, study):
    assert list(votes.votes(store, study.id).columns) == list(votes.COLUMNS)


def test_a_reset_sets_aside_with_a_reason_and_deletes_nothing(store, study):
    answer_all(store, study, "left", "right")
    observers.simulate(store, study, observers.even_scores(study.definition), 1, 0, NOW)
    assert votes.reset(store, study.id, "reset on the Study tab") == 2
    assert votes.votes(store, study.id).empty
    assert votes.progress(store, study.id) == votes.Progress(0, 0, 0, 0, 0)
    kept = votes.votes(store, study.id, everything=True)
    assert list(kept["excluded"]) == ["reset on the Study tab"] * 2


def test_progress_keeps_people_and_simulated_observers_apart(store, study):
    answer_all(store, study, "left")
    observers.simulate(store, study, observers.even_scores(study.definition), 2, 0, NOW)
    assert votes.progress(store, study.id) == votes.Progress(1, 0, 1, 2, 2 * 14)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_is_a_formula_to_a_spreadsheet(cell):
    text = to_csv(pd.DataFrame({"flags": [cell], "response_ms": [-1.5]}))
    assert f"'{cell}" in text
    assert "'-1.5" not in text  # a number is no text


def test_the_spread_of_swaps_is_that_of_their_intervals():
    assert votes.swap_sd_ms([250.0, 500.0, 750.0]) == 0.0
    assert votes.swap_sd_ms([0.0, 249.0, 500.0]) == pytest.approx(math.sqrt(2))
    assert math.isnan(votes.swap_sd_ms([250.0]))
