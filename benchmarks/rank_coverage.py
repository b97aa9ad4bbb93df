"""How often rank intervals hold the true rank, and whether P(best) is as often right as it says.

Simulated studies of five conditions with true scores drawn anew each time, normal with sd SCORES_JOD, whose
observers have own scores around them with sd SPREAD_JOD. `replicates`: share of conditions whose true rank
lies in the 95% interval of the replicates; `tests`: in the ranks that the tests leave possible; `all`: share
of studies in which the tests hold all ranks; `width`: how many ranks each holds. `best`: in how many studies
the condition with the highest P(best) is the best, and the mean of that P.

Run: OMP_NUM_THREADS=1 python benchmarks/rank_coverage.py [studies a row: 400]
"""

import sys

import numpy as np
from scipy.stats import rankdata

from uplapp.analysis.model import preference
from uplapp.analysis.scoring import analyse, ranks
from uplapp.values import Array, Comparisons, Method

OBSERVERS = (6, 12, 30)
SCORES_JOD = (0.1, 0.3, 1.0)
SPREAD_JOD, CONDITIONS, VOTES, REPLICATES, STUDIES = 0.5, 5, 4, 500, 400
HEADS = ("observers", "sd of scores", "replicates", "width", "tests", "all", "width", "best", "mean P")


def study(scores: Array, observers: int, generator: np.random.Generator) -> Comparisons:
    """Simulate observers who each answer every pair VOTES times."""
    own = scores + generator.normal(0, SPREAD_JOD, (observers, scores.size))
    first, second = np.triu_indices(scores.size, 1)
    wins = np.zeros((observers, scores.size, scores.size))
    wins[:, first, second] = generator.binomial(VOTES, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = VOTES - wins[:, first, second]
    return Comparisons(tuple("abcde"), tuple(f"o{k:02d}" for k in range(observers)), wins)


def row(observers: int, sd_jod: float, studies: int) -> list[float]:
    """The shares and widths of one row."""
    found = []
    for seed in range(studies):
        generator = np.random.default_rng([seed, observers, int(100 * sd_jod)])
        truth = generator.normal(0, sd_jod, CONDITIONS)
        scores = analyse(study(truth, observers, generator), Method(bootstraps=REPLICATES, seed=seed))
        sure, rank = ranks(scores), rankdata(-truth)
        if sure is None or np.isnan(sure.best).any():
            continue
        best = int(np.argmax(sure.best))
        inside = (sure.low <= rank) & (rank <= sure.high)
        held = (sure.first <= rank) & (rank <= sure.last)
        widths = (1 + sure.high - sure.low).mean(), (1 + sure.last - sure.first).mean()
        found.append(
            (inside.mean(), widths[0], held.mean(), held.all(), widths[1], rank[best] == 1, sure.best[best])
        )
    return [float(number) for number in np.mean(found, axis=0)]


def main() -> None:
    """Print the table in Markdown."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else STUDIES
    print(f"| {' | '.join(HEADS)} |")
    print("|---" * len(HEADS) + "|")
    for observers in OBSERVERS:
        for sd_jod in SCORES_JOD:
            cells = " | ".join(f"{number:.3f}" for number in row(observers, sd_jod, studies))
            print(f"| {observers} | {sd_jod} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
