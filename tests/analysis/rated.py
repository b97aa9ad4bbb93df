"""Made-up ratings with known means."""

import numpy as np
import pandas as pd
from scipy.stats import norm

NAMES = ("a", "b", "c")
LATENT = (2.0, 3.2, 4.4)
BIAS_SD, OWN_SD, NOISE_SD = 0.3, 0.3, 0.5


def expected(latent: float, sd: float, lowest: int = 1, highest: int = 5) -> float:
    """Mean of a normal latent score, rounded to whole numbers and clipped to the scale."""
    values = np.arange(lowest, highest + 1)
    edges = np.concatenate([[-np.inf], values[:-1] + 0.5, [np.inf]])
    return float(np.diff(norm.cdf((edges - latent) / sd)) @ values)


def means() -> list[float]:
    """What the ratings of `draw` are on average."""
    sd = float(np.hypot(np.hypot(BIAS_SD, OWN_SD), NOISE_SD))
    return [expected(latent, sd) for latent in LATENT]


def draw(observers: int, scenes: int, seed: int) -> np.ndarray:
    """Ratings (observers, conditions, scenes) from 1 to 5 of observers who differ."""
    rng = np.random.default_rng(seed)
    bias = BIAS_SD * rng.normal(size=(observers, 1, 1))
    own = OWN_SD * rng.normal(size=(observers, len(LATENT), 1))
    noise = NOISE_SD * rng.normal(size=(observers, len(LATENT), scenes))
    return np.clip(np.rint(np.array(LATENT)[:, None] + bias + own + noise), 1, 5)


def table(ratings: np.ndarray, criterion: str = "quality") -> pd.DataFrame:
    """Tabulate ratings (observers, conditions, scenes), one row each."""
    rows = [
        (f"o{k:02d}", NAMES[i], f"s{s}", criterion, value) for (k, i, s), value in np.ndenumerate(ratings)
    ]
    return pd.DataFrame(rows, columns=["observer", "condition", "scene", "criterion", "rating"])


# Two observers, two scenes; anna rated a twice in the river, and the reference only in the river.
BY_HAND = pd.DataFrame(
    [
        ("anna", "a", "river", 4, "main"),
        ("anna", "a", "river", 2, "main"),
        ("anna", "a", "bridge", 5, "main"),
        ("anna", "b", "river", 2, "main"),
        ("anna", "b", "bridge", 1, "main"),
        ("anna", "reference", "river", 5, "catch"),
        ("anna", "a", "river", 1, "repeat"),
        ("anna", "b", "bridge", 5, "practice"),
        ("bob", "a", "river", 3, "main"),
        ("bob", "a", "bridge", 3, "main"),
        ("bob", "b", "river", 2, "main"),
        ("bob", "b", "bridge", 2, "main"),
        ("bob", "reference", "river", 4, "catch"),
    ],
    columns=["observer", "condition", "scene", "rating", "kind"],
)
