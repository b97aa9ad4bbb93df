"""The semantic score: one for the truth, errors by hand, and the command from files to a table."""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.imaging.checkpoints.made import make
from tests.imaging.discs import Bright, disc_file, segmenter
from uplapp.__main__ import app
from uplapp.errors import UplappError
from uplapp.imaging.case import make_case
from uplapp.imaging.evaluation.semantic import GROUND_TRUTH, Judge, Reading, resample, tabulate
from uplapp.imaging.files.labelled import read_labelled
from uplapp.imaging.physics import Undersampling
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.tasks.labelled import labelled_subjects

# Ten thousand draws know a standard error to .7 percent; four times that.
CLOSE = 0.03


def reading(patient: str, truth: float, *others: float) -> Reading:
    names = (GROUND_TRUTH, "tv", "net")
    scores = {name: {"dice": value} for name, value in zip(names, (truth, *others), strict=False)}
    return Reading("tumour", patient, scores)


def test_the_ground_truth_has_a_score_of_one_without_error():
    rows, _ = tabulate("tumour", [reading("A", 0.9, 0.6), reading("B", 0.7, 0.5)])
    assert (rows[0]["method"], rows[0]["sis"], rows[0]["se"]) == (GROUND_TRUTH, 1, 0)
    assert rows[1]["sis"] == pytest.approx(1.1 / 1.6)


def test_the_error_of_two_patients_by_hand():
    rows, differences = tabulate("tumour", [reading("A", 1.0, 0.8, 0.9), reading("B", 1.0, 0.4, 0.6)])
    # Of two patients a draw is A twice, both, B twice with 1/4, 1/2, 1/4: a deviation of |a - b| / sqrt(8).
    assert rows[1]["dice_se"] == rows[1]["se"] == pytest.approx(0.4 / math.sqrt(8), rel=CLOSE)
    [between] = [row for row in differences if (row["method"], row["other"]) == ("net", "tv")]
    assert between["dice"] == pytest.approx((0.1 + 0.2) / 2)
    assert between["dice_se"] == pytest.approx(0.1 / math.sqrt(8), rel=CLOSE)


def test_patients_are_drawn_and_not_their_slices():
    one = [reading("A", 1.0, 0.8), reading("B", 1.0, 0.4)]
    alone, twice = (tabulate("tumour", each)[0][1]["dice_se"] for each in (one, 2 * one))
    assert twice == pytest.approx(alone)
    weights = resample(["A", "A", "B", "C"])
    assert np.allclose(weights.sum(axis=1), 1)
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert np.array_equal(weights, resample(["A", "A", "B", "C"]))


def test_one_patient_has_no_error():
    rows, _ = tabulate("tumour", [reading("A", 1.0, 0.8), reading("A", 1.0, 0.6)])
    assert math.isnan(rows[1]["se"])
    assert rows[1]["dice"] == pytest.approx(0.7)


def test_a_worse_reconstruction_of_the_same_labels_scores_lower(tmp_path):
    [patient] = read_labelled(disc_file(tmp_path / "one.npz", side=64))
    subject = next(labelled_subjects(patient))
    judge, method = Judge(patient, Bright(), {}), {"zero_filled": RESTORERS.build("zero_filled")}
    values = []
    for acceleration in (2, 8):
        case = make_case(subject, "mri", Undersampling(acceleration=acceleration))
        scores = judge.read(case, method, lambda: True).scores
        assert scores[GROUND_TRUTH]["dice"] == 1
        values.append(scores["zero_filled"]["dice"])
    assert values[0] > values[1]


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a verb beside a tiny network and a tiny segmenter that learned from patient `known`."""
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "data"))
    make(tmp_path / "data" / "models", "ssim", task="mri")
    ships = tmp_path / "ships"
    ships.mkdir()
    monkeypatch.setattr("uplapp.settings.Settings.models", property(lambda own: (ships, own.data / "models")))
    segmenter(ships, learned_from=("known",))
    (tmp_path / "slices").mkdir()
    disc_file(tmp_path / "slices" / "pair.npz", side=64, patient=np.array(["new", "known", "newer"]))
    disc_file(tmp_path / "slices" / "tissue.npz", label_names=np.array(["background", "White matter"]))
    (tmp_path / "slices" / "notes.txt").write_text("no image")

    def run(verb, *words):
        result = CliRunner().invoke(app, [verb, "--data", str(tmp_path / "slices"), *map(str, words)])
        if isinstance(result.exception, UplappError):
            raise result.exception
        return result

    return run


def test_the_command_scores_every_method_on_patients_that_the_segmenter_never_saw(call):
    result = call("sis", "--json", "--acceleration", 4)
    table = json.loads(result.stdout)
    assert [row["method"] for row in table["rows"]][:3] == [GROUND_TRUTH, "zero_filled", "tv"]
    assert table["rows"][-1]["method"] == "mri-unet-ssim"
    assert {"anatomy", "dice", "sis", "se", "psnr", "lpips"} <= set(table["rows"][0])
    assert table["rows"][0]["psnr"] is None
    assert (table["patients"], table["slices"]) == ({"ventricle": ["new", "newer"]}, {"ventricle": 1})
    count = len(table["rows"])
    assert len(table["differences"]) == count * (count - 1) / 2
    for words in ("tissue.npz labels background", "notes.txt holds no labels", "learned from them: known"):
        assert words in result.stderr


def test_named_methods_run_alone_and_the_table_says_who_was_measured(call):
    result = call("sis", "--method", "zero_filled", "--all-patients")
    assert "Left-ventricle cavity, 2 slices of 3 patients (new, known, newer)" in result.stdout
    assert "| Zero-filled |" in result.stdout
    assert "SSIM" not in result.stdout


def test_wrong_use_gets_a_sentence(call, tmp_path):
    with pytest.raises(UplappError, match="segments images and restores none"):
        call("sis", "-c", "mri-segmenter-ventricle")
    disc_file(tmp_path / "slices" / "head.npz", ("flair", "mask"))
    with pytest.raises(UplappError, match=r"head.npz shows a tumour, and there is no segmenter of it"):
        call("sis", "--method", "tv")
    for path in (tmp_path / "slices").glob("*.npz"):
        path.unlink()
    with pytest.raises(UplappError, match="holds no labelled slices"):
        call("sis")
    disc_file(tmp_path / "slices" / "known.npz")
    with pytest.raises(UplappError, match="give --all-patients"):
        call("sis")


def test_a_stop_ends_without_a_table(call, monkeypatch):
    monkeypatch.setattr("uplapp.commands.sis._Line.__call__", lambda line, done, total: False)
    result = call("sis", "--method", "zero_filled")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "stopped; nothing was written" in result.stderr


def test_evaluate_shows_the_score_where_there_are_labels(call, tmp_path):
    (tmp_path / "slices" / "tissue.npz").unlink()
    words = ("--task", "mri", "--method", "zero_filled", "--seeds", 0, "--lpips", "squeeze")
    result = call("evaluate", *words, "--json")
    [row] = json.loads(result.stdout)["rows"]
    assert row["sis"] > 0
    assert "| SIS |" in call("evaluate", *words).stdout
