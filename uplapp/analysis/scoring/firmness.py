"""What keeps its intervals where few votes hold a condition: parts that nearly all replicates hold together.

A replicate in which some condition never won, or never lost, has no finite scores as a whole. Where these
are too many, conditions between which chains of wins lead there and back in nearly all replicates are a firm
part: its distances have intervals, from the votes inside it, and those between parts have none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from uplapp.analysis.model import Labels, chunk_size, components, intact, reach
from uplapp.analysis.scoring.blocks import Blocks, block_intervals, votes_inside
from uplapp.analysis.scoring.bootstrap import (
    MANY,
    Beat,
    Draws,
    Scale,
    beating,
    fit_scale,
    observer_draws,
    vote_draws,
)
from uplapp.analysis.scoring.significance import ALPHA, differences, holm, signs_of
from uplapp.analysis.scoring.two_way import (
    BOTH,
    SEEDS,
    scene_wins,
    two_way,
    two_way_interval,
    units_of,
)
from uplapp.values import PARAMETRIC, Array, Comparisons, Difference, FirmReplicates, Method, TwoWay, Watch

SHARES = (1 - MANY, 1 - MANY / 4, 1.0)  # of replicates that hold two conditions together; at 1 all hold all


@dataclass(frozen=True, eq=False)
class Firm:
    """Labels (n,) of the firm parts, with ends (n,) of the intervals inside them, and how these were made.

    `scale` is that of all, with the replicates of its extra parameters that the parts have.
    `replicates` (B,n) hold inside parts. `both` is there where scenes were resampled too, with `notes` on it.
    """

    labels: Labels
    low: Array
    high: Array
    interval: str
    pairs: tuple[Difference, ...]
    scale: Scale
    replicates: Array
    both: TwoWay | None = None
    notes: tuple[str, ...] = ()

    @property
    def drawn(self) -> FirmReplicates:
        """Give the replicates that the parts have."""
        return FirmReplicates(self.labels, self.replicates)

    @property
    def kept(self) -> tuple[tuple[Array, Array], tuple[Difference, ...], str]:
        """Give the ends of the intervals, the tests, and how they were made."""
        return (self.low, self.high), self.pairs, self.interval

    def sentence(self, names: tuple[str, ...]) -> str:
        """Name the parts that keep their intervals."""
        parts = [np.flatnonzero(self.labels == label) for label in np.unique(self.labels)]
        words = [", ".join(names[i] for i in part) for part in parts if part.size > 1]
        return " | ".join(words)


def firm_parts(
    comparisons: Comparisons,
    method: Method,
    anchor: int | None,
    scale: Scale,
    pairs: tuple[Difference, ...],
    watch: Watch | None = None,
) -> Firm | None:
    """Give the parts that keep intervals where the replicates of `scale` do not suffice, or None.

    `pairs` get standard error and p where both conditions lie in one part. Where the method resamples scenes,
    parts hold over these too, if there are any. `watch` hears of the replicates.
    """
    if len(scale.replicates) or not np.isfinite(scale.scores).any():
        return None
    observers, beat = len(comparisons.observers), beating(watch, method.bootstraps)
    if method.resample == BOTH and (firm := _over_scenes(comparisons, method, anchor, scale, pairs, watch)):
        return firm
    for draws in _draws(comparisons, method, scale):
        labels = firm_labels(draws, scale.labels, method.prior == "none", beat)
        if len(set(labels)) == len(labels):
            continue
        within = votes_inside(comparisons, labels)
        own = fit_scale(within, method, anchor, watch)
        if not own.varies:
            continue
        extra = replace(scale, extra_replicates=own.extra_replicates)
        own = replace(own, scores=scale.scores, replicates=own.replicates + (scale.scores - own.scores))
        interval = PARAMETRIC if observers < 2 or own.refused else method.interval
        blocks = Blocks.of(within.wins.sum(axis=0), anchor)
        low, high = block_intervals(own, blocks, interval, observers)
        tests = differences(
            comparisons.conditions, own.scores, own.replicates, own.labels, within.wins, interval
        )
        return Firm(labels, low, high, interval, _merged(pairs, tests), extra, own.replicates)
    return None


def _over_scenes(
    comparisons: Comparisons,
    method: Method,
    anchor: int | None,
    scale: Scale,
    pairs: tuple[Difference, ...],
    watch: Watch | None,
) -> Firm | None:
    """Give the parts that replicates of observers, of scenes and of their cells all hold, or None.

    Pairs of two parts are tested by the signs of observers and of scenes, each counted once.
    """
    labels = _held_by_all(comparisons, method, scale, beating(watch, method.bootstraps))
    within = votes_inside(comparisons, labels)
    own, blocks = fit_scale(within, method, anchor, watch), Blocks.of(within.wins.sum(axis=0), anchor)
    both, notes = two_way(within, method, blocks, own, watch)
    if both is None:
        return None
    low, high = two_way_interval(scale.scores, both, blocks.bounded)
    names, seen = comparisons.conditions, scene_wins(comparisons, both)
    given = scale.scores, own.replicates, own.labels
    tests = differences(names, *given, within.wins, method.interval, both, seen)
    signs = signs_of(comparisons.wins, seen)[np.triu_indices(len(names), 1)]
    apart = [replace(pair, p=float(p)) for pair, p in zip(pairs, signs, strict=True)]
    same = labels[:, None] == labels
    both = replace(both, covariance=np.where(same, both.covariance, np.nan))
    extra = replace(scale, extra_replicates=own.extra_replicates)
    replicates = own.replicates + (scale.scores - own.scores)
    tested = _merged(tuple(apart), tests)
    return Firm(labels, low, high, method.interval, tested, extra, replicates, both, notes)


def _held_by_all(comparisons: Comparisons, method: Method, scale: Scale, beat: Beat | None) -> Labels:
    """Label (n,) what nearly all replicates of observers, of scenes and of cells hold together, each kind."""
    cells, wins = comparisons.cells, comparisons.wins
    plain = replace(method, ties="half", side_bias=False)
    kinds = [observer_draws(wins, method.bootstraps, method.seed)]
    if cells is not None:
        units = (units_of(cells, kind, wins.shape[1], plain) for kind in SEEDS)
        kinds += [each.draws(method.bootstraps) for each in units]
    labels = scale.labels
    while True:
        before = labels
        for draws in kinds:
            labels = firm_labels(draws, labels, method.prior == "none", beat)
        if (labels == before).all():
            return labels


def firm_labels(draws: Draws, labels: Labels, directed: bool, beat: Beat | None = None) -> Labels:
    """Label (n,) the conditions that nearly all replicates hold together inside `labels` (n,).

    `directed`: chains of wins must lead there and back, else comparisons.
    """
    for least in SHARES:
        parts, before = labels, labels
        while True:
            shares, whole = _held_together(draws, parts, directed, beat)
            parts = components((shares >= least - 1e-12).astype(float))
            if (parts == before).all():
                break
            before = parts
        if whole >= 1 - MANY:
            return parts
    return parts


def _held_together(draws: Draws, labels: Labels, directed: bool, beat: Beat | None) -> tuple[Array, float]:
    """Share (n,n) of replicates that hold two conditions together, and of those that hold all labels."""
    together = labels[:, None] == labels
    shares, whole = np.zeros(together.shape), 0
    for chunk in draws.chunks(chunk_size(len(labels))):
        if beat:
            beat()
        counts = chunk * together
        counts = counts if directed else counts + counts.swapaxes(1, 2)
        paths = reach(counts)
        shares += (paths & paths.swapaxes(1, 2)).sum(axis=0)
        whole += int(intact(counts, labels).sum())
    return shares / draws.bootstraps, whole / draws.bootstraps


def _draws(comparisons: Comparisons, method: Method, scale: Scale) -> Iterator[Draws]:
    """Yield replicates of whole observers, then of votes drawn from the fit."""
    if len(comparisons.observers) > 1:
        yield observer_draws(comparisons.wins, method.bootstraps, method.seed)
    known = np.nan_to_num(scale.scores)
    yield vote_draws(known, comparisons.wins.sum(axis=0), method.bootstraps, method.seed)


def _merged(pairs: tuple[Difference, ...], tests: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Take standard errors and p where `tests` have them, and adjust all again."""
    taken = [
        replace(pair, se=test.se, p=test.p) if np.isfinite(test.se) else pair
        for pair, test in zip(pairs, tests, strict=True)
    ]
    adjusted = holm(np.array([pair.p for pair in taken]))
    return tuple(
        replace(pair, p_adjusted=float(of_all), significant=bool(of_all < ALPHA))
        for pair, of_all in zip(taken, adjusted, strict=True)
    )
