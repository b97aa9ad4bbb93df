"""A study of single pictures that are rated, in a real browser: by keyboard, by touch, in both languages."""

import json

import numpy as np
import pytest

from tests.browser.moves import READY, answers, consent, contrasts, fits, go_through, wait_for_answer
from tests.study.tiny import open_tiny, write_study
from tests.web.serving import mounted
from uplapp.study.definition import Criterion, Rating
from uplapp.study.session import session

pytestmark = pytest.mark.browser
ONE = (Criterion("quality", "How good is this picture?"),)
TWO = (Criterion("noise", "Absence of noise"), Criterion("use", "Would you use it?", "grade3"))
READABLE = 4.5  # WCAG 2.2, level AA
SMALL, LARGE = (64, 48), (300, 200)


@pytest.fixture
def start(store, serve, tmp_path):
    """`start(criteria, reference, size, **protocol)` opens a tiny rating study and serves it."""

    def started(criteria=ONE, reference="shown", size=SMALL, **protocol):
        folder = write_study(tmp_path / "tiny", size=size)
        short = {"practice": 0, "catch": 0, "pairs": "random:3", "blank_ms": 100.0}
        parts = {"rating": Rating(criteria, reference)}
        study = open_tiny(store, folder, parts=parts, **(short | protocol))
        return study, f"{serve(mounted(store, {'tiny': study}))}/study/tiny"

    return started


def begun(page, address):
    consent(page, address)
    wait_for_picture(page)


def wait_for_picture(page):
    """Until the picture can be rated, whether its original is shown or not."""
    page.wait_for_selector("#rate:visible #rate-switch:enabled", state="attached")


def ratings(store):
    return [json.loads(row["ratings"]) for row in answers(store) if row["choice"] == "rated"]


def rate_by_keys(page, number):
    """The first scale by digit, the second by Tab and arrows."""
    page.wait_for_timeout(400)  # what is seen is looked at
    page.keyboard.press(str(1 + number % 5))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")


def test_a_rating_study_by_keyboard_from_consent_to_code(start, store, open_page):
    _, address = start(TWO, practice=2)
    page = open_page(1280, 800)
    consent(page, address)
    page.wait_for_selector("#pause:visible")  # what the practice is for
    code = go_through(page, store, rate_by_keys)
    assert len(code) == 10
    rows = answers(store)
    assert [row["kind"] for row in rows] == ["practice"] * 2 + ["main"] * 3
    assert ratings(store) == [{"noise": 1 + number % 5, "use": 1} for number in range(5)]
    assert {row["layout"] for row in rows} == {"single"}
    assert all(min(json.loads(row["seen_ms"])) > 300 for row in rows)  # both pictures, beside each other


def test_a_rating_study_by_touch_on_a_phone_from_consent_to_code(start, store, open_page):
    _, address = start(TWO, size=LARGE, practice=1)
    page = open_page(390, 844, has_touch=True)
    page.goto(address)
    page.tap("#agree")
    page.tap("#consent button")
    page.wait_for_selector("#ready:enabled")
    page.tap("#ready")
    page.tap("#pause-next")

    def act(page, number):
        page.wait_for_timeout(400)
        page.tap("#rate-switch")
        assert page.is_visible("#rate-original")
        page.wait_for_timeout(300)
        page.tap("#rate-switch")
        page.tap("#criteria fieldset:nth-child(1) label:nth-child(4)")
        assert page.is_disabled("#rate-send")
        page.tap("#criteria fieldset:nth-child(2) label:nth-child(1)")
        assert fits(page)
        page.tap("#rate-send")

    while page.is_hidden("#thanks"):
        page.wait_for_selector(READY, state="attached")
        before = len(answers(store))
        if page.is_visible("#pause"):
            page.tap("#pause-next")
        elif page.is_visible("#rate"):
            act(page, before)
            wait_for_answer(page, store, before)
        page.wait_for_timeout(150)
    assert len(page.text_content("#code")) == 10
    assert ratings(store) == [{"noise": 4, "use": 0}] * 4
    seen = [json.loads(row["seen_ms"]) for row in answers(store)]
    assert all(250 < original < image for image, original in seen)


def test_one_picture_is_rated_at_its_own_pixels_beside_its_original(start, store, open_page):
    study, address = start()
    page = open_page()
    begun(page, address)
    read = """() => ['image', 'original'].map((name) => {
        const canvas = document.getElementById(`rate-${name}`);
        return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
    })"""
    token = page.evaluate("() => localStorage.getItem('session:tiny')")
    trial = session.reveal(store, session.state(store, study, token).trial.token)
    for name, data in zip((trial.left, "reference"), page.evaluate(read), strict=True):
        shown = np.array(data, np.uint8).reshape(48, 64, 4)[..., :3]
        assert np.array_equal(shown, study.stimuli.pixels(trial.scene, name))
    box = page.locator("#rate-image").bounding_box()
    assert (box["width"], box["height"]) == SMALL


def test_a_hidden_original_is_neither_asked_for_nor_shown(start, store, open_page):
    _, address = start(reference="hidden")
    page, urls = open_page(), []
    page.on("request", lambda request: urls.append(request.url))
    begun(page, address)
    assert page.is_hidden("#view-original")
    assert page.is_hidden("#rate-switch")
    assert len([url for url in urls if "/picture/" in url]) == 2  # this picture, and the next
    page.keyboard.press("r")
    page.keyboard.press("4")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    assert json.loads(answers(store)[0]["seen_ms"])[1] == 0


def test_where_one_picture_has_room_a_key_shows_the_original_in_its_place(start, store, open_page):
    _, address = start(size=LARGE)
    page = open_page(560, 700)
    begun(page, address)
    before = page.locator("#rate-image").bounding_box()
    page.wait_for_timeout(400)
    page.keyboard.press("r")
    assert page.is_hidden("#rate-image")
    assert page.locator("#rate-original").bounding_box() == before
    page.wait_for_timeout(700)
    page.keyboard.press("R")
    assert page.is_visible("#rate-image")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    image, original = json.loads(answers(store)[0]["seen_ms"])
    assert 600 < original < 1100
    assert image > 300


def test_enter_sends_nothing_until_every_scale_has_its_rating(start, store, open_page):
    _, address = start(TWO)
    page = open_page()
    begun(page, address)
    page.keyboard.press("Enter")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    assert answers(store) == []
    page.keyboard.press("Tab")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    assert ratings(store) == [{"noise": 5, "use": 3}]


def test_a_digit_that_the_scale_does_not_have_chooses_nothing(start, open_page):
    _, address = start()
    page = open_page()
    begun(page, address)
    page.keyboard.press("9")
    assert page.locator("#criteria input:checked").count() == 0


def test_time_without_a_rating_ends_the_trial(start, store, open_page):
    _, address = start(answer_timeout_ms=1200.0)
    page = open_page()
    begun(page, address)
    page.keyboard.press("3")
    page.wait_for_selector("#pause:visible")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["choice"] == "none"


def test_after_the_longest_view_the_picture_is_grey_and_can_still_be_rated(start, store, open_page):
    _, address = start(max_view_ms=1200.0)
    page = open_page()
    begun(page, address)
    page.wait_for_selector("text=Rate now.")
    blank = "(one) => one.getContext('2d').getImageData(0, 0, 9, 9).data.every((value) => value === 0)"
    assert page.locator("#rate-image").evaluate(blank)
    page.wait_for_timeout(800)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    assert max(json.loads(answers(store)[0]["seen_ms"])) < 1700 < answers(store)[0]["response_ms"]


def test_a_rating_waits_for_the_least_view(start, store, open_page):
    _, address = start(min_view_ms=2000.0)
    page = open_page()
    begun(page, address)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    assert page.is_disabled("#rate-send")
    page.wait_for_selector("#rate-send:enabled")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["response_ms"] >= 2000


def test_the_welcome_of_a_rating_study_speaks_of_no_flicker(start, open_page):
    _, address = start(phase_ms=100.0)
    page = open_page(reduced_motion="reduce")
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    text = page.inner_text("#welcome")
    assert "rate" in text
    assert "flicker" not in text
    assert "epilepsy" not in text


def test_standard_labels_are_translated_own_labels_are_not(start, open_page):
    own = Criterion("own", "Artefacts", labels=("good", "so-so", "<b>bad</b>"))
    _, address = start((*ONE, own), language="de")
    page = open_page()
    begun(page, address)
    scales = page.locator(".scale").all()
    standard, given = (
        [part.replace("\u00ad", "") for part in one.all_text_contents()]
        for one in (scale.locator("span") for scale in scales)
    )
    assert standard == ["schlecht", "dürftig", "ordentlich", "gut", "ausgezeichnet"]
    assert given == ["good", "so-so", "<b>bad</b>"]


def test_a_reload_comes_back_to_the_same_picture(start, store, open_page):
    study, address = start()
    page = open_page()
    begun(page, address)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    wait_for_answer(page, store, 0)
    token = page.evaluate("() => localStorage.getItem('session:tiny')")
    before = session.state(store, study, token)
    page.reload()
    page.wait_for_selector("#ready:enabled")
    assert "picture 2 of 3" in page.text_content("#checks-text")
    assert session.state(store, study, token) == before


@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (768, 1024), (1280, 800)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_scales_fit_the_window_and_can_be_read(start, open_page, width, height, language):
    long = Criterion("use", "Would you use this picture for the work that you do every day?", "grade3")
    _, address = start((*ONE, long), size=LARGE, language=language)
    page = open_page(width, height, has_touch=width < 700)
    begun(page, address)
    first = contrasts(page)[0]
    page.keyboard.press("3")
    assert fits(page)
    assert min(first, contrasts(page)[0])[0] >= READABLE
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('.scale label')].map((label) => {
            const { width, height } = label.getBoundingClientRect();
            return [width, height, label.scrollWidth <= label.clientWidth];
        })"""
    )
    assert all(wide >= 44 and tall >= 44 and whole for wide, tall, whole in sizes)
