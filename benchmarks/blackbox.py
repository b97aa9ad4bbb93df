"""Observers from outside while their server is killed, doubled, edited, and moved to an empty machine.

Run: python benchmarks/blackbox.py [--observers 60] [--kills 12] [--seed 0] [--database ADDRESS]

Answers are copied to a Hub on this machine (tests/hub/fake.py), and the last start finds an empty disk and
that copy alone; with the address of an empty PostgreSQL database it finds that database. Prints what was
acknowledged and what database and copy hold in the end, and fails unless each acknowledged answer is there
once, nothing else is, and everybody has finished.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from uplapp.errors import UplappError
from uplapp.settings import DATABASE, Settings
from uplapp.study.definition import Protocol, load
from uplapp.study.session import editions, opening
from uplapp.study.session.editions import Disk
from uplapp.study.simulation.observers import respond
from uplapp.study.store.holding import holding
from uplapp.study.store.store import reading

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.hub.fake import FakeHub, serving

NAME, SIDE_PX = "box", 48
PATIENCE_S = 300.0  # of one request, and of a start: a busy machine may be killed before it is up
API = f"/study/api/{NAME}"
REPO = "lab/answers"
EDITS = (("title = 'Which", "title = 'So which"), ("seed = 1", "seed = 2"))  # of wording, of the protocol


@dataclass
class Seen:
    """What the observers were told."""

    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    finished: int = 0


def write_study(folder: Path, tables: str = "") -> None:
    """Four conditions in two scenes: twelve comparisons, and further tables of the definition."""
    rng = np.random.default_rng(0)
    names = [f"c{n}" for n in range(4)]
    for scene in ("s0", "s1"):
        for name in ("reference", *names):
            (folder / name).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 255, (SIDE_PX, SIDE_PX), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{scene}.png")
    lines = ["title = 'Which changes less?'", "[protocol]", "seed = 1", tables]
    lines += [f'[[conditions]]\nname = "{name}"\nlabel = "{name}"' for name in names]
    lines += [f'[[scenes]]\nname = "{scene}"' for scene in ("s0", "s1")]
    (folder / "study.toml").write_text("\n".join(lines))


def serve(data: Path, study: Path, port: int, hub: str, database: str = "") -> None:
    """Open everything as the app does, and serve the observers' page alone."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from uplapp.web import safekeeping
    from uplapp.web.observer import routes
    from uplapp.web.observer.limits import Limits

    with holding(data):
        place = {"database": database} if database else {"answers_repo": REPO}
        settings = replace(Settings.from_env({}), data=data, **place)
        store, loop = safekeeping.open_store(settings, endpoint=hub)
        try:
            lying: object = opening.prepare(load(study), study)
        except UplappError as error:
            lying = error
        served = editions.serve(store, Disk(NAME, lying, study, data / "editions"), time.time())
        limits = Limits(behind_proxy=True)
        page = routes.build(store, {NAME: served.present}, limits=limits, former={NAME: served.former})
        app = Starlette(routes=[Mount("/study", app=page)])
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # uvicorn raises it again once it has ended
        try:
            uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
        finally:
            safekeeping.close(store, loop)


class Machine:
    """The server as a process that comes back, its data folder, and the study's folder."""

    def __init__(self, folder: Path, *where: str) -> None:
        self.folder, self.data, self.study, self.where = folder, folder / "data0", folder / NAME, where
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = self.start()

    def start(self, port: int | None = None) -> subprocess.Popen:
        """Start a process on the data folder."""
        where = [str(self.data), str(self.study), str(port or self.port), *self.where]
        return subprocess.Popen(
            [sys.executable, __file__, "--serve", *where],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HF_TOKEN": "hf_of_this_machine"},
        )

    def end(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End the process, without a warning unless `by` another signal."""
        self.process.send_signal(by)
        self.process.communicate()

    def double(self) -> str:
        """Start a second process beside the first, once that is up. Returns what it says when it gives up."""
        self.wait()
        return self.start(port=1).communicate(timeout=PATIENCE_S)[1]

    def edit(self, before: str, after: str) -> None:
        """Change the study on the disk."""
        path = self.study / "study.toml"
        path.write_text(path.read_text().replace(before, after))

    def wait(self) -> None:
        """Wait until the process serves, or has ended."""
        while self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            time.sleep(0.1)

    def move(self) -> None:
        """End as a host that moves an app ends it, once it is up, and go on with an empty disk."""
        self.wait()
        self.end(signal.SIGTERM)
        self.data = self.folder / "data1"


class Observer:
    """Somebody who takes part over HTTP, and sends each answer until it is acknowledged."""

    def __init__(self, client: httpx.AsyncClient, seen: Seen, number: int) -> None:
        self.client, self.seen, self.rng = client, seen, np.random.default_rng(number)
        self.headers = {"X-Forwarded-For": f"9.9.0.{number}"}

    async def ask(self, method: str, path: str, sent: object = None) -> dict:
        """Return the reply, however often the server dies before it comes."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                reply = await self.client.request(method, f"{API}/{path}", json=sent, headers=self.headers)
                if reply.status_code < 500 and reply.status_code != 429:
                    reply.raise_for_status()
                    return dict(reply.json())
            except httpx.TransportError:
                pass
            if time.monotonic() > end:
                raise TimeoutError(f"{path} was not answered in {PATIENCE_S:g} s")
            await asyncio.sleep(0.05)

    async def take_part(self, pause_s: float) -> None:
        """From the consent to the last answer."""
        version = (await self.ask("GET", "welcome"))["consent"]["version"]
        key = self.rng.bytes(16).hex()
        joined = await self.ask("POST", "join", {"consent_version": version, "key": key})
        self.headers["Authorization"] = f"Bearer {joined['session']}"
        state = await self.ask("GET", "state")
        while state["trial"]:
            await asyncio.sleep(pause_s * self.rng.uniform(0.5, 1.5))
            token, key = state["trial"]["token"], self.rng.bytes(16).hex()
            sent = {**asdict(respond("left", Protocol(), self.rng)), "token": token, "key": key}
            state = await self.ask("POST", "answer", sent)
            self.seen.acknowledged.append((token, key))
        self.seen.finished += 1


async def trouble(machine: Machine, kills: int, pause_s: float, moments: random.Random) -> list[str]:
    """Kill the server so often. In between it is doubled, edited twice, and moved."""
    said = []
    for number in range(kills):
        await asyncio.sleep(pause_s * moments.uniform(1, 3))
        if number == kills // 2:
            said.append(await asyncio.to_thread(machine.double))
        await asyncio.to_thread(machine.move if number == kills - 1 else machine.end)
        if number in (0, kills // 3):
            machine.edit(*EDITS[number > 0])
        machine.process = await asyncio.to_thread(machine.start)
    return said


async def play(
    machine: Machine, observers: int, kills: int, seed: int, pause_s: float
) -> tuple[Seen, list[str]]:
    """Let all of them take part while the server has its trouble."""
    seen = Seen()
    limits = httpx.Limits(max_connections=observers)
    address = f"http://127.0.0.1:{machine.port}"
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, limits=limits) as client:
        people = [Observer(client, seen, number) for number in range(observers)]
        harm = trouble(machine, kills, pause_s, random.Random(seed))
        said, *_ = await asyncio.gather(harm, *(one.take_part(pause_s) for one in people))
    return seen, said


def answers_in(files: Iterable[bytes]) -> set[tuple[str, str]]:
    """The answers in pieces of journals."""
    lines = [json.loads(line) for text in files for line in text.splitlines()]
    rows = [line["row"] for line in lines if line.get("table") == "answers"]
    return {(row["trial"], row["key"]) for row in rows}


def main() -> None:
    """Play, and compare what was acknowledged with what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observers", type=int, default=60)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between answers, about")
    parser.add_argument("--database", help="the address of an empty PostgreSQL database, instead of files")
    parser.add_argument("--serve", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        data, study, port, *where = chosen.serve
        serve(Path(data), Path(study), int(port), *where)
        return
    copy = FakeHub()
    with tempfile.TemporaryDirectory() as folder, serving(copy) as hub:
        write_study(Path(folder) / NAME)
        machine = Machine(Path(folder), hub, *filter(None, [chosen.database]))
        begun = time.monotonic()
        try:
            seen, said = asyncio.run(play(machine, chosen.observers, chosen.kills, chosen.seed, chosen.pause))
        finally:
            machine.wait()
            machine.end(signal.SIGTERM)
        with reading(chosen.database or machine.data / DATABASE) as database:
            rows = [(row["trial"], row["key"]) for row in database.each("SELECT trial, key FROM answers", {})]
        copied = None if chosen.database else answers_in(copy.repos["dataset", REPO].values())
    counts = {
        "observers": chosen.observers,
        "kills": chosen.kills,
        "seconds": round(time.monotonic() - begun),
        "finished": seen.finished,
        "acknowledged": len(seen.acknowledged),
        "rows": len(rows),
        "rows in the copy": None if copied is None else len(copied),
        "second process refused": all("is served by" in text for text in said),
    }
    print(json.dumps(counts))
    whole = sorted(rows) == sorted(seen.acknowledged) and copied in (None, set(rows))
    whole = whole and seen.finished == chosen.observers
    sys.exit(os.EX_OK if whole and counts["second process refused"] else 1)


if __name__ == "__main__":
    main()
