"""A network fitted to one slice on the page: its image forms on screen, and stopping keeps what there is."""

import io
import json
import zipfile

import pytest

from tests.browser.launching import both_sizes
from tests.browser.moves import download, fits

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SETTINGS = {"k": 8, "l": 3, "s": 8, "iterations": 100_000, "starts": 2}


@pytest.fixture
def fitting(page):
    """The page with the Deep Decoder alone ticked for a slice, small and with more iterations than time."""
    page.get_by_label("MR reconstruction").check()
    page.get_by_text("middle.png, 197x233").wait_for()
    for box in page.locator("#checkpoints-mri input").all():
        box.uncheck()
    page.locator("#methods-mri label").filter(has_text="Deep Decoder").locator("input").check()
    page.locator("#options-deep_decoder").get_by_role("button", name="More").click()
    for name, value in SETTINGS.items():
        page.locator(f"#deep_decoder-{name}").locator("input, textarea").fill(str(value))
    return page


@both_sizes
def test_the_image_forms_on_screen_and_stopping_keeps_it(fitting):
    fitting.locator("#restore").click()
    picture = fitting.locator("#fit-picture img")
    first = picture.get_attribute("src")
    fitting.locator("#fit-curve .vega-embed").wait_for()
    fitting.wait_for_function(
        "(first) => document.querySelector('#fit-picture img').getAttribute('src') !== first", arg=first
    )
    line = fitting.locator("#fit-line").inner_text()
    assert line.startswith("Deep Decoder: iteration ")
    assert "of 100,000" in line
    assert line.strip().endswith(" left")
    assert fits(fitting)
    fitting.locator("#keep").click()
    fitting.locator("#metrics").get_by_text("was stopped by hand at iteration").wait_for()
    fitting.locator("#metrics").get_by_text("Its 2 starts are").wait_for()
    assert not fitting.locator("#fit").is_visible()
    with zipfile.ZipFile(io.BytesIO(download(fitting, fitting.locator("#archive")))) as archive:
        assert "middle-deep_decoder-deviation.png" in archive.namelist()
        (result,) = json.loads(archive.read("middle-provenance.json"))["results"]
    assert result["options"] == SETTINGS
    assert result["fit"]["ended"] == "stopped"
    assert 0 < result["fit"]["iterations"] < 100_000


def test_cancel_throws_the_fit_away_and_another_can_begin(fitting):
    fitting.locator("#restore").click()
    fitting.locator("#fit-picture img").wait_for()
    fitting.locator("#cancel").click()
    fitting.get_by_text("Cancelled.").wait_for()
    fitting.locator("#fit").wait_for(state="hidden")
    fitting.locator("#deep_decoder-iterations").locator("input, textarea").fill("3")
    fitting.locator("#restore").click()
    fitting.locator("#metrics").get_by_text("did all its 3 iterations").wait_for()
    assert fitting.locator("#metrics tbody tr").count() == 2
