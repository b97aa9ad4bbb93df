"""What a study can ask of the observer's page, in a real browser: times, zoom, calibration."""

import json
import time

import pytest

from tests.browser.moves import (
    agree,
    answer_in_place,
    answer_side_by_side,
    answers,
    begin,
    consent,
    contrasts,
    fits,
    go_through,
    texts,
    wait_for_answer,
)
from uplapp.study.definition.presets import LANGUAGES

pytestmark = pytest.mark.browser


def events(store, kind):
    """What the page tells beside the answers, once it has arrived."""
    end, rows = time.monotonic() + 30, []
    while not rows and time.monotonic() < end:
        time.sleep(0.05)
        rows = store.rows("SELECT detail FROM events WHERE kind = :kind", {"kind": kind})
    return [json.loads(row["detail"]) for row in rows]


def test_buttons_wait_for_the_least_view_with_a_bar(start, store, open_page):
    _, address = start(min_view_ms=2500.0)
    page = open_page()
    begin(page, address)
    page.wait_for_timeout(1500)
    page.keyboard.press("ArrowLeft")
    assert page.is_disabled("#choose-left")
    assert page.is_visible("#wait")
    page.wait_for_selector("#choose-left:enabled")
    assert page.locator("#wait").evaluate("(bar) => getComputedStyle(bar).visibility") == "hidden"
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["response_ms"] >= 2500


PLACES = """() => ['stage', 'sides', 'hint']
    .map((id) => document.getElementById(id).getBoundingClientRect().top)"""


def test_a_side_is_chosen_then_by_how_much_and_nothing_moves(start, store, open_page):
    _, address = start(steps=2, not_sure=True, pairs="random:3")
    page, words = open_page(), texts("en")
    begin(page, address)
    page.wait_for_selector("#choose-left:enabled")
    places = page.evaluate(PLACES)
    page.keyboard.press("4")  # before a side is chosen it says nothing
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#step-much:visible")
    assert page.text_content("#hint") == words["how_much"]
    assert page.is_hidden("#step-clear")
    assert page.evaluate(PLACES) == places
    assert answers(store) == []
    page.keyboard.press("ArrowRight")  # a second thought
    assert page.get_attribute("#choose-right", "aria-pressed") == "true"
    assert page.get_attribute("#choose-left", "aria-pressed") == "false"
    page.keyboard.press("4")
    wait_for_answer(page, store, 0)
    page.wait_for_function("() => document.querySelector('#choose-left').matches(':disabled')")
    assert page.is_hidden("#step-much")
    page.wait_for_selector("#choose-left:enabled")
    assert page.get_attribute("#choose-right", "aria-pressed") is None
    page.click("#choose-left")
    page.click("#step-slight")
    wait_for_answer(page, store, 1)
    page.wait_for_selector("#not-sure:enabled")
    page.click("#not-sure")
    wait_for_answer(page, store, 2)
    given = [(row["choice"], row["step"]) for row in answers(store)]
    assert given == [("right", 2), ("left", 1), ("not_sure", 0)]


HEIGHTS = """(words) => words.map((word, index) => {
    const button = document.querySelectorAll('#steps button')[index];
    button.firstElementChild.textContent = word;
    return button.getBoundingClientRect().height;
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_the_steps_stand_in_one_row_and_each_word_in_one_line(start, open_page, width):
    _, address = start(steps=3)
    page = open_page(width)
    begin(page, address)
    page.wait_for_selector("#steps", state="attached")
    for language in LANGUAGES:
        words = [texts(language)[f"step_{name}"] for name in ("slight", "clear", "much")]
        assert page.evaluate(HEIGHTS, words) == [48] * 3
    tops = "() => new Set([...document.querySelectorAll('#steps button')].map((one) => one.offsetTop)).size"
    assert page.evaluate(tops) == 1


def test_in_place_the_one_on_show_is_chosen_and_then_by_how_much(start, store, open_page):
    _, address = start(steps=3, layout="in_place")
    page = open_page(390, 844)
    begin(page, address)
    answer_in_place(page, 0)
    page.wait_for_selector("#step-clear:visible")
    assert page.get_attribute("#choose-shown", "aria-pressed") == "true"
    assert fits(page)
    page.keyboard.press("2")  # which one would be meant?
    assert page.is_hidden("#step-clear")
    assert page.get_attribute("#choose-shown", "aria-pressed") == "false"
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.click("#step-clear")
    wait_for_answer(page, store, 0)
    [row] = answers(store)
    assert (row["choice"], row["step"]) == ("left", 2)


BLANK = """() => ['left', 'right'].every((side) => {
    const canvas = document.getElementById(`canvas-${side}`);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.every((one) => one === 0);
})"""


def test_after_the_longest_view_the_pictures_are_grey_and_the_choice_still_open(start, store, open_page):
    _, address = start(max_view_ms=1500.0)
    page = open_page()
    begin(page, address)
    page.wait_for_function(f"() => !({BLANK})()")
    page.wait_for_function(
        "(text) => document.querySelector('#hint').textContent === text", arg=texts("en")["hint_now"]
    )
    assert page.evaluate(BLANK)
    page.wait_for_timeout(500)
    page.keyboard.press("ArrowRight")
    wait_for_answer(page, store, 0)
    row = answers(store)[0]
    assert row["choice"] == "right"
    assert max(json.loads(row["seen_ms"])) < 2000 < row["response_ms"]
    assert row["paused_ms"] == 0
    assert len(events(store, "max_view")) == 1


def test_in_place_the_choice_is_open_after_the_longest_view_too(start, store, open_page):
    _, address = start(max_view_ms=1000.0, layout="in_place")
    page = open_page(390, 844)
    begin(page, address)
    page.wait_for_selector("#places [aria-pressed=true]")
    page.wait_for_timeout(1200)
    page.click("#places [aria-pressed=false]")
    page.wait_for_function(
        "(text) => document.querySelector('#hint').textContent === text", arg=texts("en")["hint_now_in_place"]
    )
    page.click("#show-left")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["choice"] == "left"


def test_time_without_an_answer_ends_the_trial_and_two_in_a_row_ask_who_is_there(start, store, open_page):
    _, address = start(answer_timeout_ms=1200.0)
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#pause:visible")
    assert page.text_content("#pause-title") == texts("en")["late_title"]
    assert page.is_hidden("#pause-next")
    page.wait_for_selector("#trial:visible")
    page.wait_for_selector("#pause-next:visible")
    assert page.text_content("#pause-title") == texts("en")["away_title"]
    assert [row["choice"] for row in answers(store)] == ["none", "none"]
    code = go_through(page, store, answer_side_by_side)
    assert len(code) == 10  # both came once more
    assert sum(row["choice"] != "none" for row in answers(store)) == 2


@pytest.mark.parametrize(("amplification", "warned"), [(2, True), (1, False)])
def test_only_enlarged_differences_bring_a_note(start, open_page, amplification, warned):
    _, address = start(amplification=amplification)
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    assert page.is_visible("#boosted") is warned


@pytest.mark.parametrize("by_key", [True, False], ids=["key", "button"])
def test_a_person_can_stop_the_flicker_at_any_time_and_go_on(start, store, open_page, by_key):
    _, address = start()
    page = open_page()
    begin(page, address)
    page.wait_for_selector("#choose-left:enabled")
    page.keyboard.press("Escape") if by_key else page.click("#stop")
    page.wait_for_selector("#held:visible")
    assert page.text_content("#held-text") == texts("en")["held_stop"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(800)
    assert answers(store) == []
    page.keyboard.press("Escape") if by_key else page.click("#held-next")
    page.wait_for_selector("#held", state="hidden")
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["paused_ms"] > 700


def zoom(page, ratio):
    """As a browser does it: more device pixels a CSS pixel, fewer CSS pixels in the window."""
    size = {"width": round(1280 / ratio), "height": round(800 / ratio)}
    metrics = {**size, "deviceScaleFactor": ratio, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", metrics)


def test_zooming_in_a_trial_holds_it_until_the_zoom_is_back(start, store, open_page):
    _, address = start()
    page = open_page()
    begin(page, address)
    page.wait_for_selector("#choose-left:enabled")
    zoom(page, 1.1)
    page.wait_for_selector("#held:visible")
    assert page.text_content("#held-text") == texts("en")["held_zoom"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(800)
    assert answers(store) == []
    zoom(page, 1)
    page.wait_for_selector("#held", state="hidden")
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["paused_ms"] > 700


def test_an_odd_zoom_is_reported_before_the_study(start, open_page):
    _, address = start()
    page = open_page(device_scale_factor=1.1)
    page.goto(address)
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#check-ratio.no")
    assert "110" in page.text_content("#check-ratio")
    page.wait_for_selector("#ready:enabled")  # still dot for dot


def test_a_screen_and_a_window_that_are_too_small_get_different_hints(start, open_page):
    _, address = start(size=(900, 640))
    page = open_page(640, 480)
    page.goto(address)
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#check-size.no")
    assert "900 × 640" in page.text_content("#check-size")
    assert page.is_disabled("#ready")


def test_a_card_against_the_screen_gives_pixels_per_degree(start, store, open_page):
    _, address = start(calibration=True)
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#calibration:visible")
    before = float(page.input_value("#card-size"))
    page.keyboard.press("ArrowRight")
    assert float(page.input_value("#card-size")) == before + 0.5
    page.locator("#card-size").evaluate(
        "(slider) => { slider.value = 428; slider.dispatchEvent(new Event('input')); }"
    )
    page.fill("#distance", "57.3")
    assert page.locator("#card").bounding_box()["width"] == 428
    page.click("#card-form button[type=submit]")
    page.wait_for_selector("#trial:visible")
    detail = events(store, "calibration")[0]
    assert detail["card_px"] == 428
    assert detail["pixels_per_degree"] == pytest.approx(50.0, abs=0.05)  # 1 cm at 57.3 cm is a degree


def test_what_lies_over_the_pictures_can_be_read(start, open_page):
    _, address = start()
    page = open_page()
    begin(page, address)
    page.wait_for_selector("#choose-left:enabled")
    page.context.set_offline(True)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("#trouble:visible")
    assert contrasts(page)[0][0] >= 4.5
    page.context.set_offline(False)
    page.wait_for_selector("#trouble", state="hidden")
    page.wait_for_selector("#choose-left:enabled")
    zoom(page, 1.1)
    page.wait_for_selector("#held:visible")
    assert contrasts(page)[0][0] >= 4.5


COARSE = """
const exact = performance.now.bind(performance), ask = requestAnimationFrame.bind(window);
performance.now = () => 100 * Math.floor(exact() / 100);
window.requestAnimationFrame = (callback) => ask((time) => callback(100 * Math.floor(time / 100)));
"""


def test_a_browser_that_hides_its_clock_can_take_part_and_is_told_that_pictures_may_be_scaled(
    start, store, open_page
):
    _, address = start()
    page = open_page()
    page.add_init_script(COARSE)
    agree(page, address)
    assert page.text_content("#check-ratio") == texts("en")["ratio_hidden"]
    page.keyboard.press("Enter")
    page.wait_for_selector("#trial:visible")
    page.wait_for_selector("#choose-left:enabled")
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    (answer,) = answers(store)
    assert 10 < answer["frame_ms"] < 40
    assert "refused" not in answer["flags"]
