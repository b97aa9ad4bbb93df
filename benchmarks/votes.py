"""Seconds and memory from a CSV of 100,000 or 1,000,000 votes to the JSON of its scores, the whole command.

One thread. On a busy machine the seconds of processor count. Run: python benchmarks/votes.py
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.model import preference

OBSERVERS, CONDITIONS, SCENES = 200, 15, 20
BARS = {100_000: (5.0, 500), 1_000_000: (25.0, 1000)}  # seconds and MB
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def votes(size: int, seed: int = 0) -> pd.DataFrame:
    """Random pairs of random scenes, judged by observers with the same scores."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 0.7, CONDITIONS)
    first = generator.integers(0, CONDITIONS, size)
    second = (first + generator.integers(1, CONDITIONS, size)) % CONDITIONS
    chosen = generator.random(size) < preference(scores[first] - scores[second])
    names = np.array([f"method {i:02d}" for i in range(CONDITIONS)])
    return pd.DataFrame(
        {
            "observer": [f"observer {k:03d}" for k in np.sort(generator.integers(0, OBSERVERS, size))],
            "condition_A": names[first],
            "condition_B": names[second],
            "is_A_selected": chosen.astype(int),
            "scene": [f"scene {s:02d}" for s in generator.integers(0, SCENES, size)],
        }
    )


def measure(size: int) -> None:
    """Print seconds and peak memory of one size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.csv"
        votes(size).to_csv(path, index=False)
        command = [sys.executable, "-m", "uplapp", "analyse", str(path), "--json"]
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD})
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    size_mb = used.ru_maxrss / 1024
    bar_s, bar_mb = BARS[size]
    verdict = "met" if busy < bar_s and size_mb < bar_mb else "MISSED"
    print(
        f"{size} votes of {OBSERVERS} observers, {CONDITIONS} conditions, {SCENES} scenes, CSV to JSON:\n"
        f"{busy:.2f} s of processor ({seconds:.2f} s), {size_mb:.0f} MB"
        f"   bars {bar_s} s, {bar_mb} MB {verdict}"
    )


if __name__ == "__main__":
    for each in BARS:
        measure(each)
