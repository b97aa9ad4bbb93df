"""Evaluation tables: means over images and seeds, undefined values, layout."""

import json
from dataclasses import asdict

import pytest
import torch

from tests.imaging.checkpoints.made import make
from uplapp.errors import UplappError
from uplapp.imaging.checkpoints.folder import Checkpoints
from uplapp.imaging.evaluation.table import Evaluation, build_metrics, evaluate, measure
from uplapp.imaging.evaluation.text import format_evaluation
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.physics import GaussianNoise


def photographs(folder, sides=(48, 40)):
    folder.mkdir()
    for number, side in enumerate(sides):
        pixels = torch.rand(3, side, side, generator=torch.Generator().manual_seed(number))
        (folder / f"{number}.png").write_bytes(encode_png(pixels))
    return folder


def test_a_row_is_the_mean_over_images_and_seeds(tmp_path):
    folder = photographs(tmp_path / "two")
    card, _ = make(tmp_path)
    both = evaluate(Checkpoints((tmp_path,)), [card], folder, seeds=(0, 1))
    single = [
        evaluate(Checkpoints((tmp_path,)), [card], folder, seeds=(seed,)).rows[0]["psnr"] for seed in (0, 1)
    ]
    assert both.images == 2
    assert both.rows[0]["psnr"] == pytest.approx(sum(single) / 2)


def test_a_metric_that_is_not_defined_is_null_with_a_warning(tmp_path):
    folder = photographs(tmp_path / "small", sides=(48, 8))
    card, _ = make(tmp_path)
    result = evaluate(Checkpoints((tmp_path,)), [card], folder)
    assert result.rows[0]["ssim"] is None
    assert "ssim is not defined on every image for denoise-unet-l2" in result.warnings
    json.dumps(asdict(result), allow_nan=False)


def test_equal_images_have_no_psnr():
    image = torch.rand(3, 16, 16)
    metrics, _ = build_metrics(("psnr", "l1"))
    assert measure(image, image, metrics) == {"psnr": None, "l1": 0}


def test_a_metric_whose_weights_are_missing_is_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("UPLAPP_WEIGHTS", str(tmp_path / "nowhere"))
    card, _ = make(tmp_path)
    result = evaluate(Checkpoints((tmp_path,)), [card], photographs(tmp_path / "any"))
    assert result.rows[0]["lpips"] is None
    assert [text for text in result.warnings if text.startswith("lpips")] == [result.warnings[0]]
    assert "lpips is not measured: " in result.warnings[0]


def test_lpips_takes_the_backbone_it_is_told(tmp_path):
    card, _ = make(tmp_path)
    folder = photographs(tmp_path / "any")
    alex, squeeze = (
        evaluate(Checkpoints((tmp_path,)), [card], folder, backbone=name).rows[0]["lpips"]
        for name in ("alex", "squeeze")
    )
    assert alex != squeeze


def test_no_checkpoint_is_told(tmp_path):
    with pytest.raises(UplappError, match="there is no checkpoint of this task"):
        evaluate(Checkpoints((tmp_path,)), [], photographs(tmp_path / "any"))


def test_the_layout_is_the_published_one():
    rows = [{"checkpoint": "a", "loss": "l1", "label": "L1", **dict.fromkeys(METRICS, 0.5)}]
    rows += [
        {"checkpoint": "b", "loss": "flip", "label": "FLIP", **dict.fromkeys(METRICS, 0.25), "ssim": None}
    ]
    noisy = dict.fromkeys(METRICS, 0.125)
    lines = format_evaluation(Evaluation("denoise", "sigma 25", 25, (0,), 1, noisy, rows)).splitlines()
    assert lines[0] == "|  | Noisy | L1 | FLIP |"
    assert "| PSNR (dB) | 0.12 | **0.50** | 0.25 |" in lines
    assert "| FLIP | 0.1250 | 0.5000 | **0.2500** |" in lines
    assert "| SSIM | 0.1250 | **0.5000** | – |" in lines


def test_what_no_checkpoint_has_is_the_best_of_none():
    rows = [{"checkpoint": "a", "loss": "l1", "label": "L1", **dict.fromkeys(METRICS, 0.5), "lpips": None}]
    noisy = {**dict.fromkeys(METRICS, 0.125), "lpips": None}
    lines = format_evaluation(Evaluation("denoise", "sigma 25", 25, (0,), 1, noisy, rows)).splitlines()
    assert "| LPIPS | – | – |" in lines


def test_checkpoints_of_two_tasks_and_another_tasks_degradation_are_refused(tmp_path):
    photo, slice_ = make(tmp_path)[0], make(tmp_path, task="mri")[0]
    checkpoints, folder = Checkpoints((tmp_path,)), photographs(tmp_path / "any")
    with pytest.raises(UplappError, match="for the tasks denoise and mri; give those of one"):
        evaluate(checkpoints, [photo, slice_], folder)
    with pytest.raises(UplappError, match="sigma 25 is not what the task 'mri' is measured under"):
        evaluate(checkpoints, [slice_], folder, GaussianNoise(25))
