"""What the page does again, and what it leaves alone: studies not open yet, lost replies, shared devices."""

import json

import pytest

from tests.browser.moves import (
    answer_side_by_side,
    answers,
    begin,
    by_pointer,
    consent,
    go_through,
    outbox,
    reaches,
    second_tab,
    session_of,
    texts,
)
from tests.study.tiny import open_tiny, write_study
from tests.web.serving import mounted
from uplapp.study.definition import Question

pytestmark = pytest.mark.browser
OTHER = "0" * 32  # the session of another person on this device


def leave_an_answer_of_another(page):
    entry = {"token": "1" * 32, "key": "2" * 32, "choice": "left", "session": OTHER}
    page.evaluate("(kept) => localStorage.setItem('outbox:tiny', kept)", json.dumps([entry]))


def observers(store):
    return store.row("SELECT count(*) AS n FROM observers")["n"]


def lose_the_first_reply(page, path):
    """Let answers arrive without a reply, and return the bodies as they are sent."""
    sent = []

    def handle(route):
        sent.append(json.loads(route.request.post_data))
        if len(sent) > 1:
            return route.continue_()
        route.fetch()
        return route.abort("connectionreset")

    page.route(path, handle)
    return sent


def test_an_answer_waits_for_a_study_that_is_not_open_at_the_moment(store, serve, open_page, tmp_path):
    short = {"practice": 0, "catch": 0, "pairs": "random:2", "blank_ms": 100.0}
    study = open_tiny(store, write_study(tmp_path / "tiny"), **short)
    studies = {"tiny": study}
    page = open_page()
    consent(page, f"{serve(mounted(store, studies))}/study/tiny")
    page.wait_for_selector("#choose-left:enabled")
    del studies["tiny"]
    answer_side_by_side(page, 0)
    page.wait_for_selector("#trouble:visible")
    assert page.text_content("#trouble") == texts("en")["trouble"]
    assert len(outbox(page)) == 1
    studies["tiny"] = study
    reaches(page, 2)
    assert len(answers(store)) == 1
    assert page.is_hidden("#trouble")


def test_a_study_that_opens_late_still_knows_the_session(start, open_page):
    _, address = start()
    page = open_page()
    by_pointer(page, address)
    page.wait_for_selector("#trial:visible")
    before, tries = session_of(page), []

    def not_open(route):
        tries.append(page.evaluate("() => document.querySelector('#trouble').hidden"))
        if len(tries) > 1:
            return route.continue_()
        refusal = {"error": "there is no open study at this address", "reason": "not_open"}
        return route.fulfill(status=404, json=refusal)

    page.route("**/state", not_open)
    page.reload()
    page.wait_for_selector("#ready:enabled")
    assert tries == [True, False]
    assert session_of(page) == before


@pytest.mark.parametrize("reload", [False, True], ids=["the page tries again", "the observer tries again"])
def test_a_consent_whose_reply_is_lost_makes_one_observer(start, store, open_page, reload):
    _, address = start()
    page = open_page()
    sent = lose_the_first_reply(page, "**/join")
    page.goto(address)
    page.check("#agree")
    page.click("#consent-send")
    if reload:
        page.wait_for_function("() => localStorage.getItem('joining:tiny')")
        page.wait_for_selector("#trouble:visible")
        page.reload()
        page.check("#agree")
        page.click("#consent-send")
    page.wait_for_selector("#ready:enabled")
    assert len(sent) >= 2
    assert {len(body["key"]) for body in sent} == {32}
    assert len({body["key"] for body in sent}) == 1
    assert observers(store) == 1
    assert page.evaluate("() => localStorage.getItem('joining:tiny')") is None


def test_the_next_person_on_a_device_is_another_observer(start, store, open_page):
    _, address = start()
    page = open_page()
    by_pointer(page, address)
    page.evaluate("() => localStorage.removeItem('session:tiny')")
    page.goto("about:blank")
    by_pointer(page, address)
    assert observers(store) == 2


def test_withdrawal_on_a_shared_device_leaves_what_is_another_persons(start, open_page):
    _, address = start(practice=1)
    page = open_page()
    begin(page, address)
    answer_side_by_side(page, 0)
    page.wait_for_selector("#pause:visible")
    leave_an_answer_of_another(page)
    page.evaluate("(other) => localStorage.setItem('session:tiny', other)", OTHER)
    page.click("#pause .withdraw")
    page.click("#withdraw-yes")
    page.wait_for_selector("#gone:visible")
    assert page.text_content("#gone-title") == texts("en")["withdrawn_title"]
    assert [entry["session"] for entry in outbox(page)] == [OTHER]
    assert session_of(page) == OTHER


def test_a_refused_answer_of_another_person_stops_nobody_here(start, store, open_page):
    _, address = start()
    page = open_page()
    begin(page, address)
    leave_an_answer_of_another(page)
    answer_side_by_side(page, 0)
    reaches(page, 2)
    assert outbox(page) == []
    assert len(answers(store)) == 1


def choose(page):
    """The left one, as soon as it can be chosen."""
    page.bring_to_front()
    page.wait_for_selector("#choose-left:enabled")
    page.keyboard.press("ArrowLeft")


def test_tabs_that_take_turns_both_go_on(start, store, open_page):
    _, address = start(pairs="random:4")
    page = open_page()
    begin(page, address)
    other = second_tab(page, address)
    choose(page)
    reaches(page, 2)
    choose(other)  # refused once: answered already
    reaches(other, 2)
    choose(other)
    reaches(other, 3)
    choose(page)  # refused once
    reaches(page, 3)
    choose(page)
    reaches(page, 4)
    choose(other)  # refused again, an accepted answer later
    reaches(other, 4)
    assert len(answers(store)) == 3


def test_replies_sent_twice_in_a_hurry_never_reach_the_address(start, store, open_page):
    _, address = start({"questions": (Question("age", "How old are you?", "number"),)})
    page, held = open_page(), []
    consent(page, address)
    go_through(page, store, answer_side_by_side)
    page.wait_for_selector("#questions:visible")
    page.get_by_label("How old are you?").fill("41")
    page.route("**/replies", lambda route: held.append(route))
    page.click("#replies button[type=submit]")
    page.click("#replies button[type=submit]")
    page.wait_for_timeout(300)
    assert "?" not in page.url
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_selector("#thanks:visible")
