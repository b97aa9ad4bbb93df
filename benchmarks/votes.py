"""Seconds and memory from a CSV of 100,000 votes to the JSON of its scores, the whole command.

One thread. Run: python benchmarks/votes.py
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

VOTES, OBSERVERS, CONDITIONS, SCENES = 100_000, 200, 15, 20
BAR_S, BAR_MB = 5.0, 500
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def votes(seed: int = 0) -> pd.DataFrame:
    """Random pairs of random scenes, judged by observers with the same scores."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 0.7, CONDITIONS)
    first = generator.integers(0, CONDITIONS, VOTES)
    second = (first + generator.integers(1, CONDITIONS, VOTES)) % CONDITIONS
    chosen = generator.random(VOTES) < preference(scores[first] - scores[second])
    names = np.array([f"method {i:02d}" for i in range(CONDITIONS)])
    return pd.DataFrame(
        {
            "observer": [f"observer {k:03d}" for k in np.sort(generator.integers(0, OBSERVERS, VOTES))],
            "condition_A": names[first],
            "condition_B": names[second],
            "is_A_selected": chosen.astype(int),
            "scene": [f"scene {s:02d}" for s in generator.integers(0, SCENES, VOTES)],
        }
    )


def main() -> None:
    """Print seconds and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.csv"
        votes().to_csv(path, index=False)
        command = [sys.executable, "-m", "uplapp", "analyse", str(path), "--json"]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD})
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    size_mb = used.ru_maxrss / 1024
    verdict = "met" if seconds < BAR_S and size_mb < BAR_MB else "MISSED"
    print(
        f"{VOTES} votes of {OBSERVERS} observers, {CONDITIONS} conditions, {SCENES} scenes, CSV to JSON:\n"
        f"{seconds:.2f} s ({used.ru_utime + used.ru_stime:.2f} s of processor), {size_mb:.0f} MB"
        f"   bars {BAR_S} s, {BAR_MB} MB {verdict}"
    )


if __name__ == "__main__":
    main()
