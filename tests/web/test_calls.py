"""What a program may give to the calls by name, and what is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.settings import Settings
from uplapp.web import calls
from uplapp.web.widgets import offer

CHECKPOINTS = Checkpoints(Settings.from_env({}).models)


@pytest.fixture
def picture(tmp_path):
    """An uploaded picture of 40x32 pixels, as Gradio hands it over."""
    Image.fromarray(np.full((32, 40), 90, np.uint8)).save(tmp_path / "grey.png")
    return {"path": offer("grey.png", (tmp_path / "grey.png").read_bytes())}


def refusal(call, *values) -> str:
    with pytest.raises(UplappError) as raised:
        call(*values)
    return str(raised.value)


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", f"{get_upload_folder()}/../x", "a\0b", None, 3])
def test_only_uploaded_files_are_read(path):
    assert "handle_file" in refusal(calls.path_of, {"path": path})


@pytest.mark.parametrize("file", ["/etc/passwd", None, [], 3, {}])
def test_what_is_no_file_is_refused(file):
    assert "handle_file" in refusal(calls.path_of, file)


def test_a_picture_is_restored_and_measured(picture):
    archive, made = calls.restored(CHECKPOINTS, calls.path_of(picture), ["wavelet"], "denoise", {"sigma": 25})
    assert Path(archive["path"]).stat().st_size > 1000
    assert [(row["method"], row["scores"]["psnr"] > 20) for row in made["results"]] == [("wavelet", True)]


def test_a_picture_that_is_restored_as_it_is_has_no_scores(picture):
    _, made = calls.restored(CHECKPOINTS, calls.path_of(picture), ["wavelet"], "denoise", None)
    assert [row["scores"] for row in made["results"]] == [None]


def test_every_listed_name_belongs_to_its_task():
    rows = calls.listed(CHECKPOINTS)
    assert {"denoise", "mri"} <= {row["task"] for row in rows}
    assert ("wavelet", "denoise") in {(row["name"], row["task"]) for row in rows}


@pytest.mark.parametrize(
    ("names", "task", "degradation", "words"),
    [
        ([], "denoise", None, "nothing to restore by"),
        (["none"], "denoise", None, "none"),
        (["wavelet"], "none", None, "none"),
        (["wavelet"], "denoise", {"sigma": -1}, "sigma"),
        (["wavelet"], "denoise", {"sigma": "much"}, "sigma"),
        (["wavelet"], "denoise", {"none": 1}, "none"),
        (["tv"], "inpaint", {"mask_image": "/etc/passwd"}, "mask_image"),
    ],
)
def test_a_wrong_restoration_is_refused(picture, names, task, degradation, words):
    assert words in refusal(calls.restored, CHECKPOINTS, calls.path_of(picture), names, task, degradation)


@pytest.mark.parametrize(("value", "kind"), [("l1", list), (1.5, int), (True, int), (None, str), ([], dict)])
def test_a_value_of_another_type_is_refused(value, kind):
    assert "must be" in refusal(calls.require, {"value": (value, kind)})
