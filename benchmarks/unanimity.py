"""How often the score test of (nearly) unanimous pairs finds a difference where there is none.

Pairs of equal conditions, of observers alike or with own scores. Each part of a cell is one row of FILE.csv,
written when it is done, and all cells get their first part before any gets its second: the table may be read,
and the run go on, at any time. Run: python benchmarks/unanimity.py FILE.csv [parts: 10]
"""

import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from uplapp.analysis.model import preference
from uplapp.analysis.scoring.unanimity import MOST_DISSENT, score_test
from uplapp.values import Array

LEVELS = (0.05, 0.01)
SCORES = {"2": (0.0, 0.0), "3": (0.0, 0.0, -2.0), "4": (0.0, 0.0, 0.0, 0.0)}
ROUNDS, PARTS = {"2": 150, "3": 60, "4": 25}, 10  # studies of a part, by the number of conditions
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


CELL = ["sd", "observers", "votes", "conditions"]
COUNTS = ["pairs", *(f"p < {level:g}" for level in LEVELS), "clear"]
Cell = tuple[float, int, int, str]


def counts(cell: Cell, part: int) -> list[int]:
    """Count pairs of equals, those below each level, and those with at most one vote on one side."""
    spread, observers, votes, name = cell
    generator = np.random.default_rng([part, observers, votes, int(name), int(10 * spread)])
    scores = np.array(SCORES[name])
    first, second = np.triu_indices(scores.size, 1)
    equal = scores[first] == scores[second]
    first, second = first[equal], second[equal]
    p, clear = [], []
    for _ in range(ROUNDS[name]):
        wins = study(scores, observers, votes, spread, generator)
        p.append(np.minimum(score_test(wins, first, second), score_test(wins, second, first)))
        pooled = wins.sum(axis=0)
        clear.append(np.minimum(pooled[first, second], pooled[second, first]) <= MOST_DISSENT)
    chance = np.concatenate(p)
    return [chance.size, *(int((chance < level).sum()) for level in LEVELS), int(np.concatenate(clear).sum())]


def table(path: Path) -> str:
    """Write the shares of all cells as a table, one row per number of observers, votes and sd."""
    sums = pd.read_csv(path, dtype={"conditions": str}).drop(columns="part").groupby(CELL).sum()
    shares = sums[COUNTS[1:]].div(sums["pairs"], axis=0)
    lines = [
        "| observers | votes | sd | " + " | ".join(f"{n}: p < .05 | p < .01 | clear" for n in SCORES) + " |"
    ]
    lines.append("|---|---|---|" + "---|---|---|" * len(SCORES))
    for (spread, observers, votes), rows in shares.groupby(CELL[:3]):
        numbers = " | ".join(f"{value:.3f}" for value in rows.to_numpy().ravel())
        lines.append(f"| {observers} | {votes} | {spread:.1f} | {numbers} |")
    return "\n".join(lines)


def main(path: Path, parts: int) -> None:
    """Measure what is missing and print the table."""
    done = set()
    if path.is_file():
        table_so_far = pd.read_csv(path, dtype={"conditions": str})
        done = set(table_so_far[[*CELL, "part"]].itertuples(index=False, name=None))
    for part, spread, (observers, votes), name in product(range(parts), SPREADS_JOD, SIZES, SCORES):
        cell = (spread, observers, votes, name)
        if (*cell, part) in done or (observers == 1 and spread):
            continue
        row = dict(zip([*CELL, "part", *COUNTS], [*cell, part, *counts(cell, part)], strict=True))
        pd.DataFrame([row]).to_csv(path, mode="a", header=not path.is_file(), index=False)
    print(table(path))


if __name__ == "__main__":
    options = dict(enumerate(sys.argv[1:]))
    main(Path(options[0]), int(options.get(1, PARTS)))
