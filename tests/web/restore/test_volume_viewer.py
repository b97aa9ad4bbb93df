"""A volume on the Restore tab without a browser: what its viewer is given, and the files it may fetch."""

import asyncio
import html
import json
import re
from pathlib import Path
from urllib.parse import unquote

import gradio as gr
import nibabel
import numpy as np
import pytest
import torch
from gradio.utils import get_upload_folder
from PIL import Image

from tests.imaging.volumes import ball, write
from uplapp.errors import UplappError
from uplapp.imaging.case import Subject
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.files.views import as_bytes, picture_of, view_of
from uplapp.imaging.files.volumes import read_volume
from uplapp.imaging.physics import Space, of_magnitude
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import jobs, outputs, restore_tab
from uplapp.web.restore.method_forms import lay_out_method_forms
from uplapp.web.restore.panels import lay_out_panel
from uplapp.web.restore.running import Report, Wish, how_far
from uplapp.web.restore.volume_viewer import FILES, MOST_VOXELS, frame_of, require_for_page

SHAPE = (20, 22, 12)
AFFINE = np.array([[-1.5, 0, 0, 4], [0, 0, 2.0, 5], [0, 1.5, 0, -6], [0, 0, 0, 1]])
NAMES = [field for field in outputs.Outputs.__dataclass_fields__]


async def laid_out() -> tuple:
    with gr.Blocks():
        panel = lay_out_panel("volume", [], visible=True)
        return panel, lay_out_method_forms(gr.Radio(["volume"], value="volume"), {"volume": panel.methods})


def restore(path, *degradation) -> dict:
    """Restore a file on the page by a Gaussian. Returns what the page is then given, by output."""
    panel, forms = asyncio.run(laid_out())
    values = {
        **{"task": "volume", "wish": Wish(), panel.source: str(path), panel.slices: 0},
        **{panel.checkpoints: [], panel.consistency: True, panel.methods: ["gaussian"]},
        **dict(zip(panel.form.fields, degradation or [f.value for f in panel.form.fields], strict=True)),
        **{field: field.value for field in panel.reading.components},
        **{field: field.value for form in forms for field in form.components},
    }
    asked = jobs.Asked(Checkpoints(()), "task", [panel], forms, "wish")
    *_, last = jobs.restore(asked, values, progress=lambda *share, **words: None)
    return dict(zip(NAMES, last, strict=False))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("upload") / "head.nii.gz"
    nibabel.save(nibabel.Nifti1Image(ball(SHAPE).astype(np.float32), AFFINE), path)
    return path


@pytest.fixture(scope="module")
def shown(file, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield restore(file)


def given(frame: str) -> dict:
    """What a frame gives to its script."""
    inner = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    return json.loads(re.search(r'type="application/json">(.*?)</script>', inner, re.DOTALL)[1])


def test_the_viewer_names_the_reference_the_input_and_each_result(shown):
    assert [name for name, _ in given(shown["compare"])["volumes"]] == ["Reference", "Noisy", "Gaussian"]


def test_each_address_holds_the_voxels_of_its_volume(shown, file):
    (_, address), *_ = given(shown["compare"])["volumes"]
    assert address.startswith(FILES)
    clean = read_volume(file)
    assert Path(unquote(address.removeprefix(FILES))).read_bytes() == as_bytes(clean.voxels)
    assert given(shown["compare"])["sides"] == list(clean.voxels.shape[1:])
    assert given(shown["compare"])["spacing"] == list(clean.space.spacing_mm)


def test_an_address_lies_where_gradio_deletes_and_says_neither_file_nor_method(shown):
    addresses = [unquote(url.removeprefix(FILES)) for _, url in given(shown["compare"])["volumes"]]
    assert shown["voxels"] == addresses
    assert len(set(addresses)) == 3
    for address in addresses:
        inside = Path(address).relative_to(get_upload_folder())
        assert re.fullmatch(r"[0-9a-f]{64}/voxels\.bin", str(inside))


def test_every_volume_is_offered_as_nifti_with_the_affine_and_unit_of_the_input(shown, file):
    paths = shown["niftis"]["value"]
    assert [Path(path).name for path in paths] == [
        *("head-reference.nii.gz", "head-noisy.nii.gz", "head-gaussian.nii.gz")
    ]
    for path in paths:
        np.testing.assert_array_equal(nibabel.load(path).affine, AFFINE)
        assert nibabel.load(path).shape == SHAPE
    np.testing.assert_allclose(
        nibabel.load(paths[0]).get_fdata(), nibabel.load(file).get_fdata(), rtol=1e-6, atol=1e-4
    )


def test_the_gallery_shows_projections_with_square_pixels(shown, file):
    assert [caption for _, caption in shown["pictures"]] == ["Reference", "Noisy", "Gaussian"]
    clean = read_volume(file)
    wanted = view_of(clean.voxels, "mip:coronal", clean.space.spacing_mm)[0]
    picture = np.asarray(Image.open(shown["pictures"][0][0]))
    np.testing.assert_allclose(picture / 255, wanted, atol=0.6 / 255)  # rounded to 8 bits
    assert shown["latest"].reference == Path(shown["pictures"][0][0])


def test_a_volume_that_came_noisy_is_compared_with_itself(file, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    shown = restore(file, "Already noisy", 0.05, 0)
    assert [name for name, _ in given(shown["compare"])["volumes"]] == ["Noisy", "Gaussian"]
    assert "clean image is not known" in shown["table"]


def test_the_page_says_the_size_of_a_volume_before_it_is_restored(tmp_path):
    write(tmp_path / "ball.nii.gz", ball(SHAPE))
    _, _, _, _, pictures, *_ = restore_tab.pick_upload("volume", str(tmp_path / "ball.nii.gz"))
    width, height, depth = SHAPE
    assert pictures[0][1] == f"ball.nii.gz, {width}x{height}x{depth}"


@pytest.mark.parametrize(("suffix", "save"), [(".npy", np.save), (".npz", lambda p, v: np.savez(p, data=v))])
def test_arrays_are_taken_as_volumes(tmp_path, suffix, save):
    path = tmp_path / f"ball{suffix}"
    save(path, ball(SHAPE).astype(np.float32))
    _, _, _, _, pictures, *_ = restore_tab.pick_upload("volume", str(path))
    assert "ball" in pictures[0][1]


def test_a_volume_of_two_axes_is_one_sentence(tmp_path):
    np.save(tmp_path / "flat.npy", np.ones((8, 8)))
    with pytest.raises(gr.Error, match="2 axes"):
        restore_tab.pick_upload("volume", str(tmp_path / "flat.npy"))


def test_a_volume_that_would_take_too_much_memory_is_refused_with_the_largest_size():
    large = torch.zeros(1, 1, 1, 1).expand(1, 300, 256, 256)
    subject = Subject("head", large, lambda _: of_magnitude(large), space=Space())
    with pytest.raises(UplappError, match=r"256x256x300 voxels.*256x256x256"):
        require_for_page(subject)
    fitting = large[:, :200]
    require_for_page(Subject("head", fitting, lambda _: of_magnitude(fitting), space=Space()))


def test_every_sample_of_a_volume_fits_the_page():
    for sample in TASKS["volume"].samples.values():
        subject = TASKS["volume"].open(sample.path, None)
        require_for_page(subject)
        assert subject.picture.numel() <= MOST_VOXELS


def test_names_of_volumes_stay_text():
    frame = frame_of((2, 2, 2), (1.0, 1.0, 1.0), {"</script><b>": "v"})
    assert given(frame)["volumes"] == [["</script><b>", "v"]]
    assert "<b>" not in html.unescape(frame)


def test_a_picture_stands_for_itself():
    pixels = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(0))
    assert picture_of(pixels, None) is pixels


@pytest.mark.parametrize(
    ("share", "seconds", "now", "words"),
    [
        (0.25, 10, 10, ", about 30 s left"),
        (0.25, 10, 20, ", about 20 s left"),
        (0.25, 10, 60, ""),
        (0.5, 1, 2, ""),
        (0.0, 0, 50, ""),
        (1.0, 50, 50, ""),
    ],
)
def test_the_time_left_follows_from_the_share_that_is_done(share, seconds, now, words):
    report = Report(share, seconds, "network 2 of 7")
    assert how_far(report, now) == f"network 2 of 7, {100 * share:.0f}%{words}"
