"""The comparison on top of the Restore tab: each way shows the pictures themselves, at whole pixels."""

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from tests.browser.moves import wait_until
from uplapp.study.stimuli.blinding import encode
from uplapp.web.observer.routes import build
from uplapp.web.restore.compare_pane import CLEAN, INPUT, Picture, comparison

pytestmark = pytest.mark.browser

SIDES = (40, 60)
PICTURES = {
    name: np.full(SIDES, level, np.uint8) for name, level in (("clean", 50), ("noisy", 90), ("l1", 60))
}
PICTURES["dot"] = np.full(SIDES, 60, np.uint8)
PICTURES["dot"][20, 30] = 255  # row, column: beside the middle
GIVEN = [
    Picture("Clean", "clean", CLEAN),
    Picture("Noisy", "noisy", INPUT),
    Picture("L1 <i>", "l1"),
    Picture("Dot", "dot"),
]
ROW = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, Math.floor(height / 2), width, 1);
    return [...data].filter((_, at) => at % 4 === 0);
}"""

BRIGHT = """(canvas) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const bright = [...Array(width * height).keys()].filter((at) => data[4 * at] === 255);
    return bright.map((at) => [at % width, Math.floor(at / width)]);
}"""


@pytest.fixture
def pane(serve, open_page):
    """`pane(width)` opens the comparison in a window of that width and returns its frame."""

    def opened(width=1280, given=GIVEN):
        async def page(request):
            return HTMLResponse("<body>" + comparison(given, files="/pictures/"))

        async def picture(request):
            name = request.path_params["name"]
            return Response(encode(PICTURES[name], name), media_type="image/png")

        routes = [Mount("/study", app=build(None, {})), Route("/pictures/{name}", picture), Route("/", page)]
        shown = open_page(width)
        shown.goto(serve(Starlette(routes=routes)))
        frame = shown.frame_locator("iframe")
        wait_for_row(frame, bool)
        frame.locator("figcaption").first.click()  # keys go where somebody clicked last
        return frame

    return opened


def row(frame, view=0):
    """The grey levels along the middle row of a view, transparent surround left out."""
    return [level for level in frame.locator("canvas").nth(view).evaluate(ROW) if level]


def wait_for_row(frame, right):
    """Wait until the middle row of the first view is as it should be."""
    wait_until(frame.locator("body").page, lambda: right(row(frame)))
    return row(frame)


def test_the_input_is_left_of_the_line_and_the_first_result_right_of_it(pane):
    levels = wait_for_row(pane(), lambda levels: {90, 60} <= set(levels))
    line = levels.index(255)
    assert set(levels[:line]) == {90}
    assert set(levels[line + 2 :]) == {60}


def test_flicker_alternates_with_the_reference_until_it_is_stopped(pane):
    frame = pane()
    frame.locator("#flicker").click()
    for level in (50, 60, 50):
        wait_for_row(frame, lambda levels, level=level: set(levels) == {level})
    assert "less change is closer" in frame.locator("#said").inner_text()
    frame.locator("#play").click()
    page = frame.locator("body").page
    seen = set()
    for _ in range(8):
        page.wait_for_timeout(100)
        seen |= set(row(frame))
    assert len(seen) == 1


def test_a_difference_is_stretched_and_zero_where_two_pictures_are_alike(pane):
    frame = pane()
    frame.locator("body").press("d")
    wait_for_row(frame, lambda levels: set(levels) == {40})  # 60 less 50, times four
    frame.locator("#stretch").select_option("16")
    wait_for_row(frame, lambda levels: set(levels) == {160})


def test_a_zoom_shows_each_pixel_as_a_square_of_whole_pixels(pane):
    frame = pane()
    frame.locator("body").press("b")
    frame.locator("body").press("4")
    frame.locator("#zoom").select_option("6")
    canvas = frame.locator("canvas").nth(1)
    canvas.wait_for()
    wait_until(frame.locator("body").page, lambda: len(canvas.evaluate(BRIGHT)) == 36)
    columns, rows = np.array(canvas.evaluate(BRIGHT)).T
    assert (np.ptp(rows), np.ptp(columns)) == (5, 5)


def test_two_fingers_zoom_by_whole_steps_and_back(pane):
    frame = pane(390)
    zoom, box = frame.locator("#zoom"), frame.locator("canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page = frame.locator("body").page
    touch = page.context.new_cdp_session(page)

    def part(*halves):
        for half, kind in zip(halves, ("touchStart", *["touchMove"] * (len(halves) - 1)), strict=True):
            points = [{"x": middle[0] + side * half, "y": middle[1], "id": side + 1} for side in (-1, 1)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    scale = frame.locator("canvas").evaluate(
        "({ width, height }) => Math.floor(Math.min(width / 60, height / 40))"
    )
    part(30, 50)
    assert zoom.input_value() == str(scale + 1)
    part(30, 33)
    assert zoom.input_value() == str(scale + 1)
    part(50, 30)
    assert zoom.input_value() == str(scale)


def test_the_same_crop_of_all_moves_together(pane):
    frame = pane()
    frame.locator("body").press("a")
    frame.locator("#zoom").select_option("8")
    frame.locator("canvas").nth(3).wait_for()
    names = frame.locator("figcaption").all_inner_texts()
    assert names == ["Clean", "Noisy", "L1 <i>", "Dot"]
    page = frame.locator("body").page
    wait_until(page, lambda: 255 in row(frame, 3))
    for _ in range(3):
        frame.locator("body").press("ArrowDown")
    wait_until(page, lambda: 255 not in row(frame, 3))  # the bright row moved up
    assert set(row(frame, 0)) == {50}


def test_the_next_results_are_shown_in_the_same_way(pane):
    frame = pane()
    frame.locator("#flicker").click()
    frame.locator("#zoom").select_option("3")
    page = frame.locator("body").page
    page.reload()
    frame.locator("#flicker[aria-pressed=true]").wait_for()
    assert frame.locator("#zoom").input_value() == "3"


def test_a_picture_alone_has_nothing_to_be_compared_with(pane):
    frame = pane(given=GIVEN[1:2])
    wait_for_row(frame, lambda levels: set(levels) == {90})
    assert not frame.locator("#ways").is_visible()
    assert frame.locator("#zoom").is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_frame_is_as_high_as_its_content_and_no_wider_than_the_window(pane, width):
    frame = pane(width)
    page = frame.locator("body").page
    for way in ("slider", "all", "difference"):
        frame.locator(f"#{way}").click()
        heights = [lambda: frame.locator("#compare").bounding_box(), frame.owner.bounding_box]
        wait_until(page, lambda heights=heights: np.ptp([one()["height"] for one in heights]) <= 1)
        assert frame.locator("body").evaluate("(body) => body.scrollWidth <= innerWidth")
