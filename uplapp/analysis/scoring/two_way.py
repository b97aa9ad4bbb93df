"""Standard errors for other observers and other scenes, from replicates of both and of their cells.

A cell is what one observer answered in one scene. The variance of a score, and of a difference, is that over
observers, plus that over scenes, less that over cells, which both hold; it is never below either of the first
two (Cameron, Gelbach & Miller 2011). Each is the sd of the replicates widened by sqrt(U / (U - 1)) for U
units. Observers and scenes drawn again in one and the same replicate would count the noise of votes three
times.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats
from scipy.sparse import csr_array

from uplapp.analysis.model import ORDERED, fit_best_answers, graded
from uplapp.analysis.scoring.blocks import Blocks
from uplapp.analysis.scoring.bootstrap import (
    STRIDE,
    TAILS,
    Draws,
    Scale,
    needs_answers,
    refit,
    refit_answers,
    shifted,
    too_many,
)
from uplapp.errors import UplappError
from uplapp.registry import Registry
from uplapp.values import PARAMETRIC, Array, Cells, Comparisons, Mask, Method, Rows, Scores, TwoWay, Watch

OBSERVERS, BOTH = "observers", "observers,scenes"
RESAMPLE: Registry[str] = Registry(  # whom and what intervals and tests speak of
    "resample",
    {OBSERVERS: "other observers, these scenes", BOTH: "other observers, other scenes"},
)
VOTES = "votes"  # drawn from the fitted scores: they stand for nobody else
SCOPES = {**RESAMPLE, VOTES: "these observers, these scenes"}
FEW_UNITS = 5  # observers or scenes: below, degrees of freedom from the variances find too much
WEIGHTS = 1 << 22  # that are held at once: a large study has a million cells
SEEDS = {"scenes": 1, "cells": 2}  # beside the seed of the method, which the observers have


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn again as a whole: sparse counts (U,W) of what each of U units answered."""

    counts: Any
    shape: tuple[int, ...]
    seed: list[int]

    def __len__(self) -> int:
        """Count the units."""
        return int(self.counts.shape[0])

    def draws(self, bootstraps: int) -> Draws:
        """Draw as many units as there are, with replacement, `bootstraps` times."""

        def chunks(size: int) -> Iterator[Array]:
            """Give the counts of at most `size` replicates at a time."""
            generator = np.random.default_rng(self.seed)
            most = max(1, WEIGHTS // len(self))
            for at in range(0, bootstraps, size):
                end = min(at + size, bootstraps)
                parts = [
                    unit_weights(len(self), min(most, end - start), generator) @ self.counts
                    for start in range(at, end, most)
                ]
                yield np.concatenate(parts).reshape(-1, *self.shape)

        return Draws(bootstraps, chunks)


def unit_weights(units: int, replicates: int, generator: np.random.Generator) -> Array:
    """How often each of U units occurs in each of B samples with replacement, (B,U)."""
    rows = generator.integers(0, units, (replicates, units))
    cells = (rows + units * np.arange(replicates)[:, None]).ravel()
    return np.bincount(cells, minlength=replicates * units).reshape(rows.shape).astype(float)


def units_of(cells: Cells, kind: str, conditions: int, method: Method) -> Units:
    """Gather the answers of each scene, or of each cell, as the model of `method` takes them."""
    unit = cells.scene
    if kind == "cells":
        unit = cells.observer * len(cells.scenes) + unit
    unit = np.unique(unit, return_inverse=True)[1].reshape(-1)
    kinds = (2 * cells.steps + 1 if method.ties == ORDERED else 3,) if needs_answers(method) else ()
    rows, columns, times = _entries(cells, unit, conditions, kinds)
    shape = (*kinds, conditions, conditions)
    counts = csr_array((times, (rows, columns)), shape=(int(unit.max()) + 1, int(np.prod(shape))))
    return Units(counts, shape, [method.seed, SEEDS[kind]])


def _entries(cells: Cells, unit: Rows, n: int, kinds: tuple[int, ...]) -> tuple[Rows, Rows, Array]:
    """Unit, column and number of the answers one by one, or of the wins, a tie as half a win each way."""
    share = cells.share
    if kinds:
        outcome = cells.outcome if kinds[0] == 2 * cells.steps + 1 else np.rint(2 * (1 - share)).astype(int)
        return unit, (outcome * n + cells.first) * n + cells.second, cells.times
    forward, back = cells.first * n + cells.second, cells.second * n + cells.first
    rows, columns = np.tile(unit, 2), np.concatenate([forward, back])
    return rows, columns, np.concatenate([share * cells.times, (1 - share) * cells.times])


def two_way(
    comparisons: Comparisons, method: Method, blocks: Blocks, scale: Scale, watch: Watch | None
) -> tuple[TwoWay | None, tuple[str, ...]]:
    """Resample the scenes and the cells too, where the method asks for it and `scale` is of observers.

    Scores vary about the mean of their block, or the anchor where it lies there. Returns None where that is
    impossible, and in full sentences what a reader must know of it.
    """
    cells, draws = comparisons.cells, method.bootstraps
    if method.resample != BOTH or cells is None:
        return None, ()
    if blocks.alone.all():
        return None, ("scenes were not resampled, as the votes fix no distance",)
    if scale.refused or scale.pooled or np.isnan(scale.scores).any() or not scale.varies:
        return None, ("scenes were not resampled either",)
    n = len(scale.scores)
    kept = _within(cells, scale.fitted)
    units = {kind: units_of(kept, kind, n, method) for kind in SEEDS}
    points = []
    for place, each in enumerate(units.values(), 1):
        heard = shifted(watch, place * draws, 3 * draws)
        points.append(blocks.framed(_replicates(each, comparisons, method, scale, heard)))
    lost = draws - len(points[0]), draws - len(points[1])
    sizes = len(comparisons.observers), *map(len, units.values())
    if any(too_many(count, method) for count in lost):
        return None, (_refused(lost, draws),)
    own = blocks.framed(np.column_stack([scale.replicates, scale.extra_replicates]))
    parts = [_spread(point, size) for point, size in zip((own, *points), sizes, strict=True)]
    variance, freedom = combine(np.array(parts), sizes)
    spread = np.diag(variance)
    covariance = (spread[:, None] + spread - variance + np.diag(spread)) / 2
    both = TwoWay(
        covariance=covariance[:n, :n],
        freedom=freedom[:n, :n],
        extra_se=np.sqrt(spread[n:]),
        scenes=sizes[1],
        cells=sizes[2],
        degenerate=lost,
    )
    return both, tuple(_cautions(both, draws))


def check_two_way(comparisons: Comparisons, method: Method) -> None:
    """Raise UplappError where scenes cannot be resampled."""
    if method.interval != "t":
        raise UplappError(
            f"resample '{BOTH}' gives intervals of kind t, not '{method.interval}', as its variance is a sum"
        )
    names = [] if comparisons.cells is None else [name for name in comparisons.cells.scenes if name]
    if len(names) < 2 or len(comparisons.observers) < 2:
        what = f"scenes: {len(names)}, observers: {len(comparisons.observers)}"
        raise UplappError(
            f"resample '{BOTH}' needs single votes of two scenes and two observers or more; these have {what}"
        )


def _refused(lost: tuple[int, int], draws: int) -> str:
    return (
        f"{lost[0]} of {draws} replicates of scenes and {lost[1]} of observer-by-scene cells had no finite "
        "scores, so scenes were not resampled: intervals and tests speak of other observers, these scenes"
    )


def _cautions(both: TwoWay, draws: int) -> Iterator[str]:
    if any(both.degenerate):
        yield (
            f"{both.degenerate[0]} of {draws} replicates of scenes and {both.degenerate[1]} of "
            "observer-by-scene cells had no finite scores"
        )
    if both.scenes < FEW_UNITS:
        yield (
            f"{both.scenes} scenes say little of other scenes: intervals and tests are wide, with "
            f"{both.scenes - 1} degree{'s' * (both.scenes > 2)} of freedom; from {FEW_UNITS} scenes they are "
            "sharper"
        )


def combine(parts: Array, sizes: tuple[int, ...]) -> tuple[Array, Array]:
    """Combine variances (3,...) over observers, scenes and cells, of which there are `sizes`.

    Returns the two-way variance V and its degrees of freedom, V^2 / (V_o^2 / (K - 1) + V_s^2 / (S - 1)) after
    Satterthwaite (1946), never fewer than the smaller number less one. They are just that with fewer than
    FEW_UNITS of either, whose own variance says too little of how far to trust it.
    """
    observers, scenes, cells = parts
    variance = np.maximum(observers + scenes - cells, np.maximum(observers, scenes))
    fewest = min(sizes[:2]) - 1
    freedom = np.full_like(variance, fewest)
    if fewest + 1 >= FEW_UNITS:
        spread = observers**2 / (sizes[0] - 1) + scenes**2 / (sizes[1] - 1)
        np.divide(variance**2, spread, out=freedom, where=spread > 0)
    return variance, np.maximum(freedom, fewest)


def resampled(scores: Scores) -> str:
    """Name what was resampled: a name of SCOPES."""
    if scores.interval == PARAMETRIC:
        return VOTES
    return OBSERVERS if scores.two_way is None else BOTH


def scope(scores: Scores) -> str:
    """Say whom and what intervals and tests speak of."""
    return SCOPES[resampled(scores)]


def two_way_interval(scores: Array, spread: TwoWay, bounded: Mask) -> tuple[Array, Array]:
    """Student's t interval of `bounded` (n,) scores, with degrees of freedom of each score's own."""
    half = stats.t.ppf(TAILS[1], np.diag(spread.freedom)) * np.sqrt(np.diag(spread.covariance))
    half = np.where(bounded, half, np.nan)
    return scores - half, scores + half


def scene_wins(comparisons: Comparisons, both: TwoWay | None) -> Array | None:
    """Count the wins (S,n,n) of each scene, "not sure" as half of one either way, where scenes are drawn."""
    n, cells = len(comparisons.conditions), comparisons.cells
    if both is None or cells is None:
        return None
    wins: Array = units_of(cells, "scenes", n, Method()).counts.toarray().reshape(-1, n, n)
    return wins


def _within(cells: Cells, labels: Rows) -> Cells:
    """Leave out votes between labels, which have no finite say."""
    kept = labels[cells.first] == labels[cells.second]
    names = ("observer", "scene", "outcome", "first", "second", "times")
    return replace(cells, **{name: getattr(cells, name)[kept] for name in names})


def _replicates(
    units: Units, comparisons: Comparisons, method: Method, scale: Scale, watch: Watch | None
) -> Array:
    """Parameters (at most B,n+1+m) of the replicates that have an optimum."""
    draws, directed = units.draws(method.bootstraps), method.prior == "none"
    if not needs_answers(method):
        fits = refit(draws, method.prior, scale.scores, scale.fitted, directed, watch)
        return np.pad(fits.scores, ((0, 0), (0, 2)))
    together = scale.fitted[:, None] == scale.fitted
    answers: Array = comparisons.answers * together
    answers = graded(answers, method)
    fit = fit_best_answers(answers.sum(axis=0), method, scale.fitted)
    points, done = [np.empty((0, fit.point.shape[1]))], 0
    for samples in draws.chunks(STRIDE):
        points.append(refit_answers(samples, method, fit, scale.fitted))
        done += len(samples)
        if watch:
            watch(done, draws.bootstraps)
    return np.concatenate(points)


def _spread(point: Array, units: int) -> Array:
    """Variance (n+1+m,n+1+m) of each parameter, on the diagonal, and of each difference of two."""
    covariance = np.cov(point.T) * units / (units - 1)
    spread = np.diag(covariance)
    variance: Array = spread[:, None] + spread - 2 * covariance + np.diag(spread)
    return np.maximum(variance, 0.0)
