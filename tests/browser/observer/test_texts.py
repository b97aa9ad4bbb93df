"""What observers read: two languages, on screens of every size, and nothing but text."""

import re
from html.parser import HTMLParser

import pytest

from tests.browser.moves import (
    answer_side_by_side,
    by_pointer,
    contrasts,
    fits,
    go_through,
    in_any_layout,
    texts,
)
from uplapp.study.definition import Question, Translation, presets
from uplapp.web.observer.routes import STATIC

SCRIPTS = sorted(STATIC.rglob("*.js"))
QUESTIONS = (
    Question("age", "How old are you?", "number"),
    Question("lenses", "Do you wear glasses?", "choice", ("yes", "no")),
    Question("more", "Anything else?"),
)
GERMAN = (Translation("de", "Was verändert sich weniger?"),)
READABLE = 4.5  # WCAG 2.2, level AA

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("language", presets.LANGUAGES)
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


def test_while_a_language_is_on_its_way_there_is_no_second_choice_and_no_consent(start, open_page):
    _, address = start({"translations": GERMAN})
    page, held = open_page(), []
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    page.check("#agree")
    page.route("**/welcome?language=de", lambda route: held.append(route))
    page.select_option("#language", "de")
    page.wait_for_selector("#language:disabled")
    assert page.is_disabled("#consent-send")
    held[0].continue_()
    page.wait_for_selector("#consent-send:enabled")
    assert page.get_attribute("html", "lang") == "de"
    assert page.evaluate("() => document.activeElement.id") == "language"


def test_a_language_that_is_refused_leaves_the_one_before(start, store, open_page):
    _, address = start({"translations": GERMAN})
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    refusal = {"error": "not now", "reason": "other"}
    page.route("**/welcome?language=de", lambda route: route.fulfill(status=403, json=refusal))
    page.select_option("#language", "de")
    page.wait_for_function("() => document.querySelector('#language').value === 'en'")
    page.check("#agree")
    page.click("#consent-send")
    page.wait_for_selector("#ready:enabled")
    assert store.row("SELECT language FROM observers")["language"] == "en"


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


SIZES = [(320, 640), (390, 844), (768, 1024), (1280, 800)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_screen_fits_the_window_and_can_be_read(start, store, open_page, width, height, language):
    protocol = {"practice": 1, "pairs": "random:1", "calibration": True, "not_sure": True, "phase_ms": 125.0}
    _, address = start(
        {"questions": QUESTIONS, "translations": GERMAN}, amplification=2, min_view_ms=1000.0, **protocol
    )
    page, screens = open_page(width, height, has_touch=width < 700), {}

    def look(name):
        page.wait_for_selector(f"#{name}:visible")
        screens[name] = (fits(page), contrasts(page)[0])

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
    assert {name: wide for name, (wide, _) in screens.items() if not wide} == {}
    assert {name: worst for name, (_, worst) in screens.items() if worst[0] < READABLE} == {}
    assert len(screens) == 8


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
