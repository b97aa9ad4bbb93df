"""The ways into a study and out of it: links, refusals, lost answers, questions, withdrawal."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from tests.browser.moves import (
    answer_side_by_side,
    answers,
    begin,
    consent,
    go_through,
    reaches,
    second_tab,
    session_of,
    texts,
    wait_for_answer,
)
from tests.study.tiny import NOW, on_disk, open_tiny, write_study
from tests.web.serving import mounted
from uplapp.study.definition import Access, Completion, Question
from uplapp.study.session import editions, joining, lifecycle, links
from uplapp.study.session.joining import Newcomer
from uplapp.web.observer.routes import build

QUESTIONS = (
    Question("age", "How old are you?", "number"),
    Question("lenses", "Do you wear glasses?", "choice", ("yes", "no")),
    Question("more", "Anything else?"),
)

pytestmark = pytest.mark.browser
FRAME = "<!doctype html><button>outer</button><iframe width=1000 height=900 src='/study/tiny'></iframe>"


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


def test_replies_are_stored_and_the_code_comes_after_them(start, store, open_page):
    completion = Completion(redirect="https://example.org/done?code={code}")
    _, address = start({"questions": QUESTIONS, "completion": completion})
    page = open_page(device_scale_factor=2)
    consent(page, address)
    assert go_through(page, store, answer_side_by_side) == ""
    assert {(row["layout"], row["pixel_ratio"]) for row in answers(store)} == {("side_by_side", 2)}
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
    begin(page, address)
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
    times = []

    def slow(route):
        times.append(page.evaluate("() => performance.now()"))
        if len(times) > 1:
            return route.continue_()
        refusal = {"error": "slow down", "reason": "slow_down"}
        return route.fulfill(status=429, headers={"Retry-After": "2"}, json=refusal)

    page.route("**/answer", slow)
    begin(page, address)
    answer_side_by_side(page, 0)
    page.wait_for_timeout(1000)
    assert page.is_hidden("#trouble")
    wait_for_answer(page, store, 0)
    assert len(answers(store)) == 1
    assert times[1] - times[0] >= 1900


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
    begin(page, address)
    answer_side_by_side(page, 0)
    page.wait_for_selector("#trouble:visible")
    wait_for_answer(page, store, 0)
    assert len(answers(store)) == 1


def test_the_second_tab_of_a_session_goes_on_where_the_first_is_then_stops(start, store, open_page):
    _, address = start(pairs="random:4")
    page = open_page()
    begin(page, address)
    other = second_tab(page, address)
    answer_side_by_side(page, 0)
    wait_for_answer(page, store, 0)
    answer_side_by_side(other, 0)  # answered already: refused
    reaches(other, 2)
    assert len(answers(store)) == 1
    answer_side_by_side(page, 1)
    wait_for_answer(page, store, 1)
    answer_side_by_side(other, 1)
    other.wait_for_selector("#gone:visible")
    assert other.text_content("#gone-title") == texts("en")["refused_moved_title"]
    assert len(answers(store)) == 2
    assert page.evaluate("() => localStorage.getItem('outbox:tiny')") == "[]"


def test_in_a_frame_the_page_asks_for_a_click_and_offers_a_window_of_its_own(
    store, serve, open_page, tmp_path
):
    study = open_tiny(store, write_study(tmp_path / "tiny"), practice=0)

    async def outer(request):
        return HTMLResponse(FRAME)

    app = Starlette(routes=[Mount("/study", app=build(store, {"tiny": study})), Route("/", outer)])
    page = open_page(1280, 1000)
    page.goto(serve(app))
    frame = page.frame_locator("iframe")
    frame.locator("#agree").check()
    frame.locator("#consent button").click()
    frame.locator("#ready:enabled").wait_for()
    page.click("button")  # of the page around it: the keys go there
    frame.locator("#check-focus.no").wait_for()
    frame.locator("#checks-title").click()
    frame.locator("#check-focus.yes").wait_for()
    own = frame.locator("#own-link").get_attribute("href")
    frame.locator("#ready").click()
    frame.locator("#trial").wait_for()
    alone = open_page()
    alone.goto(own)  # the same session
    alone.wait_for_selector("#checks:visible")
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 1


def test_a_personal_link_leads_back_to_the_edition_that_was_begun(store, serve, open_page, tmp_path):
    folder = write_study(tmp_path / "tiny", conditions=("l1", "l2"), protocol="practice = 0\ncatch = 0")
    before = editions.serve(store, on_disk(folder), NOW).present
    [link] = links.make(store, before.id, ["one"], NOW)
    joining.join(store, before, "1", NOW, Newcomer(link=link))
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("title = ", 'title = "New" #').replace("seed = ", "seed = 7 #"))
    after = editions.serve(store, on_disk(folder), NOW, adopt=True)
    served = mounted(store, {"tiny": after.present}, {"tiny": after.former})
    page = open_page()
    consent(page, f"{serve(served)}/study/tiny#l={link}")
    page.wait_for_selector("#trial:visible")
    assert page.title() == "Which changes less?"
