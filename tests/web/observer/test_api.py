import math
import sqlite3

import pytest
from starlette.testclient import TestClient

from tests.study.tiny import body, open_tiny
from tests.web.serving import Observer, mounted
from uplapp.study.store import sqlite
from uplapp.study.store.store import Store


def answers(store):
    return store.row("SELECT count(*) AS n FROM answers")["n"]


def test_every_reply_forbids_caching_sniffing_and_foreign_frames(client, observer):
    state = observer.join()
    replies = [
        client.get("/study/tiny"),
        client.get("/study/static/trial/player.js"),
        client.get("/study/none"),
    ]
    replies += [
        observer.get("state"),
        observer.get(f"picture/{state['trial']['left']}"),
        observer.get("picture/x"),
    ]
    for reply in replies:
        assert reply.headers["cache-control"] == "private, no-store"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'self' https://huggingface.co" in reply.headers["content-security-policy"]
        assert "etag" not in reply.headers
        assert "last-modified" not in reply.headers


def test_an_answer_sent_twice_is_stored_once(observer, store):
    trial = observer.join()["trial"]
    first, second = observer.answer(trial), observer.answer(trial)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert answers(store) == 1


def test_another_answer_to_an_answered_trial_conflicts(observer, store):
    trial = observer.join()["trial"]
    observer.answer(trial)
    assert observer.post("answer", body(trial["token"], key="other", choice="right")).status_code == 409
    assert store.row("SELECT choice FROM answers")["choice"] == "left"


def test_two_tabs_cannot_answer_twice(client, store):
    one, two = Observer(client), Observer(client)
    trial = one.join()["trial"]
    two.headers = one.headers
    assert one.answer(trial).status_code == 200
    assert two.post("answer", body(trial["token"], key="second tab")).status_code == 409
    assert answers(store) == 1


def test_the_next_trial_cannot_be_answered_first(observer):
    assert observer.answer(observer.join()["upcoming"]).status_code == 409


@pytest.mark.parametrize(
    "session", ["", "Bearer ", "Bearer nonsense", "Basic x", "Bearer ' OR 1=1 --", "Bearer \x7f"]
)
def test_a_session_that_is_not_known_is_not_found(observer, session):
    trial = observer.join()["trial"]
    observer.headers = {"Authorization": session}
    assert observer.get("state").status_code == 404
    assert observer.get(f"picture/{trial['left']}").status_code == 404
    assert observer.answer(trial).status_code == 404


def test_a_foreign_token_is_not_found(client):
    one, two = Observer(client), Observer(client)
    foreign = one.join()["trial"]
    two.join()
    assert two.answer(foreign).status_code == 404
    assert two.get(f"picture/{foreign['right']}").status_code == 404


def test_a_picture_of_a_trial_far_ahead_cannot_be_had(observer, store):
    observer.join()
    row = store.row("SELECT left_token FROM trials WHERE position = 5")
    assert observer.get(f"picture/{row['left_token']}").status_code == 404


@pytest.mark.parametrize(
    "forged",
    [
        {"response_ms": -5.0},
        {"response_ms": 1e99},
        {"swaps_ms": [-1.0]},
        {"token": 3},
        {"key": ""},
        {"key": "x" * 65},
        {"choice": "not_sure"},
        {"choice": "both_bad"},
        {"step": 1},
    ],
    ids=str,
)
def test_forged_answers_are_refused(observer, store, forged):
    trial = observer.join()["trial"]
    assert observer.post("answer", {**body(trial["token"]), **forged}).status_code == 422
    assert answers(store) == 0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_know_are_refused(client, observer, number):
    trial = observer.join()["trial"]
    text = (
        str(body(trial["token"])).replace("'", '"').replace("2100.0", str(number)).replace("inf", "Infinity")
    )
    headers = {**observer.headers, "Content-Type": "application/json"}
    reply = client.post("/study/api/tiny/answer", content=text.replace("nan", "NaN"), headers=headers)
    assert reply.status_code == 422


@pytest.mark.parametrize("text", ["", "no", "[]", "3", '{"a":', "[" * 60_000, "\x00", '"' + "x" * 1000])
def test_a_body_that_is_no_object_is_refused(client, observer, text):
    observer.join()
    headers = {**observer.headers, "Content-Type": "application/json"}
    assert client.post("/study/api/tiny/answer", content=text, headers=headers).status_code == 422


def test_a_body_above_the_cap_is_refused_however_it_is_sent(client, observer):
    observer.join()
    headers = {**observer.headers, "Content-Type": "application/json"}
    whole = b" " * (64 * 1024 + 1)
    assert client.post("/study/api/tiny/answer", content=whole, headers=headers).status_code == 413
    pieces = (b" " * 4096 for _ in range(17))
    assert client.post("/study/api/tiny/answer", content=pieces, headers=headers).status_code == 413


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_a_write_from_another_site_is_refused(client, origin):
    reply = client.post("/study/api/tiny/join", json={"consent_version": "1"}, headers={"Origin": origin})
    assert reply.status_code == 403


def test_a_write_from_our_own_page_is_let_in(client):
    sent = {"consent_version": "1"}
    assert (
        client.post("/study/api/tiny/join", json=sent, headers={"Origin": "http://testserver"}).status_code
        == 201
    )
    proxied = {"Origin": "https://someone.hf.space", "X-Forwarded-Host": "someone.hf.space"}
    assert client.post("/study/api/tiny/join", json=sent, headers=proxied).status_code == 201


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_write_that_a_form_could_send_is_refused(client, kind):
    sent = b'{"consent_version": "1"}'
    assert (
        client.post("/study/api/tiny/join", content=sent, headers={"Content-Type": kind}).status_code == 415
    )


@pytest.mark.parametrize(
    "path",
    [
        *("static/../routes.py", "static/%2e%2e/routes.py", "static/..%2froutes.py", "static/%00", "static/"),
        *("static/base/../../routes.py", "static/base/%2e%2e/%2e%2e/routes.py", "static/base%00/api.js"),
        *("static/base/..%2f..%2froutes.py", "static/base/..\\..\\routes.py", "static//base/api.js"),
        *("static/base", "static/base/", "static/api.js", "static/base//api.js", "static/./base/api.js%20"),
        *("static//etc/passwd", "static/%2fetc%2fpasswd", "static/base\\api.js", "static/BASE/API.JS"),
        *("static/..\\routes.py", "static/page.html%00.js", "static/p\u0430ge.html", "tiny/../../etc/passwd"),
        *(
            "%2e%2e",
            "..%5c..",
            "docs",
            "redoc",
            "openapi.json",
            "api/none/welcome",
            "api/tiny/picture/..%2fl1",
        ),
    ],
)
def test_nothing_lies_outside_of_the_named_addresses(client, path):
    assert client.get(f"/study/{path}").status_code in (404, 405)


def test_a_locked_database_asks_to_try_again_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    store = Store(tmp_path / "answers.db")
    with TestClient(mounted(store, {"tiny": open_tiny(store, tmp_path / "tiny")})) as client:
        observer = Observer(client)
        trial = observer.join()["trial"]
        other = sqlite3.connect(tmp_path / "answers.db", timeout=0)
        other.execute("BEGIN IMMEDIATE")
        busy = observer.answer(trial)
        other.rollback()
        other.close()
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")
        assert observer.answer(trial).status_code == 200
        assert answers(store) == 1
    store.close()


def test_a_fault_of_the_study_shows_the_observer_no_name(observer, tmp_path):
    trial = observer.join()["trial"]
    for path in (tmp_path / "tiny").rglob("*.png"):
        path.write_bytes(b"")
    reply = observer.get(f"picture/{trial['left']}")
    assert reply.status_code == 500
    fault = {"error": "this study has a fault; please contact the researcher", "reason": "other"}
    assert reply.json() == fault


def test_a_study_can_open_while_the_server_runs(store, tmp_path):
    studies = {}
    with TestClient(mounted(store, studies)) as client:
        assert client.get("/study/tiny").status_code == 404
        studies["tiny"] = open_tiny(store, tmp_path / "tiny")
        assert client.get("/study/tiny").status_code == 200


def test_the_page_asks_no_other_host(client):
    texts = [
        client.get(f"/study/static/{name}").text
        for name in ("way/observer.js", "base/api.js", "trial/player.js", "base/style.css")
    ]
    assert not any("http:" in text or "https:" in text for text in [*texts, client.get("/study/tiny").text])


def test_a_visitor_who_never_consents_leaves_no_row(client, store):
    client.get("/study/tiny")
    client.get("/study/api/tiny/welcome")
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 0
