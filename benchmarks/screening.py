"""How often each distance singles out careful observers, and those who toss a coin.

Twenty simulated observers of six conditions; four of them answer every pair six times, the others twice. One
of either sort tosses a coin in the second row. Then the share of studies in which a careful observer is
looked at, where two groups of observers saw a scene each: of opposite order, or an easy and a hard one.

Run: OMP_NUM_THREADS=1 python benchmarks/screening.py [experiments a row: 200]
"""

import sys

import numpy as np

from uplapp.analysis.model import preference
from uplapp.analysis.observers.outliers import Unlikeness, unlikeness
from uplapp.analysis.observers.screening import FAR
from uplapp.analysis.scoring import ALPHA, holm
from uplapp.values import Array, Comparisons

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


PEOPLE = tuple(f"o{k:02d}" for k in range(18))
SCENES = {  # scores of the first group's scene and of the second's, and how many are in the first group
    "opposite order": (TRUTH[1:-1], -TRUTH[1:-1], 9),
    "hard for 5 of 18": (2.5 * TRUTH[1:-1], 0.3 * TRUTH[1:-1], 13),
    "easy for 5 of 18": (0.3 * TRUTH[1:-1], 2.5 * TRUTH[1:-1], 13),
}


def scene(scores: Array, people: tuple[str, ...], generator: np.random.Generator) -> Comparisons:
    """Simulate careful observers of one scene, three votes per pair."""
    first, second = np.triu_indices(scores.size, 1)
    wins = np.zeros((len(people), scores.size, scores.size))
    wins[:, first, second] = generator.binomial(
        3, preference(scores[first] - scores[second]), (len(people), first.size)
    )
    wins[:, second, first] = 3 - wins[:, first, second]
    return Comparisons(tuple("abcdef"[: scores.size]), people, wins)


def looks(result: Unlikeness) -> tuple[Array, Array]:
    """Mark (K,) who is looked at by distance alone, and who if chance must not explain it either."""
    alone, sure = np.zeros((2, len(result.observers)), dtype=bool)
    for far, p in ((result.dist_pairs, result.p_pairs), (result.dist_trials, result.p_trials)):
        alone |= far > FAR
        sure |= (far > FAR) & (holm(p) < ALPHA)
    return alone, sure


if __name__ == "__main__":
    experiments = int(sys.argv[1]) if len(sys.argv) > 1 else EXPERIMENTS
    print(f"{'share looked at':24}", *(f"{name:>11}" for name in GROUPS))
    for coins in (False, True):
        generator = np.random.default_rng(0)
        results = [unlikeness(study(coins, generator)) for _ in range(experiments)]
        rows = {name: [getattr(one, name) > FAR for one in results] for name in ("dist_pairs", "dist_trials")}
        rows |= dict(zip(("either", "not chance"), zip(*map(looks, results), strict=True), strict=True))
        for name, marks in rows.items():
            far = np.mean(marks, axis=0)
            shares = (np.mean(far[place]) for place in GROUPS.values())
            print(
                f"{name:12} {'two coins' if coins else 'nobody':11}", *(f"{share:11.3f}" for share in shares)
            )
    print(f"{'a careful one is looked at':24} {'distance':>9} {'not chance':>11}")
    for name, (ours, theirs, size) in SCENES.items():
        generator = np.random.default_rng(1)
        studies = (
            (scene(ours, PEOPLE[:size], generator), scene(theirs, PEOPLE[size:], generator))
            for _ in range(experiments)
        )
        marks = [[one.any() for one in looks(unlikeness(*both))] for both in studies]
        print(f"{name:24}", *(f"{share:11.3f}" for share in np.mean(marks, axis=0)))
