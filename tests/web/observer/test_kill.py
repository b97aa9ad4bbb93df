import json
import random
import signal
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.study.tiny import body, write_study
from tests.web.processes import free_port, immortal_server, server, wait_for
from tests.web.serving import Observer
from uplapp.study.store import replay


def rows(tmp_path):
    connection = sqlite3.connect(tmp_path / "answers.db")
    try:
        return connection.execute("SELECT trial, key FROM answers").fetchall()
    finally:
        connection.close()


def rebuilt(tmp_path):
    """The answers of a database made from the journals alone, after the next start has completed them."""
    replay.complete(tmp_path / "answers.db", tmp_path / "journal")
    replay.replay(tmp_path / "new" / "answers.db", tmp_path / "journal")
    return rows(tmp_path / "new")


def send_and_never_listen(port, observer, sent):
    """Post the answer on a bare socket without reading the reply."""
    text = json.dumps(sent).encode()
    headers = {
        "Host": "x",
        "Content-Type": "application/json",
        "Content-Length": len(text),
        **observer.headers,
    }
    lines = [f"POST {observer.api}/answer HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall("\r\n".join([*lines, "", ""]).encode() + text)
    return connection


@pytest.mark.slow
def test_a_server_killed_between_commit_and_reply_keeps_exactly_one_row(tmp_path):
    write_study(tmp_path / "tiny")
    port = free_port()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        observer = Observer(client)
        with server(tmp_path, port) as process:
            state = observer.join()
            sent = body(state["trial"]["token"])
            connection = send_and_never_listen(port, observer, sent)
            wait_for(lambda: rows(tmp_path))
            process.send_signal(signal.SIGKILL)
            connection.close()
            assert process.wait() == -signal.SIGKILL
        with server(tmp_path, port):
            again = observer.post("answer", sent)
            assert again.status_code == 200
            assert again.json()["trial"]["token"] == state["upcoming"]["token"]
            assert rows(tmp_path) == [(sent["token"], sent["key"])]


@pytest.mark.slow
def test_a_server_killed_while_answers_pour_in_keeps_each_acknowledged_one_once(tmp_path):
    write_study(tmp_path / "tiny")
    port, acknowledged = free_port(), []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        observer = Observer(client)
        with server(tmp_path, port) as process:
            state = observer.join()
            while len(acknowledged) < 5:
                acknowledged.append(state["trial"]["token"])
                state = observer.answer(state["trial"]).json()
            process.send_signal(signal.SIGKILL)
        with server(tmp_path, port):
            state = observer.get("state").json()
            while state["trial"]:
                acknowledged.append(state["trial"]["token"])
                state = observer.answer(state["trial"]).json()
    assert sorted(trial for trial, _ in rows(tmp_path)) == sorted(acknowledged)
    assert len(acknowledged) == 14


class Insistent(Observer):
    """An observer who sends each answer until the server has taken it."""

    def go_on(self, state: dict, stop: threading.Event, given: list) -> None:
        while state["trial"] and not stop.is_set():
            sent = body(state["trial"]["token"], key=state["trial"]["token"][::-1])
            given.append((sent["token"], sent["key"]))
            reply = self.until_decided(sent)
            assert reply.status_code == 200, reply.text
            state = reply.json()

    def until_decided(self, sent: dict) -> httpx.Response:
        while True:
            try:
                reply = self.post("answer", sent)
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if reply.status_code < 500 and reply.status_code != 429:
                return reply


@pytest.mark.slow
def test_ten_kills_at_random_moments_lose_and_double_nothing(tmp_path):
    write_study(tmp_path / "tiny", conditions=[f"c{n}" for n in range(20)])
    port, given, stop, moments = free_port(), [], threading.Event(), random.Random(3)
    with ExitStack() as stack:
        kill = stack.enter_context(immortal_server(tmp_path, port))
        clients = [httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) for _ in range(3)]
        observers = [Insistent(stack.enter_context(client)) for client in clients]
        pool = stack.enter_context(ThreadPoolExecutor(len(observers)))
        stack.callback(stop.set)
        done = [pool.submit(observer.go_on, observer.join(), stop, given) for observer in observers]
        for _ in range(10):
            time.sleep(moments.uniform(0.02, 0.3))
            kill()
        stop.set()
        for one in done:
            one.result(timeout=180)
    assert len(given) > 50
    assert sorted(rows(tmp_path)) == sorted(given)
    assert sorted(rebuilt(tmp_path)) == sorted(given)
