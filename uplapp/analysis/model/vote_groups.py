"""Pairs with equal votes, which share a column of the distance prior, and memory for what is made of them.

B replicates, G groups, P pairs.
"""

import math
from dataclasses import dataclass

import numpy as np

from uplapp.values import Array, Rows


@dataclass(frozen=True, eq=False)
class Groups:
    """Pairs with equal votes (B,G): m and n as the prior takes them, m <= n/2, and how many share them.

    `size` (B,) is how many groups a replicate has; what follows them is padding that no pair shares.
    """

    wins: Array
    votes: Array
    pairs: Array
    size: Rows

    @classmethod
    def of(cls, wins: Array, votes: Array) -> "Groups":
        """Collect pairs (B,P) whose column is the same: (m, n) equals (n - m, n).

        A unanimous pair counts as one vote short of unanimous, as published; uncompared pairs have no column.
        """
        m = np.minimum(wins, votes - wins)
        m = np.where(m == 0, np.minimum(1.0, votes), m)
        (ms, m_rank), (ns, n_rank) = (
            np.unique(x, return_inverse=True) for x in (np.minimum(m, votes - m), votes)
        )
        keys = np.sort((n_rank * ms.size + m_rank).reshape(votes.shape), axis=1)
        new = np.ones(keys.shape, dtype=bool)
        new[:, 1:] = keys[:, 1:] != keys[:, :-1]
        row, column = np.nonzero(new)
        size = new.sum(axis=1)
        place = np.arange(row.size) - np.repeat(np.cumsum(size) - size, size)
        n_rank, m_rank = np.divmod(keys[row, column], ms.size)
        pairs = np.diff(np.append(row * votes.shape[1] + column, votes.size)) * (ns[n_rank] > 0)
        tables = np.zeros((3, len(votes), size.max(initial=0)))
        tables[:, row, place] = ms[m_rank], ns[n_rank], pairs
        return cls(tables[0], tables[1], tables[2], size)

    def together(self, most: int) -> tuple[Array, Array, Array]:
        """Give m and n of the groups (G,) of `most` replicates, and how many pairs (B,G) share them."""
        rows, places = np.nonzero(self.pairs[:most])
        keys = self.wins[rows, places] + 1j * self.votes[rows, places]
        values, which = np.unique(keys, return_inverse=True)
        pairs = np.zeros((len(self.pairs), values.size))
        pairs[rows, which] = self.pairs[rows, places]
        return values.real, values.imag, pairs


class Scratch:
    """Memory that is used again and again: fresh pages cost more than what is computed in them."""

    def __init__(self) -> None:
        self.cells = np.empty(0)

    def take(self, *shape: int) -> Array:
        """Lend an array of undefined numbers, until the next call."""
        size = math.prod(shape)
        if self.cells.size < size:
            self.cells = np.empty(size)
        return self.cells[:size].reshape(shape)
