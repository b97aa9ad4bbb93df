"""What goes wrong around the server: a full disk, a clock that jumps, a page that must not trust clocks."""

import re
import resource
import sqlite3

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.study.tiny import NOW, open_tiny, write_study
from tests.web.processes import free_port, server
from tests.web.serving import Observer
from uplapp.web.observer.routes import STATIC, build


def stored(path):
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT trial FROM answers ORDER BY answered_at")]
    finally:
        connection.close()


@pytest.mark.slow
def test_a_full_disk_asks_to_try_again_and_loses_nothing(tmp_path):
    write_study(tmp_path / "tiny")
    port = free_port()
    with (
        server(tmp_path, port) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        observer = Observer(client)
        first = observer.join()["trial"]
        second = observer.answer(first).json()["trial"]
        # As on a full disk, no file may grow any more.
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        full = observer.answer(second)
        assert (full.status_code, full.headers["retry-after"]) == (503, "2")
        assert observer.get("state").json()["trial"]["token"] == second["token"]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        third = observer.answer(second).json()["trial"]
        assert observer.answer(third).status_code == 200
        assert stored(tmp_path / "answers.db") == [trial["token"] for trial in (first, second, third)]


@pytest.mark.parametrize("jump_s", [-86_400.0, 86_400.0, -2 * NOW])
def test_a_clock_that_jumps_neither_loses_an_answer_nor_changes_the_order(store, tmp_path, jump_s):
    times = iter([NOW, *(NOW + jump_s * (number % 2) for number in range(100))])
    study = open_tiny(store, tmp_path / "tiny")
    app = Starlette(routes=[Mount("/study", app=build(store, {"tiny": study}, lambda: next(times)))])
    given = []
    with TestClient(app) as client:
        observer = Observer(client)
        state = observer.join()
        while state["trial"]:
            given.append(state["trial"]["token"])
            state = observer.answer(state["trial"]).json()
    rows = store.rows("SELECT trial FROM answers JOIN trials ON token = trial ORDER BY position", {})
    assert [row["trial"] for row in rows] == given
    assert state["code"]


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_the_page_measures_with_a_clock_that_cannot_jump(path):
    assert re.findall(r"\bDate\.|\bDate\(\s*\)|new Date\b(?!\()", path.read_text()) == []


@pytest.mark.parametrize("text", ["'; DROP TABLE answers; --", '" OR ""="', "1 OR 1=1", "%", "\\"])
def test_sql_in_a_field_is_a_text_like_any_other(store, tmp_path, text):
    with TestClient(
        Starlette(routes=[Mount("/study", app=build(store, {"tiny": open_tiny(store, tmp_path / "tiny")}))])
    ) as client:
        observer = Observer(client)
        trial = observer.join()["trial"]
        assert observer.post("join", {"consent_version": text}).status_code == 409
        assert observer.answer({"token": text}).status_code == 404
        assert observer.get("picture/" + text.replace("%", "%25")).status_code == 404
        assert observer.answer(trial).status_code == 200
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1


def test_no_address_and_no_user_agent_is_stored(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny")
    app = Starlette(routes=[Mount("/study", app=build(store, {"tiny": study}))])
    headers = {"User-Agent": "Peculiar/7", "X-Forwarded-For": "203.0.113.77"}
    with TestClient(app, headers=headers, client=("203.0.113.78", 5)) as client:
        observer = Observer(client)
        observer.answer(observer.join()["trial"])
        observer.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]})
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"consent_version" in kept
    assert b"203.0.113." not in kept
    assert b"Peculiar" not in kept
