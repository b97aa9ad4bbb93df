"""Made-up studies with known scores."""

from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.model import preference
from uplapp.values import Comparisons

NAMES = tuple("abcdefghijklmnopqrstuvwxyz")

# From the published counts, by two independent programs run to a tight stop; tolerance 1e-3 asked, 1e-6 met.
PUBLISHED_JOD = {
    ("denoising", "distance"): (-0.099104, -0.627529, 0.082242, 0.701453, 0.076687, -0.13375),
    ("denoising", "none"): (-0.104446, -0.634999, 0.084877, 0.715507, 0.07907, -0.140008),
    ("mri", "distance"): (0.142627, -0.065316, 0.434789, 0.16527, -0.354238, -0.323131),
    ("mri", "none"): (0.144747, -0.066088, 0.440036, 0.167413, -0.358906, -0.327203),
}


def counts(scores: np.ndarray, votes: int, generator: np.random.Generator) -> np.ndarray:
    """Binomial win counts (n,n) of `votes` a pair."""
    first, second = np.triu_indices(len(scores), 1)
    wins = np.zeros((len(scores), len(scores)))
    wins[first, second] = generator.binomial(votes, preference(scores[first] - scores[second]))
    wins[second, first] = votes - wins[first, second]
    return wins


def study(scores: np.ndarray, observers: int, votes: int, seed: int, spread_jod: float = 0.0) -> Comparisons:
    """Observers whose own scores differ by `spread_jod` around `scores`."""
    generator = np.random.default_rng(seed)
    scores = np.asarray(scores, dtype=float)
    own = scores + generator.normal(0, spread_jod, (observers, scores.size)) if spread_jod else None
    wins = np.stack([counts(scores if own is None else own[k], votes, generator) for k in range(observers)])
    people = tuple(f"o{k:02d}" for k in range(observers))
    return Comparisons(NAMES[: scores.size], people, wins)


def table(
    observers: tuple[str, ...], scenes: tuple[str, ...] = ("",), names: str = "abc", seed: int = 0
) -> pd.DataFrame:
    """Votes one by one: each pair of each scene four times an observer, the earlier name mostly chosen."""
    generator = np.random.default_rng(seed)
    pairs = [(a, b) for a in names for b in names if a != b] * 2
    rows = [(observer, scene, *pair) for observer in observers for scene in scenes for pair in pairs]
    frame = pd.DataFrame(rows, columns=["observer", "scene", "condition_A", "condition_B"])
    upright = generator.random(len(rows)) < 0.7
    return frame.assign(
        is_A_selected=(upright == (frame["condition_A"] < frame["condition_B"])).map(int).map(str)
    )


def matrix(*rows: tuple[float, ...], names: str = "") -> Comparisons:
    """A bare count matrix, the row won."""
    return Comparisons(tuple(names) or NAMES[: len(rows)], (), np.array([rows], dtype=float))


def write(folder: Path, text: str, name: str = "votes.csv") -> Path:
    """Put a file into `folder`."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
