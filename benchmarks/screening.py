"""How often each distance singles out careful observers, and those who toss a coin.

Twenty simulated observers of six conditions; four of them answer every pair six times, the others twice. One
of either sort tosses a coin in the second row.

Run: OMP_NUM_THREADS=1 python benchmarks/screening.py [experiments a row: 200]
"""

import sys

import numpy as np

from uplapp.analysis.model import preference
from uplapp.analysis.observers.outliers import unlikeness
from uplapp.analysis.observers.screening import FAR
from uplapp.values import Comparisons

TRUTH = np.linspace(-1, 1, 6)
VOTES = np.array([6] * 4 + [2] * 16)  # a pair, of each observer
COINS = np.array([0, 10])
EXPERIMENTS = 200
GROUPS = {"busy": slice(1, 4), "others": slice(11, 20), "busy coin": 0, "other coin": 10}


def study(coins: bool, generator: np.random.Generator) -> Comparisons:
    """Simulate the observers, two of whom answer at random with `coins`."""
    first, second = np.triu_indices(TRUTH.size, 1)
    chance = np.tile(preference(TRUTH[first] - TRUTH[second]), (VOTES.size, 1))
    if coins:
        chance[COINS] = 0.5
    wins = np.zeros((VOTES.size, TRUTH.size, TRUTH.size))
    wins[:, first, second] = generator.binomial(VOTES[:, None], chance)
    wins[:, second, first] = VOTES[:, None] - wins[:, first, second]
    return Comparisons(tuple("abcdef"), tuple(f"o{k:02d}" for k in range(VOTES.size)), wins)


if __name__ == "__main__":
    experiments = int(sys.argv[1]) if len(sys.argv) > 1 else EXPERIMENTS
    print(f"{'share looked at':24}", *(f"{name:>11}" for name in GROUPS))
    for coins in (False, True):
        generator = np.random.default_rng(0)
        results = [unlikeness(study(coins, generator)) for _ in range(experiments)]
        for name in ("dist_pairs", "dist_trials"):
            far = np.mean([getattr(one, name) > FAR for one in results], axis=0)
            shares = (np.mean(far[place]) for place in GROUPS.values())
            print(
                f"{name:12} {'two coins' if coins else 'nobody':11}", *(f"{share:11.3f}" for share in shares)
            )
