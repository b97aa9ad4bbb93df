"""Whether the spread between observers is estimated without bias, and how often its interval holds it.

Simulated studies of five conditions; observers' own scores have the sd of the second column around common
ones. `mean`: root of the mean estimated variance (before it is cut at 0); `covers`: share of the 95%
intervals of single conditions that hold the truth, and of that over all conditions.

Run: OMP_NUM_THREADS=1 python benchmarks/observer_spread.py [studies a row: 300]
"""

import sys

import numpy as np

from uplapp.analysis.model import preference
from uplapp.analysis.observers.spread import spread
from uplapp.analysis.scoring import analyse
from uplapp.values import Array, Comparisons, Method

OBSERVERS, SPREADS_JOD, VOTES = (12, 30), (0.0, 0.25, 0.5, 1.0), (1, 4)
SCORES = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
REPLICATES, STUDIES = 2, 300
HEADS = ("observers", "votes", "sd", "median", "root mean square", "width", "covers", "overall covers")


def study(observers: int, votes: int, spread_jod: Array, generator: np.random.Generator) -> Comparisons:
    """Simulate observers who each answer every pair `votes` times."""
    own = SCORES + generator.normal(0, spread_jod, (observers, SCORES.size))
    first, second = np.triu_indices(SCORES.size, 1)
    wins = np.zeros((observers, SCORES.size, SCORES.size))
    wins[:, first, second] = generator.binomial(votes, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = votes - wins[:, first, second]
    return Comparisons(tuple("abcde"), tuple(f"o{k:02d}" for k in range(observers)), wins)


def row(observers: int, votes: int, spread_jod: float, studies: int) -> list[float]:
    """The numbers of one row."""
    found = []
    for seed in range(studies):
        generator = np.random.default_rng([seed, observers, votes])
        made = study(observers, votes, np.full(SCORES.size, spread_jod), generator)
        scores = analyse(made, Method("distance", bootstraps=REPLICATES))
        some = spread(made, scores)
        if some is None:
            continue
        covers = ((some.low <= spread_jod) & (spread_jod <= some.high)).mean()
        whole = some.overall_low <= spread_jod <= some.overall_high
        found.append((some.overall, some.overall**2, (some.high - some.low).mean(), covers, whole))
    numbers = np.array(found, dtype=float)
    means = numbers.mean(axis=0)
    return [float(np.median(numbers[:, 0])), float(np.sqrt(means[1])), *map(float, means[2:])]


def main() -> None:
    """Print the table in Markdown."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    print(f"| {' | '.join(HEADS)} |")
    print("|---" * len(HEADS) + "|")
    for observers in OBSERVERS:
        for votes in VOTES:
            for spread_jod in SPREADS_JOD:
                numbers = row(observers, votes, spread_jod, studies)
                cells = " | ".join(f"{number:.3f}" for number in numbers)
                print(f"| {observers} | {votes} | {spread_jod} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
