"""How often intervals of a unified scale of votes and ratings hold the true scores, and how wide they are.

python benchmarks/unified_coverage.py [STUDIES]     # 200 a row take two minutes
"""

import sys

import numpy as np
import pandas as pd
from scipy.stats import norm

from uplapp.analysis.alternatives.scale import unify
from uplapp.analysis.reading import ratings, votes
from uplapp.values import Method

SCORES = np.array([-1.0, -0.4, 0.0, 0.5, 0.9])
STEPS, ZERO, SIGMA = 0.6, 3.2, 1.4826
SIZES = ((12, 12, 1.0), (12, 12, 2.0), (24, 8, 2.0), (8, 24, 2.0))  # voters, raters, noise of ratings


def study(voters: int, raters: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Simulate one study of two votes per pair and two ratings per condition: hits and widths."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(SCORES.size) for j in range(i)] * 2
    answers = [
        (f"v{k}", f"c{i}", f"c{j}", int(rng.random() < norm.cdf((SCORES[i] - SCORES[j]) / SIGMA)))
        for k in range(voters)
        for i, j in pairs
    ]
    spread = STEPS * noise * SIGMA / 2**0.5
    marks = [
        (f"r{k}", f"c{i}", f"s{t}", STEPS * score + ZERO + spread * rng.normal())
        for k in range(raters)
        for t in range(2)
        for i, score in enumerate(SCORES)
    ]
    vote_table = pd.DataFrame(answers, columns=["observer", "condition_A", "condition_B", "is_A_selected"])
    rating_table = pd.DataFrame(marks, columns=["observer", "condition", "scene", "rating"])
    method = Method("none", bootstraps=300, seed=seed)
    scale = unify(votes.count(votes.from_table(vote_table)), ratings.from_table(rating_table), "", method)
    return (scale.low < SCORES) & (scale.high > SCORES), scale.high - scale.low


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| voters | raters | noise | covers | width, JOD |")
    for size in SIZES:
        hits, widths = zip(*(study(*size, seed) for seed in range(count)), strict=True)
        print(f"| {' | '.join(map(str, size))} | {np.mean(hits):.3f} | {np.mean(widths):.2f} |", flush=True)
