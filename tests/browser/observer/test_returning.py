"""Shared computers: the next person finds nothing of the one before, who can go on or withdraw."""

import pytest

from tests.browser.moves import (
    answer_side_by_side,
    answers,
    begin,
    by_pointer,
    consent,
    go_through,
    reaches,
    session_of,
    texts,
)
from uplapp.study.definition import Access, Completion, Panel

pytestmark = pytest.mark.browser


def finish(page, store, address):
    consent(page, address)
    return go_through(page, store, answer_side_by_side)


def come_again(page, address):
    """Another tab of the same browser, the first one closed."""
    other = page.context.new_page()
    page.close()
    other.goto(address)
    return other


def observers(store):
    return store.row("SELECT count(*) AS n FROM observers")["n"]


def test_a_session_under_way_asks_who_is_there_and_goes_on_or_begins_anew(start, store, open_page):
    _, address = start(pairs="random:4")
    page = open_page()
    begin(page, address)
    answer_side_by_side(page, 0)
    reaches(page, 2)
    first = session_of(page)
    page = come_again(page, address)
    page.wait_for_selector("#returning:visible")
    assert "2" in page.text_content("#returning-text")
    assert not page.is_visible(".withdraw")
    page.click("#returning-go")
    page.wait_for_selector("#checks:visible")
    assert session_of(page) == first
    page = come_again(page, address)
    page.click("#returning-new")
    page.wait_for_selector("#welcome:visible")
    page.check("#agree")
    page.click("#consent-send")
    page.wait_for_selector("#ready:enabled")
    assert session_of(page) != first
    assert observers(store) == 2
    assert len(answers(store)) == 1


def test_a_finished_session_leaves_the_next_person_nothing_but_the_way_in(start, store, open_page):
    _, address = start()
    page = open_page()
    code = finish(page, store, address)
    first = page.evaluate("() => JSON.stringify(localStorage)")
    assert session_of(page) is None
    assert code not in first
    page = come_again(page, address)
    page.wait_for_selector("#returning:visible")
    assert code not in page.content()
    assert not page.is_visible("#thanks")
    page.click("#returning-new")
    page.check("#agree")
    page.click("#consent-send")
    page.wait_for_selector("#ready:enabled")
    assert observers(store) == 2


def test_the_code_and_nothing_else_withdraws_later(start, store, open_page):
    _, address = start()
    page = open_page()
    code = finish(page, store, address)
    given = len(answers(store))
    assert given >= 2
    page = come_again(page, address)
    page.fill("#code-given", "0000000000")
    page.click("#by-code button")
    page.wait_for_function("() => document.querySelector('#code-said').textContent")
    assert page.text_content("#code-said") == texts("en")["code_unknown"]
    assert len(answers(store)) == given
    page.fill("#code-given", code)
    page.click("#by-code button")
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["withdrawn_title"]
    assert answers(store) == []


def test_who_has_just_finished_can_still_withdraw(start, store, open_page):
    _, address = start()
    page = open_page()
    finish(page, store, address)
    page.click("#thanks .withdraw")
    page.click("#withdraw-yes")
    page.wait_for_selector("#gone:visible")
    assert answers(store) == []
    page.reload()
    page.wait_for_selector("#welcome:visible")


@pytest.mark.parametrize("returning", ["restart", "block"])
def test_a_study_may_begin_anew_or_end_for_whoever_comes_back(start, store, open_page, returning):
    _, address = start({"access": Access(returning=returning)}, pairs="random:4")
    page = open_page()
    begin(page, address)
    page.reload()  # the same person a moment later
    page.wait_for_selector("#checks:visible")
    page = come_again(page, address)
    if returning == "block":
        page.wait_for_selector("#gone:visible")
        assert page.text_content("#gone-title") == texts("en")["refused_begun_title"]
        return
    by_pointer(page, address)
    left_out = store.rows("SELECT excluded FROM observers ORDER BY joined_at", {})
    assert [row["excluded"] for row in left_out] == ["left out: began again", ""]


def test_a_session_too_old_is_not_offered(start, store, open_page):
    _, address = start()
    page = open_page()
    begin(page, address)
    with store.here_alone() as database:
        database.execute("UPDATE observers SET joined_at = joined_at - 49 * 3600")
    page = come_again(page, address)
    page.wait_for_selector("#welcome:visible")
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 1, "nobody joined unasked"


def test_ids_of_a_panel_are_told_taken_along_and_gone_from_the_address(start, store, open_page):
    completion = Completion(no_consent="https://panel.example/no?p={PROLIFIC_PID}")
    _, address = start({"panel": Panel("prolific"), "completion": completion})
    page = open_page()
    page.goto(address)
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["refused_panel_needed_title"]
    page.goto(f"{address}?PROLIFIC_PID=5f00d&STUDY_ID=s1&secret=1&lang=en")
    page.wait_for_selector("#welcome:visible")
    assert "PROLIFIC_PID, STUDY_ID, SESSION_ID" in page.text_content("#told-panel")
    assert page.get_attribute("#disagree-link", "href") == "https://panel.example/no?p=5f00d"
    page.check("#agree")
    page.click("#consent-send")
    page.wait_for_selector("#ready:enabled")
    assert "5f00d" not in page.url
    kept = {row["name"]: row["value"] for row in store.rows("SELECT * FROM panel", {})}
    assert kept == {"PROLIFIC_PID": "5f00d", "STUDY_ID": "s1"}
    first = session_of(page)
    again = open_page()
    by_pointer(again, f"{address}?PROLIFIC_PID=5f00d")
    assert session_of(again) == first
