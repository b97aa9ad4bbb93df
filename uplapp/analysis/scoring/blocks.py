"""Which scores the votes fix, and against what: blocks of conditions that won and lost along chains.

A block is a strong component of the graph of wins. Distances inside it are fixed; those between blocks of one
connected part are open to one side; between parts nothing is known.
"""

from dataclasses import dataclass, replace

import numpy as np

from uplapp.analysis.model import Labels, components, reach, strong_components
from uplapp.analysis.scoring.bootstrap import INTERVALS, STILL_JOD, Scale, fit_scale, normal_interval
from uplapp.values import Array, Comparisons, Mask, Method, Watch

NOWHERE = -1


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
    scale = fit_scale(comparisons, method, blocks.anchor, watch)
    interval = "parametric" if len(comparisons.observers) < 2 or scale.refused else method.interval
    if blocks.closed or blocks.alone.all():
        return scale, interval
    if np.isnan(scale.scores).any():
        comparisons = votes_inside(comparisons, blocks.block)
        scale = fit_scale(comparisons, method, blocks.anchor, watch)
        interval = "parametric" if len(comparisons.observers) < 2 or scale.refused else method.interval
    if interval != "parametric" and len(scale.replicates) and not _varies(scale, blocks):
        scale = replace(fit_scale(_pooled(comparisons), method, blocks.anchor, watch), pooled=True)
        interval = "parametric"
    return _on_reference(scale, blocks), interval


def defined(scale: Scale, blocks: Blocks) -> Array:
    """Scores (n,), NaN where a condition has no scale to lie on."""
    _, which, sizes = np.unique(scale.labels, return_inverse=True, return_counts=True)
    stranded = sizes[which] == 1
    if blocks.anchor is not None:
        stranded[blocks.anchor] = False
    return np.where(stranded, np.nan, scale.scores)


def block_intervals(scale: Scale, blocks: Blocks, interval: str, observers: int) -> tuple[Array, Array]:
    """Ends (n,) of the 95 % intervals, each block's within itself, NaN where the votes leave a score open."""
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
    compute = normal_interval if interval == "parametric" else INTERVALS[interval].build
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
