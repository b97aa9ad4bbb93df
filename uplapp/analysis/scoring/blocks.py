"""Which scores the votes fix, and against what: blocks of conditions that won and lost along chains.

A block is a strong component of the graph of wins. Distances inside it are fixed; those between blocks of one
connected part are open to one side; between parts nothing is known.
"""

from dataclasses import dataclass, replace

import numpy as np

from uplapp.analysis.model import Labels, components, fit, reach, strong_components
from uplapp.analysis.scoring.bootstrap import (
    INTERVALS,
    STILL_JOD,
    Scale,
    fit_scale,
    keep_anchor,
    normal_interval,
)
from uplapp.values import PARAMETRIC, Array, Comparisons, Mask, Method, Watch

NOWHERE = -1
EASES = 0.5 ** np.arange(1, 12)  # votes that each side gets, fewer where they would turn a sure order round


@dataclass(frozen=True, eq=False)
class Blocks:
    """Labels (n,) of the connected `part` and the `block` of each condition, and the block at its zero.

    `reference` (n,) is the block of the anchor, in other parts the largest of two conditions or more, and
    NOWHERE where there is none.
    """

    part: Labels
    block: Labels
    reference: Labels
    anchor: int | None

    @classmethod
    def of(cls, counts: Array, anchor: int | None) -> "Blocks":
        """Find the parts and blocks of counts (n,n), where counts[i, j] votes chose i over j.

        The reference of a part is its largest block; of equally large ones, that with more votes.
        """
        part, block = components(counts), strong_components(counts)
        reference = np.full_like(part, NOWHERE)
        for name in np.unique(part):
            members = part == name
            inside = {b: block == b for b in np.unique(block[members])}
            if anchor is not None and members[anchor]:
                reference[members] = block[anchor]
                continue
            large = [b for b, some in inside.items() if some.sum() > 1]
            if large:
                size = {b: (inside[b].sum(), counts[np.ix_(inside[b], inside[b])].sum()) for b in large}
                reference[members] = max(large, key=lambda b: (*size[b], -b))
        return cls(part, block, reference, anchor)

    @property
    def closed(self) -> bool:
        """Say whether the votes fix all distances."""
        return len(set(self.block)) == 1

    @property
    def alone(self) -> Mask:
        """Mark (n,) the conditions that are blocks of their own."""
        _, which, sizes = np.unique(self.block, return_inverse=True, return_counts=True)
        single: Mask = sizes[which] == 1
        return single

    @property
    def bounded(self) -> Mask:
        """Mark (n,) the conditions with an interval: in a block of two or more, the anchor's where one is."""
        if self.anchor is None:
            return ~self.alone
        elsewhere = self.part != self.part[self.anchor]
        bounded: Mask = ~self.alone & (elsewhere | (self.block == self.reference))
        return bounded

    def framed(self, points: Array) -> Array:
        """Count scores (B,n), and what stands behind them, from the anchor or mean of their own block."""
        if self.closed and self.anchor is None:
            return points  # their mean is 0
        n, together = self.block.size, (self.block[:, None] == self.block).astype(float)
        zero = together / together.sum(axis=1, keepdims=True)
        if self.anchor is not None:
            zero[self.block == self.block[self.anchor]] = np.eye(n)[self.anchor]
        return np.column_stack([points[:, :n] - points[:, :n] @ zero.T, points[:, n:]])

    def zeros(self, jod: Array, labels: Labels) -> tuple[int, ...]:
        """Number (n,), from 1, the zeros that scores count from, given the `labels` (n,) of their scale.

        A condition without a score counts with its reference.
        """
        home = np.where(np.isnan(jod) & (self.reference != NOWHERE), self.reference, labels)
        loose = np.isnan(jod) & (self.reference == NOWHERE)
        names = [(self.part[i], -1) if loose[i] else (self.part[i], home[i]) for i in range(jod.size)]
        order = {name: place for place, name in enumerate(dict.fromkeys(names), start=1)}
        return tuple(order[name] for name in names)


def fit_blocks(
    comparisons: Comparisons, method: Method, blocks: Blocks, watch: Watch | None
) -> tuple[Scale, str]:
    """Fit the scores with their replicates, inside the blocks where all together have no finite optimum.

    Returns them with the kind of interval that is possible. Where the votes leave distances open, and the
    observers of a block do not vary, votes are drawn from its fit.
    """
    scale, interval = _scale(comparisons, method, blocks, watch)
    if blocks.closed:
        return scale, interval
    scores = scale.scores
    if not len(scale.replicates) and not blocks.alone.all():
        scale, interval = _scale(votes_inside(comparisons, blocks.block), method, blocks, watch)
    if method.prior != "none":
        scale = _placed(scale, scores, comparisons.wins.sum(axis=0), blocks)
    return _on_reference(scale, blocks), interval


def _scale(
    comparisons: Comparisons, method: Method, blocks: Blocks, watch: Watch | None
) -> tuple[Scale, str]:
    """Fit votes with their replicates, drawn from the fit where the observers of open blocks do not vary."""
    scale = fit_scale(comparisons, method, blocks.anchor, watch)
    if len(comparisons.observers) < 2 or scale.refused:
        return scale, PARAMETRIC
    if blocks.closed or not len(scale.replicates) or _varies(scale, blocks):
        return scale, method.interval
    pooled = fit_scale(_pooled(comparisons), method, blocks.anchor, watch)
    return replace(pooled, pooled=True), PARAMETRIC


def _placed(scale: Scale, scores: Array, counts: Array, blocks: Blocks) -> Scale:
    """Move the blocks to the `scores` (n,) of the prior, or of eased votes where it has none.

    A scale of whole parts is there already.
    """
    base, eased = np.where(blocks.alone, 0.0, scale.scores), bool(np.isnan(scores).any())
    if np.isnan(base).any() or (not eased and (scale.labels == blocks.part).all()):
        return scale
    scores = _eased(base, counts, blocks) if eased else scores
    scores = keep_anchor(scores[None], blocks.part, blocks.anchor)[0]
    replicates = np.where(blocks.alone, 0.0, scale.replicates) + scores - base
    return replace(
        scale,
        scores=scores,
        replicates=replicates,
        labels=blocks.part,
        eased=eased,
        inside=scale.labels,
    )


def _eased(base: Array, counts: Array, blocks: Blocks) -> Array:
    """Put blocks with scores `base` (n,) a finite way apart, as if no votes were unanimous.

    Each compared pair of counts (n,n) gets half a vote more on either side, or, where that would put a
    condition below one that it beat along chains of wins, as much less as it takes.
    """
    chain, compared = reach(counts[None])[0], counts + counts.T > 0
    together = (blocks.block[:, None] == blocks.block).astype(float)
    scores = base
    for ease in EASES:
        eased = fit((counts + ease * compared)[None], "none", base[None], blocks.part)
        if not eased.converged[0]:
            break
        scores = base + (eased.scores[0] - base) @ (together / together.sum(axis=1))
        if ((scores[:, None] > scores) | ~chain | chain.T).all():
            break
    return scores


def defined(scale: Scale, blocks: Blocks) -> Array:
    """Scores (n,), NaN where a condition has no scale to lie on."""
    _, which, sizes = np.unique(scale.labels, return_inverse=True, return_counts=True)
    stranded = sizes[which] == 1
    if blocks.anchor is not None:
        stranded[blocks.anchor] = False
    return np.where(stranded, np.nan, scale.scores)


def block_intervals(scale: Scale, blocks: Blocks, interval: str, observers: int) -> tuple[Array, Array]:
    """Ends (n,) of the 95% intervals, each block's within itself, NaN where the votes leave a score open."""
    nothing = np.full_like(scale.scores, np.nan)
    if np.isnan(scale.scores).any() or not scale.varies:
        return nothing, nothing
    replicates = scale.replicates
    for block in np.unique(blocks.block):
        inside = blocks.block == block
        anchored = blocks.anchor is not None and inside[blocks.anchor]
        if anchored or (scale.labels[inside][0] == scale.labels[~inside]).sum() == 0:
            continue  # its zero is that of the scores
        shift = scale.scores[inside].mean() - replicates[:, inside].mean(axis=1, keepdims=True)
        replicates = np.where(inside, replicates + shift, replicates)
    compute = normal_interval if interval == PARAMETRIC else INTERVALS[interval].build
    low, high = compute(scale.scores, replicates, observers)
    return np.where(blocks.bounded, low, np.nan), np.where(blocks.bounded, high, np.nan)


def known_order(counts: Array, scores: Array) -> Mask:
    """Mark (n,n) which condition lies above which: by a chain of wins, in a block by its scores (n,)."""
    chain = reach(counts[None])[0]
    with np.errstate(invalid="ignore"):
        higher = scores[:, None] > scores
    above: Mask = (chain & ~chain.T) | (chain & chain.T & higher)
    return above


def votes_inside(comparisons: Comparisons, block: Labels) -> Comparisons:
    """Keep the votes inside blocks."""
    together = block[:, None] == block
    answers = None if comparisons.answers is None else comparisons.answers * together
    return replace(comparisons, wins=comparisons.wins * together, answers=answers)


def _pooled(comparisons: Comparisons) -> Comparisons:
    """Forget who gave which vote."""
    answers = None if comparisons.answers is None else comparisons.answers.sum(axis=0, keepdims=True)
    return replace(
        comparisons, observers=(), wins=comparisons.wins.sum(axis=0, keepdims=True), answers=answers
    )


def _varies(scale: Scale, blocks: Blocks) -> bool:
    """Say whether a block of two or more has replicates that differ in its distances."""
    for block in np.unique(blocks.block[~blocks.alone]):
        own = scale.replicates[:, blocks.block == block]
        if (own - own[:, :1]).std(axis=0).max() > STILL_JOD:
            return True
    return False


def _on_reference(scale: Scale, blocks: Blocks) -> Scale:
    """Put the zero of each part at the mean of its reference, where no anchor is."""
    scores, replicates = scale.scores, scale.replicates
    for part in np.unique(blocks.part):
        members = blocks.part == part
        zero = members & (blocks.block == blocks.reference)
        one_scale = len(set(scale.labels[members])) == 1
        if not one_scale or zero.sum() in (0, members.sum()):
            continue
        if blocks.anchor is not None and members[blocks.anchor]:
            continue
        scores = np.where(members, scores - scores[zero].mean(), scores)
        replicates = np.where(
            members, replicates - replicates[:, zero].mean(axis=1, keepdims=True), replicates
        )
    return replace(scale, scores=scores, replicates=replicates)
