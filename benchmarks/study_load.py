"""Many simulated observers on the whole app over HTTP, while a restoration runs in its process.

Run: python benchmarks/study_load.py [--quick] [--only 500] [--database ADDRESS]

Each browser keeps one connection: it answers every four seconds, fetches the three pictures of its next trial
and is held to the rows in the database at the end. Browsers, server and restoration share the cores.
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
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from uplapp.settings import DATABASE, Settings
from uplapp.study.definition import Protocol
from uplapp.study.simulation.observers import respond
from uplapp.study.store.store import new_token, reading

SIDE, SCENES, CONDITIONS = 320, 4, 6  # 60 pairs, more than two minutes of answers
EVERY_S = 4.0
API = "/study/api/load"
ERRORS = (OSError, EOFError, ValueError, asyncio.IncompleteReadError)


@dataclass
class Tally:
    """What all browsers of one run saw, in seconds."""

    answers: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)
    joins: list[float] = field(default_factory=list)
    given: set[tuple[str, str]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


class Browser:
    """One observer on one kept connection."""

    def __init__(self, port: int, tally: Tally, seed: int) -> None:
        self.port, self.tally, self.rng = port, tally, np.random.default_rng(seed)
        self.session, self.state = "", {}
        self.address = f"9.9.{seed // 250}.{seed % 250}"  # as the proxy of a Space tells it
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, sent: object = None) -> bytes:
        """Return the body of the reply. A kept connection that the server has just closed is opened again."""
        try:
            return await self.send(method, path, sent)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.streams = None
            return await self.send(method, path, sent)

    async def send(self, method: str, path: str, sent: object) -> bytes:
        """Return the body of the reply, or raise ValueError for anything but a success."""
        if self.streams is None or self.streams[0].at_eof():  # the server closes what is idle for 5 s
            self.streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)
        reader, writer = self.streams
        body = b"" if sent is None else json.dumps(sent).encode()
        head = f"{method} {API}/{path} HTTP/1.1\r\nHost: load\r\nX-Forwarded-For: {self.address}\r\n"
        head += f"Authorization: Bearer {self.session}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        reply = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(reply.split(b"content-length: ")[1].split(b"\r\n")[0])
        content = await reader.readexactly(length)
        if not reply.startswith(b"http/1.1 2"):
            raise ValueError(f"{method} {path.split('/')[0]}: {reply[9:12].decode()} {content[:80]!r}")
        return content

    async def join(self) -> None:
        """From consent to the first trial on screen."""
        start = time.perf_counter()
        self.session = json.loads(await self.ask("POST", "join", {"consent_version": "1"}))["session"]
        self.state = json.loads(await self.ask("GET", "state"))
        await self.look(self.state["trial"])
        self.tally.joins.append(time.perf_counter() - start)

    async def look(self, trial: dict | None) -> None:
        """Fetch the pictures of a trial."""
        for slot in ("original", "left", "right") if trial else ():
            start = time.perf_counter()
            await self.ask("GET", f"picture/{trial[slot]}")
            self.tally.pictures.append(time.perf_counter() - start)

    async def answer(self) -> None:
        """Answer the trial on screen, while the pictures of the next are already here."""
        trial, key = self.state["trial"]["token"], new_token()
        given = respond("left", PROTOCOL, self.rng)
        self.tally.given.add((trial, key))
        start = time.perf_counter()
        sent = {**asdict(given), "token": trial, "key": key}
        self.state = json.loads(await self.ask("POST", "answer", sent))
        self.tally.answers.append(time.perf_counter() - start)

    async def run(self, wait: float, answering: float, end: float) -> None:
        """Join after `wait` seconds and answer from `answering` to `end`, on the monotonic clock."""
        try:
            await asyncio.sleep(wait)
            await self.join()
            await self.look(self.state["upcoming"])
            at = answering + self.rng.uniform(0, EVERY_S)
            while at < end and self.state["trial"]:
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                await self.answer()
                await self.look(self.state["upcoming"])
                at += EVERY_S
        except ERRORS as error:
            self.tally.errors.append(f"{type(error).__name__}: {error}")
        finally:
            if self.streams:
                self.streams[1].close()


PROTOCOL = Protocol()


def write_study(folder: Path) -> None:
    """Noise of several strengths on a ramp: what the pictures show does not matter here."""
    rng = np.random.default_rng(0)
    names = [f"c{n}" for n in range(CONDITIONS)]
    ramp = np.linspace(40, 200, SIDE)[:, None, None]
    for scene in range(SCENES):
        for level, name in enumerate(["reference", *names]):
            (folder / name).mkdir(parents=True, exist_ok=True)
            noisy = ramp + rng.normal(0, 1 + 5 * level, (SIDE, SIDE, 3))
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / name / f"s{scene}.png")
    lines = ['title = "Load"', *(f'[[conditions]]\nname = "{name}"\nlabel = "{name}"' for name in names)]
    lines += [f'[[scenes]]\nname = "s{n}"' for n in range(SCENES)]
    (folder / "study.toml").write_text("\n".join(lines))


def serve(data: Path, port: int, restoring: bool, database: str | None) -> None:
    """The whole app as on a Space, page and limits included, with a restoration in a thread beside it."""
    os.environ["GRADIO_SERVER_PORT"], os.environ["GRADIO_ANALYTICS_ENABLED"] = str(port), "False"
    from uplapp.web.page import serve as serve_app
    from uplapp.web.widgets import aside

    if restoring:
        aside().submit(restore_without_end)
    with redirect_stdout(sys.stderr):
        own = {"data": data, "studies": data / "studies", "database": database, "space": True}
        serve_app(replace(Settings.from_env(), **own))


def restore_without_end() -> None:
    """One photograph after the other, as the Restore tab does it."""
    import torch

    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.restorers.network import restore_by_tiles

    folder = Settings.from_env().checkpoints
    checkpoints = Checkpoints((folder,))
    network = checkpoints.load(checkpoints.cards("denoise")[0])
    image = torch.rand((3, 512, 512), generator=torch.Generator().manual_seed(0))
    while True:
        restore_by_tiles(network, image)


@contextmanager
def server(data: Path, restoring: bool, database: str | None = None):
    """The port of a server in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--serve", str(data), str(port)] + ([] if restoring else ["--idle"])
    options += ["--database", database] if database else []
    process = subprocess.Popen([sys.executable, __file__, *options])
    try:
        while process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        time.sleep(5)  # the first restoration is through
        yield port
    finally:
        process.kill()
        process.wait()


async def crowd(port: int, observers: int, joining: float, seconds: float) -> Tally:
    """So many browsers, joining evenly over `joining` seconds and then answering for `seconds`."""
    tally, start = Tally(), time.monotonic() + joining + 2
    waits = np.linspace(0, joining, observers)
    browsers = [Browser(port, tally, seed) for seed in range(observers)]
    await asyncio.gather(
        *(one.run(wait, start, start + seconds) for one, wait in zip(browsers, waits, strict=True))
    )
    return tally


def measure(observers: int, joining: float, seconds: float, restoring: bool, database: str | None) -> None:
    """Run one crowd on a fresh file or a database, and print what it saw."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_study(data / "studies" / "load")
        with server(data, restoring, database) as port:
            tally = asyncio.run(crowd(port, observers, joining, seconds))
        with reading(database or data / DATABASE) as view:
            rows = [(row["trial"], row["key"]) for row in view.each("SELECT trial, key FROM answers", {})]
    print(f"{observers} observers joining in {joining:.0f} s, answering for {seconds:.0f} s", end="")
    print(" while a restoration runs" if restoring else "")
    print(f"  errors {len(tally.errors)}  {sorted(set(tally.errors))[:3] or ''}")
    lost, doubled = len(tally.given - set(rows)), len(rows) - len(set(rows))
    print(f"  answers {len(tally.given)}, rows {len(rows)}, lost {lost}, doubled {doubled}")
    for name in ("answers", "pictures", "joins"):
        milliseconds = 1000 * np.array(getattr(tally, name) or [np.nan])
        p50, p95, p99, most = np.percentile(milliseconds, [50, 95, 99, 100])
        print(f"  {name:9s} p50 {p50:.1f}  p95 {p95:.1f}  p99 {p99:.1f}  longest {most:.0f} ms", flush=True)


def main() -> None:
    """Print the runs that the bars are about. With --quick that takes seconds, not minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    parser.add_argument("--idle", action="store_true", help="no restoration beside it")
    parser.add_argument("--only", type=int, choices=(500, 200, 1000, 1500), help="one of the four runs")
    parser.add_argument("--database", help="the address of an empty PostgreSQL database, for one run")
    parser.add_argument("--serve", nargs=2, metavar=("DATA", "PORT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(Path(chosen.serve[0]), int(chosen.serve[1]), not chosen.idle, chosen.database)
        return
    part = 0.1 if chosen.quick else 1.0
    runs = ((500, 30, 120 * part), (200, 12, 120 * part), (1000, 60, 0), (1500, 90, 120 * part))
    for observers, joining, seconds in runs:
        if chosen.only in (None, observers):
            measure(observers, joining, seconds, not chosen.idle, chosen.database)


if __name__ == "__main__":
    main()
