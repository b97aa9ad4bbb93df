"""How often 95% intervals of mean ratings hold the true mean, by the number of observers.

Each of 1,000 simulated studies has three conditions with means 2, 3 and 4 on a scale of five; observers have
habits of their own (sd .6), each rating its own noise (sd .8), the mean of eight scenes is what counts.

Run: OMP_NUM_THREADS=1 python benchmarks/rating_coverage.py
"""

import numpy as np

from uplapp.analysis.ratings.means import spread
from uplapp.analysis.scoring import INTERVALS
from uplapp.values import Method

OBSERVERS = (3, 4, 5, 6, 8, 12, 30)
MEANS = np.array([2.0, 3.0, 4.0])
STUDIES, SCENES, HABIT_SD, NOISE_SD = 1000, 8, 0.6, 0.8
REPLICATES = 500


def covered(observers: int, interval: str, seed: int) -> float:
    """The share of intervals that hold the true mean."""
    rng = np.random.default_rng([seed, observers])
    method = Method(interval=interval, bootstraps=REPLICATES)
    held = []
    for _ in range(STUDIES):
        habits = rng.normal(0, HABIT_SD, (observers, 1))
        noise = rng.normal(0, NOISE_SD / np.sqrt(SCENES), (observers, len(MEANS)))
        means = spread(MEANS + habits + noise, method)
        held.append((means.low <= MEANS) & (means.high >= MEANS))
    return float(np.mean(held))


def main() -> None:
    """Print one row per number of observers."""
    names = [name for name in INTERVALS if name != "parametric"]
    print("observers", *(f"{name:>10s}" for name in names))
    for observers in OBSERVERS:
        print(f"{observers:9d}", *(f"{covered(observers, name, 0):10.3f}" for name in names), flush=True)


if __name__ == "__main__":
    main()
