"""The flicker preview of the Restore tab: the observers' player in a frame of its own."""

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from uplapp.study.stimuli.blinding import encode
from uplapp.web.observer.preview import flicker_frame
from uplapp.web.observer.routes import build

pytestmark = pytest.mark.browser
GREY = {
    name: np.full((40, 60), level, np.uint8) for name, level in (("original", 50), ("A", 120), ("B <i>", 200))
}
GREY["A network whose name is long"] = GREY["A"]
LEVEL = "(canvas) => canvas.getContext('2d').getImageData(3, 3, 1, 1).data[0]"


@pytest.fixture
def preview(serve, open_page):
    """`preview(*names)` shows those pictures and returns the frame."""

    def shown(*names, width=1280):
        pictures = {name: encode(GREY[name], name) for name in names}
        html = "<body>" + flicker_frame(encode(GREY["original"], "o"), pictures)

        async def page(request):
            return HTMLResponse(html)

        app = Starlette(routes=[Mount("/study", app=build(None, {})), Route("/", page)])
        opened = open_page(width)
        opened.goto(serve(app))
        frame = opened.frame_locator("iframe")
        frame.locator("#names .switch").first.wait_for()
        opened.wait_for_timeout(1500)  # a second of frames is measured first
        return frame

    return shown


def levels(frame, canvas):
    """The grey levels that a canvas shows over a second."""
    values = set()
    for _ in range(14):
        frame.locator("body").page.wait_for_timeout(70)
        values.add(frame.locator("canvas").nth(canvas).evaluate(LEVEL))
    return values


def test_two_candidates_flicker_side_by_side_against_the_original(preview):
    frame = preview("A", "B <i>")
    assert frame.locator("canvas").count() == 2
    assert frame.locator("#names").inner_text().split() == ["A", "B", "<i>"]
    assert levels(frame, 0) == {50, 120}
    assert levels(frame, 1) == {50, 200}


@pytest.mark.parametrize("width", [1280, 390])
def test_the_frame_is_as_high_as_its_names_and_buttons_need(preview, width):
    frame = preview("A", "B <i>", "A network whose name is long", width=width)
    box = frame.locator("#preview").bounding_box()
    play, outer = frame.locator("#phase").bounding_box(), frame.owner.bounding_box()
    assert play["y"] + play["height"] <= outer["y"] + outer["height"]
    assert box["height"] == pytest.approx(outer["height"], abs=1)


def test_space_stops_and_starts_it(preview):
    frame = preview("A")
    frame.locator("canvas").click()
    frame.locator("body").press(" ")
    assert "Play" in frame.locator("#play").inner_text()
    frame.locator("body").press(" ")
    assert "Stop" in frame.locator("#play").inner_text()
