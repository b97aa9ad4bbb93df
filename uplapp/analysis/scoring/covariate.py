"""Scores against a number of each condition, such as its bit rate: a line or curve, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from uplapp.analysis.scoring.bootstrap import TAILS
from uplapp.analysis.scoring.significance import ALPHA, covariance
from uplapp.errors import UplappError
from uplapp.values import Array, Mask, Scores

LEAST_CURVED = 4  # conditions for a curve to be tested
POINTS = 61  # of a curve


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its standard error, 95% interval and two-sided p, NaN without replicates."""

    value: float
    se: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False)
class Covariate:
    """Scores of `conditions` against a number `x` (m,) of each, least squares with equal weights.

    `slope` is the JOD per unit of `name`, or per doubling where `log`. `bend` is what a parabola adds, None
    of fewer than LEAST_CURVED different numbers. `explained` is the share of the variance between conditions
    that the line explains. `at`, `curve`, `low`, `high` (POINTS,) draw the line, or the parabola where `bend`
    is significant, with its 95% band. `left_out` are conditions without a number or a score.
    """

    name: str
    log: bool
    conditions: tuple[str, ...]
    x: Array
    slope: Coefficient
    bend: Coefficient | None
    explained: float
    at: Array
    curve: Array
    low: Array
    high: Array
    left_out: tuple[str, ...]

    @property
    def is_curved(self) -> bool:
        """Say whether a parabola fits better than a line by more than chance."""
        return self.bend is not None and self.bend.p < ALPHA


def against(scores: Scores, values: Mapping[str, float], name: str, log: bool = False) -> Covariate:
    """Fit scores against the numbers of their conditions.

    Slope and curve are weighted sums of the scores, so their intervals follow from the covariance of the
    replicates, as the tests take it: they speak of other observers, with these conditions as they are. Raises
    UplappError without two different numbers, for numbers of other conditions, and for a logarithm of 0 or
    less.
    """
    given, kept = _given(scores, values, name, log)
    x = np.log2(given[kept]) if log else given[kept]
    jod, spread = scores.jod[kept], covariance(scores)[np.ix_(kept, kept)]
    freedom = _freedom(scores, kept)
    line = _weights(x, 1)
    bend = None
    if len(set(x)) >= LEAST_CURVED:
        bend = _coefficient(_weights(x, 2)[2], jod, spread, freedom)
    weights = _weights(x, 2) if bend is not None and bend.p < ALPHA else line
    at = np.linspace(x.min(), x.max(), POINTS)
    rows = _powers(at, x, len(weights) - 1) @ weights
    # The anchor does not vary: rounding may put its variance below 0.
    variance = np.maximum(np.einsum("pi,ij,pj->p", rows, spread, rows), 0.0)
    reach = _quantile(freedom) * np.sqrt(variance)
    left = jod - _powers(x, x, 1) @ line @ jod
    total = ((jod - jod.mean()) ** 2).sum()
    return Covariate(
        name=name,
        log=log,
        conditions=tuple(each for each, some in zip(scores.conditions, kept, strict=True) if some),
        x=given[kept],
        slope=_coefficient(line[1], jod, spread, freedom),
        bend=bend,
        explained=float(1 - (left**2).sum() / total) if total > 0 else np.nan,
        at=2.0**at if log else at,
        curve=rows @ jod,
        low=rows @ jod - reach,
        high=rows @ jod + reach,
        left_out=tuple(each for each, some in zip(scores.conditions, kept, strict=True) if not some),
    )


def _given(scores: Scores, values: Mapping[str, float], name: str, log: bool) -> tuple[Array, Mask]:
    """The numbers (n,) of all conditions, and which of them (n,) can be used."""
    strangers = [each for each in values if each not in scores.conditions]
    if strangers:
        raise UplappError(
            f"'{strangers[0]}' has a {name} and is no condition; the conditions are: "
            f"{', '.join(scores.conditions)}"
        )
    given = np.array([values.get(each, np.nan) for each in scores.conditions], dtype=float)
    if log and (given <= 0).any():
        raise UplappError(f"a {name} of 0 or less has no logarithm")
    kept: Mask = np.isfinite(given) & np.isfinite(scores.jod) & (np.array(scores.bound) == "")
    if len(set(given[kept])) < 2:
        raise UplappError(f"a slope needs two conditions or more with scores and different numbers of {name}")
    if len({scores.group[place] for place in np.flatnonzero(kept)}) > 1:
        raise UplappError("conditions without a common scale have no slope")
    return given, kept


def _powers(x: Array, about: Array, degree: int) -> Array:
    """Powers (m,degree+1) of x less the mean of `about`."""
    powers: Array = (x - about.mean())[:, None] ** np.arange(degree + 1)
    return powers


def _weights(x: Array, degree: int) -> Array:
    """Weights (degree+1,m) that turn scores into the coefficients of least squares."""
    weights: Array = np.asarray(np.linalg.pinv(_powers(x, x, degree)), dtype=float)
    return weights


def _coefficient(weights: Array, jod: Array, spread: Array, freedom: float) -> Coefficient:
    value, se = float(weights @ jod), float(np.sqrt(np.maximum(weights @ spread @ weights, 0.0)))
    reach = _quantile(freedom) * se
    if not se > 0:
        return Coefficient(value, np.nan, np.nan, np.nan, np.nan)
    p = 2 * (stats.norm.sf(abs(value) / se) if np.isinf(freedom) else stats.t.sf(abs(value) / se, freedom))
    return Coefficient(value, se, value - reach, value + reach, float(p))


def _quantile(freedom: float) -> float:
    return float(stats.norm.ppf(TAILS[1]) if np.isinf(freedom) else stats.t.ppf(TAILS[1], freedom))


def _freedom(scores: Scores, kept: Mask) -> float:
    """Degrees of freedom of t, infinite for the normal curve.

    Of resampled scenes they are the fewest of any difference.
    """
    if scores.two_way is not None:
        return float(scores.two_way.freedom[np.ix_(kept, kept)].min())
    return (scores.observers or 1) - 1.0 if scores.interval == "t" else np.inf
