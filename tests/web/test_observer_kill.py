import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.study.tiny import body, write_study
from tests.web.serving import Observer

HOUSE = Path(__file__).resolve().parents[2]
PATIENCE_S = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited too long"


@contextmanager
def server(tmp_path, port):
    """The real server in its own process, up and answering; killed at the end."""
    command = [sys.executable, "-m", "tests.web.server_process", tmp_path / "answers.db", tmp_path / "tiny"]
    process = subprocess.Popen([*map(str, command), str(port)], cwd=HOUSE)

    def answers():
        assert process.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/study/tiny").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_for(answers)
        yield process
    finally:
        process.kill()
        process.wait()


def rows(tmp_path):
    connection = sqlite3.connect(tmp_path / "answers.db")
    try:
        return connection.execute("SELECT trial, key FROM answers").fetchall()
    finally:
        connection.close()


def send_and_never_listen(port, observer, sent):
    """Post the answer on a bare socket; the reply is never read."""
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
