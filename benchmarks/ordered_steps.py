"""What steps of answers ("slightly", "much better") add to plain votes: errors and coverage.

python benchmarks/ordered_steps.py [STUDIES]     # 200 a row take ten minutes
"""

import sys

import numpy as np

from uplapp.analysis.model import SIGMA
from uplapp.analysis.reading.votes import to_wins
from uplapp.analysis.scoring import analyse
from uplapp.values import Comparisons, Method

SCORES = np.array([0.8, 0.2, -0.3, -0.7])
THRESHOLDS = (0.4, 1.6)  # JOD: not sure below, much better above
ROWS = [(observers, votes, sd) for observers in (6, 12, 30) for votes in (1, 4) for sd in (0.0, 0.5)]


def study(observers: int, votes: int, sd: float, seed: int) -> Comparisons:
    """Simulate observers with scores of their own who answer each pair `votes` times, in steps."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(SCORES.size, 1)
    answers = np.zeros((observers, 5, SCORES.size, SCORES.size))
    for observer in range(observers):
        own = SCORES + rng.normal(0, sd, SCORES.size)
        z = (own[first] - own[second]) + SIGMA * rng.normal(size=(votes, first.size))
        outcome = 2 - np.sign(z).astype(int) * np.searchsorted(THRESHOLDS, np.abs(z))
        np.add.at(answers[observer], (outcome, first, second), 1)
    names = tuple(f"o{k:02d}" for k in range(observers))
    return Comparisons(tuple("abcd"), names, to_wins(answers), answers=answers)


def row(observers: int, votes: int, sd: float, studies: int) -> str:
    """Write one row of the table, of the studies that have intervals in both ways."""
    truth = (SCORES - SCORES.mean()) / np.sqrt(1 + (sd / SIGMA) ** 2 * 2)  # the preference of the population
    cells = {}
    for ties in ("ordered", "half"):
        method = Method(ties=ties, bootstraps=400)
        found = [analyse(study(observers, votes, sd, seed), method) for seed in range(studies)]
        kept = [some for some in found if np.isfinite(some.low).all()]
        error = np.sqrt(np.mean([(some.jod - truth) ** 2 for some in kept]))
        hits = np.mean([(some.low <= truth) & (truth <= some.high) for some in kept])
        width = np.mean([some.high - some.low for some in kept])
        cells[ties] = f"{error:.3f} | {hits:.3f} | {width:.2f}"
    return f"| {observers} | {votes} | {sd} | {cells['ordered']} | {cells['half']} |"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| observers | votes | sd | error, steps | covers | width | error, plain | covers | width |")
    for size in ROWS:
        print(row(*size, count), flush=True)
