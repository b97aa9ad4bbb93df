"""`restore` and `evaluate` with methods beside checkpoints, their options, and data consistency."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from tests.imaging.checkpoints.made import make
from tests.imaging.scans import head, kspace_of
from uplapp.__main__ import app
from uplapp.errors import UplappError


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a verb with data in a temporary folder. An UplappError comes through as it is."""
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


@pytest.fixture
def picture(tmp_path):
    """A colour photograph of noise, and a mask that hides its right half."""
    pixels = np.random.default_rng(0).integers(256, size=(20, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "torn.png")
    left = np.zeros((20, 24), dtype=np.uint8)
    left[:, :12] = 255
    Image.fromarray(left).save(tmp_path / "mask.png")
    return tmp_path / "torn.png"


def restored(call, picture, *words):
    """Restore the photograph by total variation, and read what was done and what came out."""
    out = picture.parent / "out"
    call("restore", picture, "-o", out, "--method", "tv", *words)
    done = json.loads((out / "torn-provenance.json").read_text())
    return done, np.asarray(Image.open(out / "torn-tv.png"))


@pytest.mark.parametrize("task", [[], ["--task", "inpaint"]], ids=["by-its-option", "by-its-name"])
def test_a_mask_beside_a_picture_says_what_is_missing_of_it(call, picture, task):
    done, pixels = restored(call, picture, "--mask-image", picture.parent / "mask.png", *task)
    assert (done["task"], done["degradation"]) == ("inpaint", {"mask_image": "mask.png"})
    assert done["results"][0]["scores"] is None
    right = np.asarray(Image.open(picture))[:, 12:]
    assert np.abs(pixels[:, 12:].astype(int) - right).mean() > 20


def test_a_picture_that_is_small_already_becomes_larger(call, picture):
    done, pixels = restored(call, picture, "--enlarge", 3)
    assert (done["task"], done["degradation"]) == ("superresolution", {"enlarge": 3})
    assert pixels.shape == (60, 72, 3)


@pytest.mark.parametrize(
    ("words", "degradation"),
    [
        (["--missing-share", 0.4], {"missing_share": 0.4, "sigma": 0.0, "seed": [0, *map(ord, "torn.png")]}),
        (["--factor", 2, "--sigma", 5], {"factor": 2, "kernel": "bicubic", "sigma": 5.0, "seed": 0}),
    ],
)
def test_a_picture_is_spoilt_first_where_its_strength_is_given(call, picture, words, degradation):
    done, pixels = restored(call, picture, *words)
    assert done["degradation"] == degradation
    assert done["results"][0]["scores"]["psnr"] > 0
    assert pixels.shape == (20, 24, 3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--task", "inpaint"], "comes without a mask"),
        (["--mask-image", "mask.png", "--missing-share", 0.5], "--mask-image is for an image as it is, and"),
        (["--task", "inpaint", "--enlarge", 2], "--enlarge is not for the task 'inpaint'"),
        (["--factor", 9], "factor is 9; it needs a whole number from 2 to 8"),
        (["--missing-share", 1], "share of 1.0 of the pixels cannot be hidden"),
        (["--task", "superresolution", "--kernel", "area"], "--kernel says how, not how much; give --factor"),
        (["--task", "mri", "--mask-image", "mask.png"], "--mask-image is not for the task 'mri'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(call, picture, words, sentence):
    with pytest.raises(UplappError, match=sentence):
        restored(call, picture, *words)


@pytest.mark.parametrize(
    ("task", "method", "words"),
    [("inpaint", "biharmonic", []), ("superresolution", "bicubic", ["--factor", "2"])],
)
def test_a_table_compares_with_the_clean_picture(call, picture, task, method, words):
    (picture.parent / "mask.png").unlink()
    options = ["--task", task, "--data", picture.parent, "--seeds", "0", "--method", method, "--json", *words]
    table = json.loads(call("evaluate", *options).stdout)
    assert [row["method"] for row in table["rows"]] == [method]
    assert table["rows"][0]["psnr"] > 0
    assert table["degraded"]["psnr"] > 0


def test_a_table_takes_no_images_as_they_are(call):
    assert "--mask-image" in call("restore", "--help").stdout
    assert "--mask-image" not in call("evaluate", "--help").stdout


def test_a_table_measures_on_files_as_a_person_says_they_are_read(call, tmp_path):
    grey = np.random.default_rng(0).integers(0, 4096, (48, 48)).astype(np.uint16)
    for name, values in (("counts", grey), ("scaled", np.rint(grey / 4095 * 65535).astype(np.uint16))):
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "a.tif", values)

    def psnr(folder, *words):
        options = ["--data", tmp_path / folder, "--method", "nlm", "--seeds", 0, "--json"]
        return json.loads(call("evaluate", *options, *words).stdout)["degraded"]["psnr"]

    read, plain = psnr("counts", "--white", 4095), psnr("scaled")
    assert read == pytest.approx(plain, abs=1e-3)
    with pytest.raises(UplappError, match="axes says nothing of a photograph; leave it out"):
        psnr("scaled", "--axes", "slices")
