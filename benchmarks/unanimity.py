"""How often the score test of (nearly) unanimous pairs finds a difference where there is none.

Pairs of equal conditions, of observers alike or with own scores. Run: python benchmarks/unanimity.py [seed]
"""

import sys

import numpy as np

from uplapp.analysis.model import preference
from uplapp.analysis.scoring.unanimity import MOST_DISSENT, score_test
from uplapp.values import Array

LEVELS = (0.05, 0.01)
SCORES = {"2": (0.0, 0.0), "3": (0.0, 0.0, -2.0), "4": (0.0, 0.0, 0.0, 0.0)}
ROUNDS = {"2": 1500, "3": 600, "4": 250}
SIZES = ((1, 4), (1, 8), (2, 2), (3, 2), (4, 1), (6, 1), (6, 2), (12, 1))  # observers, votes per pair
SPREADS_JOD = (0.0, 0.5)


def study(scores: Array, observers: int, votes: int, spread: float, generator: np.random.Generator) -> Array:
    """Draw wins (K,n,n) of observers with own scores."""
    own = scores + generator.normal(0, spread, (observers, scores.size))
    first, second = np.triu_indices(scores.size, 1)
    wins = np.zeros((observers, scores.size, scores.size))
    wins[:, first, second] = generator.binomial(votes, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = votes - wins[:, first, second]
    return wins


def shares(name: str, observers: int, votes: int, spread: float, generator: np.random.Generator) -> Array:
    """Shares of pairs of equals below each level, and that of pairs with at most one vote on one side."""
    scores = np.array(SCORES[name])
    first, second = np.triu_indices(scores.size, 1)
    equal = scores[first] == scores[second]
    first, second = first[equal], second[equal]
    p, clear = [], []
    for _ in range(ROUNDS[name]):
        wins = study(scores, observers, votes, spread, generator)
        p.append(np.minimum(score_test(wins, first, second), score_test(wins, second, first)))
        counts = wins.sum(axis=0)
        clear.append(np.minimum(counts[first, second], counts[second, first]) <= MOST_DISSENT)
    below = [np.mean(np.concatenate(p) < level) for level in LEVELS]
    return np.array([*below, np.mean(np.concatenate(clear))])


def main() -> None:
    """Print the table."""
    generator = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(
        "| observers | votes | sd | " + " | ".join(f"{n}: p < .05 | p < .01 | clear" for n in SCORES) + " |"
    )
    print("|---|---|---|" + "---|---|---|" * len(SCORES))
    for spread in SPREADS_JOD:
        for observers, votes in SIZES:
            if observers == 1 and spread:
                continue
            cells = [shares(name, observers, votes, spread, generator) for name in SCORES]
            numbers = " | ".join(f"{number:.3f}" for cell in cells for number in cell)
            print(f"| {observers} | {votes} | {spread:.1f} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
