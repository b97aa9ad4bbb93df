"""How often 95% intervals hold the truth, and how often the tests see a difference where there is none.

Simulated studies with known scores run the whole analysis. "equal" observers share the true scores; each of
the "different" ones has own scores, normal around them with sd SPREAD_JOD. What a study of different people
estimates is the preference of the population: E Phi((d + e) / sigma) with e ~ N(0, 2 SPREAD^2), the
difference of two own deviations, which is Phi(d / sqrt(sigma^2 + 2 SPREAD^2)). So all true distances shrink
by the same factor sigma / sqrt(sigma^2 + 2 SPREAD^2), and one line still holds them exactly.

Run: OMP_NUM_THREADS=1 python benchmarks/coverage.py [experiments a row: 500] [votes a pair: 4]
"""

import sys
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from uplapp.analysis.model import SIGMA, preference
from uplapp.analysis.scoring import ALPHA, INTERVALS, analyse, holm
from uplapp.values import Array, Comparisons, Method, Scores

OBSERVERS = (6, 12, 14, 30)
SPREADS_JOD = {"equal": 0.0, "different": 0.5}
PRIORS = ("distance", "none")
SCORES = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
HEADS = ("observers", "prior", "t width", "t", "percentile", "raw t", "raw z", "Holm t", "Holm z", "left out")
REPLICATES, EXPERIMENTS, VOTES = 500, 500, 4  # votes: a pair, an observer


@dataclass(frozen=True)
class Row:
    """One setting's shares of all experiments."""

    t: float
    percentile: float
    wrong_t: float
    wrong_z: float
    family_t: float
    family_z: float
    width_t: float
    undefined: int


def study(
    scores: Array, observers: int, votes: int, spread_jod: float, generator: np.random.Generator
) -> Comparisons:
    """Simulate observers who each answer every pair `votes` times."""
    own = scores + generator.normal(0, spread_jod, (observers, scores.size))
    first, second = np.triu_indices(scores.size, 1)
    wins = np.zeros((observers, scores.size, scores.size))
    wins[:, first, second] = generator.binomial(votes, preference(own[:, first] - own[:, second]))
    wins[:, second, first] = votes - wins[:, first, second]
    names = tuple(f"o{k:02d}" for k in range(observers))
    return Comparisons(tuple("abcde"), names, wins)


def truth(spread_jod: float) -> Array:
    """Scores of the population's preference, mean 0."""
    shrunk = SCORES * SIGMA / np.sqrt(SIGMA**2 + 2 * spread_jod**2)
    centred: Array = shrunk - shrunk.mean()
    return centred


def covers(scores: Scores, interval: str, expected: Array) -> Array:
    """Which intervals of one kind hold the truth, from the study's own replicates."""
    low, high = INTERVALS[interval].build(scores.jod, scores.replicates, scores.observers)
    inside: Array = (low <= expected) & (expected <= high)
    return inside


def has_t_intervals(scores: Scores) -> bool:
    """Whether every score has a finite t interval, which takes scores in nearly all replicates."""
    return scores.interval == "t" and bool(np.isfinite(scores.low).all())


def normal_p(scores: Scores, observers: int) -> Array:
    """P values from the raw bootstrap sd and the normal distribution, which the t test replaces."""
    widened = np.sqrt(observers / (observers - 1))
    z = np.array([pair.difference / pair.se * widened for pair in scores.pairs])
    p: Array = 2 * ndtr(-np.abs(z))
    return p


def simulate(observers: int, votes: int, spread_jod: float, prior: str, experiments: int) -> Row:
    """Run the experiments of one row: one study with SCORES and one of equal conditions each."""
    covered: dict[str, list[Array]] = {name: [] for name in INTERVALS}
    p_t, p_z, widths, undefined, expected = [], [], [], 0, truth(spread_jod)
    for seed in range(experiments):
        generator = np.random.default_rng([seed, observers])
        method = Method(prior, bootstraps=REPLICATES, seed=seed)
        real, null = (
            analyse(study(scores, observers, votes, spread_jod, generator), method)
            for scores in (SCORES, np.zeros_like(SCORES))
        )
        if not (has_t_intervals(real) and has_t_intervals(null)):
            undefined += 1
            continue
        for name, each in covered.items():
            each.append(covers(real, name, expected))
        widths.append(np.mean(real.high - real.low))
        p_t.append([pair.p for pair in null.pairs])
        p_z.append(normal_p(null, observers))
    t, z = np.array(p_t), np.array(p_z)
    return Row(
        t=float(np.mean(covered["t"])),
        percentile=float(np.mean(covered["percentile"])),
        wrong_t=float(np.mean(t < ALPHA)),
        wrong_z=float(np.mean(z < ALPHA)),
        family_t=float(np.mean([holm(p).min() < ALPHA for p in t])),
        family_z=float(np.mean([holm(p).min() < ALPHA for p in z])),
        width_t=float(np.mean(widths)),
        undefined=undefined,
    )


def main() -> None:
    """Print the table in Markdown."""
    numbers = dict(enumerate(map(int, sys.argv[1:])))
    experiments, votes = numbers.get(0, EXPERIMENTS), numbers.get(1, VOTES)
    print(f"{SCORES.size} conditions, {votes} votes a pair and observer, {experiments} studies a row")
    print(f"| {' | '.join(HEADS)} |")
    print("|---" * len(HEADS) + "|")
    for prior in PRIORS:
        for kind, spread_jod in SPREADS_JOD.items():
            for observers in OBSERVERS:
                row = simulate(observers, votes, spread_jod, prior, experiments)
                shares = (row.t, row.percentile, row.wrong_t, row.wrong_z, row.family_t, row.family_z)
                cells = " | ".join(f"{share:.3f}" for share in shares)
                print(
                    f"| {observers} {kind} | {prior} | {row.width_t:.2f} | {cells} | {row.undefined} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
