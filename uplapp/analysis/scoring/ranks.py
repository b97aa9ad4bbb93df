"""How sure ranks are: from the replicates of the scores, and from the tests."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.model import components, strong_components
from uplapp.analysis.scoring.blocks import known_order
from uplapp.analysis.scoring.bootstrap import TAILS
from uplapp.analysis.scoring.significance import upright
from uplapp.values import Array, Mask, Rows, Scores

SAME_JOD = 1e-6  # fits are no sharper: closer scores share their ranks
CELLS = 1 << 18  # replicates x conditions x conditions that are compared at once


@dataclass(frozen=True, eq=False)
class Ranks:
    """How sure the ranks of n conditions are, 1 the best, in the order of the conditions.

    `probability` (n,n) is the share of `draws` replicates in which a condition has rank 1, 2, ..., NaN where
    the votes leave its rank open; `low`, `high` (n,) hold 95% of them. `above` (n,n) is the share in which
    one lies above another. `first`, `last` (n,) are the ranks that the tests leave possible: all of them hold
    together in 95% of studies (Mogstad, Romano, Shaikh & Wilhelm 2024). `same_order` and `same_best` are the
    shares of replicates with the study's own order and best condition, `tau` is their mean Kendall
    correlation with the study's order.
    """

    conditions: tuple[str, ...]
    probability: Array
    low: Array
    high: Array
    above: Array
    first: Rows
    last: Rows
    same_order: float
    same_best: float
    tau: float
    draws: int

    @property
    def best(self) -> Array:
        """Probability (n,) that a condition is the best."""
        chance: Array = self.probability[:, 0]
        return chance


@dataclass(frozen=True, eq=False)
class Order:
    """What the votes say of the order: `part` (n,), `fixed` (n,n) pairs and those `varying` with chance.

    `sure` marks the fixed pairs of which the first lies above.
    """

    part: Rows
    varying: Mask
    sure: Mask
    rows: Mask = field(repr=False)

    @classmethod
    def of(cls, scores: Scores) -> "Order":
        """Find from the votes which orders vary over replicates, and which unanimous ones are significant."""
        part, block = components(scores.wins), strong_components(scores.wins)
        together, varying = part[:, None] == part, block[:, None] == block
        if not len(scores.replicates) and scores.firm is not None:
            varying &= scores.firm.labels[:, None] == scores.firm.labels
        sure = known_order(scores.wins, scores.jod) & ~varying & _significant(scores)
        known = varying | sure | sure.T | ~together
        rows = known.all(axis=1) & (together.sum(axis=1) > 1)
        np.fill_diagonal(varying, False)
        return cls(part, varying, sure, rows)


def ranks(scores: Scores) -> Ranks | None:
    """Count how often each condition has each rank in the replicates. None is returned without replicates.

    Only conditions that comparisons connect are ranked against each other. Where scores are open because some
    condition always wins, only conditions are ranked whose order to all others is known.
    Where scenes were resampled too, scores are drawn from a normal distribution with the two-way covariance,
    as many as there are replicates.
    """
    draws, order = _draws(scores), Order.of(scores)
    if len(draws) < 2:
        return None
    n, size = len(scores.conditions), max(1, CELLS // len(scores.conditions) ** 2)
    chance, above, kept, led = np.zeros((n, n)), np.zeros((n, n)), 0, 0
    own, _, _ = _places(scores.jod[None], order)
    for at in range(0, len(draws), size):
        ahead, tied, higher = _places(draws[at : at + size], order)
        chance += _counts(ahead, tied)
        above += higher
        same = (ahead == own) & (tied == 1)
        kept += int(same[:, order.rows].all(axis=1).sum())
        led += int(same[:, order.rows & (own[0] == 0)].all(axis=1).sum())
    chance[~order.rows] = np.nan
    above = np.where(order.varying | order.sure | order.sure.T, above, np.nan) / len(draws)
    first, last = possible_ranks(scores)
    low, high = _interval(chance / len(draws))
    known = bool(order.rows.any())
    return Ranks(
        conditions=scores.conditions,
        probability=chance / len(draws),
        low=low,
        high=high,
        above=above,
        first=first,
        last=last,
        same_order=kept / len(draws) if known else np.nan,
        same_best=led / len(draws) if known else np.nan,
        tau=_tau(above, scores.jod, order),
        draws=len(draws),
    )


def possible_ranks(scores: Scores) -> tuple[Rows, Rows]:
    """First and last rank (n,) that the tests leave possible, each inside its connected part.

    Those significantly above (Holm) come before, those significantly below after.
    """
    part, better = components(scores.wins), _significant(scores)
    sizes = (part[:, None] == part).sum(axis=1)
    first: Rows = 1 + better.sum(axis=0)
    last: Rows = sizes - better.sum(axis=1)
    return first, last


def rank_columns(ranks: Ranks | None, scores: Scores) -> pd.DataFrame:
    """Tabulate what belongs beside each condition in a ranking.

    Columns: condition, p_best, rank_low, rank_high (of the replicates), rank_first, rank_last (of the tests).
    """
    first, last = possible_ranks(scores)
    empty = np.full(len(scores.conditions), np.nan)
    columns: dict[str, Any] = {
        "condition": scores.conditions,
        "p_best": empty if ranks is None else ranks.best,
        "rank_low": empty if ranks is None else ranks.low,
        "rank_high": empty if ranks is None else ranks.high,
        "rank_first": first,
        "rank_last": last,
    }
    table = pd.DataFrame(columns)
    return table.astype({"rank_low": "Int64", "rank_high": "Int64"})


def _draws(scores: Scores) -> Array:
    """Replicates (B,n) of the scores, or of what is firm in them."""
    replicates = scores.replicates
    if not len(replicates) and scores.firm is not None:
        replicates = scores.firm.scores
    if scores.two_way is None:
        return replicates
    values, vectors = np.linalg.eigh(np.nan_to_num(scores.two_way.covariance))  # NaN between firm parts
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    generator = np.random.default_rng([scores.method.seed, len(values)])
    normal = generator.standard_normal((len(replicates), len(values)))
    drawn: Array = scores.jod + normal @ root.T
    return drawn


def _significant(scores: Scores) -> Mask:
    """Mark (n,n) which condition lies significantly above which."""
    place = {name: index for index, name in enumerate(scores.conditions)}
    better = np.zeros((len(place), len(place)), dtype=bool)
    for pair in scores.pairs:
        if pair.significant:
            upper, lower = upright(scores, pair)
            better[place[upper], place[lower]] = True
    return better


def _places(scores: Array, order: Order) -> tuple[Rows, Rows, Array]:
    """Give how many lie ahead of a condition (B,n) and how many share its place (B,n), in each replicate.

    The third result is how often one condition is above another (n,n), a tie as half.
    """
    apart = scores[:, :, None] - scores[:, None, :]
    higher = (order.varying & (apart > SAME_JOD)) | order.sure
    tied = order.varying & (np.abs(apart) <= SAME_JOD)
    return higher.sum(axis=1), 1 + tied.sum(axis=1), higher.sum(axis=0) + tied.sum(axis=0) / 2


def _counts(ahead: Rows, tied: Rows) -> Array:
    """Count (n,n) how often each condition has each rank. One of k that share k ranks has 1/k of each."""
    n = ahead.shape[1]
    counts = np.zeros(n * n)
    for step in range(int(tied.max())):
        some = tied > step
        cells = (np.arange(n) * n + ahead + step)[some]
        counts += np.bincount(cells, weights=1 / tied[some], minlength=n * n)
    return counts.reshape(n, n)


def _interval(probability: Array) -> tuple[Array, Array]:
    """The ranks (n,) below which at most a tail of the replicates lies, and at which all but a tail do."""
    upto = np.cumsum(probability, axis=1)
    low, high = (1.0 + (upto < tail - 1e-12).sum(axis=1) for tail in TAILS)
    open_ = np.isnan(probability[:, 0])
    return np.where(open_, np.nan, low), np.where(open_, np.nan, high)


def _tau(above: Array, jod: Array, order: Order) -> float:
    """Mean over the replicates of Kendall's correlation with the study's own order."""
    apart = np.sign(np.where(order.varying, jod[:, None] - jod, order.sure * 1.0 - order.sure.T))
    pairs = np.triu(order.varying | order.sure | order.sure.T, 1) & (apart != 0)
    return float((apart * (2 * above - 1))[pairs].mean()) if pairs.any() else np.nan
