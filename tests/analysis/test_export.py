"""Scores as text: complete, strict, harmless."""

import csv
import io
import json

import numpy as np
import pytest

from tests.analysis.made import matrix, study
from uplapp import __version__
from uplapp.analysis.analyse import analyse
from uplapp.analysis.export import headline, neutral, ranking, to_csv, to_json
from uplapp.analysis.published import published
from uplapp.values import Comparisons, Method

KEYS = {"conditions", "jod", "low", "high", "interval", "prior", "observers", "comparisons", "pairs"}
KEYS |= {"identifiable", "warnings", "seed", "version"}
PAIR = {"a", "b", "difference", "se", "p", "p_adjusted", "significant"}


@pytest.fixture(scope="module")
def scores():
    return analyse(study(np.array([0.8, 0.0, -0.8]), 6, 10, seed=1), Method(bootstraps=100))


@pytest.fixture(scope="module")
def undefined():
    return analyse(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=20))


def test_the_json_holds_what_the_documents_promise(scores):
    found = json.loads(to_json(scores))
    assert set(found) >= KEYS
    assert all(set(pair) == PAIR for pair in found["pairs"])
    assert len(found["pairs"]) == 3
    assert (found["conditions"], found["observers"], found["comparisons"]) == (["a", "b", "c"], 6, 180)
    assert (found["interval"], found["prior"], found["seed"]) == ("t", "distance", 0)
    assert found["version"] == __version__
    assert found["jod"] == pytest.approx(scores.jod)


def test_what_is_undefined_is_null_never_nan(undefined):
    found = json.loads(to_json(undefined), parse_constant=pytest.fail)
    assert found["jod"] == found["low"] == found["high"] == [None, None, None]
    assert {pair["difference"] for pair in found["pairs"]} == {None}
    assert found["identifiable"] is False
    assert found["observers"] is None


def test_the_ranking_is_best_first_and_tells_the_share_of_votes(scores):
    table = ranking(scores)
    assert table["condition"].tolist() == ["a", "b", "c"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["chosen_share"][0] == scores.wins[0].sum() / 120


def test_undefined_scores_have_no_rank(undefined):
    assert ranking(undefined)["rank"].isna().all()


def test_the_csv_says_in_every_row_how_the_numbers_came_about(scores):
    rows = list(csv.DictReader(io.StringIO(to_csv(scores))))
    assert [row["condition"] for row in rows] == ["a", "b", "c"]
    assert {row["seed"] for row in rows} == {"0"}
    assert {row["version"] for row in rows} == {__version__}
    assert rows[0]["units"].startswith("JOD")
    assert float(rows[0]["jod"]) == pytest.approx(scores.jod[0], abs=1e-6)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_name_is_a_formula_to_a_spreadsheet(name):
    assert neutral(name) == f"'{name}"
    found = analyse(matrix((0, 2, 1), (1, 0, 2), (2, 1, 0), names=[name, "b", "c"]), Method(bootstraps=2))
    assert f"'{name}" in to_csv(found)


def test_the_headline_names_the_leader_and_how_sure_we_are(undefined):
    assert headline(analyse(published("denoising"))) == (
        "LPIPS+l2 looks best, clearly above all others (1680 comparisons)."
    )
    assert headline(analyse(published("mri"))) == (
        "MS-SSIM leads, clearly above 3 of 5 others (730 comparisons)."
    )
    tie = analyse(matrix((0, 6), (5, 0)), Method(bootstraps=50))
    assert headline(tie) == "No clear winner: the lead of a may be chance (11 comparisons)."
    assert headline(undefined) == "No ranking: 3 comparisons do not fix the scores."


def test_few_observers_never_make_a_clear_winner():
    wins = np.zeros((5, 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = 90, 10
    found = analyse(Comparisons(("a", "b"), tuple("pqrst"), wins), Method(bootstraps=100))
    assert headline(found) == "a leads, on too few votes to be sure (500 comparisons of 5 observers)."
    assert any("intervals of 5 observers may be too narrow" in warning for warning in found.warnings)
