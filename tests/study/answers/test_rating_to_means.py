"""Simulated raters with known scores, from the session over the database and the CSV to the intervals."""

import json

import numpy as np
import pytest

from tests.analysis.rated import expected
from tests.calling import printer
from tests.study.rated import open_grading
from tests.study.tiny import NOW
from uplapp.analysis.reading.ratings import from_table
from uplapp.analysis.reading.tables import read_table
from uplapp.commands.ratings import ratings as command
from uplapp.plain import to_csv
from uplapp.study.exports import ratings
from uplapp.study.simulation import observers, raters

SCORES = {"l1": 2.5, "l2": 1.9, "ms_ssim": 1.3, "flip": 0.5}
SPREAD = 0.2
OBSERVERS = 24

run = printer(command)


@pytest.fixture
def exported(store, tmp_path):
    """The CSV of a simulated expert grading."""
    study = open_grading(store, tmp_path / "grading")
    observers.simulate(store, study, SCORES, OBSERVERS, 3, NOW, SPREAD)
    path = tmp_path / "ratings.csv"
    path.write_text(to_csv(ratings.ratings(store, study.id, simulated=True)), encoding="utf-8")
    return path


def test_the_known_means_lie_in_their_intervals(exported):
    output = json.loads(run(exported, "--json"), parse_constant=pytest.fail)
    sd = float(np.sqrt(raters.BIAS_SD**2 + raters.NOISE_SD**2 + SPREAD**2))
    truth = {name: expected(score, sd, 0, 3) for name, score in SCORES.items()}
    means = [row for row in output["means"] if row["condition"] in truth]
    outside = [row for row in means if not row["low"] <= truth[row["condition"]] <= row["high"]]
    assert len(means) == 4 * 3
    assert len(outside) <= 2  # of twelve 95% intervals, three at a time of the same observers
    assert max(row["high"] - row["low"] for row in means) < 0.6
    assert [row["condition"] for row in means[:4]] == list(SCORES)
    assert {row["observers"] for row in means} == {OBSERVERS}
    assert output["simulated"] is True


def test_the_order_of_the_known_scores_is_significant_and_the_reference_on_top(exported):
    output = json.loads(run(exported, "--json"))
    assert all(row["significant"] for row in output["differences"])
    assert len(output["differences"]) == 3 * 6
    below = [row["reference_difference"] for row in output["means"] if row["condition"] != "reference"]
    assert max(below) < 0


def test_the_file_holds_what_the_live_table_holds(store, exported):
    study = store.row("SELECT id FROM studies")["id"]
    live = from_table(ratings.ratings(store, study, simulated=True), simulated=True)
    kept = from_table(read_table(exported), simulated=True)
    columns = ["observer", "condition", "scene", "criterion", "rating", "kind"]
    assert live.table[columns].to_numpy().tolist() == kept.table[columns].to_numpy().tolist()
    assert live.manifest == kept.manifest != ""
