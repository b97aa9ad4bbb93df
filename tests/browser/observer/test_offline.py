"""A real browser whose network, server or tab goes away in the middle of a study."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.browser.moves import outbox, reaches
from tests.study.tiny import write_study
from tests.web.processes import free_port, server, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TRIALS = 4
PROTOCOL = f'practice = 0\ncatch = 0\nblank_ms = 100\npairs = "random:{TRIALS}"'
ANSWERABLE = "#choose-left:enabled"
MINUTE_MS = 60_000
# While `hurried` is set, what the page waits for comes ten times as soon, and is added up.
HURRY = """(() => {
  const wait = window.setTimeout.bind(window);
  window.waited = 0;
  window.setTimeout = (act, ms, ...more) => {
    if (!window.hurried) return wait(act, ms, ...more);
    return wait(() => { window.waited += ms; act(...more); }, ms / 10);
  };
})();"""


@pytest.fixture
def host(tmp_path):
    """`host()` is a running server of a short study, the same port and database at each call."""
    write_study(tmp_path / "tiny", protocol=PROTOCOL)
    port = free_port()
    return lambda: server(tmp_path, port), f"http://127.0.0.1:{port}/study/tiny"


def stored(tmp_path):
    """(trial, key) of every answer in the order of the observer's trials."""
    query = "SELECT trial, key FROM answers JOIN trials ON token = trial ORDER BY position"
    with closing(sqlite3.connect(tmp_path / "answers.db")) as connection:
        return connection.execute(query).fetchall()


def in_order_of_arrival(tmp_path):
    with closing(sqlite3.connect(tmp_path / "answers.db")) as connection:
        return connection.execute("SELECT trial, key FROM answers ORDER BY answered_at, rowid").fetchall()


def counted(tmp_path):
    """The number of answers that count, without those that late frames made come again."""
    with closing(sqlite3.connect(tmp_path / "answers.db")) as connection:
        return connection.execute("SELECT count(*) FROM answers WHERE excluded = ''").fetchone()[0]


def watch(page) -> list[tuple[str, str]]:
    """(trial, key) of every answer that the page sends, each as often as it is sent."""
    sent = []

    def note(request):
        if request.method == "POST" and request.url.endswith("/answer"):
            body = json.loads(request.post_data)
            sent.append((body["token"], body["key"]))

    page.on("request", note)
    return sent


def begin(page, address):
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    page.check("#agree")
    page.click("#consent button[type=submit], #consent button")
    go_on(page)


def go_on(page):
    """Past the checks, to the trial that is next."""
    page.wait_for_selector("#ready:enabled")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trial:visible")


def answer(page, key="ArrowLeft"):
    page.wait_for_selector(ANSWERABLE)
    page.keyboard.press(key)


def finish(page, tmp_path):
    """Answer until the last page and return the completion code."""
    while page.wait_for_selector(f"{ANSWERABLE}, #thanks:visible") and page.is_hidden("#thanks"):
        before = len(stored(tmp_path))
        answer(page)
        wait_for(lambda seen=before: len(stored(tmp_path)) > seen)
    return page.text_content("#code")


def test_a_minute_offline_in_the_middle_loses_and_doubles_no_answer(host, open_page, tmp_path):
    serve, address = host
    with serve():
        page = open_page()
        page.add_init_script(HURRY)
        sent = watch(page)
        begin(page, address)
        answer(page)
        reaches(page, 2)
        page.wait_for_selector(ANSWERABLE)
        page.context.set_offline(True)
        answer(page, "ArrowRight")
        page.wait_for_selector("#trouble:visible")
        page.evaluate("() => { window.hurried = true; }")
        page.wait_for_function("(minute) => window.waited > minute", arg=MINUTE_MS)
        assert len(stored(tmp_path)) == 1
        assert len(outbox(page)) == 1
        page.evaluate("() => { window.hurried = false; }")
        page.context.set_offline(False)
        reaches(page, 3)
        assert finish(page, tmp_path)
    given = list(dict.fromkeys(sent))
    assert counted(tmp_path) == TRIALS
    assert len(sent) > len(given), "while offline it was tried again"
    assert stored(tmp_path) == in_order_of_arrival(tmp_path) == given


def test_an_answer_whose_reply_is_lost_is_sent_again_and_stored_once(host, open_page, tmp_path):
    serve, address = host
    lost = []

    def lose_the_first_reply(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # it arrived, only nobody hears of it
        route.abort("connectionreset")

    with serve():
        page = open_page()
        sent = watch(page)
        page.route("**/answer", lose_the_first_reply)
        begin(page, address)
        answer(page)
        reaches(page, 2)
        assert lost == [200]
        assert len(sent) == 2
        assert sent[0] == sent[1]
        assert stored(tmp_path) == [sent[0]]


def test_a_tab_closed_while_the_server_is_down_delivers_its_answer_once_when_it_comes_back(
    host, open_page, tmp_path
):
    serve, address = host
    with serve():
        page = open_page()
        begin(page, address)
        page.wait_for_selector(ANSWERABLE)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => JSON.parse(localStorage.getItem('outbox:tiny') ?? '[]').length === 1")
    (kept,) = outbox(page)
    context = page.context
    page.close()
    with serve():
        again = context.new_page()
        again.goto(address)
        again.click("#returning-go")
        go_on(again)
        reaches(again, 2)
        assert stored(tmp_path) == [(kept["token"], kept["key"])]
        assert outbox(again) == []
        assert finish(again, tmp_path)
    assert counted(tmp_path) == TRIALS


def test_two_tabs_of_one_session_never_answer_a_trial_twice(host, open_page, tmp_path):
    serve, address = host
    with serve():
        first = open_page()
        begin(first, address)
        second = first.context.new_page()
        second.goto(address)
        second.click("#returning-go")
        go_on(second)
        reaches(second, 1)
        first.bring_to_front()
        answer(first)
        wait_for(lambda: len(stored(tmp_path)) == 1)
        second.bring_to_front()
        answer(second, "ArrowRight")
        reaches(second, 2)
        assert stored(tmp_path)[0] == in_order_of_arrival(tmp_path)[0]
        second.reload()
        go_on(second)
        assert finish(second, tmp_path)
        with closing(sqlite3.connect(tmp_path / "answers.db")) as connection:
            (observers,) = connection.execute("SELECT count(*) FROM observers").fetchone()
            choices = connection.execute(
                "SELECT choice FROM answers JOIN trials ON token = trial ORDER BY position"
            ).fetchall()
    assert observers == 1
    assert choices[0] == ("left",), "the first answer stands"
    assert counted(tmp_path) == TRIALS
