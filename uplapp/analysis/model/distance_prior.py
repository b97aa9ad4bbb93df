"""The prior over distances of Perez-Ortiz & Mantiuk (2017, arXiv 1712.03686), with its derivatives.

The letters are theirs: m of n votes went to the first condition of a pair c, and pi_c = sum over columns g of
their share s_gc. A column (m, n) comes with its mirror image (n - m, n), so that shares are even in a pair's
distance x; with u and v half the sum and half the difference of ln Phi(|x|) and ln Phi(-|x|), and
d = n - 2m, the logarithms of the two are n u + d v and n u - d v. B replicates, G groups of pairs with equal
votes, P pairs, N conditions.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.model.normal import Probit
from uplapp.values import Array, Rows

FLOOR = 0.1  # added to every probability of the prior, as published
NOWHERE = -1e30  # stands for ln 0, and may be multiplied by 0
FAINTEST = -200.0  # ln of a share too small to count; exp is ten times slower where it underflows
CACHED = 1 << 15  # cells (b,G,P) of replicates that are computed at once: more would leave the cache
HELD = 1 << 21  # cells (G,P) that memory holds; those of more groups are computed twice


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


@dataclass(frozen=True, eq=False)
class Prior:
    """Value (B,), slope and bend along each pair's distance (B,P), and what couples the pairs.

    The gradient is A' slope and the Hessian A' diag(bend) A - cross - cross' + concave, with A the incidence
    matrix (P,N), cross and concave (B,N,N), and concave never positive.
    """

    value: Array
    slope: Array
    bend: Array
    cross: Array
    concave: Array


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


@dataclass(frozen=True, eq=False)
class _Curve:
    """ln Phi(|x|), ln Phi(-|x|) of each pair (b,2,P), the sign of x, and u', v', u'', v'' (b,P)."""

    logs: Array
    sign: Array
    du: Array
    dv: Array
    ddu: Array
    ddv: Array

    @classmethod
    def of(cls, probit: Probit, compared: NDArray[np.bool_]) -> "_Curve":
        logs = np.stack([np.where(compared, x, NOWHERE) for x in (probit.near, probit.far)], axis=1)
        first = (probit.dnear + probit.dfar) / 2, (probit.dnear - probit.dfar) / 2
        second = (probit.ddnear + probit.ddfar) / 2, (probit.ddnear - probit.ddfar) / 2
        return cls(logs, probit.sign, *first, *second)


@dataclass(frozen=True, eq=False)
class _Columns:
    """Sum and difference (b,G,P) of columns and their mirror images, up to a factor, the rest (b,G,1).

    The share is s = sum / total, and along |x| its slope is (n u' sum + d v' difference) / total.
    """

    sum: Array
    difference: Array
    spare: Array
    total: Array
    weight: Array
    n: Array
    d: Array

    @classmethod
    def of(cls, groups: Groups, rows: Rows, part: slice, logs: Array, scratch: Scratch) -> "_Columns":
        m, n, weight = (table[rows, part, None] for table in (groups.wins, groups.votes, groups.pairs))
        near, far, both = scratch.take(3, *m.shape[:2], logs.shape[-1])
        np.matmul(np.concatenate((n - m, m), axis=-1), logs, out=near)
        np.matmul(np.concatenate((m, n - m), axis=-1), logs, out=far)
        highest = near.max(axis=-1, keepdims=True)
        for column in (near, far):
            column -= highest
            np.maximum(column, FAINTEST, out=column)
            np.exp(column, out=column)
        np.add(near, far, out=both)
        np.subtract(near, far, out=near)
        return cls(both, near, far, both.sum(axis=-1, keepdims=True), weight, n, n - 2 * m)

    def along(self, curve: _Curve, weight: Array) -> tuple[Array, Array, Array]:
        """Add up the shares, times `weight` (b,G,1), and their slopes and bends along |x|, each (b,P)."""
        w, n, d = weight / self.total, self.n, self.d
        s, n_s, nn_s, dd_s = _combine(self.sum, w, w * n, w * n * n, w * d * d)
        d_s, nd_s = _combine(self.difference, w * d, w * n * d)
        bend = curve.du**2 * nn_s + curve.dv**2 * dd_s + 2 * curve.du * curve.dv * nd_s
        return s, curve.du * n_s + curve.dv * d_s, bend + curve.ddu * n_s + curve.ddv * d_s

    def slopes(self, curve: _Curve) -> Array:
        """Multiply the slopes of the shares along x (b,G,P) by total. This overwrites `difference`."""
        np.multiply(self.sum, (curve.sign * curve.du)[:, None, :], out=self.spare)
        np.multiply(self.difference, (curve.sign * curve.dv)[:, None, :], out=self.difference)
        np.multiply(self.spare, self.n, out=self.spare)
        np.multiply(self.difference, self.d, out=self.difference)
        return np.add(self.spare, self.difference, out=self.spare)


def _combine(columns: Array, *weights: Array) -> Array:
    """Add up columns (b,G,P) by each of the weights (b,G,1). Returns one (b,P) for each."""
    combined: Array = (np.concatenate(weights, axis=-1).swapaxes(1, 2) @ columns).swapaxes(0, 1)
    return combined


def _add(totals: tuple[Array, ...], shares: tuple[Array, ...]) -> None:
    for total, share in zip(totals, shares, strict=True):
        total += share


@dataclass(frozen=True, eq=False)
class DistancePrior:
    """Sum of ln(pi_c + 0.1) over the compared pairs c, for the replicates of one set of votes."""

    groups: Groups
    compared: NDArray[np.bool_]
    incidence: Array
    columns: Scratch
    jacobian: Scratch

    @classmethod
    def of(cls, wins: Array, votes: Array, incidence: Array) -> "DistancePrior":
        """Prepare for wins and votes (B,P) of pairs whose incidence matrix is (P,N)."""
        return cls(Groups.of(wins, votes), votes > 0, incidence, Scratch(), Scratch())

    def blocks(self, rows: Rows) -> Iterator[Rows]:
        """Split `rows`, by their places, into blocks that fit the cache and hardly pad each other."""
        sizes, pairs = self.groups.size[rows], self.compared.shape[1]
        order = np.argsort(sizes, kind="stable")
        while order.size:
            keep = max(0, order.size - max(1, CACHED // max(1, int(sizes[order[-1]]) * pairs)))
            yield order[keep:]
            order = order[:keep]

    def at(self, probit: Probit, rows: Rows) -> Prior:
        """Compute the prior of the replicates `rows` (b,), whose distances `probit` (b,P) holds."""
        compared = self.compared[rows]
        curve = _Curve.of(probit, compared)
        parts = self._parts(rows)
        pi, slope, bend = np.zeros((3, *compared.shape))
        for part in parts:
            columns = _Columns.of(self.groups, rows, part, curve.logs, self.columns)
            _add((pi, slope, bend), columns.along(curve, columns.weight))
        r = np.where(compared, 1 / (pi + FLOOR), 0.0)
        value = np.where(compared, np.log(pi + FLOOR), 0.0).sum(axis=1)
        j = self.jacobian.take(*compared.shape, self.incidence.shape[1])  # how pi follows the scores
        np.multiply((curve.sign * slope)[:, :, None], self.incidence, out=j)
        slope, bend, cross = r * slope, r * bend, np.zeros((len(rows), *(self.incidence.shape[1:] * 2)))
        for part in parts:
            if len(parts) > 1:  # too many to have kept them
                columns = _Columns.of(self.groups, rows, part, curve.logs, self.columns)
            pull = columns.sum @ r[:, :, None] / columns.total  # R_g = sum of r_c s_gc
            _add((slope, bend), columns.along(curve, -columns.weight * pull)[1:])
            cross += self._couple(columns, curve, r, pull, j)
        j *= r[:, :, None]
        return Prior(value, curve.sign * slope, bend, cross, -(j.swapaxes(1, 2) @ j))

    def _parts(self, rows: Rows) -> list[slice]:
        size, held = int(self.groups.size[rows].max()), max(1, HELD // max(1, self.compared[rows].size))
        return [slice(at, min(at + held, size)) for at in range(0, size, held)]

    def _couple(self, columns: _Columns, curve: _Curve, r: Array, pull: Array, j: Array) -> Array:
        """Take the columns' totals out of j. Returns how they follow the scores while the pulls do."""
        slopes = columns.slopes(curve)
        k = self._gather(slopes) / columns.total
        slopes *= r[:, None, :]
        pulled = self._gather(slopes) / columns.total - pull * k
        k *= columns.weight
        j -= columns.sum.swapaxes(1, 2) @ (k / columns.total)
        cross: Array = pulled.swapaxes(1, 2) @ k
        return cross

    def _gather(self, slopes: Array) -> Array:
        """Multiply (b,G,P) by the incidence matrix, as one product."""
        flat = slopes.reshape(-1, slopes.shape[-1]) @ self.incidence
        return flat.reshape(*slopes.shape[:-1], -1)
