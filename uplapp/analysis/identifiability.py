"""Whether votes fix the scores at all; decided on the graph of who was chosen over whom, before any fit."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


def reach(counts: Array) -> NDArray[np.bool_]:
    """Tell (B,n,n) which conditions a chain of wins leads to, from counts (B,n,n); each reaches itself."""
    n = counts.shape[-1]
    paths = (counts > 0) | np.eye(n, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(n))))):  # each squaring doubles the length of the chains
        steps = paths.astype(np.float32)
        paths = steps @ steps > 0
    return paths


def components(counts: Array) -> Labels:
    """Label (n,) the conditions that votes connect; a label is the index of the first of its members."""
    return strong_components(counts + counts.T)


def strong_components(counts: Array) -> Labels:
    """Label (n,) the conditions that both won and lost along chains: only these lie a finite way apart."""
    paths = reach(counts[None])[0]
    first: Labels = np.argmax(paths & paths.T, axis=1)
    return first


def intact(counts: Array, labels: Labels) -> NDArray[np.bool_]:
    """Tell which replicates (B,n,n) still fix the distances inside every label.

    In every label, chains of wins must lead from its first member to each other one, and back.
    """
    names, firsts = np.unique(labels, return_index=True)
    members, links = names[:, None] == labels, (counts > 0).astype(np.float32)
    whole: NDArray[np.bool_] = (_spread(links, firsts) | ~members).all(axis=(1, 2))
    whole[whole] = (_spread(links[whole].swapaxes(1, 2), firsts) | ~members).all(axis=(1, 2))
    return whole


def _spread(links: NDArray[np.float32], firsts: Labels) -> NDArray[np.bool_]:
    """Tell (B,R,n) which conditions chains of `links` (B,n,n) lead to from each of R conditions `firsts`."""
    reached = np.zeros((len(links), firsts.size, links.shape[-1]), dtype=np.float32)
    reached[:, np.arange(firsts.size), firsts] = 1
    while True:
        wider = ((reached @ links + reached) > 0).astype(np.float32)
        if (wider == reached).all():
            return reached.astype(np.bool_)
        reached = wider


def findings(names: tuple[str, ...], counts: Array) -> tuple[str, ...]:
    """Say in words what keeps counts (n,n) from fixing the scores; nothing to say means identifiable."""
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


def _list(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> str:
    return ", ".join(name for name, take in zip(names, chosen, strict=True) if take)
