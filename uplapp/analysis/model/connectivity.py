"""Identifiability: do the votes fix the scores, and how few votes hold them together?

All is read off the graph of who was chosen over whom, before any fit.
"""

import numpy as np
from numpy.typing import NDArray

from uplapp.values import Array, Mask

FEW_VOTES = 6  # of 5 votes between equals all go one way in 6% of studies, of 6 in 3%
MOST_NAMED = 6  # names of one side; of more the number is printed
MOST_SENTENCES = 3  # about weak links; of more the number is printed

Labels = NDArray[np.intp]  # (n,) equal where conditions belong together
Side = Mask  # (n,) one side of a cut


def reach(counts: Array) -> Mask:
    """Mark (B,n,n) which conditions a chain of wins leads to, from counts (B,n,n), each to itself too."""
    n = counts.shape[-1]
    paths = (counts > 0) | np.eye(n, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(n))))):  # each squaring doubles the length of the chains
        steps = paths.astype(np.float32)
        paths = steps @ steps > 0
    return paths


def components(counts: Array) -> Labels:
    """Label (n,) the conditions that votes connect by the index of the first of them."""
    return strong_components(counts + counts.T)


def strong_components(counts: Array) -> Labels:
    """Label (n,) the conditions that both won and lost along chains: only these lie a finite way apart."""
    paths = reach(counts[None])[0]
    first: Labels = np.argmax(paths & paths.T, axis=1)
    return first


def intact(counts: Array, labels: Labels) -> Mask:
    """Say which replicates (B,n,n) still fix the distances inside every label.

    In every label, chains of wins must lead from its first member to each other one, and back.
    """
    names, firsts = np.unique(labels, return_index=True)
    members, links = names[:, None] == labels, (counts > 0).astype(np.float32)
    whole: Mask = (_spread(links, firsts) | ~members).all(axis=(1, 2))
    whole[whole] = (_spread(links[whole].swapaxes(1, 2), firsts) | ~members).all(axis=(1, 2))
    return whole


def _spread(links: NDArray[np.float32], firsts: Labels) -> Mask:
    """Mark (B,R,n) which conditions chains of `links` (B,n,n) lead to from each of R conditions `firsts`."""
    reached = np.zeros((len(links), firsts.size, links.shape[-1]), dtype=np.float32)
    reached[:, np.arange(firsts.size), firsts] = 1
    while True:
        wider = ((reached @ links + reached) > 0).astype(np.float32)
        if (wider == reached).all():
            return reached.astype(np.bool_)
        reached = wider


def findings(names: tuple[str, ...], counts: Array) -> tuple[str, ...]:
    """Say in words what keeps counts (n,n) from fixing the scores, nothing where they do."""
    parts, groups = components(counts), strong_components(counts)
    sentences = []
    if len(set(parts)) > 1:
        islands = " | ".join(_list(names, parts == part) for part in np.unique(parts))
        sentences.append(
            f"no comparison connects these groups: {islands}; scores of different groups have no common scale"
        )
    for group in np.unique(groups):
        inside = groups == group
        rest = (parts == parts[inside][0]) & ~inside
        if not rest.any():
            continue
        lost, won = counts[np.ix_(rest, inside)].any(), counts[np.ix_(inside, rest)].any()
        for happened, verb, side in ((lost, "lost", "above"), (won, "won", "below")):
            if not happened:
                sentences.append(
                    f"{_list(names, inside)} never {verb} against {_list(names, rest)}: "
                    f"the votes do not say how far {side}"
                )
    return tuple(sentences)


def _list(names: tuple[str, ...], members: Mask) -> str:
    return ", ".join(name for name, take in zip(names, members, strict=True) if take)


def weak_bridges(names: tuple[str, ...], counts: Array) -> tuple[str, ...]:
    """Say in words which conditions of counts (n,n) hang on one pair or on fewer than FEW_VOTES votes.

    Named are all pairs that alone connect two groups, and in each connected part the cut with the fewest
    votes; other cuts may be weak too. Those with the fewest votes come first.
    """
    votes = counts + counts.T
    parts = components(counts)
    links: list[tuple[float, str]] = []
    for part in np.unique(parts):
        inside = np.flatnonzero(parts == part)
        own, whose = votes[np.ix_(inside, inside)], [names[i] for i in inside]
        links += [(_across(own, side), _sentence(whose, own, side)) for side in weak_sides(own)]
    sentences = [sentence for _, sentence in sorted(links, key=lambda link: link[0])]
    more = len(sentences) - MOST_SENTENCES
    if more > 0:
        return (*sentences[:MOST_SENTENCES], f"{more} more link{'s' * (more > 1)} of one pair or few votes")
    return tuple(sentences)


def weak_sides(votes: Array) -> list[Side]:
    """Find sides (n,), without the first condition, of the weak cuts of connected votes (n,n)."""
    sides = [] if len(votes) < 3 else single_pairs(votes)
    least = smallest_cut(votes, FEW_VOTES)
    if least is not None and not any((side == least).all() for side in sides):
        sides.append(least)
    return sides


def single_pairs(votes: Array) -> list[Side]:
    """Find the sides (n,) of connected votes (n,n) that one pair alone holds: the bridges of the graph.

    A bridge lies in every tree that connects all, so only the n - 1 cuts of one tree need a count of pairs.
    """
    links = votes > 0
    below, order, waiting = np.eye(len(votes), dtype=bool), [0], ~np.eye(len(votes), dtype=bool)[0]
    above = np.zeros(len(votes), dtype=int)
    for at in range(len(votes)):
        new = np.flatnonzero(links[order[at]] & waiting)
        above[new], waiting[new] = order[at], False
        order.extend(new.tolist())
    for child in reversed(order[1:]):
        below[above[child]] |= below[child]
    inside = below.astype(float)
    pairs = np.einsum("ci,ci->c", inside @ links, 1 - inside)
    return [below[child] for child in order[1:] if pairs[child] == 1]


def smallest_cut(votes: Array, limit: float) -> Side | None:
    """Find a side (n,) whose cut of votes (n,n) has the fewest votes, None from `limit` votes on.

    Stoer & Wagner (1997); as Nagamochi, Ono & Ibaraki (1994), each round also merges all conditions that the
    order of visits shows to be held together by no fewer votes than the best cut so far.
    """
    members, weights, least, best = np.eye(len(votes), dtype=bool), votes.copy(), limit, None
    while len(weights) > 1:
        order, pulls = _visit(weights)
        if pulls[-1] < least:
            least, best = pulls[-1], members[order[-1]]
        fresh = pulls < least
        fresh[0], fresh[-1] = True, False
        merge = np.zeros((fresh.sum(), len(order)))
        merge[np.cumsum(fresh) - 1, order] = 1
        weights, members = merge @ weights @ merge.T, merge @ members > 0
        np.fill_diagonal(weights, 0)
    return ~best if best is not None and best[0] else best


def _visit(weights: Array) -> tuple[list[int], Array]:
    """Visit all, next always the one with most votes with the visited.

    Returns the order, and these votes.
    """
    pull, pulls, order = np.zeros(len(weights)), np.zeros(len(weights)), []
    for step in range(len(weights)):
        new = int(np.argmax(pull))
        order.append(new)
        pulls[step] = pull[new]
        pull += weights[new]
        pull[new] = -np.inf
    return order, pulls


def _across(votes: Array, side: Side) -> float:
    return float(votes[side][:, ~side].sum())


def _sentence(names: list[str], votes: Array, side: Side) -> str:
    total, pairs = _across(votes, side), np.argwhere(side[:, None] & ~side & (votes > 0))
    small, large = (side, ~side) if 2 * side.sum() < len(side) else (~side, side)
    pair = ""
    if len(pairs) == 1:
        first, second = sorted(pairs[0])
        pair = f", between {names[first]} and {names[second]},"
    count = f"{total:g} vote{pair} connects" if total == 1 else f"{total:g} votes{pair} connect"
    return (
        f"only {count} {_listed(names, small, '{} conditions')} with {_listed(names, large, 'the {} others')}"
    )


def _listed(names: list[str], side: Side, many: str) -> str:
    members = [name for name, take in zip(names, side, strict=True) if take]
    return ", ".join(members) if len(members) <= MOST_NAMED else many.format(len(members))
