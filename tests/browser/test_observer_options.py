"""What a study can ask of the observer's page, in a real browser: languages, limits, links, questions."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.browser.moves import (
    answer_side_by_side,
    answers,
    consent,
    contrasts,
    fits,
    go_through,
    wait_for_answer,
)
from tests.study.tiny import NOW, open_tiny, write_study
from tests.web.serving import mounted
from uplapp.study import lifecycle, links
from uplapp.study.protocol import Access, Completion, Question, Translation
from uplapp.web.observer.routes import STATIC

pytestmark = pytest.mark.browser
SCRIPTS = [path for path in sorted(STATIC.glob("*.js")) if path.name != "preview.js"]  # the researcher's own
QUESTIONS = (
    Question("age", "How old are you?", "number"),
    Question("lenses", "Do you wear glasses?", "choice", ("yes", "no")),
    Question("more", "Anything else?"),
)
GERMAN = (Translation("de", "Was verändert sich weniger?"),)
READABLE = 4.5  # WCAG 2.2, level AA


def texts(language):
    return json.loads((STATIC / f"text.{language}.json").read_text(encoding="utf-8"))


@pytest.fixture
def start(store, serve, tmp_path):
    """`start(parts, **protocol)` opens the tiny study and serves it; returns the study and its address."""

    def started(parts=None, size=(64, 48), **protocol):
        folder = write_study(tmp_path / "tiny", size=size)
        short = {"practice": 0, "catch": 0, "pairs": "random:2", "blank_ms": 100.0}
        study = open_tiny(store, folder, parts=parts, **(short | protocol))
        return study, f"{serve(mounted(store, {'tiny': study}))}/study/tiny"

    return started


def by_pointer(page, address):
    """Consent and checks, whatever else is on the welcome page."""
    page.goto(address)
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#ready:enabled")
    page.click("#ready")


def session_of(page):
    return page.evaluate("() => localStorage.getItem('session:tiny')")


def events(store, kind):
    rows = store.rows("SELECT detail FROM events WHERE kind = :kind", {"kind": kind})
    return [json.loads(row["detail"]) for row in rows]


class Words(HTMLParser):
    """The texts of a page but for the names of keys, and for readers without scripts."""

    def __init__(self):
        super().__init__()
        self.inside, self.found, self.keys = [], [], []

    def handle_starttag(self, tag, attrs):
        self.keys += [value for name, value in attrs if name in ("data-text", "data-label")]
        self.found += [
            value for name, value in attrs if name in ("aria-label", "title", "placeholder", "alt")
        ]
        if tag not in ("meta", "link", "input", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        self.inside.pop()

    def handle_data(self, data):
        if not {"kbd", "noscript"} & set(self.inside):
            self.found += re.findall(r"[^\W\d_]+", data)


def words_of_the_page():
    words = Words()
    words.feed((STATIC / "page.html").read_text(encoding="utf-8"))
    return words


@pytest.mark.parametrize("language", ["de"])
def test_every_language_has_the_same_sentences_with_the_same_places_to_fill(language):
    english, other = texts("en"), texts(language)
    assert other.keys() == english.keys()
    assert all(other.values())
    places = [
        {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in one.items()} for one in (english, other)
    ]
    assert places[0] == places[1]
    assert {key for key, text in other.items() if text.count("*") != english[key].count("*")} == set()


def test_the_page_itself_holds_no_sentence():
    words = words_of_the_page()
    assert words.found == []
    assert set(words.keys) <= texts("en").keys()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_holds_a_sentence(path):
    code = re.sub(r"(?m)(^|\s)//.*$|/\*.*?\*/", "", path.read_text(encoding="utf-8"))
    literals = [one or other for one, other in re.findall(r'"([^"\n]*)"|`([^`]*)`', code)]
    bare = [re.sub(r"\$\{[^}]*\}", "", literal) for literal in literals]
    assert [text for text in bare if re.search(r"[A-Za-z]{2,} [a-z]{2,}", text)] == []


def test_a_german_study_is_german_from_consent_to_code(start, store, open_page):
    _, address = start({"questions": QUESTIONS[:1]}, language="de", practice=1, calibration=True)
    page, read = open_page(), []
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    assert page.get_attribute("html", "lang") == "de"
    assert page.is_hidden("#language")
    read.append(page.inner_text("#welcome"))
    by_pointer(page, address)
    page.wait_for_selector("#calibration:visible")
    read.append(page.inner_text("#calibration"))
    page.click("#card-skip")

    def act(page, number):
        read.append(page.inner_text("#trial"))
        answer_side_by_side(page, number)

    go_through(page, store, act)
    read.append(page.inner_text("#questions"))
    page.click("#skip-questions")
    page.wait_for_selector("#thanks:visible")
    read.append(page.inner_text("#thanks"))
    assert "Übung 1 von 1" in read[2]
    assert "Vielen Dank" in read[-1]
    sentences = {
        text.replace("*", "") for key, text in texts("en").items() if " " in text and "{" not in text
    }
    assert [text for text in sentences if any(text in one for one in read)] == []
    assert store.row("SELECT language FROM observers")["language"] == "de"


def test_a_language_chosen_from_the_menu_survives_a_reload(start, open_page):
    _, address = start({"translations": GERMAN})
    page = open_page()
    page.goto(f"{address}?lang=de")
    page.wait_for_selector("#welcome:visible")
    assert page.text_content("#title") == "Was verändert sich weniger?"
    page.select_option("#language", "en")
    page.wait_for_function("() => document.documentElement.lang === 'en'")
    assert page.text_content("#title") == "Which changes less?"
    page.reload()
    page.wait_for_selector("#welcome:visible")
    assert page.get_attribute("html", "lang") == "en"
    assert "lang" not in page.url


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_takes_nobody_says_so_instead_of_asking_consent(start, store, open_page, state):
    study, address = start(language="de")
    lifecycle.change(store, study.id, state)
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("de")[f"refused_{state}_title"]
    assert page.is_hidden("#welcome")


def test_a_full_study_says_so(start, store, open_page):
    study, address = start()
    lifecycle.limit(store, study.id, 1)
    consent(open_page(), address)
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["refused_full_title"]


def test_a_personal_link_opens_one_session_and_leads_back_to_it(start, store, open_page):
    study, address = start({"access": Access(links_only=True)})
    link = links.make(store, study.id, ["one"], NOW)[0]
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["refused_link_needed_title"]
    page = open_page()
    consent(page, f"{address}#l={link}")
    page.wait_for_selector("#trial:visible")
    first = session_of(page)
    assert link not in page.url
    elsewhere = open_page()
    consent(elsewhere, f"{address}#l={link}")
    elsewhere.wait_for_selector("#trial:visible")
    assert session_of(elsewhere) == first
    page.goto("about:blank")
    page.goto(f"{address}#l={link}")
    page.wait_for_selector("#checks:visible")  # known on this device: no second consent
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 1


def test_a_link_that_is_not_known_is_refused_in_the_observers_words(start, open_page):
    _, address = start({"access": Access(links_only=True)}, language="de")
    page = open_page()
    page.goto(f"{address}#l={'0' * 32}")
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("de")["refused_link_unknown_title"]


def test_buttons_wait_for_the_least_view_with_a_bar(start, store, open_page):
    _, address = start(min_view_ms=2500.0)
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    page.wait_for_timeout(1500)
    page.keyboard.press("ArrowLeft")
    assert page.is_disabled("#choose-left")
    assert page.is_visible("#wait")
    page.wait_for_selector("#choose-left:enabled")
    assert page.locator("#wait").evaluate("(bar) => getComputedStyle(bar).visibility") == "hidden"
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["response_ms"] >= 2500


BLANK = """() => ['left', 'right'].every((side) => {
    const canvas = document.getElementById(`canvas-${side}`);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.every((one) => one === 0);
})"""


def test_after_the_longest_view_the_pictures_are_grey_and_the_choice_still_open(start, store, open_page):
    _, address = start(max_view_ms=1500.0)
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    page.wait_for_timeout(1000)
    assert not page.evaluate(BLANK)
    page.wait_for_function(
        "(text) => document.querySelector('#hint').textContent === text", arg=texts("en")["hint_now"]
    )
    assert page.evaluate(BLANK)
    page.wait_for_timeout(1500)
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
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    page.wait_for_timeout(2600)
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
    assert [row["choice"] == "none" for row in answers(store)] == [True, True, False, False]


def test_enlarged_differences_are_told_of(start, open_page):
    _, address = start(amplification=2)
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#boosted:visible")


def zoom(page, ratio):
    """As a browser does it: more device pixels a CSS pixel, fewer CSS pixels in the window."""
    size = {"width": round(1280 / ratio), "height": round(800 / ratio)}
    metrics = {**size, "deviceScaleFactor": ratio, "mobile": False}
    page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", metrics)


def test_zooming_in_a_trial_holds_it_until_the_zoom_is_back(start, store, open_page):
    _, address = start()
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    page.wait_for_timeout(1300)
    zoom(page, 1.1)
    page.wait_for_selector("#held:visible")
    assert page.text_content("#held-text") == texts("en")["held_zoom"]
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(800)
    assert answers(store) == []
    zoom(page, 1)
    page.wait_for_selector("#held", state="hidden")
    page.wait_for_timeout(600)
    page.keyboard.press("ArrowLeft")
    wait_for_answer(page, store, 0)
    assert answers(store)[0]["paused_ms"] > 700


def test_an_odd_zoom_is_told_of_before_the_study(start, open_page):
    _, address = start()
    page = open_page(device_scale_factor=1.1)
    page.goto(address)
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#check-ratio.no")
    assert "110" in page.text_content("#check-ratio")
    page.wait_for_selector("#ready:enabled")  # still dot for dot


def test_a_screen_that_is_too_small_is_told_from_a_window_that_is(start, open_page):
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


def test_replies_are_stored_and_the_code_comes_after_them(start, store, open_page):
    completion = Completion(redirect="https://example.org/done?code={code}")
    _, address = start({"questions": QUESTIONS, "completion": completion})
    page = open_page()
    consent(page, address)
    assert go_through(page, store, answer_side_by_side) == ""
    page.wait_for_selector("#questions:visible")
    page.get_by_label("How old are you?").fill("41")
    page.get_by_label("no", exact=True).check()
    page.reload()  # still asked
    page.wait_for_selector("#questions:visible")
    page.get_by_label("How old are you?").fill("42")
    page.get_by_label("no", exact=True).check()
    page.click("#replies button[type=submit]")
    page.wait_for_selector("#thanks:visible")
    code = page.text_content("#code")
    assert page.get_attribute("#redirect", "href") == f"https://example.org/done?code={code}"
    page.wait_for_timeout(500)
    assert page.is_visible("#code")  # nothing leads away from it
    kept = {row["question"]: row["reply"] for row in store.rows("SELECT * FROM replies", {})}
    assert kept == {"age": "42", "lenses": "no", "more": ""}


def test_a_required_question_cannot_be_skipped(start, store, open_page):
    required = Question("lenses", "Do you wear glasses?", "choice", ("yes", "no"), required=True)
    _, address = start({"questions": (required,)})
    page = open_page()
    consent(page, address)
    go_through(page, store, answer_side_by_side)
    page.wait_for_selector("#questions:visible")
    assert page.is_hidden("#skip-questions")
    page.click("#replies button[type=submit]")
    page.wait_for_timeout(300)
    assert page.is_visible("#questions")


def test_withdrawal_asks_once_more_then_deletes_every_answer(start, store, open_page):
    _, address = start(practice=1)
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    answer_side_by_side(page, 0)
    page.wait_for_selector("#pause:visible")
    page.click("#pause .withdraw")
    page.click("#withdraw-no")
    assert page.is_visible("#pause")
    assert len(answers(store)) == 1
    page.click("#pause .withdraw")
    page.click("#withdraw-yes")
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["withdrawn_title"]
    assert answers(store) == []
    assert session_of(page) is None
    page.reload()
    page.wait_for_selector("#welcome:visible")


def test_a_server_that_asks_to_slow_down_is_asked_again_when_it_said(start, store, open_page):
    _, address = start()
    page = open_page()
    asked = []

    def slow(route):
        asked.append(page.evaluate("() => performance.now()"))
        if len(asked) > 1:
            return route.continue_()
        refusal = {"error": "slow down", "reason": "slow_down"}
        return route.fulfill(status=429, headers={"Retry-After": "2"}, json=refusal)

    page.route("**/answer", slow)
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    answer_side_by_side(page, 0)
    page.wait_for_timeout(1000)
    assert page.is_hidden("#trouble")
    wait_for_answer(page, store, 0)
    assert len(answers(store)) == 1
    assert asked[1] - asked[0] >= 1900


def test_a_page_of_another_server_is_no_verdict_on_an_answer(start, store, open_page):
    _, address = start()
    page = open_page()
    bodies = iter([(404, "<h1>not here</h1>"), (200, "<h1>please log in</h1>")])

    def strange(route):
        status, body = next(bodies, (0, ""))
        return (
            route.fulfill(status=status, body=body, content_type="text/html") if status else route.continue_()
        )

    page.route("**/answer", strange)
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    answer_side_by_side(page, 0)
    page.wait_for_selector("#trouble:visible")
    wait_for_answer(page, store, 0)
    assert len(answers(store)) == 1


def test_the_second_tab_of_a_session_goes_on_where_the_first_is_then_stops(start, store, open_page):
    _, address = start(pairs="random:4")
    page = open_page()
    consent(page, address)
    page.wait_for_selector("#trial:visible")
    other = page.context.new_page()
    other.goto(address)
    other.wait_for_selector("#ready:enabled")
    other.keyboard.press("Enter")
    other.wait_for_selector("#trial:visible")
    answer_side_by_side(page, 0)
    wait_for_answer(page, store, 0)
    answer_side_by_side(other, 0)  # answered already: refused
    other.wait_for_function("() => document.querySelector('#count').textContent.startsWith('Comparison 2')")
    assert len(answers(store)) == 1
    answer_side_by_side(page, 1)
    wait_for_answer(page, store, 1)
    answer_side_by_side(other, 1)
    other.wait_for_selector("#gone:visible")
    assert other.text_content("#gone-title") == texts("en")["refused_moved_title"]
    assert len(answers(store)) == 2
    assert page.evaluate("() => localStorage.getItem('outbox:tiny')") == "[]"


def test_a_script_in_a_title_or_a_question_is_shown_as_text(start, store, open_page):
    tag = "<img src=x onerror=document.title='owned'>" + "long" * 40
    _, address = start({"title": tag, "questions": (Question("q", tag, "choice", (tag, "no")),)})
    page = open_page(320, 700)
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    assert page.text_content("#title") == tag
    assert fits(page)
    by_pointer(page, address)
    go_through(page, store, in_any_layout)
    assert tag in page.text_content("#questions")
    assert page.locator("main img").count() == 0
    assert fits(page)
    assert page.title() == tag


def in_any_layout(page, number):
    if page.is_visible("#choose-left"):
        return answer_side_by_side(page, number)
    page.wait_for_timeout(2600)
    page.click("#places [aria-pressed=false]")
    page.wait_for_selector("#choose-shown:enabled")
    return page.click("#choose-shown")


SIZES = [(320, 640), (390, 844), (768, 1024), (1280, 800)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_screen_fits_the_window_and_can_be_read(start, store, open_page, width, height, language):
    protocol = {"practice": 1, "pairs": "random:1", "calibration": True, "not_sure": True, "phase_ms": 125.0}
    _, address = start(
        {"questions": QUESTIONS, "translations": GERMAN}, amplification=2, min_view_ms=1000.0, **protocol
    )
    page, found = open_page(width, height, has_touch=width < 700), {}

    def look(name):
        page.wait_for_selector(f"#{name}:visible")
        found[name] = (fits(page), contrasts(page)[0])

    page.goto(f"{address}?lang={language}")
    look("welcome")
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#ready:enabled")
    look("checks")
    page.click("#ready")
    look("calibration")
    page.click("#card-skip")
    page.wait_for_selector("#trial:visible")
    look("trial")  # with its buttons disabled

    page.wait_for_timeout(300)
    go_through(page, store, in_any_layout)
    look("questions")
    page.click("#skip-questions")
    look("thanks")
    page.click("#thanks .withdraw")
    look("withdrawal")
    page.click("#withdraw-yes")
    look("gone")
    assert {name: wide for name, (wide, _) in found.items() if not wide} == {}
    assert {name: worst for name, (_, worst) in found.items() if worst[0] < READABLE} == {}
    assert len(found) == 8


@pytest.mark.parametrize("screen", ["welcome", "checks"])
def test_what_a_finger_touches_on_a_phone_is_large_enough(start, open_page, screen):
    _, address = start({"translations": GERMAN})
    page = open_page(390, 844, has_touch=True)
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    if screen == "checks":
        page.check("#agree")
        page.click("#consent button")
        page.wait_for_selector("#ready:enabled")
    heights = page.evaluate(
        f"""() => [...document.querySelectorAll('#{screen} :is(button, select, label.agree, a)')]
            .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().height)"""
    )
    assert len(heights) >= 2
    assert min(heights) >= 44
