"""Made-up votes and ratings of the same conditions with known scores."""

import numpy as np
import pandas as pd
from scipy.stats import norm

SCORES = np.array([-1.5, -0.8, 0.0, 0.3, 0.8, 1.2])
STEPS, ZERO, NOISE = 0.6, 3.2, 1.5
SIGMA = 1.4826


def votes(people=12, times=1, seed=0, scores=SCORES, pairs=None):
    """Votes on all pairs, or on those given, `times` each by each observer v00, v01, ..."""
    rng = np.random.default_rng(seed)
    n = len(scores)
    chosen = [(i, j) for i in range(n) for j in range(i)] if pairs is None else pairs
    rows = [
        (f"v{k:02d}", f"c{i}", f"c{j}", int(rng.random() < norm.cdf((scores[i] - scores[j]) / SIGMA)))
        for k in range(people)
        for i, j in chosen
        for _ in range(times)
    ]
    return pd.DataFrame(rows, columns=["observer", "condition_A", "condition_B", "is_A_selected"])


def ratings(people=12, times=1, seed=0, scores=SCORES, names=None):
    """Ratings of all conditions, or of those named, by observers r00, r01, ..."""
    rng = np.random.default_rng([seed, 1])
    sd = STEPS * NOISE * SIGMA / 2**0.5
    rows = [
        (f"r{k:02d}", f"c{i}", f"s{t}", STEPS * score + ZERO + sd * rng.normal())
        for k in range(people)
        for t in range(times)
        for i, score in enumerate(scores)
    ]
    table = pd.DataFrame(rows, columns=["observer", "condition", "scene", "rating"])
    return table if names is None else table[table["condition"].isin(names)].reset_index(drop=True)
