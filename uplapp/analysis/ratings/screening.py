"""How each observer rated: bias, agreement with the others, repeats, the hidden reference, pace."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.observers.conduct import robotic
from uplapp.analysis.observers.outliers import distances
from uplapp.analysis.observers.screening import FAR, ROBOTIC_SHARE
from uplapp.analysis.reading.cells import numbers
from uplapp.analysis.reading.ratings import Ratings, images

CLOSE = 0.999  # correlations nearer to 1 differ by rounding
FEWEST_IMAGES = 6  # for a correlation, or for one rating throughout, worth a look
MOST_BELOW = 0.5
IMAGE = ["criterion", "condition", "scene"]


def screen(ratings: Ratings) -> pd.DataFrame:
    """Tabulate the observers, sorted by name.

    `looks` says what to look at. Columns: observer; `images` rated, all criteria; `bias`, mean distance from
    the others' mean of the same image; `agreement`, the correlation with those means, and how `far` below the
    observers' first quartile it lies, in quartile ranges of Fisher's z (one limit for all scales would call
    whole panels odd on short ones); `constant`, if all ratings are the same; `repeats_shown`, `repeats_same`
    (share) and `repeats_apart` (mean distance in steps); `reference_shown` and `reference_below`, the share
    of the other images of its scene that were rated above the hidden reference; `median_s`; `robotic_share`,
    answers with a flag of ROBOTIC. What is not known is NaN.
    """
    own = images(ratings).groupby(["observer", *IMAGE])["rating"].mean()
    people = pd.Index(sorted(set(ratings.table["observer"])), name="observer")
    parts: list[Any] = [_beside_others(own), _repeats(ratings, own), _reference(ratings, own)]
    parts += [_pace(ratings), robotic(images(ratings))]
    table: pd.DataFrame = pd.concat([part.reindex(people) for part in parts], axis=1)
    counts = ["images", "repeats_shown", "reference_shown"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["far"] = distances(np.arctanh(table["agreement"].clip(-CLOSE, CLOSE).to_numpy(float)))
    return table.assign(looks=[_looks(row) for row in table.to_dict("records")]).reset_index()


def _beside_others(own: "pd.Series[float]") -> pd.DataFrame:
    """Distance and correlation of each observer's ratings and the mean of all others of the same image."""
    same = own.groupby(IMAGE)
    others = (same.transform("sum") - own) / (same.transform("count") - 1).replace(0, np.nan)
    both = pd.DataFrame({"own": own, "others": others}).groupby("observer")
    return pd.DataFrame(
        {
            "images": own.groupby("observer").count(),
            "bias": (own - others).groupby("observer").mean(),
            "agreement": pd.Series({name: _correlation(part) for name, part in both}, dtype=float),
            "constant": own.groupby("observer").nunique() == 1,
        }
    )


def _correlation(part: pd.DataFrame) -> float:
    complete = part.dropna()
    if len(complete) < FEWEST_IMAGES or (complete.nunique() < 2).any():
        return np.nan
    return float(np.corrcoef(complete["own"], complete["others"])[0, 1])


def _repeats(ratings: Ratings, own: "pd.Series[float]") -> pd.DataFrame:
    """Images rated again, beside the first rating."""
    table = ratings.table[ratings.table["kind"] == "repeat"]
    again = table.groupby(["observer", *IMAGE])["rating"].mean()
    apart = (again - own.reindex(again.index)).abs().dropna().groupby("observer")
    same = apart.apply(lambda distances: float((distances == 0).mean()))
    return pd.DataFrame({"repeats_shown": apart.count(), "repeats_same": same, "repeats_apart": apart.mean()})


def _reference(ratings: Ratings, own: "pd.Series[float]") -> pd.DataFrame:
    """How often the hidden reference was rated below another image of its scene."""
    wide = own.unstack("condition")
    if ratings.reference not in wide or len(wide.columns) == 1:
        return pd.DataFrame(columns=["reference_shown", "reference_below"], dtype=float)
    hidden = wide.pop(ratings.reference)
    both_rated = wide.notna().to_numpy() & hidden.notna().to_numpy()[:, None]
    above = both_rated & (wide.to_numpy() > hidden.to_numpy()[:, None])
    sums = pd.DataFrame({"known": both_rated.sum(axis=1), "above": above.sum(axis=1)}, wide.index)
    sums = sums.groupby("observer").sum()
    below = sums["above"] / sums["known"].replace(0, np.nan)
    return pd.DataFrame(
        {"reference_shown": hidden.groupby("observer").count(), "reference_below": below.astype(float)}
    )


def _pace(ratings: Ratings) -> pd.DataFrame:
    table = images(ratings)
    if "response_ms" not in table:
        return pd.DataFrame(columns=["median_s"], dtype=float)
    seconds = pd.Series(numbers(table, "response_ms", ratings.source, 0.0) / 1000, table.index)
    return seconds.groupby(table["observer"]).median().rename("median_s").to_frame()


def _looks(row: Mapping[Hashable, Any]) -> str:
    """Say what is unusual about an observer, '' for nothing.

    NaN is nothing.
    """
    said = {
        "the same rating throughout": row["constant"] is True and row["images"] >= FEWEST_IMAGES,
        f"agreement with the others {row['agreement']:.2f}": row["far"] > FAR,
        f"reference below {row['reference_below']:.0%} of other images": row["reference_below"] > MOST_BELOW,
        f"repeats {row['repeats_apart']:.1f} steps apart": row["repeats_apart"] > 1,
        f"no human timing in {row['robotic_share']:.0%} of answers": row["robotic_share"] > ROBOTIC_SHARE,
    }
    return "; ".join(text for text, is_so in said.items() if is_so)
