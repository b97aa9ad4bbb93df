"""Mean ratings of observers, and how far they go: means within an observer first, then over observers."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import stdtr

from uplapp.analysis.reading.ratings import Ratings, images
from uplapp.analysis.scoring import ALPHA, INTERVALS, holm, observer_weights
from uplapp.values import Array, Method

LEAST_SD = 1e-9  # steps of a scale: observers who agree so exactly say nothing about chance
IMAGE = ["criterion", "observer", "condition", "scene"]


@dataclass(frozen=True, eq=False)
class Spread:
    """Summary (n,) of n columns: mean over observers, 95% interval, sd between observers, number of them."""

    mean: Array
    low: Array
    high: Array
    sd: Array
    observers: Array


def observer_means(ratings: Ratings, criterion: str) -> pd.DataFrame:
    """Mean rating (K,n) of each observer and condition over scenes, NaN without a rating.

    Ratings of the same image are averaged first, then the scenes, so that every scene weighs the same.
    """
    by_image = _by_image(ratings)
    own = by_image.loc[by_image.index.get_level_values("criterion") == criterion]
    return own.groupby(["observer", "condition"]).mean().unstack("condition").sort_index()


def spread(values: Array, method: Method) -> Spread:
    """Summarise (K,n), one row per observer.

    The interval resamples whole observers. NaN: below two observers there is neither sd nor interval; where
    all agree exactly there is no interval.
    """
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    filled = np.where(finite, values, 0.0)
    mean = _over(filled.sum(axis=0), count)
    sd = np.sqrt(_over((np.where(finite, values - mean, 0.0) ** 2).sum(axis=0), count - 1))
    weights = observer_weights(len(values), method.bootstraps, method.seed)
    replicates = _over(weights @ filled, weights @ finite)
    ends = [_interval(*column, method) for column in zip(mean, replicates.T, sd, count, strict=True)]
    low, high = np.array(ends, dtype=float).reshape(-1, 2).T
    return Spread(mean, low, high, sd, count)


def means(ratings: Ratings, method: Method) -> pd.DataFrame:
    """Tabulate mean ratings, one row per criterion and condition, best first within a criterion.

    Columns: criterion, condition, mean, low, high, sd (between observers), observers, ratings; then
    reference_difference, reference_low, reference_high: how far below (-) the hidden reference, averaged over
    the scenes in which the observer rated both (as in ACR with hidden reference, ITU-T P.910). There is no
    mean over criteria: they ask for different things, on scales that need not be the same.
    """
    table = images(ratings)
    tables = []
    for criterion in ratings.criteria:
        own = observer_means(ratings, criterion)
        counts = table[table["criterion"] == criterion]["condition"].value_counts()
        apart = spread(_from_reference(ratings, criterion, own), method)
        rows = pd.DataFrame(
            {
                "criterion": criterion,
                "condition": own.columns.to_list(),
                **vars(spread(own.to_numpy(float), method)),
                "ratings": [int(counts[name]) for name in own.columns],
                "reference_difference": apart.mean,
                "reference_low": apart.low,
                "reference_high": apart.high,
            }
        )
        tables.append(rows.sort_values("mean", ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)


def differences(ratings: Ratings, method: Method) -> pd.DataFrame:
    """All pairs of conditions of each criterion: observers' mean differences within a scene, paired t test.

    Columns: criterion, a, b, difference (a - b), low, high, observers (who rated both in a scene), p
    (two-sided, Student 1908), p_adjusted (Holm 1979, within the criterion), significant. NaN where fewer than
    two observers rated both in one scene, or all of them differ by exactly the same. The reference is not
    among the conditions.
    """
    tables = [_differences(ratings, criterion, method) for criterion in ratings.criteria]
    return pd.concat(tables, ignore_index=True)


def _differences(ratings: Ratings, criterion: str, method: Method) -> pd.DataFrame:
    own = _scenes(ratings, criterion).drop(columns=ratings.reference, errors="ignore")
    pairs = list(combinations(own.columns, 2))
    apart = pd.DataFrame({pair: own[pair[0]] - own[pair[1]] for pair in pairs}, index=own.index)
    summary = spread(apart.groupby("observer").mean().to_numpy(float), method)
    p = _paired(summary)
    adjusted = holm(p)
    return pd.DataFrame(
        {
            "criterion": criterion,
            "a": [a for a, _ in pairs],
            "b": [b for _, b in pairs],
            "difference": summary.mean,
            "low": summary.low,
            "high": summary.high,
            "observers": summary.observers,
            "p": p,
            "p_adjusted": adjusted,
            "significant": adjusted < ALPHA,
        }
    )


def _by_image(ratings: Ratings) -> "pd.Series[float]":
    table = images(ratings)
    return table.groupby(IMAGE, sort=True)["rating"].mean()


def _scenes(ratings: Ratings, criterion: str) -> pd.DataFrame:
    """Tabulate mean ratings by observer and scene, one column per condition, NaN without a rating."""
    by_image = _by_image(ratings)
    own = by_image.loc[by_image.index.get_level_values("criterion") == criterion].unstack("condition")
    return own.droplevel("criterion")


def _from_reference(ratings: Ratings, criterion: str, own: pd.DataFrame) -> Array:
    """Each observer's mean difference (K,n) from the hidden reference in the same scene."""
    every = _scenes(ratings, criterion)
    if ratings.reference not in every:
        return np.full(own.shape, np.nan)
    apart = every.sub(every[ratings.reference], axis=0).groupby("observer").mean()
    apart[ratings.reference] = np.nan
    return apart.reindex(index=own.index, columns=own.columns).to_numpy(float)


def _interval(mean: float, replicates: Array, sd: float, count: int, method: Method) -> tuple[float, float]:
    finite = replicates[np.isfinite(replicates)]
    if count < 2 or sd < LEAST_SD or finite.size < 2:
        return np.nan, np.nan
    low, high = INTERVALS[method.interval].build(np.array([mean]), finite[:, None], int(count))
    return float(low[0]), float(high[0])


def _paired(summary: Spread) -> Array:
    """Two-sided p of the mean of the observers' differences."""
    tested = (summary.observers > 1) & (summary.sd > LEAST_SD)
    se = np.where(tested, summary.sd, np.nan) / np.sqrt(np.maximum(summary.observers, 1))
    p: Array = 2 * stdtr(np.maximum(summary.observers - 1, 1), -np.abs(summary.mean / se))
    return p


def _over(total: Array, count: Array) -> Array:
    """Divide, with NaN where there is nothing to divide by."""
    ratio: Array = np.divide(total, count, out=np.full(np.shape(total), np.nan), where=np.asarray(count) > 0)
    return ratio
