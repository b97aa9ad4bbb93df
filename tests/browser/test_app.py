"""The whole app as a stranger meets it: `python app.py` on fresh data, clicked through in Chromium."""

import io
import re
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.browser.launching import SIZES, both_sizes
from tests.browser.moves import download, fits, give_picture, restore_by
from uplapp.imaging.files.samples import sample_path

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_both_addresses_answer(app):
    assert httpx.get(app, timeout=60).status_code == 200
    assert httpx.get(f"{app}/study/demo", timeout=60).status_code == 200


def test_pictures_on_screen_are_the_files_sample_for_sample(page, tmp_path):
    picture = give_picture(page, tmp_path)
    restore_by(page, "L2")
    page.get_by_role("tab", name="Pictures").click()
    address = page.locator("#results img").first.get_attribute("src")
    shown = np.asarray(Image.open(io.BytesIO(httpx.get(address, timeout=60).content)))
    np.testing.assert_array_equal(shown, np.asarray(picture))


def test_an_upload_that_is_no_image_is_told_in_a_sentence(page, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"not an image")
    page.locator("input[type=file][accept*=tiff]").set_input_files(tmp_path / "broken.png")
    notice = page.get_by_text("broken.png is not an image that can be read")
    notice.wait_for()
    assert page.get_by_text("An example that was made before").is_visible()


def test_a_grey_16_bit_upload_comes_back_grey_in_16_bits(page, tmp_path):
    import imagecodecs

    ramp = np.linspace(0, 65535, 80 * 90).reshape(80, 90).astype(np.uint16)
    (tmp_path / "ramp.png").write_bytes(imagecodecs.png_encode(ramp))
    page.locator("input[type=file][accept*=tiff]").set_input_files(tmp_path / "ramp.png")
    page.get_by_text("ramp.png, 90x80").wait_for()
    restore_by(page, "L2")
    with zipfile.ZipFile(io.BytesIO(download(page, page.locator("#archive")))) as archive:
        restored = imagecodecs.png_decode(archive.read("ramp-denoise-unet-l2.png"))
        np.testing.assert_array_equal(imagecodecs.png_decode(archive.read("ramp-reference.png")), ramp)
    assert (restored.shape, restored.dtype) == ((80, 90), np.uint16)


def test_cancel_and_another_picture_stop_a_large_job_and_whoever_waits_reads_for_how_many(
    app, open_page, page, tmp_path
):
    from playwright.sync_api import expect

    from uplapp.imaging.files.pictures import encode_png, read_image

    pixels = read_image(sample_path("astronaut")).pixels.repeat(1, 2, 2)
    (tmp_path / "large.png").write_bytes(encode_png(pixels))
    page.locator("input[type=file][accept*=tiff]").set_input_files(tmp_path / "large.png")
    page.get_by_text("large.png, 1024x1024").wait_for()
    page.locator("#restore").click()
    expect(page.locator("#gauge p")).to_have_text("network 1 of 7 (L1), 0%")
    other = open_page(*SIZES["phone"])
    other.goto(app)
    other.locator("#restore").click()
    expect(other.locator("#gauge p")).to_have_text("1 job before yours")
    for each in (other, page):
        each.locator("#cancel").click()
        each.get_by_text("Cancelled.").wait_for()
        expect(each.locator("#gauge p")).to_be_empty()
    assert page.get_by_text("large.png, 1024x1024").is_visible(), "what was shown before stays"
    page.locator("#restore").click()
    expect(page.locator("#gauge p")).to_have_text("network 1 of 7 (L1), 0%")
    give_picture(page, tmp_path)
    expect(page.locator("#gauge p")).to_be_empty()
    restore_by(page, "L1")
    expect(page.locator("#gauge p")).to_have_text("done")


def test_an_address_sets_fields_and_a_tick_asks_nothing_of_the_server(app, page):
    from playwright.sync_api import expect

    ticked = page.locator("#inputs .checkpoints label:has(input:checked)")
    boxes, asked = page.locator("#checkpoints-denoise label"), []
    expect(ticked).to_have_count(7)
    page.on("request", lambda request: asked.append(request.url) if "queue/join" in request.url else None)
    for place in (0, 2, 0, 4, 2):
        boxes.nth(place).click()
    expect(ticked).to_have_text(["L1 †", "L2 †", "MS-SSIM †", "LPIPS + L2 †", "Adaptive †", "uPL †"])
    page.goto(
        f"{app}?sigma=40&seed=<img src=x>&methods=tv&tv.sigma=20&networks=denoise-unet-l2,denoise-unet-upl"
    )
    wrong = "seed is '<img src=x>'; it needs a whole number"  # a name in a notice is text
    page.get_by_text(f"Not all of the address could be set: {wrong}").wait_for()
    expect(page.locator("#denoise-sigma input[type=number]")).to_have_value("40")
    expect(page.locator("#tv-sigma input")).to_have_value("20")
    expect(ticked).to_have_text(["L2 †", "uPL †", "Total variation"])
    assert asked == [url for url in asked if "sigma=40" in url]


@both_sizes
def test_simulated_answers_are_ranked_apart_from_people(page):
    page.get_by_role("tab", name="Study").click()
    page.frame_locator("iframe[title='The study']").get_by_role("checkbox").wait_for()
    progress = page.locator("#progress")
    progress.get_by_text("kept apart").wait_for()
    before = int(re.search(r"(\d+) simulated", progress.inner_text())[1])
    page.get_by_role("button", name="Add simulated observers").click()
    page.get_by_text(f"{before + 14} simulated observers with").wait_for()
    assert progress.bounding_box()["width"] > 250, "the text has room to be read"
    page.get_by_role("tab", name="Analysis").click()
    page.get_by_label("Demo study, live").check()
    page.get_by_text("Nobody has answered yet").wait_for()  # of people; then those of simulated ones
    page.get_by_label("Simulated observers instead of people").check()
    page.get_by_text(f"comparisons of {before + 14} observers").wait_for()
    assert fits(page)
