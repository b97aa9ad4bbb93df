"""What is on screen: the stimulus files, pixel for pixel, at real scale factors, without a flash."""

import base64
import io
import shutil
from contextlib import ExitStack
from functools import cache

import numpy as np
import pytest
from PIL import Image

from tests.browser.launching import FLAGS, PATIENCE_MS
from tests.study.tiny import open_tiny, write_study
from tests.web.serving import mounted
from uplapp.study.session import session

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FACTORS = (1, 1.25, 1.5, 2, 3)
GLANCES = 40
SURROUND = 0x76  # style.css
CORNERS = """() => ['left', 'right'].map((side) => {
    const { left, top } = document.getElementById(`canvas-${side}`).getBoundingClientRect();
    return [left * devicePixelRatio, top * devicePixelRatio];
})"""


@pytest.fixture(scope="module")
def scaled(chromium):
    """`scaled(factor, width, height)`: a browser that has this factor and this size of window itself.

    An emulated factor scales the picture once more, and shows differences where a real display has none.
    """

    @cache
    def launched(factor, width, height):
        flags = [*FLAGS, f"--force-device-scale-factor={factor}", f"--window-size={width},{height}"]
        path = shutil.which("chromium")
        return stack.enter_context(chromium.browser_type.launch(executable_path=path, args=flags))

    with ExitStack() as stack:
        yield launched


@pytest.fixture
def open_scaled(scaled):
    """`open_scaled(factor, width, height)`: a fresh page of such a browser."""
    with ExitStack() as stack:

        def opened(factor, width, height):
            context = stack.enter_context(scaled(factor, width, height).new_context(no_viewport=True))
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            return page

        yield opened


@pytest.fixture
def compare(store, serve, tmp_path):
    """`compare(page, **protocol)` opens the tiny study at its first comparison and returns the study."""

    def started(page, **protocol):
        study = open_tiny(store, tmp_path / "tiny", practice=0, catch=0, **protocol)
        page.goto(f"{serve(mounted(store, {'tiny': study}))}/study/tiny")
        page.check("#agree")
        page.click("#consent button[type=submit]")
        page.click("#ready:enabled")
        page.wait_for_function("() => !document.getElementById('canvas-left').hidden")
        page.wait_for_timeout(700)
        return study

    return started


def current(page, store, study):
    token = page.evaluate("() => localStorage.getItem('session:tiny')")
    return session.reveal(store, session.state(store, study, token).trial.token)


def screen(devtools):
    """The window (h,w,3) in the display's own pixels."""
    shot = devtools.send("Page.captureScreenshot", {"format": "png"})["data"]
    return np.array(Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB"))


def glance(page, devtools, side, pictures):
    """Which of the pictures a canvas shows, and in how many pixels it differs, after both were seen."""
    height, width = pictures[0].shape[:2]
    counts = {0: [], 1: []}
    for _ in range(GLANCES):
        left, top = np.round(page.evaluate(CORNERS)[side]).astype(int)
        shown = screen(devtools)[top : top + height, left : left + width]
        different = [int((shown != picture).any(axis=2).sum()) for picture in pictures]
        counts[int(np.argmin(different))].append(min(different))
        if all(counts.values()):
            break
        page.wait_for_timeout(70)
    return counts


SHOWN = {
    "side_by_side": [("left", 0, None), ("right", 1, None)],
    "in_place": [("left", 0, "1"), ("right", 0, "2")],
}


def differences(page, store, study, layout):
    """Differing pixels for every candidate and phase, each seen at least once."""
    trial, devtools = current(page, store, study), page.context.new_cdp_session(page)
    differing = []
    for side, canvas, key in SHOWN[layout]:
        if key:
            page.keyboard.press(key)
            page.wait_for_timeout(60)
        names = ("reference", getattr(trial, side))
        pictures = [study.stimuli.pixels(trial.scene, name) for name in names]
        seen = glance(page, devtools, canvas, pictures)
        assert all(seen.values()), f"{GLANCES} glances never saw both pictures of the {side} flicker"
        differing += [worst for counts in seen.values() for worst in counts]
    return differing


@pytest.mark.parametrize("layout", ["side_by_side", "in_place"])
@pytest.mark.parametrize("factor", FACTORS)
def test_the_screen_shows_the_stimulus_files_pixel_for_pixel(
    store, open_scaled, compare, tmp_path, factor, layout
):
    write_study(tmp_path / "tiny", size=(63, 47))
    page = open_scaled(factor, 701, 901)
    study = compare(page, layout=layout)
    assert page.evaluate("() => devicePixelRatio") == pytest.approx(factor)
    counts = differences(page, store, study, layout)
    print(f"factor {factor}, {layout}: {sum(counts)} differing pixels in {len(counts)} screenshots")
    assert set(counts) == {0}


@pytest.mark.parametrize(("width", "scroll"), [(1280, 0), (997, 37), (1003, 20.5)])
@pytest.mark.parametrize("factor", [1, 1.25, 1.5])
def test_an_odd_window_and_a_scrolled_page_change_no_pixel(
    store, open_scaled, compare, tmp_path, factor, width, scroll
):
    write_study(tmp_path / "tiny", size=(64, 48))
    page = open_scaled(factor, width, 803)
    study = compare(page, layout="side_by_side")
    page.evaluate("() => { document.documentElement.style.height = '200vh'; }")
    page.evaluate("(top) => scrollTo(0, top)", scroll)
    page.wait_for_timeout(100)
    assert page.evaluate("() => scrollY") == pytest.approx(scroll, abs=1)
    counts = differences(page, store, study, "side_by_side")
    assert set(counts) == {0}


def darkened(folder):
    """The tiny study with every picture below the surround, so that anything brighter is a flash."""
    write_study(folder)
    for path in folder.glob("*/*.png"):
        pixels = np.array(Image.open(path)).astype(float) * 0.4
        Image.fromarray(np.minimum(pixels, 100).astype(np.uint8)).save(path)
    return folder


@pytest.mark.parametrize("layout", ["side_by_side", "in_place"])
def test_nothing_brighter_than_the_surround_flashes_between_trials(
    store, open_page, compare, tmp_path, layout
):
    darkened(tmp_path / "tiny")
    page = open_page(1280, 800)
    compare(page, layout=layout)
    devtools, shots = page.context.new_cdp_session(page), []

    def keep(event):
        shots.append(event["data"])
        devtools.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    corners = page.evaluate(CORNERS)[: 2 if layout == "side_by_side" else 1]
    places = [(round(x), round(y)) for x, y in corners]
    devtools.on("Page.screencastFrame", keep)
    devtools.send("Page.startScreencast", {"format": "png"})
    for _ in range(3):
        watch_and_answer(page, store, layout)
    devtools.send("Page.stopScreencast")
    brightest, empty = [], 0
    for shot in shots:
        pixels = np.array(Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB"))
        areas = [pixels[y : y + 48, x : x + 64] for x, y in places]
        brightest.append(max(int(area.max()) for area in areas))
        empty += all((area == SURROUND).all() for area in areas)
    print(f"{layout}: {len(shots)} frames, {empty} of them between trials, brightest {max(brightest)}")
    assert empty >= 2  # the blanks themselves were seen; a frame comes only where something changes
    assert max(brightest) == SURROUND


def watch_and_answer(page, store, layout):
    before = count(store)
    page.wait_for_timeout(1500)
    if layout == "in_place":
        for key in ("1", "2", "1"):
            page.keyboard.press(key)
            page.wait_for_timeout(1300)
    page.keyboard.press("Enter" if layout == "in_place" else "ArrowLeft")
    for _ in range(100):
        if count(store) > before:
            return
        page.wait_for_timeout(50)
    raise AssertionError("the answer was not stored")


def count(store):
    return store.row("SELECT count(*) AS n FROM answers")["n"]
