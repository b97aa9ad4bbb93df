"""Write the example that ships: votes, ratings and metrics of simulated observers with known scores.

Twenty observers compare five losses in four scenes, once per pair and scene, and answer catch trials and
repeats; their own scores differ by 0.3 JOD, those of scenes by 0.2 JOD. sim05 fails catch trials, sim12 often
says the contrary, sim17 mostly takes the left. Twelve of them rate single images, the hidden reference among
them.

Run: python benchmarks/example_votes.py [folder: uplapp/analysis/reading/examples]
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

FOLDER = Path("uplapp/analysis/reading/examples")
SIGMA = 1.4826
SCORES = {"l1": -0.2, "l2": -0.9, "ms_ssim": 0.2, "flip": 0.1, "lpips_l2": 0.8}
SCENES = ("bridge", "face", "harbour", "text")
OBSERVERS = tuple(f"sim{k:02d}" for k in range(1, 21))
CARELESS, CONTRARY, LEFTIST = "sim05", "sim12", "sim17"
TIE_JOD, OWN_SD, SCENE_SD, RATED = 0.1, 0.3, 0.2, 12
REPEATS = 4


def votes(random: np.random.Generator, own: np.ndarray) -> pd.DataFrame:
    """Tabulate the answers of all observers, of own scores (observers, scenes, conditions)."""
    names, rows = list(SCORES), []
    for k, observer in enumerate(OBSERVERS):
        pace_ms = random.lognormal(np.log(2200), 0.25)
        main = [(s, *pair) for s in range(len(SCENES)) for pair in combinations(range(len(names)), 2)]
        main = [main[place] for place in random.permutation(len(main))]
        trials = [("main", *trial) for trial in main]
        trials += [("catch", s, int(random.integers(len(names))), None) for s in range(len(SCENES))]
        trials += [("repeat", *trial) for trial in main[:REPEATS]]
        for kind, s, i, j in trials:
            sides = [(names[i], own[k, s, i]), ("reference", 3.5) if j is None else (names[j], own[k, s, j])]
            (a, q_a), (b, q_b) = (sides[place] for place in random.permutation(2))
            answer = _answer(random, observer, kind, q_a - q_b)
            time_ms = round(pace_ms * random.lognormal(0, 0.4))
            rows.append((observer, SCENES[s], a, b, answer, kind, time_ms, "", 1))
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected", "kind", "response_ms"]
    return pd.DataFrame(rows, columns=[*columns, "flags", "simulated"])


def _answer(random: np.random.Generator, observer: str, kind: str, apart: float) -> str:
    if observer == CONTRARY and random.random() < 0.75:
        apart = -apart
    if observer == CARELESS and kind == "catch":
        apart = -apart
    if observer == LEFTIST and random.random() < 0.6:
        return "1"
    first, second = ndtr((apart - TIE_JOD) / SIGMA), ndtr((-apart - TIE_JOD) / SIGMA)
    draw = random.random()
    return "1" if draw < first else "0" if draw < first + second else "0.5"


def ratings(random: np.random.Generator, own: np.ndarray) -> pd.DataFrame:
    """Tabulate ratings from 1 to 5 of the first observers."""
    latent = {name: own[:, :, place] for place, name in enumerate(SCORES)}
    latent["reference"] = np.full(own.shape[:2], 1.8)
    bias, rows = random.normal(0, 0.4, RATED), []
    for k in range(RATED):
        for s, scene in enumerate(SCENES):
            for name, q in latent.items():
                rating = 3.2 + q[k, s] + bias[k] + random.normal(0, 0.5)
                rows.append((OBSERVERS[k], name, scene, int(np.clip(np.rint(rating), 1, 5)), 1))
    return pd.DataFrame(rows, columns=["observer", "condition", "scene", "rating", "simulated"])


def metrics(random: np.random.Generator, scenes: np.ndarray) -> pd.DataFrame:
    """Tabulate metrics that follow the scores of scenes (scenes, conditions) well, less well and hardly."""
    rows = [
        (
            name,
            scene,
            round(29 + 0.3 * q + random.normal(0, 0.3) + s, 2),
            round(0.86 + 0.02 * q + random.normal(0, 0.006), 4),
            round(0.2 - 0.05 * q + random.normal(0, 0.008), 4),
        )
        for s, scene in enumerate(SCENES)
        for name, q in zip(SCORES, scenes[s], strict=True)
    ]
    return pd.DataFrame(rows, columns=["condition", "scene", "psnr", "ms_ssim", "lpips"])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    random = np.random.default_rng(20)
    shape = len(OBSERVERS), len(SCENES), len(SCORES)
    scenes = np.array(list(SCORES.values())) + random.normal(0, SCENE_SD, shape[1:])
    own = scenes + random.normal(0, OWN_SD, (shape[0], 1, shape[2]))
    tables = {"votes": votes(random, own), "ratings": ratings(random, own)}
    tables["votes_metrics"] = metrics(random, scenes)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
