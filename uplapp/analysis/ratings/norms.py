"""Whom the recommendations would leave out: ITU-R BT.500 (kurtosis), ITU-T P.913 (correlation)."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.reading.ratings import Ratings, images
from uplapp.errors import UnknownName

SCREENINGS = {"none": "nobody", "bt500": "ITU-R BT.500, by kurtosis", "p913": "ITU-T P.913, by correlation"}
NORMAL = (2.0, 4.0)  # kurtosis of ratings that BT.500 takes as normal
NORMAL_FAR, OTHER_FAR = 2.0, 20**0.5  # standard deviations
MOST_FAR, LEAST_LEAN = 0.05, 0.3
LEAST_BY_IMAGE, LEAST_BY_CONDITION = 0.75, 0.8
FEWEST = 3  # images or conditions that a correlation is of
COLUMNS = ("bt500_far", "bt500_lean", "bt500_out", "p913_images", "p913_conditions", "p913_out")


@dataclass(frozen=True)
class Dropout:
    """An observer whom a screening leaves out of all criteria, and why."""

    observer: str
    reason: str


def norms(ratings: Ratings, criterion: str) -> pd.DataFrame:
    """Tabulate the observers of one criterion by name, with the columns of COLUMNS.

    `bt500_far`: share of an observer's ratings that lie 2 standard deviations (sqrt 20 where the image's
    ratings have a kurtosis outside 2 to 4) or more from the image's mean; `bt500_lean`: how one-sided these
    are, 0 to 1. Out is who has more than .05 far ratings with a lean below .3 (BT.500-14, Annex 1).
    `p913_images`, `p913_conditions`: correlation with the mean ratings of images, and of conditions; out is
    who lies below .75 and below .8 (P.913, after the VQEG multimedia test plan). NaN is not out.
    """
    table = images(ratings)
    table = table[table["criterion"] == criterion]
    far, beside = _far(table), _beside_means(table)
    joined = pd.concat([far, beside], axis=1).sort_index()
    bt500 = (joined["bt500_far"] > MOST_FAR) & (joined["bt500_lean"] < LEAST_LEAN)
    p913 = (joined["p913_images"] < LEAST_BY_IMAGE) & (joined["p913_conditions"] < LEAST_BY_CONDITION)
    return joined.assign(bt500_out=bt500, p913_out=p913)[list(COLUMNS)]


def dropouts(ratings: Ratings, screening: str) -> tuple[Dropout, ...]:
    """List the raters whom a screening leaves out on at least one criterion.

    A screening that would leave out everybody leaves out nobody.
    """
    if screening not in SCREENINGS:
        raise UnknownName("screening", screening, SCREENINGS)
    if screening == "none":
        return ()
    found: dict[str, Dropout] = {}
    for criterion in ratings.criteria:
        table = norms(ratings, criterion)
        for row in table[table[f"{screening}_out"]].reset_index().to_dict("records"):
            reason = _bt500(row) if screening == "bt500" else _p913(row)
            on = f" on {criterion}" if len(ratings.criteria) > 1 else ""
            name = str(row["observer"])
            found.setdefault(name, Dropout(name, f"{reason}{on}"))
    everybody = len(found) == images(ratings)["observer"].nunique()
    return () if everybody else tuple(found[name] for name in sorted(found))


def _far(table: pd.DataFrame) -> pd.DataFrame:
    """Share of ratings far from the image's mean, and how one-sided they are, by observer."""
    image = [table["condition"], table["scene"]]
    rating = table["rating"]
    apart = rating - rating.groupby(image).transform("mean")
    second = (apart**2).groupby(image).transform("mean")
    kurtosis = (apart**4).groupby(image).transform("mean") / (second**2).replace(0.0, np.nan)
    limit = np.where(kurtosis.between(*NORMAL), NORMAL_FAR, OTHER_FAR)
    sd = rating.groupby(image).transform("std").replace(0.0, np.nan)
    above, below = apart >= limit * sd, apart <= -limit * sd
    sums = pd.DataFrame({"above": above, "below": below}).groupby(table["observer"]).agg(["sum", "size"])
    up, down = sums["above", "sum"], sums["below", "sum"]
    lean = (up - down).abs() / (up + down).replace(0, np.nan)
    return pd.DataFrame({"bt500_far": (up + down) / sums["above", "size"], "bt500_lean": lean})


def _beside_means(table: pd.DataFrame) -> pd.DataFrame:
    """Correlation of each observer's ratings with the means of images, and of conditions."""
    columns = {"p913_images": ["condition", "scene"], "p913_conditions": ["condition"]}
    parts = {}
    for name, keys in columns.items():
        everyone = table.groupby(keys)["rating"].mean()
        own = table.groupby(["observer", *keys])["rating"].mean()
        parts[name] = pd.Series(
            {
                who: _correlation(part.droplevel("observer"), everyone)
                for who, part in own.groupby("observer")
            },
            dtype=float,
        )
    return pd.DataFrame(parts).rename_axis("observer")


def _correlation(own: "pd.Series[float]", everyone: "pd.Series[float]") -> float:
    both = pd.concat([own, everyone], axis=1, join="inner", keys=["own", "everyone"])
    if len(both) < FEWEST or (both.nunique() < 2).any():
        return np.nan
    return float(np.corrcoef(both["own"], both["everyone"])[0, 1])


def _bt500(row: Mapping[Hashable, Any]) -> str:
    return f"BT.500: {row['bt500_far']:.1%} of ratings far from the mean, to both sides"


def _p913(row: Mapping[Hashable, Any]) -> str:
    return f"P.913: correlation {row['p913_images']:.2f} by image, {row['p913_conditions']:.2f} by condition"
