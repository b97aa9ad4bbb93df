"""The prior over distances of Perez-Ortiz & Mantiuk (2017, arXiv 1712.03686), with its derivatives.

The letters are theirs: m of n votes went to the first condition of a pair c, and pi_c = sum over columns g of
their share s_gc. A column (m, n) comes with its mirror image (n - m, n), so that shares are even in a pair's
distance x; with u and v half the sum and half the difference of ln Phi(|x|) and ln Phi(-|x|), and
d = n - 2m, the logarithms of the two are n u + d v and n u - d v. B replicates, G groups of pairs with equal
votes, P pairs, N conditions.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from uplapp.analysis.model.normal import Probit
from uplapp.analysis.model.prior_columns import Columns, Curve
from uplapp.analysis.model.prior_nodes import Nodes
from uplapp.analysis.model.vote_groups import Groups, Scratch
from uplapp.values import Array, Mask, Rows

FLOOR = 0.1  # added to every probability of the prior, as published
CACHED = 1 << 15  # cells (b,G,P) of replicates that are computed at once: more would leave the cache
HELD = 1 << 21  # cells (G,P) that memory holds; those of more groups are computed twice
FIRST, UNSHARED = 4, 2  # replicates that have so many times the groups of one share too little
MANY_CONDITIONS = 40  # from here on the incidence matrix is worth being sparse


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


def _logarithms(pi: Array, compared: Mask) -> tuple[Array, Array]:
    """Return slopes (b,P) of ln(pi + FLOOR), 0 for pairs that nobody compared, and the sums (b,) of it."""
    value: Array = np.where(compared, np.log(pi + FLOOR), 0.0).sum(axis=1)
    return np.where(compared, 1 / (pi + FLOOR), 0.0), value


def _add(totals: tuple[Array, ...], shares: tuple[Array, ...]) -> None:
    for total, share in zip(totals, shares, strict=True):
        total += share


@dataclass(frozen=True, eq=False)
class DistancePrior:
    """Sum of ln(pi_c + 0.1) over the compared pairs c, for the replicates of one set of votes."""

    groups: Groups
    compared: Mask
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
        nodes = self._nodes(probit, rows)
        if nodes is not None:
            return self._at_nodes(nodes, probit)
        compared = self.compared[rows]
        curve = Curve.of(probit, compared)
        each = self._each(rows, curve)
        pi, slope, bend = np.zeros((3, *compared.shape))
        for columns in each():
            _add((pi, slope, bend), columns.along(curve, columns.weight))
        r, value = _logarithms(pi, compared)
        j = _Jacobian(self, r, curve.sign * slope, len(self._parts(rows)) == 1)
        slope, bend, cross = r * slope, r * bend, np.zeros((len(rows), *(self.incidence.shape[1:] * 2)))
        for columns in each():
            pull = columns.pull(r)
            _add((slope, bend), columns.along(curve, -columns.weight * pull)[1:])
            cross += self._couple(columns, curve, r, pull, j)
        return Prior(value, curve.sign * slope, bend, cross, -j.squares())

    def slope(self, probit: Probit, rows: Rows) -> tuple[Array, Array]:
        """Compute the value (b,) and the slope along the distances (b,P) of `at`, and nothing else."""
        nodes = self._nodes(probit, rows)
        if nodes is not None:
            pi, own = nodes.rise(nodes.columns.weight)
            r, value = _logarithms(pi, nodes.compared)
            return value, probit.sign * (r * own - nodes.rise(nodes.columns.weight * nodes.pull(r))[1])
        compared = self.compared[rows]
        curve = Curve.of(probit, compared)
        each = self._each(rows, curve)
        pi, slope = np.zeros((2, *compared.shape))
        for columns in each():
            _add((pi, slope), columns.rise(curve, columns.weight))
        r, value = _logarithms(pi, compared)
        slope *= r
        for columns in each():
            slope -= columns.rise(curve, columns.weight * columns.pull(r))[1]
        return value, curve.sign * slope

    def _nodes(self, probit: Probit, rows: Rows) -> Nodes | None:
        """Give nodes that stand for the distances of these replicates, where they are far fewer."""
        return Nodes.of(probit, self.compared[rows], self.groups, rows, self.columns)

    def _at_nodes(self, nodes: Nodes, probit: Probit) -> Prior:
        """Compute all that `at` does, G groups at K nodes rather than at P pairs."""
        weight = nodes.columns.weight
        pi, own, own_bend = nodes.along(weight)
        r, value = _logarithms(pi, nodes.compared)
        pull = nodes.pull(r)
        _, others, others_bend = nodes.along(weight * pull)
        signed, along = probit.sign * probit.distance, self.sparse
        if along is None:
            along = self.incidence.T
        k = nodes.gather(np.stack([signed, r * signed]), along)
        pulled = k[1] - pull * k[0]
        weighted = weight * k[0]
        slope = probit.sign * own
        j = r[:, :, None] * (slope[:, :, None] * self.incidence - nodes.spread(weighted))
        return Prior(
            value=value,
            slope=probit.sign * (r * own - others),
            bend=r * own_bend - others_bend,
            cross=pulled.swapaxes(1, 2) @ weighted,
            concave=-(j.swapaxes(1, 2) @ j),
        )

    def shared_slope(self, probit: Probit) -> Array | None:
        """Slope (B,P) along the distances of all replicates, at distances `probit` (1,P) that they share.

        Columns are then the same for all, so a few products of matrices do, G groups of all replicates
        together. Where a column underflows, it is a little off. None where replicates hardly share groups.
        """
        if self.groups.together(FIRST)[0].size > UNSHARED * self.groups.size[:FIRST].max():
            return None
        m, n, weight = self.groups.together(len(self.compared))
        groups = Groups(m[None], n[None], np.ones((1, m.size)), np.array([m.size]))
        curve = Curve.of(probit, self.compared.sum(axis=0, keepdims=True) > 0)
        columns = Columns.of(groups, np.zeros(1, dtype=np.intp), slice(None), curve.logs, Scratch())
        even, odd, compared = columns.sum[0], columns.difference[0], self.compared.astype(float)
        total = np.maximum(compared @ even.T, np.finfo(float).tiny)
        share, d = weight / total, n - 2 * m
        r = compared / (share @ even + FLOOR)
        pulled = share * (r @ even.T) / total
        own, others = (curve.du * ((w * n) @ even) + curve.dv * ((w * d) @ odd) for w in (share, pulled))
        slope: Array = curve.sign * (r * own - others)
        return slope

    def _each(self, rows: Rows, curve: Curve) -> Callable[[], Iterable[Columns]]:
        """Hand out the columns of all groups, part by part. One part is computed once."""
        parts = self._parts(rows)

        def columns(part: slice) -> Columns:
            return Columns.of(self.groups, rows, part, curve.logs, self.columns)

        if len(parts) != 1:  # too many to keep them
            return lambda: map(columns, parts)
        whole = columns(parts[0])
        return lambda: (whole,)

    def _parts(self, rows: Rows) -> list[slice]:
        size, held = int(self.groups.size[rows].max()), max(1, HELD // max(1, self.compared[rows].size))
        return [slice(at, min(at + held, size)) for at in range(0, size, held)]

    def _couple(self, columns: Columns, curve: Curve, r: Array, pull: Array, j: "_Jacobian") -> Array:
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

    def less(self, columns: Columns, k: Array) -> None:
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
