"""Seconds for a fit with 2,000 replicates, beside the usual loops.

Processor time summed over threads, so more cores do not help. Run: python benchmarks/analysis.py
"""

import time
from collections.abc import Callable

import choix
import numpy as np
from scipy.optimize import minimize

from uplapp.analysis.analyse import analyse
from uplapp.analysis.bootstrap import resample_observers
from uplapp.analysis.objective import PRIORS, Array, Pairs, preference
from uplapp.values import Comparisons, Method

OBSERVERS, CONDITIONS, VOTES, REPLICATES = 14, 6, 8, 2000
BARS_S = {"distance": 1.5, "none": 0.3}
SAMPLE = 40  # replicates that the loops solve; their time is scaled up to REPLICATES


def study(seed: int = 0) -> Comparisons:
    """Simulate a study of the size of the published ones."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 0.5, CONDITIONS)
    first, second = np.triu_indices(CONDITIONS, 1)
    chosen = preference(scores[first] - scores[second])
    wins = np.zeros((OBSERVERS, CONDITIONS, CONDITIONS))
    wins[:, first, second] = generator.binomial(VOTES, chosen, (OBSERVERS, first.size))
    wins[:, second, first] = VOTES - wins[:, first, second]
    return Comparisons(tuple("abcdef"), tuple(map(str, range(OBSERVERS))), wins)


def by_scipy(prior: str) -> Callable[[Array], object]:
    """BFGS with the gradient of the same objective, one replicate at a time."""

    def solve(counts: Array) -> object:
        objective, row = PRIORS.build(prior, pairs=Pairs.of(counts[None])), np.zeros(1, dtype=np.intp)

        def descent(scores: Array) -> tuple[float, Array]:
            terms = objective(scores[None], row)
            return -terms.value[0], -terms.gradient[0]

        return minimize(descent, np.zeros(CONDITIONS), jac=True, method="BFGS")

    return solve


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Best processor time of `repeats` runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print the table."""
    made = study()
    counts = resample_observers(made.wins, SAMPLE, seed=0)
    loops = {
        "distance": {"scipy BFGS, same objective": by_scipy("distance")},
        "none": {
            "scipy BFGS, same objective": by_scipy("none"),
            "choix.ilsr_pairwise_dense (Bradley-Terry)": choix.ilsr_pairwise_dense,
        },
    }
    print(f"{OBSERVERS} observers x {CONDITIONS} conditions x {VOTES} votes a pair, {REPLICATES} replicates")
    for prior, rivals in loops.items():
        ours = seconds(lambda prior=prior: analyse(made, Method(prior, bootstraps=REPLICATES)), repeats=5)
        verdict = "met" if ours < BARS_S[prior] else "MISSED"
        print(f"{prior:9s} uplapp {ours:7.3f} s   bar {BARS_S[prior]} s {verdict}")
        for label, solve in rivals.items():
            theirs = seconds(lambda solve=solve: [solve(each) for each in counts]) * REPLICATES / SAMPLE
            print(f"{'':9s} {label:42s} {theirs:7.2f} s   {theirs / ours:6.0f} x")


if __name__ == "__main__":
    main()
