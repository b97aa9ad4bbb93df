"""How many answers a second the store takes: one observer after the other, each answer a transaction.

Run: python benchmarks/answers.py [--observers 20] [--data FOLDER | --database ADDRESS]

Answers go through the same functions as those from a browser, without HTTP. Prints JSON. Compare numbers
of one disk only, for each answer waits until the disk has it.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from uplapp.settings import DATABASE
from uplapp.study.definition import load
from uplapp.study.session import joining, opening, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation.observers import respond
from uplapp.study.store.store import Store

SIDE_PX, CONDITIONS, SCENES = 16, 6, 4  # 60 comparisons


def write_study(folder: Path) -> Path:
    """Write a study of noise. Returns its folder."""
    rng = np.random.default_rng(0)
    conditions, scenes = [f"c{n}" for n in range(CONDITIONS)], [f"s{n}" for n in range(SCENES)]
    for scene in scenes:
        for name in ("reference", *conditions):
            (folder / name).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 255, (SIDE_PX, SIDE_PX), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{scene}.png")
    lines = ["title = 'Which changes less?'", "[consent]", "internal_test = true"]
    lines += [f"[[conditions]]\nname = '{name}'\nlabel = '{name}'" for name in conditions]
    lines += [f"[[scenes]]\nname = '{scene}'" for scene in scenes]
    (folder / "study.toml").write_text("\n".join(lines))
    return folder


def measure(store: Store, folder: Path, observers: int) -> dict[str, float]:
    """Let observers answer everything. Returns answers, answers a second and milliseconds of an answer."""
    study = opening.open_study(store, load(folder), folder, time.time())
    given = respond("left", study.definition.protocol, np.random.default_rng(0))
    taken_s = []
    for _ in range(observers):
        token = joining.join(store, study, study.definition.consent.version, time.time(), Newcomer())
        reached = session.state(store, study, token)
        while reached.trial:
            start = time.perf_counter()
            trial = reached.trial.token
            reached = session.answer(store, study, token, trial, trial, given, time.time())
            taken_s.append(time.perf_counter() - start)
    median_ms, late_ms = 1000 * np.quantile(taken_s, [0.5, 0.95])
    counts = {"answers": len(taken_s), "answers_a_second": round(len(taken_s) / sum(taken_s), 1)}
    return {**counts, "median_ms": round(median_ms, 3), "p95_ms": round(late_ms, 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observers", type=int, default=20)
    parser.add_argument("--data", type=Path, help="A folder on the disk to measure.")
    parser.add_argument("--database", help="Instead of a file: the address of an empty PostgreSQL database.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.data) as made:
        store = Store(asked.database or Path(made) / DATABASE)
        print(json.dumps(measure(store, write_study(Path(made) / "answers"), asked.observers)))
        store.close()
