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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from uplapp.analysis.model.normal import Probit
from uplapp.values import Array, Rows

FLOOR = 0.1  # added to every probability of the prior, as published
NOWHERE = -1e30  # stands for ln 0, and may be multiplied by 0
FAINTEST = -200.0  # ln of a share too small to count; exp is ten times slower where it underflows
CACHED = 1 << 15  # cells (b,G,P) of replicates that are computed at once: more would leave the cache
HELD = 1 << 21  # cells (G,P) that memory holds; those of more groups are computed twice
LARGE = 1 << 17  # cells from which on factors are worth their bookkeeping
FIRST, UNSHARED = 4, 2  # replicates that have so many times the groups of one share too little
MILD = 300.0  # logarithms up to this have factors that neither overflow nor underflow
MANY_CONDITIONS = 40  # from here on the incidence matrix is worth being sparse


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
        if _by_factors(n, n - 2 * m, logs, (near, far, both)):
            return cls(both, near, far, both.sum(axis=-1, keepdims=True), weight, n, n - 2 * m)
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


def _by_factors(n: Array, d: Array, logs: Array, cells: tuple[Array, Array, Array]) -> bool:
    """Write difference, exp(n u) and sum into `cells`, if few factors exp(n u) and exp(d v) make them all.

    n and d (b,G,1) take few values. Returns False where they do not, or where one would overflow.
    """
    if n.size * logs.shape[-1] < LARGE:
        return False
    difference, factor, total = cells
    votes, odds = np.unique(n), np.unique(d)
    u, v = (logs[:, 0] + logs[:, 1]) / 2, (logs[:, 0] - logs[:, 1]) / 2
    deepest = np.max(-u, where=u > NOWHERE / 2, initial=0.0)
    longest = max(votes[-1] * deepest, odds[-1] * v.max(initial=0.0))
    if votes.size + odds.size > n.shape[1] or longest > MILD:
        return False
    level = np.exp(votes[:, None] * u[:, None, :])
    apart = np.exp(odds[:, None] * v[:, None, :])
    for table, values, places, out in (
        (level, votes, n, factor),
        (apart + 1 / apart, odds, d, total),
        (apart - 1 / apart, odds, d, difference),
    ):
        rows = np.searchsorted(values, places[..., 0]) + values.size * np.arange(len(n))[:, None]
        flat = table.reshape(-1, table.shape[-1])
        flat.take(rows.ravel(), axis=0, out=out.reshape(rows.size, -1), mode="clip")
    total *= factor
    difference *= factor
    return True


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
    ends: tuple[Rows, Rows]
    sparse: Any

    @classmethod
    def of(cls, wins: Array, votes: Array, incidence: Array) -> "DistancePrior":
        """Prepare for wins and votes (B,P) of pairs whose incidence matrix is (P,N)."""
        ends = incidence.argmax(axis=1), incidence.argmin(axis=1)
        sparse = None
        if incidence.shape[1] >= MANY_CONDITIONS:
            pairs = np.arange(len(incidence))
            cells = np.append(*ends), np.append(pairs, pairs)
            sparse = csr_array((np.repeat([1.0, -1.0], pairs.size), cells), shape=incidence.T.shape)
        return cls(Groups.of(wins, votes), votes > 0, incidence, Scratch(), Scratch(), ends, sparse)

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
        j = _Jacobian(self, r, curve.sign * slope, len(parts) == 1)
        slope, bend, cross = r * slope, r * bend, np.zeros((len(rows), *(self.incidence.shape[1:] * 2)))
        for part in parts:
            if len(parts) > 1:  # too many to have kept them
                columns = _Columns.of(self.groups, rows, part, curve.logs, self.columns)
            pull = columns.sum @ r[:, :, None] / columns.total  # R_g = sum of r_c s_gc
            _add((slope, bend), columns.along(curve, -columns.weight * pull)[1:])
            cross += self._couple(columns, curve, r, pull, j)
        return Prior(value, curve.sign * slope, bend, cross, -j.squares())

    def shared_slope(self, probit: Probit) -> Array | None:
        """Slope (B,P) along the distances of all replicates, at distances `probit` (1,P) that they share.

        Columns are then the same for all, so a few products of matrices do, G groups of all replicates
        together. Where a column underflows, it is a little off. None where replicates hardly share groups.
        """
        if self.groups.together(FIRST)[0].size > UNSHARED * self.groups.size[:FIRST].max():
            return None
        m, n, weight = self.groups.together(len(self.compared))
        groups = Groups(m[None], n[None], np.ones((1, m.size)), np.array([m.size]))
        curve = _Curve.of(probit, self.compared.sum(axis=0, keepdims=True) > 0)
        columns = _Columns.of(groups, np.zeros(1, dtype=np.intp), slice(None), curve.logs, Scratch())
        even, odd, compared = columns.sum[0], columns.difference[0], self.compared.astype(float)
        total = np.maximum(compared @ even.T, np.finfo(float).tiny)
        share, d = weight / total, n - 2 * m
        r = compared / (share @ even + FLOOR)
        pulled = share * (r @ even.T) / total
        own, others = (curve.du * ((w * n) @ even) + curve.dv * ((w * d) @ odd) for w in (share, pulled))
        slope: Array = curve.sign * (r * own - others)
        return slope

    def _parts(self, rows: Rows) -> list[slice]:
        size, held = int(self.groups.size[rows].max()), max(1, HELD // max(1, self.compared[rows].size))
        return [slice(at, min(at + held, size)) for at in range(0, size, held)]

    def _couple(self, columns: _Columns, curve: _Curve, r: Array, pull: Array, j: "_Jacobian") -> Array:
        """Take the columns' totals out of j. Returns how they follow the scores while the pulls do."""
        slopes = columns.slopes(curve)
        k = self.gather(slopes) / columns.total
        slopes *= r[:, None, :]
        pulled = self.gather(slopes) / columns.total - pull * k
        k *= columns.weight
        j.less(columns, k / columns.total)
        cross: Array = pulled.swapaxes(1, 2) @ k
        return cross

    def gather(self, slopes: Array) -> Array:
        """Multiply (b,G,P) by the incidence matrix, as one product."""
        flat: Array = slopes.reshape(-1, slopes.shape[-1])
        if self.sparse is None:
            gathered: Array = flat @ self.incidence
        else:
            gathered = np.ascontiguousarray((self.sparse @ np.ascontiguousarray(flat.T)).T)
        return gathered.reshape(*slopes.shape[:-1], -1)


class _Jacobian:
    """How ln(pi + FLOOR) follows the scores, diag(r) (diag(slope) A - s' k), as what its squares add up to.

    Where there are fewer groups than conditions, the squares come from their products, and j is not built.
    """

    def __init__(self, prior: DistancePrior, r: Array, slope: Array, whole: bool) -> None:
        self.prior, self.r, self.slope = prior, r, slope
        self.thin = whole and prior.groups.wins.shape[1] < prior.incidence.shape[1]
        self.gram = np.zeros((len(r), *(prior.incidence.shape[1:] * 2)))
        if not self.thin:
            self.j = prior.jacobian.take(*slope.shape, prior.incidence.shape[1])
            np.multiply(slope[:, :, None], prior.incidence, out=self.j)

    def less(self, columns: _Columns, k: Array) -> None:
        """Take off columns' transposed sums (b,P,G) times k (b,G,N)."""
        if not self.thin:
            self.j -= columns.sum.swapaxes(1, 2) @ k
            return
        weighed = np.multiply(columns.sum, (self.r**2)[:, None, :], out=columns.spare)
        both = (weighed @ columns.sum.swapaxes(1, 2)) @ k
        weighed *= self.slope[:, None, :]
        both -= 2 * self.prior.gather(weighed)
        crossed = k.swapaxes(1, 2) @ both
        self.gram += (crossed + crossed.swapaxes(1, 2)) / 2

    def squares(self) -> Array:
        """Multiply (b,N,N) the transposed matrix by itself."""
        if not self.thin:
            self.j *= self.r[:, :, None]
            squared: Array = self.j.swapaxes(1, 2) @ self.j
            return squared
        (first, second), n = self.prior.ends, self.gram.shape[-1]
        own = np.zeros_like(self.gram)
        own[:, first, second] = own[:, second, first] = -((self.r * self.slope) ** 2)
        own[:, np.arange(n), np.arange(n)] = -own.sum(axis=-1)
        return own + self.gram
