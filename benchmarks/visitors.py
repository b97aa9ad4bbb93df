"""Visitors who queue restorations while observers answer: one app, a real Gradio client for each visitor.

Run: python benchmarks/visitors.py [--visitors 10] [--observers 200] [--seconds 120]

Each visitor restores a photograph of 512x512 by two networks through the queue of the page, again and again;
each observer answers every four seconds. Visitors, observers and app are a process each, and share the cores.
"""

import argparse
import asyncio
import multiprocessing
import sqlite3
import tempfile
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from gradio_client import Client, handle_file
from study_load import crowd, server, write_study

from uplapp.imaging.files.samples import sample_path
from uplapp.settings import DATABASE

ASKED = (["denoise-unet-l1", "denoise-unet-l2"], "denoise", {"sigma": 25})


@dataclass
class Visits:
    """Seconds from the click to the result of each restoration, and what failed."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def come(port: int, data: Path, visitors: int, ended: Event, told: Queue) -> None:
    """Let so many visitors restore beside each other, and tell what they saw."""
    visits = Visits()
    threads = [
        threading.Thread(target=visit, args=(port, data / f"visitor{n}", ended, visits))
        for n in range(visitors)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    told.put(visits)


def visit(port: int, folder: Path, ended: Event, visits: Visits) -> None:
    """Restore one photograph after the other until the observers are through."""
    try:
        client = Client(f"http://127.0.0.1:{port}", download_files=str(folder), verbose=False)
        while not ended.is_set():
            started = time.perf_counter()
            _, made = client.predict(handle_file(sample_path("astronaut")), *ASKED, api_name="/restore")
            assert [row["scores"]["psnr"] > 30 for row in made["results"]] == [True, True]
            visits.seconds.append(time.perf_counter() - started)
    except Exception as error:
        visits.failures.append(f"{type(error).__name__}: {error}")


def main() -> None:
    """Print what visitors and observers saw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("visitors", 10), ("observers", 200), ("seconds", 120)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    apart = multiprocessing.get_context("spawn")  # or the interpreter's lock would hold up the observers
    ended, told = apart.Event(), apart.Queue()
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        write_study(data / "studies" / "load")
        with server(data, restoring=False) as port:
            visitors = apart.Process(target=come, args=(port, data, chosen.visitors, ended, told))
            visitors.start()
            tally = asyncio.run(crowd(port, chosen.observers, 12, chosen.seconds))
            ended.set()
            visits = told.get()
            visitors.join()
        with sqlite3.connect(data / DATABASE) as database:
            rows = database.execute("SELECT trial, key FROM answers").fetchall()
    longest = max(visits.seconds, default=float("nan"))
    print(
        f"{chosen.visitors} visitors: {len(visits.seconds)} restorations, longest wait {longest:.0f} s, ",
        end="",
    )
    print(f"{len(visits.failures)} failed  {sorted(set(visits.failures))[:3] or ''}")
    lost, doubled = len(tally.given - set(rows)), len(rows) - len(set(rows))
    print(f"{chosen.observers} observers: {len(tally.given)} answers, {len(tally.errors)} failed, ", end="")
    print(f"{lost} lost, {doubled} doubled  {sorted(set(tally.errors))[:3] or ''}")
    for name in ("answers", "pictures", "joins"):
        p50, p95, most = np.percentile(1000 * np.array(getattr(tally, name) or [np.nan]), [50, 95, 100])
        print(f"  {name:9s} p50 {p50:.1f}  p95 {p95:.1f}  longest {most:.0f} ms")


if __name__ == "__main__":
    main()
