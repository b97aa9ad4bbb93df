"""Scores as text: complete, strict, harmless."""

import csv
import io
import json

import numpy as np
import pytest

from tests.analysis.made import matrix, study, table
from uplapp import __version__
from uplapp.analysis.reading.published import published
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring import analyse, ranking
from uplapp.analysis.writing.report import headline, report, to_csv, to_json
from uplapp.values import Comparisons, Method

KEYS = {"conditions", "jod", "low", "high", "interval", "prior", "observers", "comparisons", "pairs"}
KEYS |= {"identifiable", "warnings", "seed", "version"}
PAIR = {"a", "b", "difference", "se", "p", "p_adjusted", "significant"}


@pytest.fixture(scope="module")
def made():
    return report(study(np.array([0.8, 0.0, -0.8]), 6, 10, seed=1), Method(bootstraps=100))


@pytest.fixture(scope="module")
def undefined():
    return report(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=20))


@pytest.fixture(scope="module")
def full():
    """Votes of three observers on two scenes, one of them left out."""
    votes = from_table(table(("p", "q", "r"), ("s", "t")).assign(kind="main"))
    return report(votes, Method(bootstraps=20), {"r": "late, =often"}, per_scene=True)


def test_the_json_holds_what_the_documents_promise(made):
    scores, output = made.scores, json.loads(to_json(made))
    assert set(output) >= KEYS
    assert all(set(pair) == PAIR for pair in output["pairs"])
    assert len(output["pairs"]) == 3
    assert (output["conditions"], output["observers"], output["comparisons"]) == (["a", "b", "c"], 6, 180)
    assert (output["interval"], output["prior"], output["seed"]) == ("t", "distance", 0)
    assert output["version"] == __version__
    assert output["jod"] == pytest.approx(scores.jod)


def test_the_standard_errors_of_the_pairs_follow_from_the_covariance(made):
    output = json.loads(to_json(made))
    spread = np.array(output["covariance"])
    first, second = np.triu_indices(3, 1)
    se = np.sqrt(spread[first, first] + spread[second, second] - 2 * spread[first, second])
    assert se == pytest.approx([pair["se"] for pair in output["pairs"]])


def test_a_jod_is_a_share_of_answers_as_the_model_knows_no_observers(made):
    assert json.loads(to_json(made))["units"] == "JOD; 1 JOD = 75% of answers choose the higher one"


def test_what_is_undefined_is_null_never_nan(undefined):
    output = json.loads(to_json(undefined), parse_constant=pytest.fail)
    assert output["jod"] == output["low"] == output["high"] == [None, None, None]
    assert {pair["difference"] for pair in output["pairs"]} == {None}
    assert output["covariance"] == [[None] * 3] * 3
    assert output["identifiable"] is False
    assert output["observers"] is None


def test_the_ranking_is_best_first_and_tells_the_share_of_votes(made):
    scores, table = made.scores, ranking(made.scores)
    assert table["condition"].tolist() == ["a", "b", "c"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["chosen_share"][0] == scores.wins[0].sum() / 120


def test_ranks_follow_the_known_order_and_what_nobody_compared_has_none(undefined):
    ranked = ranking(undefined.scores).set_index("condition")["rank"]
    assert (ranked["a"], ranked["b"]) == (1, 2)
    assert ranked.isna().tolist() == [False, False, True]


def test_the_csv_says_in_every_row_how_the_numbers_came_about(made):
    rows = list(csv.DictReader(io.StringIO(to_csv(made))))
    assert [row["condition"] for row in rows] == ["a", "b", "c"]
    assert {row["seed"] for row in rows} == {"0"}
    assert {row["version"] for row in rows} == {__version__}
    assert rows[0]["units"].startswith("JOD")
    assert float(rows[0]["jod"]) == pytest.approx(made.scores.jod[0], abs=1e-6)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_name_is_a_formula_to_a_spreadsheet(name):
    result = report(matrix((0, 2, 1), (1, 0, 2), (2, 1, 0), names=[name, "b", "c"]), Method(bootstraps=2))
    assert f"'{name}" in to_csv(result)


def test_the_headline_names_the_leader_and_how_sure_we_are(undefined):
    assert headline(analyse(published("denoising"))) == (
        "LPIPS+l2 looks best, clearly above all others (1680 comparisons)."
    )
    assert headline(analyse(published("mri"))) == (
        "MS-SSIM leads, clearly above 3 of 5 others (730 comparisons)."
    )
    tie = analyse(matrix((0, 6), (5, 0)), Method(bootstraps=50))
    assert headline(tie) == "No clear winner: the lead of a may be chance (11 comparisons)."
    assert headline(undefined.scores) == "No ranking: 3 comparisons do not fix the scores."


def test_few_observers_never_make_a_clear_winner():
    wins = np.zeros((5, 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = 90, 10
    scores = analyse(Comparisons(("a", "b"), tuple("pqrst"), wins), Method(bootstraps=100))
    assert headline(scores) == "a leads, on too few votes to be sure (500 comparisons of 5 observers)."
    assert any("intervals of 5 observers may be too narrow" in warning for warning in scores.warnings)


def test_the_json_tells_how_the_votes_were_taken(full):
    output = json.loads(to_json(full), parse_constant=pytest.fail)
    assert output["excluded"] == [{"observer": "r", "reason": "late, =often"}]
    assert output["everyone"]["observers"] == 3
    assert output["observers"] == 2
    assert output["everyone"]["jod"] == pytest.approx(full.everyone.jod)
    assert output["method"] == vars(full.scores.method)
    assert output["letters"] == list(full.letters)
    assert set(output["goodness_of_fit"]) == {"g2", "df", "p"}
    assert output["triads"]["complete"] == full.triads.complete
    assert output["triads"]["observers"]["complete"] == full.observers_triads.complete
    assert output["side_bias"] is None or set(output["side_bias"]) == {"jod", "se"}
    assert output["tie"] is None
    assert output["left_out"] == {"practice": 0, "catch": 0, "repeat": 0}


def test_the_json_of_a_scene_is_that_of_a_study(full):
    output = json.loads(to_json(full))
    assert set(output["scenes"]) == {"s", "t"}
    assert set(output["scenes"]["s"]) >= KEYS - {"prior", "seed", "version"}
    assert output["scenes"]["s"]["jod"] == pytest.approx(full.scenes["s"].jod)


def test_the_csv_tells_scenes_apart_and_who_was_left_out_and_why(full):
    rows = list(csv.DictReader(io.StringIO(to_csv(full))))
    assert [row["scene"] for row in rows] == [""] * 3 + ["s"] * 3 + ["t"] * 3
    assert {row["excluded"] for row in rows} == {"r: late, =often"}
    assert {row["ties"] for row in rows} == {"half"}
