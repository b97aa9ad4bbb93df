"""Names and texts of others in a real browser are shown as they are, never run, and no host is asked."""

import json
from dataclasses import replace

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browser.moves import answer_side_by_side, consent, go_through, wait_until
from tests.study.tiny import NOW, write_study
from tests.web.serving import mounted
from uplapp.study.definition import Consent, Question, load
from uplapp.study.session import opening

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script><b id="bold">b</b>'
NAME = "img src=x onerror=window.hacked=1"
HACKED = "() => Boolean(window.hacked || document.querySelector('#bold, img[src=x]'))"


@pytest.fixture
def hostile(store, serve, tmp_path):
    """The address of a study whose every free text is a script."""
    protocol = 'practice = 0\ncatch = 0\nblank_ms = 100\npairs = "random:1"'
    folder = write_study(tmp_path / "tiny", protocol=protocol)
    questions = (
        Question("glasses", HOSTILE, "choice", (HOSTILE, "no")),
        Question("comment", HOSTILE, "text"),
    )
    study_definition = replace(
        load(folder), title=HOSTILE, consent=Consent("9", HOSTILE), questions=questions
    )
    study = opening.open_study(store, study_definition, folder, NOW)
    return f"{serve(mounted(store, {'tiny': study}))}/study/tiny"


@pytest.fixture
def recorded(open_page):
    """A fresh page, and every address that it asks for."""
    page, urls = open_page(), []
    page.on("request", lambda request: urls.append(request.url))
    return page, urls


def test_a_script_in_any_text_of_a_study_is_shown_and_never_run(recorded, hostile, store):
    page, _ = recorded
    page.goto(hostile)
    page.wait_for_selector("#welcome:visible")
    assert HOSTILE in page.text_content("#welcome")
    assert HOSTILE in page.text_content("body")
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#ready:enabled")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trial:visible")
    go_through(page, store, answer_side_by_side)
    page.wait_for_function("(text) => document.body.innerText.includes(text)", arg=HOSTILE)
    assert not page.evaluate(HACKED)


def test_the_observers_page_asks_nobody_but_its_own_host(recorded, store, serve, tmp_path):
    page, urls = recorded
    protocol = 'practice = 1\ncatch = 0\nblank_ms = 100\npairs = "random:1"'
    folder = write_study(tmp_path / "tiny", protocol=protocol)
    host = serve(mounted(store, {"tiny": opening.open_study(store, load(folder), folder, NOW)}))
    consent(page, f"{host}/study/tiny")
    assert go_through(page, store, answer_side_by_side)
    assert len(urls) > 15
    assert [url for url in urls if not url.startswith((f"{host}/study/", "blob:", "data:"))] == []


def test_the_policy_of_the_page_stops_what_a_hole_would_let_in(recorded, hostile, serve):
    page, _ = recorded
    other = serve(Starlette(routes=[Route("/", lambda request: HTMLResponse("secret"))]))
    page.goto(hostile)
    page.evaluate(
        """() => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
        const link = document.createElement('a');
        link.setAttribute('onclick', 'window.hacked = 1');
        document.body.append(link);
        link.click();
    }"""
    )
    fetched = page.evaluate(
        "(url) => fetch(url, { mode: 'no-cors' }).then(() => 'sent', () => 'stopped')", other
    )
    assert (page.evaluate("() => window.hacked ?? null"), fetched) == (None, "stopped")


def framed(page, serve, address) -> str:
    """What a page of another site gets to show in its frame."""
    outer = f'<iframe id="inner" src="{address}"></iframe>'
    page.goto(serve(Starlette(routes=[Route("/", lambda request: HTMLResponse(outer))])))
    wait_until(page, lambda: page.frames[1].url not in ("", "about:blank"))
    return page.frames[1].url


def test_another_site_cannot_put_the_page_into_a_frame(recorded, hostile, serve):
    page, _ = recorded
    assert framed(page, serve, hostile).startswith("chrome-error:")


@pytest.mark.slow
def test_another_site_cannot_put_the_app_into_a_frame(recorded, app, serve):
    page, _ = recorded
    assert framed(page, serve, app).startswith("chrome-error:")


@pytest.mark.slow
def test_scripts_in_the_names_of_a_votes_file_are_shown_and_never_run(recorded, app, tmp_path):
    page, urls = recorded
    names = [f'<{NAME} class="{letter}">' for letter in "abc"]
    cells = [json.dumps(name).replace('\\"', '""') for name in names]
    rows = ["observer,condition_A,condition_B,is_A_selected,scene"]
    rows += [
        f'"<{NAME} id=o{who}>",{cells[a]},{cells[b]},{(who + a + b) % 2},"<{NAME} id=s{scene}>"'
        for who in range(4)
        for scene in range(2)
        for a, b in ((0, 1), (1, 2), (0, 2))
    ]
    (tmp_path / f"<{NAME}>.csv").write_text("\n".join(rows))
    page.goto(app)
    page.get_by_role("tab", name="Analysis").click()
    page.get_by_label("My votes (CSV)").check()
    page.locator("input[type=file][accept*='.csv']").first.set_input_files(tmp_path / f"<{NAME}>.csv")
    page.get_by_text("24 comparisons of 4 observers").first.wait_for()
    shown = {"Differences": names[0], "Observers": f"<{NAME} id=o0>", "Scenes": names[0]}
    for tab, name in shown.items():
        page.get_by_role("tab", name=tab).first.click()
        page.wait_for_function("(text) => document.body.innerText.includes(text)", arg=name)
        page.wait_for_timeout(500)
        assert not page.evaluate(HACKED)
    assert [url for url in urls if not url.startswith((app, "data:", "blob:"))] == []


@pytest.mark.slow
def test_scripts_in_the_name_of_a_picture_are_never_run(recorded, app, tmp_path):
    page, _ = recorded
    Image.new("RGB", (64, 48), (90, 120, 30)).save(tmp_path / f"<{NAME}>.png")
    (tmp_path / f"<{NAME} >.png").write_bytes(b"no picture")
    page.goto(app)
    chooser = page.locator("input[type=file][accept*=tiff]")
    chooser.set_input_files(tmp_path / f"<{NAME}>.png")
    page.get_by_text("64x48").first.wait_for()
    chooser.set_input_files(tmp_path / f"<{NAME} >.png")
    page.get_by_text("not an image that can be read").first.wait_for()
    page.wait_for_timeout(500)
    assert not page.evaluate(HACKED)
