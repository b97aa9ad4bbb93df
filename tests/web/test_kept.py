"""What is the same for everybody is made once, and nothing else is."""

import asyncio

import gradio as gr
import pytest
from gradio import state_holder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from uplapp.web.kept import MOST, Kept, spare_visitors


@pytest.fixture
def asked():
    """A client of a page that says how often it was made, and what it was made for."""
    made = []

    async def page(request):
        made.append(1)
        host, cookie = request.headers["host"], {"set-cookie": "a=b"} if "x-cookie" in request.headers else {}
        status = 404 if "x-lost" in request.headers else 200
        return PlainTextResponse(f"{len(made)} for {host}", status, cookie)

    paths = ("/", "/config", "/other")
    app = Starlette(
        routes=[Route(path, page, methods=["GET", "POST"]) for path in paths],
        middleware=[Middleware(Kept, paths=("/", "/config"))],
    )
    return TestClient(app)


def number(reply):
    return int(reply.text.split()[0])


@pytest.mark.parametrize(
    "header", ["user-agent", "accept-language", "sec-fetch-mode", "x-forwarded-for", "referer"]
)
def test_visitors_who_ask_alike_get_the_same_page(asked, header):
    replies = [asked.get("/", headers={header: word}) for word in ("one", "other")]
    assert [number(reply) for reply in replies] == [1, 1]
    assert replies[0].headers == replies[1].headers


@pytest.mark.parametrize(
    "header", ["host", "x-forwarded-host", "x-forwarded-proto", "accept-encoding", "x-gradio-server"]
)
def test_a_page_for_another_address_or_coding_is_another(asked, header):
    assert [number(asked.get("/", headers={header: word})) for word in ("a", "b", "a")] == [1, 2, 1]


@pytest.mark.parametrize("path", ["/", "/?tab=study"])
@pytest.mark.parametrize(("coding", "packed"), [("gzip, br", "gzip"), ("identity", None)])
def test_a_page_travels_packed_to_a_browser_that_unpacks_it(path, coding, packed):
    async def page(request):
        return PlainTextResponse("long " * 1000)

    paths = [Route("/", page), Route("/study", page)]
    client = TestClient(Starlette(routes=paths, middleware=[Middleware(Kept, paths=("/",))]))
    for _ in range(2):
        reply = client.get(path, headers={"accept-encoding": coding})
        assert (reply.text, reply.headers.get("content-encoding")) == ("long " * 1000, packed)
    assert "content-encoding" not in client.get("/study", headers={"accept-encoding": coding}).headers


def test_a_page_that_many_ask_for_at_once_is_made_once():
    made, sent = [], []

    async def page(scope, receive, send):
        made.append(scope["path"])
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"page"})

    async def note(message):
        sent.append(message.get("body"))

    async def all_at_once():
        kept, scope = Kept(page, ("/",)), {"type": "http", "method": "GET", "path": "/", "headers": []}
        await asyncio.gather(*(kept(scope, None, note) for _ in range(10)))

    asyncio.run(all_at_once())
    assert (made, sent.count(b"page")) == (["/"], 10)


@pytest.mark.parametrize("header", ["cookie", "authorization"])
def test_whoever_may_be_known_gets_a_page_of_his_own(asked, header):
    assert [
        number(asked.get("/", headers=some)) for some in ({}, {header: "me=1"}, {header: "me=1"}, {})
    ] == [
        1,
        2,
        3,
        1,
    ]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/other"),
        lambda client: client.get("/?page=x"),
        lambda client: client.post("/"),
        lambda client: client.get("/", headers={"x-cookie": "1"}),
        lambda client: client.get("/", headers={"x-lost": "1"}),
    ],
)
def test_what_is_not_a_page_for_everybody_is_made_anew(asked, ask):
    assert [number(ask(asked)) for _ in range(2)] == [1, 2]


def test_the_oldest_of_too_many_versions_is_forgotten(asked):
    for place in range(MOST + 1):
        asked.get("/", headers={"host": f"host{place}"})
    assert number(asked.get("/", headers={"host": f"host{MOST}"})) == MOST + 1
    assert number(asked.get("/", headers={"host": "host0"})) == MOST + 2


def test_each_path_has_its_own_page(asked):
    assert [number(asked.get(path)) for path in ("/", "/config", "/")] == [1, 2, 1]


@pytest.fixture
def visited(monkeypatch):
    """A page of two widgets, and the names of those that were described since it was built."""
    names, describe = [], gr.Textbox.get_config

    def noted(widget):
        names.append(widget.label)
        return describe(widget)

    monkeypatch.setattr(state_holder, "SessionState", state_holder.SessionState)  # as it was, in the end
    monkeypatch.setattr(gr.Textbox, "get_config", noted)

    async def build():  # outside of a running loop a page would open one and leave it open
        with gr.Blocks(analytics_enabled=False) as page:
            page.box, page.other = gr.Textbox(label="box", value="before"), gr.Textbox(label="other")
        return page

    page = asyncio.run(build())
    spare_visitors()
    page.visitors = state_holder.StateHolder()
    page.visitors.set_blocks(page)
    names.clear()
    return page, names


def test_no_widget_is_described_to_a_visitor_before_it_changes(visited):
    page, names = visited
    first = page.visitors["first"]
    assert (names, first.config_values) == ([], {})
    assert first[page.box._id] is page.box
    first._update_value_in_config(page.box._id, "after")
    assert names == ["box"]


def test_what_one_visitor_sees_is_no_other_visitors(visited):
    page, _ = visited
    first = page.visitors["first"]
    first._update_value_in_config(page.box._id, "secret")
    first[page.other._id] = gr.Textbox(label="changed", render=False)
    first._update_config(page.other._id)
    assert first.config_values[page.other._id]["props"]["label"] == "changed"
    second = page.visitors["second"]
    second._update_config(page.box._id)
    assert second.config_values[page.box._id]["props"]["value"] == "before"
    assert second[page.other._id].label == "other"
