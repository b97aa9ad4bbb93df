"""Columns of the distance prior at Chebyshev nodes, which stand for the distances of very many pairs.

A column is a smooth even function of a pair's distance x: a polynomial in x^2 that agrees with it at K nodes
agrees with it everywhere (Trefethen 2013, Approximation Theory, ch. 5), and its slope over x likewise. What
columns sum up over P pairs they then sum up over nodes. The error is below 1e-12 of a column's highest
value. The letters are those of `distance_prior`. B replicates, G groups, P pairs, N conditions.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from uplapp.analysis.model.normal import SIGMA, Probit
from uplapp.analysis.model.prior_columns import Columns, Curve
from uplapp.analysis.model.vote_groups import Groups, Scratch
from uplapp.values import Array, Mask, Rows

WORTH, FULL = 4, 1.5  # times as many pairs, and groups, as nodes: fewer are as quick by themselves
DEGREE = 3.1  # nodes for one standard deviation of distance and one root of votes: exp(-DEGREE^2 pi) remains
SPARE = 12  # nodes more, where few votes leave a column wide
LOWEST = 1e-4  # of a column's highest value: a smaller sum would be rounding
HAIR = 1e-30  # between a pair and a node that coincide


@dataclass(frozen=True, eq=False)
class Nodes:
    """Columns at nodes, with the matrix (b,P,K) that leads from nodes to pairs, 0 for uncompared ones.

    `at` (b,K) are the nodes' distances in JOD and `distance` (b,P) those of the pairs.
    """

    columns: Columns
    curve: Curve
    at: Array
    lead: Array
    distance: Array
    compared: Mask

    @classmethod
    def of(
        cls, probit: Probit, compared: Mask, groups: Groups, rows: Rows, scratch: Scratch
    ) -> "Nodes | None":
        """Choose nodes for distances (b,P) of the replicates `rows` (b,), or None where there is no gain."""
        farthest = np.where(compared, probit.distance, 0.0).max(axis=1, keepdims=True, initial=0.0)
        votes = float(groups.votes[rows].max(initial=0.0))
        size = int(DEGREE * np.sqrt(votes) * farthest.max() / SIGMA) + SPARE
        worth = size * WORTH < compared.shape[1] and size * FULL < groups.wins.shape[1]
        if not worth or not farthest.all():
            return None
        angles = (np.arange(size) + 0.5) * np.pi / size
        at = farthest * np.cos(angles / 2)  # x^2 at Chebyshev points of the first kind
        gap = (probit.distance / farthest)[:, :, None] ** 2 - (np.cos(angles / 2) ** 2)
        gap[gap == 0] = HAIR
        lead = (np.where(np.arange(size) % 2, -1.0, 1.0) * np.sin(angles)) / gap
        lead *= (compared / lead.sum(axis=-1))[:, :, None]
        curve = Curve.of(Probit.of(at), np.ones(at.shape, dtype=bool))
        columns = Columns.of(groups, rows, slice(None), curve.logs, scratch)
        total = columns.sum @ lead.sum(axis=1)[:, :, None]
        if (total < LOWEST * columns.sum.max(axis=-1, keepdims=True)).any():
            return None
        columns = replace(columns, total=total)
        return cls(columns, curve, at, lead, probit.distance, compared)

    def rise(self, weight: Array) -> tuple[Array, Array]:
        """Add up the shares, times `weight` (b,G,1), and their slopes along |x|, each (b,P)."""
        even, odd = self.columns.rise(self.curve, weight)
        pairs = self.lead @ np.stack([even, odd / self.at], axis=-1)
        return pairs[:, :, 0], pairs[:, :, 1] * self.distance

    def along(self, weight: Array) -> tuple[Array, Array, Array]:
        """Add up the shares, times `weight` (b,G,1), and their slopes and bends along |x|, each (b,P)."""
        even, odd, bend = self.columns.along(self.curve, weight)
        pairs = self.lead @ np.stack([even, odd / self.at, bend], axis=-1)
        return pairs[:, :, 0], pairs[:, :, 1] * self.distance, pairs[:, :, 2]

    def pull(self, r: Array) -> Array:
        """Add up shares over pairs, times r (b,P): R_g (b,G,1), the sum of r_c s_gc."""
        return self.columns.pull((r[:, None, :] @ self.lead)[:, 0])

    def gather(self, weights: Array, incidence: Any) -> Array:
        """Add up slopes of shares over x, times `weights` (W,b,P), by `incidence` (N,P), to (W,b,G,N)."""
        slopes = self.columns.slopes(replace(self.curve, sign=1 / self.at)) / self.columns.total
        signs = np.array(
            [
                [incidence @ (own[:, None] * lead) for own, lead in zip(each, self.lead, strict=True)]
                for each in weights
            ]
        )
        gathered: Array = slopes @ signs.swapaxes(-1, -2)
        return gathered

    def spread(self, groups: Array) -> Array:
        """Add up the shares times what `groups` (b,G,N) have of each condition: (b,P,N)."""
        shares = (self.columns.sum / self.columns.total).swapaxes(1, 2)
        spread: Array = self.lead @ (shares @ groups)
        return spread
