"""Folders of pictures that any program restored are measured as ours are, and go into `agree`."""

import csv
import json

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio
from typer.testing import CliRunner

from uplapp.__main__ import app
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.errors import BadImage
from uplapp.imaging.evaluation.folders import measure_folders
from uplapp.imaging.files.pictures import array_to_tensor, encode_png

SIDES = (40, 48, 3)


def put(folder, name: str, array: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.png").write_bytes(encode_png(array_to_tensor(array)))


@pytest.fixture
def folders(tmp_path):
    """A folder of two references, and two conditions of which `off` is the worse by far."""
    random = np.random.default_rng(0)
    for scene in ("bridge", "river"):
        clean = random.integers(60, 190, SIDES, dtype=np.uint8)
        put(tmp_path / "clean", scene, clean)
        put(tmp_path / "near", scene, clean + 1)
        put(tmp_path / "off", scene, clean + random.integers(0, 40, SIDES, dtype=np.uint8))
    return tmp_path


def test_values_are_those_of_another_library(folders):
    result = measure_folders(folders / "clean", {"near": folders / "near"})
    expected = 20 * np.log10(255)
    assert [row["psnr"] for row in result.scenes] == pytest.approx([expected] * 2, abs=1e-3)
    ones = np.full(SIDES, 1, np.uint8)
    assert expected == pytest.approx(peak_signal_noise_ratio(ones, ones + 1, data_range=255))


def test_the_table_is_one_that_agree_reads(folders):
    out = folders / "METRICS.csv"
    words = ["score", "--reference", folders / "clean", "--csv", out]
    words += [f"--condition={name}={folders / name}" for name in ("near", "off")]
    shown = CliRunner().invoke(app, list(map(str, words)))
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[0] == "|  | near | off |"
    metrics = read_metrics(out)
    assert (metrics.conditions, metrics.scenes) == (("near", "off"), ("bridge", "river"))
    assert set(next(csv.reader(out.read_text().splitlines()))) >= {
        "scene",
        "condition",
        "psnr:higher",
        "flip:lower",
    }
    oriented = metrics.oriented
    assert (oriented[:, :, 0] > oriented[:, :, 1]).all(), "each metric finds the nearer one better"


def test_all_scores_come_as_json(folders):
    words = ["score", "--reference", folders / "clean", f"--condition=off={folders / 'off'}", "--json"]
    result = json.loads(CliRunner().invoke(app, list(map(str, words))).stdout)
    assert [row["scene"] for row in result["scenes"]] == ["bridge", "river"]
    values = [row["ssim"] for row in result["scenes"]]
    assert result["means"]["off"]["ssim"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda near: (near / "river.png").unlink(), "has no picture 'river'; each reference needs one"),
        (
            lambda near: (near / "river.png").rename(near / "river-mine.png"),
            "no picture 'river', and has 'river-mine' without a reference; each reference needs",
        ),
        (lambda near: put(near, "sea", np.zeros(SIDES, np.uint8)), "has a picture 'sea' without a reference"),
        (lambda near: put(near, "river", np.zeros((9, 9, 3), np.uint8)), "9x9 px of 3 channel.*48x40 px"),
        (lambda near: put(near, "river", np.zeros((40, 48), np.uint8)), "of 1 channel.*of 3 channel"),
        (lambda near: (near / "river.jpg").write_bytes(b""), "two pictures called 'river'"),
    ],
)
def test_pictures_that_do_not_pair_are_one_sentence(folders, spoil, sentence):
    spoil(folders / "near")
    with pytest.raises(BadImage, match=sentence):
        measure_folders(folders / "clean", {"near": folders / "near"})
