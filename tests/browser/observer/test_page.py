"""The real page in a real browser, by keyboard."""

import io
import json

import pytest
from PIL import Image

from tests.browser.launching import SIZES
from tests.browser.moves import (
    answer_in_place,
    answer_side_by_side,
    answers,
    begin,
    consent,
    go_through,
    reaches,
    session_of,
)
from tests.study.tiny import open_tiny
from tests.web.blinding_words import leaks, secrets
from tests.web.serving import Recording, mounted
from uplapp.study.definition import Access
from uplapp.study.definition.presets import LANGUAGES
from uplapp.study.exports import votes
from uplapp.study.session import session

pytestmark = pytest.mark.browser


@pytest.fixture
def start(store, serve, tmp_path):
    """`start(**protocol)` opens the tiny study, serves it and returns it with its address."""

    def started(**protocol):
        study = open_tiny(store, tmp_path / "tiny", **protocol)
        return study, f"{serve(mounted(store, {'tiny': study}))}/study/tiny"

    return started


def test_a_study_by_keyboard_from_consent_to_code_shows_the_browser_no_name(
    store, serve, open_page, tmp_path
):
    study = open_tiny(store, tmp_path / "tiny", pairs="random:4", practice=1, catch=1)
    app = Recording(mounted(store, {"tiny": study}))
    page = open_page(1280, 800, device_scale_factor=1.5)
    consent(page, f"{serve(app)}/study/tiny")
    code = go_through(page, store, answer_side_by_side)
    assert len(code) == 10
    kept = [row for row in answers(store) if not row["excluded"]]
    assert sorted(row["kind"] for row in kept) == ["catch", "main", "main", "main", "main", "practice"]
    assert {(row["layout"], row["pixel_ratio"]) for row in kept} == {("side_by_side", 1.5)}
    assert votes.progress(store, study.id).finished == 1
    assert len(app.texts) > 25
    assert [leaks(text, secrets(store)) for text in app.texts if leaks(text, secrets(store))] == []
    assert leaks(page.content(), secrets(store)) == []


def test_on_a_phone_one_flicker_is_shown_at_a_time_and_both_must_be_seen(start, store, open_page):
    _, address = start(pairs="random:2", practice=1, catch=0, layout="in_place")
    page = open_page(390, 844, device_scale_factor=3)
    begin(page, address)
    page.wait_for_selector("#places [aria-pressed=true]")
    page.keyboard.press("Enter")  # too early: one flicker was never shown
    assert answers(store) == []
    go_through(page, store, answer_in_place)
    kept = [row for row in answers(store) if not row["excluded"]]
    assert len(kept) == 3
    assert {(row["layout"], row["pixel_ratio"]) for row in kept} == {("in_place", 3)}
    assert all(min(json.loads(row["seen_ms"])) > 950 for row in kept)


def test_a_reload_resumes_at_the_same_trial_with_the_same_sides(start, store, open_page):
    study, address = start(practice=0)
    page = open_page()
    begin(page, address)
    answer_side_by_side(page, 0)
    reaches(page, 2)
    token = session_of(page)
    before = session.state(store, study, token)
    page.reload()
    page.wait_for_selector("#ready:enabled")
    assert page.text_content("#checks-title") == "Welcome back"
    page.keyboard.press("Enter")
    page.wait_for_selector("#trial:visible")
    assert page.text_content("#count").startswith("Comparison 2 of")
    assert session.state(store, study, token) == before
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 1


def test_a_lost_connection_keeps_the_answer_until_it_is_acknowledged(start, store, open_page):
    _, address = start(practice=0)
    page = open_page()
    begin(page, address)
    page.wait_for_selector("#choose-left:enabled")
    page.context.set_offline(True)
    answer_side_by_side(page, 0)
    page.wait_for_selector("#trouble:visible")
    assert answers(store) == []
    assert len(json.loads(page.evaluate("() => localStorage.getItem('outbox:tiny')"))) == 1
    page.context.set_offline(False)
    page.wait_for_selector("#trouble", state="hidden")
    reaches(page, 2)
    assert len(answers(store)) == 1
    assert page.evaluate("() => localStorage.getItem('outbox:tiny')") == "[]"


@pytest.mark.parametrize(("phase_ms", "warned"), [(100.0, True), (250.0, False)])
def test_more_than_three_flashes_a_second_are_warned_of_before_consent(start, open_page, phase_ms, warned):
    _, address = start(phase_ms=phase_ms)
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    assert page.is_visible("#fast") is warned


def test_a_window_that_is_too_small_says_so(start, open_page):
    _, address = start()
    page = open_page(200, 220)
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#check-rate.yes")
    assert "too small" in page.text_content("#check-size")
    assert page.is_disabled("#ready")
    page.set_viewport_size({"width": 800, "height": 700})
    page.wait_for_selector("#ready:enabled")


TALLEST = """async (languages) => {
    const { arrange, fitting } = await import('/study/static/trial/pairs.js');
    const { load } = await import('/study/static/base/texts.js');
    const faults = [];
    function check(layout, more, language) {
        const tried = (height) => ({ width: 64, height, max_view_ms: 0, min_view_ms: 500, layout, ...more });
        const scrolls = (height) => {
            arrange(layout, tried(height), tried(height));
            return document.documentElement.scrollHeight > innerHeight;
        };
        let [taken, refused] = [innerHeight / 3, innerHeight];
        while (refused - taken > 1) {
            const height = (taken + refused) / 2;
            if (fitting(tried(height)) === layout) taken = height;
            else refused = height;
        }
        const whole = !scrolls(taken) && document.documentElement.scrollWidth <= innerWidth;
        if (taken === innerHeight / 3 || !whole || !scrolls(refused + 1)) faults.push([layout, language]);
    }
    for (const language of languages) {
        await load(language);
        for (const layout of ['in_place', 'side_by_side']) {
            check(layout, { steps: 1 }, language);
            check(layout, { steps: 3, not_sure: true, both_bad: true }, language);
        }
    }
    return faults;
}"""


def test_pictures_are_taken_as_long_as_nothing_has_to_be_scrolled_in_any_language(start, open_page):
    _, address = start()
    page = open_page()
    begin(page, address)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(TALLEST, list(LANGUAGES)) == []


def test_forced_colours_keep_the_grey_surround_of_the_pictures(start, open_page):
    _, address = start(practice=0, catch=0)
    page = open_page(forced_colors="active")
    begin(page, address)
    reaches(page, 1)
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        assert shot.convert("RGB").getpixel((5, 400)) == (118, 118, 118)


def test_a_study_outside_of_its_dates_says_when_it_begins(store, open_page, tmp_path, serve):
    parts = {"access": Access(opens="2999-01-31 09:00")}
    study = open_tiny(store, tmp_path / "tiny", parts=parts, language="de")
    page = open_page(locale="de-DE", timezone_id="UTC")
    page.goto(f"{serve(mounted(store, {'tiny': study}))}/study/tiny")
    page.get_by_text("31. Januar 2999 um 09:00").wait_for()
