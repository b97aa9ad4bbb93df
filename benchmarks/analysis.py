"""Seconds for a fit with 2,000 bootstrap replicates, beside choix and a loop over scipy's BFGS.

Processor time of one thread. The rivals solve a sample of the same replicates; their time is scaled up to
all. Run: python benchmarks/analysis.py
"""

import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import choix
import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr

from uplapp.analysis.model import HALF_LOG_TAU, PRIORS, SIGMA, Pairs, fit_best, preference
from uplapp.analysis.model.distance_prior import FLOOR
from uplapp.analysis.model.vote_groups import Groups
from uplapp.analysis.scoring import BOTH, analyse
from uplapp.analysis.scoring.bootstrap import observer_draws, refit, resample_observers
from uplapp.values import Array, Cells, Comparisons, Method

REPLICATES = 2000
BARS_S = {
    "distance": {6: 0.8, 15: 2.0, 50: 10.0},
    "none": {6: 0.05, 15: 0.15, 50: 2.0},
}
INCOMPLETE_BAR_S = 20.0  # of 50 conditions with the prior
TWO_WAY, TWO_WAY_BARS_S = (30, 20, 15), {"distance": 12.0, "none": 3.0}  # observers, scenes, conditions
GRACE = 3  # other incomplete and unequal designs may take so many times the bar
SAMPLE_S = 4.0  # a rival goes on with the sample until it has taken this long
SHARE_OF_PAIRS = {6: 0.6, 15: 0.5, 50: 0.3}  # that an observer of an incomplete design sees
MOST_CONDITIONS, MOST_VOTES = 200, 12
MOST_OBSERVERS, MOST_BAR_S, SAMPLE = 30, 120.0, 36  # replicates that the time of all is scaled from

Solve = Callable[[Array], object]


@dataclass(frozen=True)
class Design:
    """A study's size. Where pairs are incomplete, an observer sees a share of them, unequally often."""

    conditions: int
    observers: int
    votes: int
    complete: bool

    def __str__(self) -> str:
        kind = (
            "complete" if self.complete else f"{SHARE_OF_PAIRS[self.conditions]:.0%} of pairs, Poisson votes"
        )
        return f"{self.conditions} conditions, {self.observers} observers x {self.votes} votes a pair, {kind}"

    def wins(self, seed: int = 0) -> Array:
        """Simulate win counts (K,n,n) of observers who differ by 0.3 JOD around scores that spread by 1."""
        n, generator = self.conditions, np.random.default_rng(seed)
        scores = generator.normal(0, 1, n)
        own = scores + generator.normal(0, 0.3, (self.observers, n))
        first, second = np.triu_indices(n, 1)
        votes = np.full((self.observers, first.size), self.votes)
        if not self.complete:
            votes = generator.poisson(votes) * (generator.random(votes.shape) < SHARE_OF_PAIRS[n])
        chosen = generator.binomial(votes, preference(own[:, first] - own[:, second]))
        wins = np.zeros((self.observers, n, n))
        wins[:, first, second], wins[:, second, first] = chosen, votes - chosen
        return wins


DESIGNS = tuple(
    Design(*size, complete) for complete in (True, False) for size in ((6, 14, 8), (15, 30, 3), (50, 30, 2))
)


def by_scipy(prior: str) -> Solve:
    """BFGS on the same objective, value and gradient alone, one replicate at a time."""

    def solve(counts: Array) -> object:
        """Fit the scores of one matrix of wins (n,n)."""
        pairs = Pairs.of(counts[None])
        groups, incidence = Groups.of(pairs.wins, pairs.votes), pairs.incidence()
        m, n = pairs.wins[0], pairs.votes[0]

        def descent(scores: Array) -> tuple[float, Array]:
            """Give what is to become small at scores (n,), and its slope (n,)."""
            x = incidence @ scores / SIGMA
            logs = np.stack([log_ndtr(x), log_ndtr(-x)])
            slopes = np.exp(-0.5 * x * x - HALF_LOG_TAU - logs) * [[1 / SIGMA], [-1 / SIGMA]]
            value, slope = np.stack([m, n - m]) * logs, (np.stack([m, n - m]) * slopes).sum(axis=0)
            total = value.sum()
            if prior == "distance":
                more, steeper = prior_by_hand(groups, logs, slopes)
                total, slope = total + more, slope + steeper
            return -total, -slope @ incidence

        return minimize(descent, np.zeros(len(counts)), jac=True, method="BFGS")

    return solve


def prior_by_hand(groups: Groups, logs: Array, slopes: Array) -> tuple[float, Array]:
    """Value of the prior over distances and its slope along each pair's distance (P,), straightforwardly."""
    m, n = groups.wins[0], groups.votes[0]
    weights = np.stack([np.append(m, n - m), np.append(n - m, m)], axis=1)
    columns = weights @ logs
    size = len(m)
    highest = np.maximum(columns[:size], columns[size:]).max(axis=1, keepdims=True)
    columns = np.exp(columns - np.append(highest, highest, axis=0))
    steep = columns * (weights @ slopes)
    total = columns.reshape(2, size, -1).sum(axis=(0, 2))[:, None]
    share, steep = (part.reshape(2, size, -1).sum(axis=0) / total for part in (columns, steep))
    pi = groups.pairs[0] @ share
    r = 1 / (pi + FLOOR)
    pull = groups.pairs[0][:, None] * (r - (share @ r)[:, None])
    return float(np.log(pi + FLOOR).sum()), (steep * pull).sum(axis=0)


def by_choix(counts: Array) -> object:
    """Bradley-Terry by Newton's method, on votes one by one, as choix takes them."""
    first, second = np.nonzero(counts)
    votes = np.repeat(np.column_stack([first, second]), counts[first, second].astype(int), axis=0)
    return choix.opt_pairwise(len(counts), votes.tolist())


RIVALS: dict[str, tuple[str | None, Solve]] = {
    "choix ilsr": (None, lambda counts: choix.ilsr_pairwise_dense(counts, alpha=1e-3)),
    "choix opt": (None, by_choix),
    "scipy BFGS, distance": ("distance", by_scipy("distance")),
    "scipy BFGS, none": ("none", by_scipy("none")),
}


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Best processor time of `repeats` runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def ours(wins: Array, prior: str) -> None:
    """Fit the study, then its replicates."""
    labels = np.zeros(wins.shape[1], dtype=np.intp)
    scores = fit_best(wins.sum(axis=0), prior, labels)
    refit(observer_draws(wins, REPLICATES, seed=0), prior, scores, labels, prior == "none")


def sampled(solve: Solve, counts: Array) -> tuple[float, int]:
    """Return the seconds for all replicates, from as many as SAMPLE_S allows, and how many these were."""
    taken: list[float] = []
    while sum(taken) < SAMPLE_S and len(taken) < len(counts):
        taken.append(seconds(lambda: solve(counts[len(taken)])))
    return sum(taken) * REPLICATES / len(taken), len(taken)


def compare(design: Design) -> None:
    """Print our seconds beside the bar, then each rival's, and how many times ours these are."""
    wins = design.wins()
    print(f"\n{design}")
    times = {
        prior: seconds(lambda prior=prior: ours(wins, prior), 3 if len(wins[0]) < 50 else 1)
        for prior in PRIORS
    }
    for prior, taken in times.items():
        bar = BARS_S[prior][design.conditions] * (1 if design.complete else GRACE)
        bar = min(bar, INCOMPLETE_BAR_S)
        verdict = "met" if taken <= bar else "MISSED"
        print(f"  uplapp, {prior:13s} {taken:9.3f} s   bar {bar:g} s, {taken / bar:.0%} of it: {verdict}")
    counts = resample_observers(wins, 50, seed=0)
    for label, (prior, solve) in RIVALS.items():
        rival, solved = sampled(solve, counts)
        ratios = (f"{rival / times[each]:,.1f} x {each}" for each in ([prior] if prior else PRIORS))
        print(f"  {label:21s} {rival:9.2f} s   {', '.join(ratios)}   (scaled from {solved} replicates)")


def scenes_too() -> None:
    """Print what it takes to resample scenes too: 2,000 replicates each of observers, scenes and cells."""
    observers, scenes, n = TWO_WAY
    generator, scores = np.random.default_rng(0), np.linspace(-1, 1, n)
    own = scores + generator.normal(0, 0.3, (observers, 1, n)) + generator.normal(0, 0.3, (1, scenes, n))
    first, second = np.triu_indices(n, 1)
    lost = generator.random((observers, scenes, first.size)) > preference(own[..., first] - own[..., second])
    observer, scene, pair = (place.ravel() for place in np.indices(lost.shape))
    outcome, names = 2 * lost.ravel().astype(int), [f"{place:02d}" for place in range(observers)]
    cells = Cells(
        tuple(names[:scenes]), observer, scene, outcome, first[pair], second[pair], np.ones(pair.size)
    )
    wins = np.zeros((observers, n, n))
    np.add.at(wins, (observer, first[pair], second[pair]), 1 - outcome / 2)
    np.add.at(wins, (observer, second[pair], first[pair]), outcome / 2)
    study = Comparisons(tuple(names[:n]), tuple(names), wins, cells=cells)
    print(f"\n{n} conditions, {observers} observers x {scenes} scenes, observers and scenes resampled")
    for prior, bar in TWO_WAY_BARS_S.items():
        taken = seconds(lambda prior=prior: analyse(study, Method(prior, resample=BOTH)), 3)
        print(f"  uplapp, {prior:13s} {taken:9.3f} s   bar {bar:g} s: {'met' if taken <= bar else 'MISSED'}")


def largest() -> None:
    """Print what one fit, and the replicates, of as many conditions as we promise take."""
    counts = Design(MOST_CONDITIONS, 1, MOST_VOTES, True).wins()[0]
    labels = np.zeros(MOST_CONDITIONS, dtype=np.intp)
    print(f"\n{MOST_CONDITIONS} conditions, {MOST_VOTES} votes a pair, one fit from several starts")
    for prior in PRIORS:
        print(f"  uplapp, {prior:13s} {seconds(lambda prior=prior: fit_best(counts, prior, labels)):9.2f} s")
    wins = Design(MOST_CONDITIONS, MOST_OBSERVERS, 1, True).wins()
    for prior in PRIORS:
        scores, draws = fit_best(wins.sum(axis=0), prior, labels), observer_draws(wins, SAMPLE, seed=0)
        taken = seconds(lambda prior=prior: refit(draws, prior, scores, labels, prior == "none"))  # noqa: B023
        taken *= REPLICATES / SAMPLE
        verdict = "met" if taken <= MOST_BAR_S else "MISSED"
        print(f"  {REPLICATES} replicates, {prior:8s} {taken:9.1f} s   bar {MOST_BAR_S:g} s: {verdict}")
    print(
        f"  most memory of this whole run {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


def on_one_thread() -> None:
    """Start again where linear algebra may use more threads: small products lose time on a second one."""
    wanted = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **wanted})


def main() -> None:
    """Print all comparisons."""
    on_one_thread()
    print(f"a fit and {REPLICATES} bootstrap replicates; ratios say how many times our time a rival takes")
    for design in DESIGNS:
        compare(design)
    scenes_too()
    largest()


if __name__ == "__main__":
    main()
