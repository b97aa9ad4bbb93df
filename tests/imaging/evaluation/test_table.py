"""Evaluation tables: means over images and seeds, undefined values, layout."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from tests.imaging.checkpoints.made import make
from tests.imaging.scans import head, kspace_of
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.errors import UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards, of_methods
from uplapp.imaging.evaluation.job import Evaluation, evaluate, read_case
from uplapp.imaging.evaluation.scores import build_metrics, measure
from uplapp.imaging.evaluation.text import format_evaluation, scores_csv
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.metrics import METRICS, MetricEntry
from uplapp.imaging.physics import GaussianNoise, of_pixels

NETWORK = {"method": "network", "consistency": None}


def photographs(folder, sides=(48, 40)):
    folder.mkdir()
    for number, side in enumerate(sides):
        pixels = torch.rand(3, side, side, generator=torch.Generator().manual_seed(number))
        (folder / f"{number}.png").write_bytes(encode_png(pixels))
    return folder


def by(folder, *cards):
    """Make candidates of the cards of a folder."""
    return of_cards(Checkpoints((folder,)), cards)


def test_a_row_is_the_mean_over_images_and_seeds(tmp_path):
    folder = photographs(tmp_path / "two")
    card, _ = make(tmp_path)
    both = evaluate("denoise", by(tmp_path, card), folder, seeds=(0, 1))
    single = [
        evaluate("denoise", by(tmp_path, card), folder, seeds=(seed,)).rows[0]["psnr"] for seed in (0, 1)
    ]
    assert both.images == 2
    assert both.rows[0]["psnr"] == pytest.approx(sum(single) / 2)


def test_a_metric_that_is_not_defined_is_null_with_a_warning(tmp_path):
    folder = photographs(tmp_path / "small", sides=(48, 8))
    card, _ = make(tmp_path)
    result = evaluate("denoise", by(tmp_path, card), folder)
    assert result.rows[0]["ssim"] is None
    assert "ssim is not defined on every image for denoise-unet-l2" in result.warnings
    json.dumps(asdict(result), allow_nan=False)


def test_equal_images_have_no_psnr():
    image = torch.rand(3, 16, 16)
    metrics, _ = build_metrics(("psnr", "l1"))
    case = Case("x", "denoise", of_pixels(image), image)
    assert measure(image, case, metrics) == {"psnr": None, "l1": 0}


def test_a_metric_whose_weights_are_missing_is_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("UPLAPP_WEIGHTS", str(tmp_path / "nowhere"))
    card, _ = make(tmp_path)
    result = evaluate("denoise", by(tmp_path, card), photographs(tmp_path / "any"))
    assert result.rows[0]["lpips"] is None
    assert [text for text in result.warnings if text.startswith("lpips")] == [result.warnings[0]]
    assert "lpips is not measured: " in result.warnings[0]


def test_lpips_takes_the_backbone_it_is_told(tmp_path):
    card, _ = make(tmp_path)
    folder = photographs(tmp_path / "any")
    alex, squeeze = (
        evaluate("denoise", by(tmp_path, card), folder, backbone=name).rows[0]["lpips"]
        for name in ("alex", "squeeze")
    )
    assert alex != squeeze


def test_no_checkpoint_is_told(tmp_path):
    with pytest.raises(
        UplappError, match="there is no checkpoint of the task 'denoise'; train one, or name a method"
    ):
        evaluate("denoise", [], photographs(tmp_path / "any"))


def test_the_layout_is_the_published_one():
    rows = [{**NETWORK, "checkpoint": "a", "loss": "l1", "label": "L1", **dict.fromkeys(METRICS, 0.5)}]
    rows += [
        {
            **NETWORK,
            "checkpoint": "b",
            "loss": "flip",
            "label": "FLIP",
            **dict.fromkeys(METRICS, 0.25),
            "ssim": None,
        }
    ]
    noisy = dict.fromkeys(METRICS, 0.125)
    lines = format_evaluation(Evaluation("denoise", "sigma 25", 25, (0,), 1, noisy, rows)).splitlines()
    assert lines[0] == "|  | Noisy | L1 | FLIP |"
    assert "| PSNR (dB) | 0.12 | **0.50** | 0.25 |" in lines
    assert "| FLIP | 0.1250 | 0.5000 | **0.2500** |" in lines
    assert "| SSIM | 0.1250 | **0.5000** | – |" in lines


def test_what_no_checkpoint_has_is_the_best_of_none():
    rows = [
        {
            **NETWORK,
            "checkpoint": "a",
            "loss": "l1",
            "label": "L1",
            **dict.fromkeys(METRICS, 0.5),
            "lpips": None,
        }
    ]
    noisy = {**dict.fromkeys(METRICS, 0.125), "lpips": None}
    lines = format_evaluation(Evaluation("denoise", "sigma 25", 25, (0,), 1, noisy, rows)).splitlines()
    assert "| LPIPS | – | – |" in lines


def test_checkpoints_of_two_tasks_and_another_tasks_degradation_are_refused(tmp_path):
    photo, slice_ = make(tmp_path)[0], make(tmp_path, task="mri")[0]
    folder = photographs(tmp_path / "any")
    with pytest.raises(UplappError, match="checkpoint 'mri-unet-l2' is not for the task 'denoise'"):
        evaluate("denoise", by(tmp_path, photo, slice_), folder)
    with pytest.raises(UplappError, match="sigma 25 does not fit the task 'mri'"):
        evaluate("mri", by(tmp_path, slice_), folder, GaussianNoise(25))


def test_rows_say_method_and_checkpoint_and_whether_data_were_put_back(tmp_path):
    card, _ = make(tmp_path)
    result = evaluate("denoise", [*by(tmp_path, card), *of_methods(["tv"])], photographs(tmp_path / "any"))
    assert [(row["method"], row["checkpoint"], row["consistency"]) for row in result.rows] == [
        ("network", "denoise-unet-l2", None),
        ("tv", None, None),
    ]
    assert [row["label"] for row in result.rows] == ["L2", "Total variation"]
    assert (result.sigma, result.degradation) == (25, "sigma 25")
    assert "data consistency" not in format_evaluation(result)
    json.dumps(asdict(result), allow_nan=False)


def test_the_scores_of_each_image_average_to_the_table_and_are_read_as_metrics(tmp_path):
    folder = photographs(tmp_path / "two")
    result = evaluate("denoise", of_methods(["tv", "nlm"]), folder, seeds=(0, 1))
    assert len(result.scenes) == 2 * 3
    for row, name in zip([result.degraded, *result.rows], ("noisy", "tv", "nlm"), strict=True):
        each = [one["psnr"] for one in result.scenes if one["condition"] == name]
        assert row["psnr"] == pytest.approx(sum(each) / 2)
    (tmp_path / "scores.csv").write_text(scores_csv(result.scenes))
    metrics = read_metrics(tmp_path / "scores.csv")
    assert (len(metrics.scenes), metrics.conditions, metrics.notes) == (2, ("nlm", "noisy", "tv"), ())
    assert dict(zip(metrics.names, metrics.better, strict=True))["l1"] == "lower"
    assert metrics.values[metrics.names.index("psnr"), 0, 2] == result.scenes[1]["psnr"]


def test_slices_are_evaluated_with_and_without_data_consistency(tmp_path):
    card, _ = make(tmp_path, task="mri")
    folder = tmp_path / "slices"
    folder.mkdir()
    np.save(folder / "head.npy", kspace_of(head(100, 96)))
    on, off = (
        evaluate("mri", of_cards(Checkpoints((tmp_path,)), [card], choice), folder, seeds=(0,))
        for choice in (1, 0)
    )
    assert (on.rows[0]["psnr"] > off.rows[0]["psnr"], on.degraded == off.degraded) == (True, True)
    assert on.sigma is None
    assert "Measured samples were put back into what" in format_evaluation(on)
    assert "Measured samples were not put back into what" in format_evaluation(off)


def test_grey_photographs_are_evaluated_as_grey(tmp_path):
    folder = tmp_path / "grey"
    folder.mkdir()
    pixels = torch.linspace(0, 1, 60).expand(1, 60, 60)
    (folder / "ramp.png").write_bytes(encode_png(pixels))
    result = evaluate("denoise", of_methods(["tv"]), folder, seeds=(0,))
    case = read_case(folder / "ramp.png", "denoise", GaussianNoise(25))
    assert case.seen.shape == (1, 60, 60)
    metrics, _ = build_metrics(("psnr", "l1"))
    assert measure(case.seen, case, metrics) == {name: result.degraded[name] for name in ("psnr", "l1")}


def dice(estimate, case):
    """Compare with the labels of a case."""
    return (estimate - case.extras["labels"]).abs().flatten(1).mean(dim=1)


def test_a_metric_that_needs_labels_is_measured_where_there_are_some(tmp_path):
    image = torch.rand(3, 16, 16)
    case = Case("x", "denoise", of_pixels(image), image)
    labelled = replace(case, extras={"labels": image})
    with METRICS.joined("overlap", MetricEntry(lambda: dice, "Dice", "here", needs=("labels",))):
        metrics, _ = build_metrics(("overlap",))
        assert measure(image, case, metrics) == {"overlap": None}
        assert measure(image, labelled, metrics) == {"overlap": 0}
        assert METRICS["overlap"].lacks(case) == ("labels",)
    assert "overlap" not in METRICS


def test_a_metric_of_pictures_is_not_measured_on_volumes():
    volume = torch.rand(1, 16, 16, 16)
    metrics, _ = build_metrics(("vif",))
    assert measure(volume, Case("x", "denoise", of_pixels(volume), volume), metrics) == {"vif": None}
