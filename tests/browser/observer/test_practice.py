"""Practice speaks of the task: which picture changes less, and which did not change at all."""

import pytest

from tests.browser.moves import begin, look_at, texts

pytestmark = pytest.mark.browser
SIZES = {"side_by_side": (1280, 800), "in_place": (390, 844)}


def original_side(store):
    [row] = store.rows('SELECT "left", "right" FROM trials WHERE kind = :kind', {"kind": "practice"})
    return "left" if row["left"] == "reference" else "right"


def choose(page, layout, side):
    if layout == "in_place":
        other = {"left": "right", "right": "left"}[side]
        for one in (other, side):
            look_at(page, one, {"left": "1", "right": "2"}[one])
        page.wait_for_selector("#choose-shown:enabled")
        return page.keyboard.press("Enter")
    page.wait_for_selector(f"#choose-{side}:enabled")
    return page.click(f"#choose-{side}")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("layout", SIZES)
def test_feedback_says_which_picture_changes_less(start, store, open_page, layout, right, language):
    _, address = start(practice=1, layout=layout, language=language)
    page, words = open_page(*SIZES[layout]), texts(language)
    begin(page, address)
    assert page.text_content("#question") == words["question"]
    original = original_side(store)
    choose(page, layout, original if right else {"left": "right", "right": "left"}[original])
    page.wait_for_selector("#pause:visible")
    key = "right" if right else "wrong"
    assert page.text_content("#pause-text") == words[f"{key}_text"]
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(text) => document.querySelector('#pause-text').textContent === text", arg=words["counts_pairs"]
    )


@pytest.mark.parametrize(("button", "key"), [("#not-sure", "0"), ("#both-bad", "9")])
def test_who_is_not_sure_in_practice_is_not_called_wrong(start, store, open_page, button, key):
    _, address = start(practice=1, not_sure=True, both_bad=True)
    page, words = open_page(), texts("en")
    begin(page, address)
    page.wait_for_selector(f"{button}:enabled")
    page.keyboard.press(key)
    page.wait_for_selector("#pause:visible")
    assert page.text_content("#pause-text") == words["unsure_text"]
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(text) => document.querySelector('#pause-text').textContent === text",
        arg=words["counts_pairs_unsure"],
    )


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "key", ["question", "hint_side_by_side", "hint_in_place", "hint_now", "right_text", "wrong_text"]
)
def test_what_is_asked_shown_and_answered_uses_the_words_of_the_task(language, key):
    asks = {"en": ("less", "chang"), "de": ("weniger", "verändert")}[language]
    assert all(word in texts(language)[key] for word in asks)
