"""An answer whose times the server does not take: the observer's choice is kept all the same."""

import json

import pytest

from tests.browser.moves import answer_side_by_side, answers, begin, reaches, wait_for_answer

pytestmark = pytest.mark.browser
REFUSAL = {"error": "'response_ms' must be a number", "reason": "bad"}


def kept(page, name):
    return json.loads(page.evaluate("(name) => localStorage.getItem(`${name}:tiny`)", name) or "[]")


@pytest.fixture
def sent():
    """Every answer that reached the door."""
    return []


@pytest.fixture
def at_first_trial(start, open_page, sent):
    """`at_first_trial(refuse)` is a page whose answers are refused as long as `refuse(number)`."""

    def opened(refuse, status=422):
        _, address = start()
        page = open_page()

        def door(route):
            sent.append(json.loads(route.request.post_data))
            if refuse(len(sent)):
                return route.fulfill(status=status, json=REFUSAL)
            return route.continue_()

        page.route("**/answer", door)
        begin(page, address)
        return page

    return opened


@pytest.mark.parametrize("status", [413, 422])
def test_a_refused_answer_comes_again_with_its_times_marked_and_the_study_goes_on(
    at_first_trial, store, sent, status
):
    page = at_first_trial(lambda number: number == 1, status)
    answer_side_by_side(page, 1)
    wait_for_answer(page, store, 0)
    reaches(page, 2)
    first, second = sent
    assert (first.get("timing"), second["timing"]) == (None, "refused")
    assert {name: second[name] for name in ("token", "key", "choice")} == {
        name: first[name] for name in ("token", "key", "choice")
    }
    assert [row["choice"] for row in answers(store)] == ["right"]
    assert kept(page, "outbox") == kept(page, "aside") == []


def test_an_answer_refused_twice_stays_on_the_device_until_the_server_takes_it(at_first_trial, store, sent):
    page = at_first_trial(lambda number: number <= 2)
    answer_side_by_side(page, 1)
    page.wait_for_selector("#gone:visible")
    [aside] = kept(page, "aside")
    assert (aside["choice"], aside["timing"], kept(page, "outbox")) == ("right", "refused", [])
    page.click("#gone-next")
    wait_for_answer(page, store, 0)
    assert [row["choice"] for row in answers(store)] == ["right"]
    page.wait_for_selector("#ready:enabled")
    page.keyboard.press("Enter")
    reaches(page, 2)
    assert kept(page, "aside") == []
    assert [one["key"] for one in sent] == [aside["key"]] * 3


def test_who_withdraws_leaves_no_refused_answer_on_the_device(at_first_trial):
    page = at_first_trial(lambda number: True)
    answer_side_by_side(page, 1)
    page.wait_for_selector("#gone:visible")
    page.reload()
    page.wait_for_selector("#checks:visible")
    assert len(kept(page, "aside")) == 1
    page.click("#checks .withdraw")
    page.click("#withdraw-yes")
    page.wait_for_selector("#gone:visible")
    assert kept(page, "aside") == kept(page, "outbox") == []


WILD = {
    "response_ms": None,
    "frame_ms": 1e9,
    "frames_per_phase": -3,
    "missed_frames": None,
    "paused_ms": -1,
    "pixel_ratio": 0,
    "swaps_ms": [1, None, -2, *range(2, 5000)],
    "gaps_ms": None,
    "seen_ms": [None],
}


def test_times_that_are_no_times_are_brought_into_the_range_of_the_server(start, open_page):
    _, address = start()
    page = open_page()
    page.goto(address)
    call = "async (body) => (await import('./static/base/timing.js')).refused(body)"
    mended = page.evaluate(call, {"choice": "left", **WILD})
    assert mended["choice"] == "left"
    assert (mended["response_ms"], mended["frame_ms"], mended["frames_per_phase"]) == (1, 100, 1)
    assert (mended["missed_frames"], mended["paused_ms"], mended["pixel_ratio"]) == (0, 0, 0.1)
    assert mended["swaps_ms"] == [1, *range(2, 2401)]
    assert (mended["gaps_ms"], mended["seen_ms"]) == ([], [0, 0])
