"""Missing pixels and small pictures in the Restore tab: a mask beside a picture, a picture as it is."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.browser.launching import both_sizes
from tests.browser.moves import download, fits, give_file
from uplapp.imaging.tasks import TASKS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

UPLOAD = "input[type=file][accept*=tiff]"


@pytest.fixture
def torn(tmp_path):
    """A photograph of a ramp, torn in the middle, and the mask of the tear."""
    ramp = np.tile(np.linspace(40, 200, 64).astype(np.uint8), (48, 1))
    mask = np.full((48, 64), 255, dtype=np.uint8)
    mask[:, 28:34] = 0
    Image.fromarray(np.where(mask, ramp, 0).astype(np.uint8)).save(tmp_path / "torn.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    Image.fromarray(mask[:20]).save(tmp_path / "short.png")
    return tmp_path


def unzip(page) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(download(page, page.locator("#archive")))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def begin(page, task, words, path) -> None:
    """Choose a task, a picture of one's own, and that it is used as it is."""
    page.get_by_label(TASKS[task].label, exact=True).check()
    page.locator(f"#samples-{task}").wait_for()
    page.locator(UPLOAD).set_input_files(path)
    page.get_by_text(path.name).first.wait_for()
    page.get_by_label(words).check()


@both_sizes
def test_a_mask_is_uploaded_beside_a_picture_whose_pixels_are_missing(page, torn):
    begin(page, "inpaint", "Pixels are missing already", torn / "torn.png")
    page.get_by_text("white keeps a pixel, black hides it").wait_for()
    give_file(page.locator("#inpaint-mask_image"), torn / "mask.png")
    page.locator("#methods-inpaint").get_by_text("Biharmonic").click()
    page.locator("#restore").click()
    page.locator("#metrics table").wait_for()
    assert fits(page)
    files = unzip(page)
    assert json.loads(files["torn-provenance.json"])["degradation"] == {"mask_image": "mask.png"}
    restored = np.asarray(Image.open(io.BytesIO(files["torn-biharmonic.png"]))).astype(int)
    assert np.abs(restored - np.linspace(40, 200, 64)).max() < 3


def test_a_mask_of_another_size_is_refused_in_a_sentence(page, torn):
    begin(page, "inpaint", "Pixels are missing already", torn / "torn.png")
    give_file(page.locator("#inpaint-mask_image"), torn / "short.png")
    page.locator("#methods-inpaint").get_by_text("Biharmonic").click()
    page.locator("#restore").click()
    page.get_by_text("the mask short.png is 64x20 px, the picture 64x48; make them equal").wait_for()
    assert page.locator("#metrics table").count() == 0


def test_a_small_picture_becomes_as_many_times_larger_as_asked(page, torn):
    begin(page, "superresolution", "Small already", torn / "torn.png")
    page.locator("#superresolution-enlarge input[type=number]").fill("3")
    page.locator("#methods-superresolution").get_by_text("Total variation").click()
    page.locator("#restore").click()
    page.locator("#metrics table").wait_for()
    files = unzip(page)
    assert Image.open(io.BytesIO(files["torn-tv.png"])).size == (192, 144)
