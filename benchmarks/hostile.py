"""A stranger who means harm beside thirty people who take an open study, on one app off a Space.

Run: python benchmarks/hostile.py [--seconds 120] [--alone]

From one address the stranger uploads, holds half requests, tries tokens, agrees again and again under forged
addresses without ever answering, and sends events. Prints who finished, how much the data folder grew, how
long the people waited for replies, and whether the researcher's token opens. Fails unless it opens each time
and all finished.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
from blackbox import API, NAME, Observer, Seen, write_study

from uplapp.settings import Settings
from uplapp.web.researcher.gate import WRONG

PEOPLE, PAUSE_S = 30, 3.0
HALVES, HALF = 1060, b"GET / HTTP/1.1\r\nHost: here\r\n"
STRANGER, RESEARCHER = "127.0.0.2", "127.0.0.3"  # addresses of this machine, as Linux has them
TOKEN = "the right token"
UPLOAD = bytes(8 * 2**20)
TRIED_S = 2.0  # between attempts where one is refused
REFUSED = (httpx.HTTPError, OSError, json.JSONDecodeError)


class Person(Observer):
    """An observer at an address of its own, who keeps the time that each reply takes."""

    def __init__(self, port: int, seen: Seen, number: int) -> None:
        super().__init__(client(port, f"127.0.1.{number + 1}"), seen, number)
        self.headers, self.waited = {}, []

    async def ask(self, method: str, path: str, sent: object = None) -> dict:
        """Return the reply, and note how long it took."""
        begun = time.perf_counter()
        reply = await super().ask(method, path, sent)
        self.waited.append(time.perf_counter() - begun)
        return reply

    async def come(self, after_s: float) -> None:
        """Take part after so many seconds, and leave where all places are taken."""
        await asyncio.sleep(after_s)
        with suppress(httpx.HTTPStatusError):
            await self.take_part(PAUSE_S)
        await self.client.aclose()


def client(port: int, address: str) -> httpx.AsyncClient:
    """A client at one of this machine's addresses."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=60)


class Stranger:
    """Somebody who does harm until `end`, on the monotonic clock. `done` counts what was taken in."""

    def __init__(self, port: int, end: float) -> None:
        self.port, self.end, self.rng = port, end, np.random.default_rng(1)
        self.done = dict.fromkeys(("pages", "uploads", "halves", "wrong tokens", "consents", "events"), 0)
        self.door = (0, 0)

    async def do_harm(self) -> None:
        """All kinds at once."""
        async with client(self.port, STRANGER) as http:
            self.door = await find_door(http)
            kinds = (self.look, *(2 * [self.upload, self.agree]), *(5 * [self.try_tokens]))
            await asyncio.gather(self.hold_halves(), *(self.again(kind, http) for kind in kinds))

    async def again(self, kind, http: httpx.AsyncClient) -> None:
        """Do one kind of harm without end, and wait a little where it is refused."""
        while time.monotonic() < self.end:
            try:
                worked = await kind(http)
            except REFUSED:
                worked = False
            await asyncio.sleep(0.0 if worked else TRIED_S)

    async def look(self, http: httpx.AsyncClient) -> bool:
        """Load the page."""
        reply = await http.get("/")
        self.done["pages"] += reply.is_success
        return reply.is_success

    async def upload(self, http: httpx.AsyncClient) -> bool:
        """Send a file."""
        reply = await http.post("/gradio_api/upload", files={"files": ("x.png", UPLOAD)})
        self.done["uploads"] += reply.is_success
        return reply.is_success

    async def try_tokens(self, http: httpx.AsyncClient) -> bool:
        """Offer a wrong token."""
        await enter(http, self.door, self.rng.bytes(9).hex())
        self.done["wrong tokens"] += 1
        return True

    async def agree(self, http: httpx.AsyncClient) -> bool:
        """Agree under a forged address, and send as many events as are taken."""
        headers = {"X-Forwarded-For": ".".join(map(str, self.rng.integers(1, 250, 4)))}
        body = {"consent_version": "1", "key": self.rng.bytes(16).hex()}
        reply = await http.post(f"{API}/join", json=body, headers=headers)
        if not reply.is_success:
            return False
        self.done["consents"] += 1
        headers["Authorization"] = f"Bearer {reply.json()['session']}"
        events = {"events": 60 * [{"kind": "resize", "at_ms": 1.0, "detail": {"text": 900 * "x"}}]}
        for _ in range(5):
            sent = await http.post(f"{API}/events", json=events, headers=headers)
            self.done["events"] += 60 * sent.is_success
        return True

    async def hold_halves(self) -> None:
        """Keep connections open on which half a request was sent."""
        held: list[asyncio.StreamWriter] = []
        while time.monotonic() < self.end:
            held = [writer for writer in held if not writer.transport.is_closing()]
            while len(held) < HALVES and time.monotonic() < self.end:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(
                        "127.0.0.1", self.port, local_addr=(STRANGER, 0)
                    )
                    writer.write(HALF)
                    held.append(writer)
                    self.done["halves"] += 1
            await asyncio.sleep(1.0)
        for writer in held:
            writer.transport.abort()


async def find_door(http: httpx.AsyncClient) -> tuple[int, int]:
    """The number of the listener that takes the researcher's token, and how many inputs it has."""
    config = (await http.get("/config")).json()
    parts = {part["id"]: part for part in config["components"]}
    (field,) = (number for number, part in parts.items() if part["props"].get("elem_id") == "token")
    call = next(one for one in config["dependencies"] if field in one["inputs"])
    return call["id"], len(call["inputs"])


async def enter(http: httpx.AsyncClient, door: tuple[int, int], token: str) -> bool:
    """Offer a token as the Study tab does. Returns whether it opens."""
    number, inputs = door
    name = os.urandom(8).hex()
    sent = {"data": [token] + [None] * (inputs - 1), "fn_index": number, "session_hash": name}
    (await http.post("/gradio_api/queue/join", json=sent)).raise_for_status()
    async with http.stream("GET", f"/gradio_api/queue/data?session_hash={name}") as stream:
        async for line in stream.aiter_lines():
            if "process_completed" in line:
                return WRONG not in line and '"success":true' in line.replace(" ", "")
    return False


def serve(data: Path, port: int) -> None:
    """Serve the whole app off a Space, with a study that thirty people may take."""
    os.environ["GRADIO_SERVER_PORT"], os.environ["GRADIO_ANALYTICS_ENABLED"] = str(port), "False"
    from uplapp.web.page import serve as serve_app

    with redirect_stdout(sys.stderr):
        own = replace(Settings.from_env({}), data=data, studies=data.parent / "studies", admin_token=TOKEN)
        serve_app(own)


def size_mb(folder: Path) -> float:
    """How much lies in a folder, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


async def play(port: int, seconds: float) -> tuple[Seen, list[float], list[tuple[bool, float]]]:
    """Let people come evenly over half of the time, while a researcher enters."""
    seen, end = Seen(), time.monotonic() + seconds
    people = [Person(port, seen, number) for number in range(PEOPLE)]
    entries: list[tuple[bool, float]] = []

    async def research() -> None:
        async with client(port, RESEARCHER) as http:
            while time.monotonic() < end:
                await asyncio.sleep(seconds / 5)
                begun = time.perf_counter()
                entries.append((await enter(http, await find_door(http), TOKEN), time.perf_counter() - begun))

    coming = (person.come(5 + seconds / 2 * number / PEOPLE) for number, person in enumerate(people))
    await asyncio.gather(research(), *coming)
    return seen, [wait for person in people for wait in person.waited], entries


def main() -> None:
    """Play, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--alone", action="store_true", help="without the stranger, to compare")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--harm", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.harm:
        stranger = Stranger(chosen.harm, time.monotonic() + chosen.seconds)
        with suppress(TimeoutError):  # replies to wrong tokens come slowly
            asyncio.run(asyncio.wait_for(stranger.do_harm(), chosen.seconds + 5))
        print(json.dumps(stranger.done))
        return
    if chosen.serve:
        serve(Path(chosen.serve[0]), int(chosen.serve[1]))
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        data, study = Path(folder) / "data", Path(folder) / "studies" / NAME
        write_study(study, f"[access]\nquota = {PEOPLE}\n[consent]\ninternal_test = true")
        app = subprocess.Popen([sys.executable, __file__, "--serve", str(data), str(port)])
        try:
            wait_for(f"http://127.0.0.1:{port}/study/{NAME}")
            before = size_mb(data)
            stranger = None if chosen.alone else harm(port, chosen.seconds)
            seen, waited, entries = asyncio.run(play(port, chosen.seconds))
            done = json.loads(stranger.communicate()[0]) if stranger else None
            grown = size_mb(data) - before
        finally:
            app.terminate()
            app.wait()
    p50, p95, p99 = 1000 * np.percentile(waited, [50, 95, 99])
    said = {
        "the stranger": done,
        "finished": f"{seen.finished} of {PEOPLE}",
        "data folder grew, MB": round(grown, 1),
        "people waited, ms": {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)},
        "the right token opened": f"{sum(opened for opened, _ in entries)} of {len(entries)}",
        "within, s": round(max(took for _, took in entries), 2),
    }
    print(json.dumps(said, indent=1))
    sys.exit(os.EX_OK if seen.finished == PEOPLE and all(opened for opened, _ in entries) else 1)


def harm(port: int, seconds: float) -> subprocess.Popen:
    """Start the stranger in a process of its own, whose work is not in the times of the people."""
    command = [sys.executable, __file__, "--harm", str(port), "--seconds", str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(page: str) -> None:
    """Wait until the app answers."""
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(page, timeout=60).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)


if __name__ == "__main__":
    main()
