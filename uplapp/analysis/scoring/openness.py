"""What to say of a study whose votes leave distances open: how far at least, and what would close them."""

import numpy as np

from uplapp.analysis.model import Labels, strong_components
from uplapp.analysis.scoring.blocks import Blocks
from uplapp.analysis.scoring.bootstrap import Scale
from uplapp.values import PARAMETRIC, Array, Difference, Mask, Scores

MOST_SENTENCES = 3  # about least distances; the others stand beside their pairs
MOST_NAMED = 6


def open_cautions(
    names: tuple[str, ...],
    jod: Array,
    blocks: Blocks,
    pairs: tuple[Difference, ...],
    interval: str,
    scale: Scale,
    both: bool,
) -> tuple[str, ...]:
    """Say of scores (n,) what the votes leave open, nothing where they fix all of one scale.

    `both`: scenes were resampled too.
    """
    if blocks.closed:
        return ()
    return (
        *_undefined(names, jod, blocks, scale.eased, both),
        *_unvaried(interval, scale, blocks),
        *_least_distances(pairs, names, blocks.block),
        *_zero(names, blocks),
    )


def least_distances(scores: Scores) -> tuple[str, ...]:
    """Say how far apart blocks lie at least, one pair of each two, those with the longest way first."""
    return _least_distances(scores.pairs, scores.conditions, strong_components(scores.wins))


def _least_distances(
    pairs: tuple[Difference, ...], names: tuple[str, ...], labels: Labels
) -> tuple[str, ...]:
    block = dict(zip(names, labels, strict=True))
    widest: dict[frozenset[int], Difference] = {}
    for pair in pairs:
        key = frozenset((int(block[pair.a]), int(block[pair.b])))
        if pair.bound and (key not in widest or abs(pair.bound_jod) > abs(widest[key].bound_jod)):
            widest[key] = pair
    ordered = sorted(widest.values(), key=lambda pair: -abs(pair.bound_jod))
    said = [_sentence(pair) for pair in ordered[:MOST_SENTENCES]]
    more = len(ordered) - MOST_SENTENCES
    return (*said, *([f"{more} more least distances stand beside their pairs"] if more > 0 else []))


def _sentence(pair: Difference) -> str:
    """Say how far apart the two of a pair lie at least, and on what that rests."""
    upper, lower = (pair.a, pair.b) if pair.bound == "above" else (pair.b, pair.a)
    people = ""
    if np.isfinite(pair.bound_observers):
        people = f"; of observers, each counted once, at least {100 * pair.bound_observers:.1f}% favour it"
    return (
        f"{upper} lies at least {abs(pair.bound_jod):.2f} JOD above {lower} (one-sided 95%, if votes are "
        f"independent: at least {100 * pair.bound_share:.1f}% of votes are for it{people})"
    )


def _undefined(names: tuple[str, ...], jod: Array, blocks: Blocks, eased: bool, both: bool) -> list[str]:
    missing = np.isnan(jod)
    if missing.any():
        whose = "so scores and intervals" if missing.all() else f"so those of {_list(names, missing)}"
        return [
            f"these votes have no finite scores on one scale, {whose} are undefined; ranks show what is known"
        ]
    if (np.array([len(set(blocks.block[blocks.part == part])) for part in set(blocks.part)]) == 1).all():
        return []
    decides = (
        "where neither votes nor prior decide, each compared pair counts half a vote more on either side"
        if eased
        else "where the votes do not decide the prior does"
    )
    by = (
        "signs of observers and of scenes, each counted once"
        if both
        else "the votes where the two conditions are equal"
    )
    return [
        f"{decides}: finite scores, but arbitrary ones, without intervals; these pairs are tested by {by}"
    ]


def _unvaried(interval: str, scale: Scale, blocks: Blocks) -> list[str]:
    if interval != PARAMETRIC or not scale.pooled or blocks.alone.all():
        return []
    return [
        "all observers answered alike where the votes fix the scores: the intervals are parametric (binomial "
        "votes), too narrow where people differ"
    ]


def _zero(names: tuple[str, ...], blocks: Blocks) -> list[str]:
    """Say where zero lies, and which anchor would help."""
    if blocks.anchor is None:
        parts = [_zero_of(names, blocks, blocks.part == part) for part in np.unique(blocks.part)]
        return [*filter(None, parts)]
    inside = (blocks.part == blocks.part[blocks.anchor]) & ~blocks.alone
    if not blocks.alone[blocks.anchor] or not inside.any():
        return []
    return [
        f"no distance to the anchor {names[blocks.anchor]} is fixed: with one of {_list(names, inside)} as "
        "the anchor there are intervals"
    ]


def _zero_of(names: tuple[str, ...], blocks: Blocks, members: Mask) -> str:
    """Say where the zero of a connected part lies, '' where its mean is fixed."""
    zero = members & (blocks.block == blocks.reference)
    if len(set(blocks.block[members])) == 1:
        return ""
    if not zero.any():
        first = names[int(np.flatnonzero(members)[0])]
        return f"no zero of {_list(names, members)} is fixed; bounds count from an anchor, such as {first}"
    return (
        f"zero is the mean of {_list(names, zero)}, whose distances the votes fix; take one of them as the "
        f"anchor, such as {names[int(np.flatnonzero(zero)[0])]}, to count all from it"
    )


def _list(names: tuple[str, ...], members: Mask) -> str:
    some = [name for name, take in zip(names, members, strict=True) if take]
    if len(some) > MOST_NAMED:
        return f"{len(some)} conditions ({', '.join(some[:3])}, ...)"
    return ", ".join(some)
