"""How often the goodness of fit, of few votes per pair and scene, finds a lack where there is none.

Run: python benchmarks/goodness.py [studies: 200]
"""

import sys

import numpy as np
from scipy.special import chdtrc

from uplapp.analysis.model import goodness_within, preference

VOTES = (4, 6, 8, 12, 20)
SPREADS = ((4, 1.0), (4, 3.0), (7, 2.0))  # conditions, and how far the best lies above the worst in JOD
SCENES = (1, 5, 20)


def shares(n: int, reach: float, scenes: int, votes: int, studies: int) -> str:
    """Share of studies with p < .05, with that of chi squared, as a cell of the table."""
    generator = np.random.default_rng([n, int(reach), scenes, votes])
    first, second = np.triu_indices(n, 1)
    scores = np.linspace(0, reach, n)
    fits = []
    for _ in range(studies):
        wins = np.zeros((scenes, n, n))
        chance = preference(scores[first] - scores[second])
        wins[:, first, second] = generator.binomial(votes, chance, (scenes, first.size))
        wins[:, second, first] = votes - wins[:, first, second]
        fits.append(goodness_within(wins))
    usual = np.array([chdtrc(fit.df, fit.g2) for fit in fits if fit.df and np.isfinite(fit.g2)])
    p = np.array([fit.p for fit in fits if np.isfinite(fit.p)])
    own = "-" if p.size < studies / 2 else f"{(p < 0.05).mean():.2f}"
    return f"{own} ({(usual < 0.05).mean():.2f})"


def main(studies: int) -> None:
    """Print the table."""
    print("| conditions | reach | scenes | " + " | ".join(f"{votes} votes" for votes in VOTES) + " |")
    print("|---|---|---|" + "---|" * len(VOTES))
    for n, reach in SPREADS:
        for scenes in SCENES:
            some = studies // 2 if scenes == max(SCENES) else studies
            row = " | ".join(shares(n, reach, scenes, votes, some) for votes in VOTES)
            print(f"| {n} | {reach:g} | {scenes} | {row} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
