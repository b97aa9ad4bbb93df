"""The observers' server in a process of its own, to be killed or starved."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

HOUSE = Path(__file__).resolve().parents[2]
PATIENCE_S = 180  # a condition that comes true is not waited for any longer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def start(tmp_path, port, *options: str, database: str = "", **pipes) -> subprocess.Popen:
    where = [database or tmp_path / "answers.db", tmp_path / "tiny", port]
    command = [sys.executable, "-m", "tests.web.server_process", *map(str, where), *options]
    return subprocess.Popen(command, cwd=HOUSE, **pipes)


def wait_until_up(process: subprocess.Popen, port: int) -> None:
    def answers():
        assert process.poll() is None
        try:
            return httpx.get(f"http://127.0.0.1:{port}/study/tiny", timeout=60).status_code == 200
        except httpx.TransportError:
            return False

    wait_for(answers)


@contextmanager
def server(tmp_path, port) -> Iterator[subprocess.Popen]:
    """The real server in its own process, up and answering until it is killed at the end."""
    process = start(tmp_path, port)
    try:
        wait_until_up(process, port)
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def immortal_server(tmp_path, port) -> Iterator[Callable[[], None]]:
    """A server that comes back after each death. Yields what kills it and waits for its next life."""
    keeper = start(tmp_path, port, "--again", stdout=subprocess.PIPE, text=True)
    lives = [int(keeper.stdout.readline())]

    def kill():
        os.kill(lives[-1], signal.SIGKILL)
        lives.append(int(keeper.stdout.readline()))
        wait_until_up(keeper, port)

    try:
        wait_until_up(keeper, port)
        yield kill
    finally:
        keeper.kill()
        os.kill(lives[-1], signal.SIGKILL)
        keeper.stdout.close()
        keeper.wait()
