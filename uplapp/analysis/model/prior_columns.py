"""Columns of the distance prior with their derivatives: what groups of pairs with equal votes say of others.

The letters are those of `distance_prior`, whose columns they are. B replicates, G groups, P pairs.
"""

from dataclasses import dataclass

import numpy as np

from uplapp.analysis.model.normal import Probit
from uplapp.analysis.model.vote_groups import Groups, Scratch
from uplapp.values import Array, Mask, Rows

NOWHERE = -1e30  # stands for ln 0, and may be multiplied by 0
FAINTEST = -200.0  # ln of a share too small to count; exp is ten times slower where it underflows
LARGE = 1 << 17  # cells from which on factors are worth their bookkeeping
MILD = 300.0  # logarithms up to this have factors that neither overflow nor underflow


@dataclass(frozen=True, eq=False)
class Curve:
    """ln Phi(|x|), ln Phi(-|x|) of each pair (b,2,P), the sign of x, and u', v', u'', v'' (b,P)."""

    logs: Array
    sign: Array
    du: Array
    dv: Array
    ddu: Array
    ddv: Array

    @classmethod
    def of(cls, probit: Probit, compared: Mask) -> "Curve":
        """Read the curve at distances (b,P), and let columns be 0 where nobody compared."""
        logs = np.stack([np.where(compared, x, NOWHERE) for x in (probit.near, probit.far)], axis=1)
        first = (probit.dnear + probit.dfar) / 2, (probit.dnear - probit.dfar) / 2
        second = (probit.ddnear + probit.ddfar) / 2, (probit.ddnear - probit.ddfar) / 2
        return cls(logs, probit.sign, *first, *second)


@dataclass(frozen=True, eq=False)
class Columns:
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
    def of(cls, groups: Groups, rows: Rows, part: slice, logs: Array, scratch: Scratch) -> "Columns":
        """Compute the columns of the replicates `rows` and the groups `part`.

        `logs` (b,2,P) are ln Phi(|x|) and ln Phi(-|x|) of each pair.
        """
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

    def along(self, curve: Curve, weight: Array) -> tuple[Array, Array, Array]:
        """Add up the shares, times `weight` (b,G,1), and their slopes and bends along |x|, each (b,P)."""
        w, n, d = weight / self.total, self.n, self.d
        s, n_s, nn_s, dd_s = _combine(self.sum, w, w * n, w * n * n, w * d * d)
        d_s, nd_s = _combine(self.difference, w * d, w * n * d)
        bend = curve.du**2 * nn_s + curve.dv**2 * dd_s + 2 * curve.du * curve.dv * nd_s
        return s, curve.du * n_s + curve.dv * d_s, bend + curve.ddu * n_s + curve.ddv * d_s

    def rise(self, curve: Curve, weight: Array) -> tuple[Array, Array]:
        """Add up the shares, times `weight` (b,G,1), and their slopes along |x|, each (b,P)."""
        w = weight / self.total
        s, n_s = _combine(self.sum, w, w * self.n)
        (d_s,) = _combine(self.difference, w * self.d)
        return s, curve.du * n_s + curve.dv * d_s

    def pull(self, r: Array) -> Array:
        """Add up shares over pairs, times r (b,P): R_g (b,G,1), the sum of r_c s_gc."""
        pull: Array = self.sum @ r[:, :, None] / self.total
        return pull

    def slopes(self, curve: Curve) -> Array:
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
    back = 1 / apart
    for table, values, places, out in (
        (level, votes, n, factor),
        (apart + back, odds, d, total),
        (apart - back, odds, d, difference),
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
