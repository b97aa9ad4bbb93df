"""Circular triads: how often three choices contradict each other (Kendall & Babington Smith 1940)."""

from dataclasses import dataclass

import numpy as np

from uplapp.analysis.arrays import Array
from uplapp.analysis.reading.comparisons import count
from uplapp.analysis.reading.votes import of_scene, scenes
from uplapp.values import Votes

CHANCE = 0.25  # share of circular triads where every choice is a coin toss


@dataclass(frozen=True)
class Triads:
    """Triads all of whose three pairs are decided, and how many of them run in a circle (a > b > c > a)."""

    complete: int
    circular: int

    @property
    def share(self) -> float:
        """Share of circular triads among the complete ones, 0 to 1, NaN without a complete one."""
        return self.circular / self.complete if self.complete else float("nan")

    def __add__(self, other: "Triads") -> "Triads":
        return Triads(self.complete + other.complete, self.circular + other.circular)


def triads(wins: Array) -> Triads:
    """Count the triads of a matrix of wins (n,n): pooled, or one observer's in one scene.

    The majority decides a pair; equal votes leave it open. Of the pooled votes, the triads say whether the
    conditions lie on one line; there is no share that chance would give.
    """
    chosen = (wins > wins.T).astype(float)
    decided = chosen + chosen.T
    # A closed walk of three steps goes round a circle from three places, round a triad also both ways.
    circles, all_ = (round(float(np.einsum("ij,jk,ki->", x, x, x, optimize=True))) for x in (chosen, decided))
    return Triads(all_ // 6, circles // 3)


def observers_triads(votes: Votes) -> dict[str, Triads]:
    """Count each observer's triads in the main trials, scene by scene, since a scene may change the order."""
    sums: dict[str, Triads] = {}
    for scene in scenes(votes):
        comparisons = count(of_scene(votes, scene))
        for observer, wins in zip(comparisons.observers, comparisons.wins, strict=True):
            sums[observer] = sums.get(observer, Triads(0, 0)) + triads(wins)
    return dict(sorted(sums.items()))
