"""How long the app answers while strangers hold connections on which half a request was sent.

Run: python benchmarks/half_requests.py

Four addresses of this machine (127.0.0.2 and on, as Linux has them) open 1,060 connections each.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from socket import create_connection, socket

import httpx

HOUSE = Path(__file__).resolve().parents[1]
ADDRESSES, EACH, ASKED = 4, 1060, 20
HALF = b"GET / HTTP/1.1\r\nHost: here\r\n"


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Start the app, flood it, and print how long it takes to answer."""
    port = free_port()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * ADDRESSES * EACH), hard))
    place = {"UPLAPP_DATA": tempfile.mkdtemp(), "GRADIO_SERVER_PORT": str(port)}
    app = subprocess.Popen(
        [sys.executable, "app.py"], cwd=HOUSE, env={**os.environ, **place}, stdout=subprocess.DEVNULL
    )
    page, held = f"http://127.0.0.1:{port}/study/demo", []
    try:
        wait_for(page)
        for last in range(2, 2 + ADDRESSES):
            for _ in range(EACH):
                with suppress(OSError):
                    held.append(create_connection(("127.0.0.1", port), 5, (f"127.0.0.{last}", 0)))
                    held[-1].sendall(HALF)
        took = sorted(ask(page) for _ in range(ASKED))
        print(f"{len(held)} half requests: median {took[ASKED // 2]:.3f} s, longest {took[-1]:.3f} s")
    finally:
        for connection in held:
            connection.close()
        app.terminate()
        app.wait()


def wait_for(page: str) -> None:
    """Wait until the app answers."""
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(page).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)


def ask(page: str) -> float:
    """Fetch a page, and give the seconds that it took."""
    begun = time.perf_counter()
    httpx.get(page, timeout=30).raise_for_status()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
