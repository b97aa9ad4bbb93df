"""What the choice of the next pair costs, and what it saves.

Milliseconds a choice, posterior included, at 50 conditions (processor time summed over threads); then
simulated studies in which pairs are asked one by one: chosen, drawn at random, or in sweeps over the full
design. Run: python benchmarks/nextpair.py
"""

import time
from collections.abc import Callable

import numpy as np
from scipy.stats import spearmanr

from uplapp.analysis.asking.next_pair import next_pairs, posterior
from uplapp.analysis.model import preference
from uplapp.values import Array

BAR_MS, CONDITIONS_TIMED = 10.0, 50
CONDITIONS, RANGE_JOD, STUDIES = 20, 6.0, 20
SPREADS_JOD = (0.0, 0.5)  # between observers: what the posterior takes for granted, and what people do
PER_OBSERVER = 40  # of 190 pairs: what a person answers in ten minutes
ROUNDS = (1, 2, 4, 8, 16)  # observers so far, at which scores are compared

Pick = Callable[[Array, Array, int], tuple[int, int]]  # (wins so far, shown to this observer, seed) -> pair


def milliseconds(work: Callable[[], object], repeats: int = 50) -> tuple[float, float]:
    """Median and maximum of processor times."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times)), max(times)


def answer(wins: Array, scores: Array, pair: tuple[int, int], generator: np.random.Generator) -> None:
    """Add one vote to `wins`."""
    i, j = pair if generator.random() < preference(scores[pair[0]] - scores[pair[1]]) else pair[::-1]
    wins[i, j] += 1


def chosen(wins: Array, shown: Array, seed: int) -> tuple[int, int]:
    """Ours: gain, balanced within the observer."""
    return next_pairs(wins, shown=shown, seed=seed)[0]


def free(wins: Array, shown: Array, seed: int) -> tuple[int, int]:
    """Gain alone: an observer may be asked the same pair again and again."""
    return next_pairs(wins, seed=seed)[0]


def random_pair(wins: Array, shown: Array, seed: int) -> tuple[int, int]:
    """Any pair."""
    i, j = np.random.default_rng(seed).choice(len(wins), 2, replace=False)
    return int(i), int(j)


def swept(wins: Array, shown: Array, seed: int) -> tuple[int, int]:
    """Every pair once, in random order, before any comes again."""
    first, second = np.triu_indices(len(wins), 1)
    votes = (wins + wins.T)[first, second]
    place = np.random.default_rng(seed).choice(np.flatnonzero(votes == votes.min()))
    return int(first[place]), int(second[place])


PICKS: dict[str, Pick] = {
    "chosen, balanced": chosen,
    "chosen, free": free,
    "random": random_pair,
    "full sweeps": swept,
}


def study(pick: Pick, spread_jod: float, seed: int) -> Array:
    """Errors (rounds, 2) of one study: RMS in JOD of the centred scores, 1 - Spearman's rank correlation."""
    generator = np.random.default_rng(seed)
    scores = generator.permutation(np.linspace(-RANGE_JOD / 2, RANGE_JOD / 2, CONDITIONS))
    wins, errors = np.zeros((CONDITIONS, CONDITIONS)), []
    for observer in range(max(ROUNDS)):
        shown, own = np.zeros_like(wins), scores + generator.normal(0, spread_jod, CONDITIONS)
        for _ in range(PER_OBSERVER):
            i, j = pick(wins, shown, int(generator.integers(2**31)))
            answer(wins, own, (i, j), generator)
            shown[i, j] += 1
            shown[j, i] += 1
        if observer + 1 in ROUNDS:
            mean = posterior(wins).mean
            rms = np.sqrt(np.mean((mean - mean.mean() - scores) ** 2))
            errors.append((rms, 1 - spearmanr(mean, scores)[0]))
    return np.array(errors)


def print_times() -> None:
    """Print the time of a choice, with and without what the last choice already knew."""
    n = CONDITIONS_TIMED
    generator = np.random.default_rng(0)
    scores = generator.normal(0, 1.5, n)
    wins = np.zeros((n, n))
    for _ in range(3000):
        answer(wins, scores, random_pair(wins, wins, int(generator.integers(2**31))), generator)
    mean = posterior(wins).mean
    for label, work in {
        "from scratch": lambda: next_pairs(wins),
        "from the last posterior": lambda: next_pairs(wins, start=mean),
        "without any votes": lambda: next_pairs(np.zeros((n, n))),
    }.items():
        median, longest = milliseconds(work)
        verdict = "met" if median < BAR_MS else "MISSED"
        print(
            f"{n} conditions, {label:24s} {median:5.1f} ms (longest {longest:.1f})   bar {BAR_MS:g} {verdict}"
        )


def print_errors(spread_jod: float) -> None:
    """Print the errors of all ways to pick, beside those of full sweeps."""
    print(f"\n{CONDITIONS} conditions evenly over {RANGE_JOD:g} JOD, {PER_OBSERVER} answers an observer,")
    print(f"observers {spread_jod:g} JOD apart (sd); mean of {STUDIES} studies; ratios are to full sweeps")
    errors = {
        label: np.mean([study(pick, spread_jod, seed) for seed in range(STUDIES)], axis=0)
        for label, pick in PICKS.items()
    }
    for place, measure in enumerate(("RMS error, JOD", "1 - Spearman")):
        print(f"\n{measure:18s}" + "".join(f"{PER_OBSERVER * k:>7d} votes " for k in ROUNDS))
        for label, own in errors.items():
            ratios = own[:, place] / errors["full sweeps"][:, place]
            cells = (f"{e:7.3f} {r:4.2f}x" for e, r in zip(own[:, place], ratios, strict=True))
            print(f"{label:18s}" + " ".join(cells))


def main() -> None:
    """Print the tables."""
    print_times()
    for spread_jod in SPREADS_JOD:
        print_errors(spread_jod)


if __name__ == "__main__":
    main()
