"""`restore` and `evaluate` with methods beside checkpoints, their options, and data consistency."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.imaging.checkpoints.made import make
from tests.imaging.scans import head, kspace_of
from uplapp.__main__ import app
from uplapp.errors import UplappError


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a verb with data in a temporary folder; an UplappError comes through as it is."""
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "data"))
    make(tmp_path / "data" / "models", "ssim", task="mri")
    (tmp_path / "slices").mkdir()
    np.save(tmp_path / "slices" / "head.npy", kspace_of(head(120, 100)))

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        if isinstance(result.exception, UplappError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


def provenance(call, tmp_path, *words):
    """Restore the slice at 4x and read what was done."""
    out = tmp_path / "out"
    result = call("restore", tmp_path / "slices" / "head.npy", "-o", out, "--acceleration", 4, *words)
    return result, json.loads((out / "head-provenance.json").read_text())["results"]


def test_methods_alone_are_restored_with_their_options(call, tmp_path):
    words = ["--method", "tv", "--method", "zero_filled", "--set", "tv.weight=0.01"]
    result, results = provenance(call, tmp_path, *words)
    assert [(each["method"], each["options"]) for each in results] == [
        ("tv", {"weight": 0.01}),
        ("zero_filled", {}),
    ]
    assert "1 image(s), 0 checkpoint(s), 2 method(s)" in result.stderr


@pytest.mark.parametrize(("words", "consistency"), [([], True), (["--no-consistency"], False)])
def test_a_checkpoint_has_measured_samples_put_back_unless_that_is_switched_off(
    call, tmp_path, words, consistency
):
    result, [made] = provenance(call, tmp_path, "-c", "mri-unet-ssim", *words)
    assert (made["checkpoint"], made["consistency"]) == ("mri-unet-ssim", consistency)
    assert "SSIM was trained on 8x random columns, and this is 4x random columns." in result.stderr


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["--method", "tv"], [("tv", None, None)]),
        (["-c", "mri-unet-ssim"], [("network", "mri-unet-ssim", True)]),
        (
            ["-c", "mri-unet-ssim", "--method", "zero_filled", "--no-consistency"],
            [("network", "mri-unet-ssim", False), ("zero_filled", None, None)],
        ),
    ],
)
def test_rows_of_a_table_say_method_checkpoint_and_consistency(call, tmp_path, words, rows):
    options = ["--task", "mri", "--data", tmp_path / "slices", "--seeds", "0", "--json"]
    table = json.loads(call("evaluate", *options, *words).stdout)
    assert [(row["method"], row["checkpoint"], row["consistency"]) for row in table["rows"]] == rows
    assert table["degraded"]["psnr"] is not None
    assert table["degradation"] == "8x random columns"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--method", "nlm"], "'nlm' restores from pixels, and head was measured as kspace"),
        (["--method", "tv", "--set", "speed=3"], "'--set speed=3' sets nothing here"),
        (["--method", "tv", "--method", "tv"], "'tv' is chosen twice"),
        (["--method", "network"], "'network' needs a checkpoint"),
        (["--task", "denoise", "-c", "mri-unet-ssim"], "for the tasks denoise and mri"),
        (["--task", "mri"], "nothing to restore by is chosen"),
    ],
)
def test_what_cannot_be_restored_is_refused_in_a_sentence(call, tmp_path, words, sentence):
    with pytest.raises(UplappError, match=sentence):
        provenance(call, tmp_path, *words)
