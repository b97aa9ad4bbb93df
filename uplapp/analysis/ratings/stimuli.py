"""Each image by itself: mean, difference from the hidden reference, score without the raters' bias."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from uplapp.analysis.ratings.norms import norms
from uplapp.analysis.ratings.raters import (
    RaterFit,
    Sheet,
    fit_raters,
    jackknife_se,
    plain_likelihood,
    rater_likelihood,
)
from uplapp.analysis.reading.ratings import Ratings, images
from uplapp.analysis.scoring import LEVEL
from uplapp.values import Rows

IMAGE = ["condition", "scene"]


@dataclass(frozen=True, eq=False)
class RaterModel:
    """The model of bias and inconsistency of one criterion.

    `images` (E,) are (condition, scene), `observers` (S,) names, in the order of `fit`. `plain` and `raters`
    are (log-likelihood, parameters) of mean ratings with own spreads, and of the model at its peak of `ml`.
    """

    criterion: str
    images: pd.MultiIndex
    observers: tuple[str, ...]
    fit: RaterFit
    ratings: int
    plain: tuple[float, int]
    raters: tuple[float, int]


def rater_model(ratings: Ratings, criterion: str, likelihood: str = "reml") -> RaterModel:
    """Fit the ratings of one criterion by a name of LIKELIHOODS."""
    table = _of(ratings, criterion)
    who, observers = _codes(table["observer"])
    keys = pd.MultiIndex.from_frame(table[IMAGE])
    order = keys.unique().sort_values()
    image: Rows = np.asarray(order.get_indexer(keys), dtype=np.intp)
    rating = table["rating"].to_numpy(float)
    sheet = Sheet.of(who, image, rating)
    return RaterModel(
        criterion,
        order,
        observers,
        fit_raters(sheet, likelihood),
        len(table),
        plain_likelihood(pd.DataFrame({"image": image, "rating": rating})),
        rater_likelihood(sheet),
    )


def condition_scores(model: RaterModel) -> pd.DataFrame:
    """Tabulate the mean score of each condition over its scenes, with a 95% interval over observers.

    Columns: criterion, condition, score, score_low, score_high. The interval is Student's t on the standard
    error of a jackknife over observers.
    """
    names = model.images.get_level_values("condition")
    conditions = sorted(set(names))
    share = np.array([(names == name) / (names == name).sum() for name in conditions])
    score = share @ model.fit.scores
    reach = stdtrit(len(model.observers) - 1, (1 + LEVEL) / 2) * jackknife_se(model.fit.replicates @ share.T)
    return pd.DataFrame(
        {
            "criterion": model.criterion,
            "condition": conditions,
            "score": score,
            "score_low": score - reach,
            "score_high": score + reach,
        }
    )


def image_table(ratings: Ratings, model: RaterModel, highest: float | None = None) -> pd.DataFrame:
    """Tabulate the images of one criterion.

    Columns: criterion, condition, scene, ratings, mos, sd, se, score, score_se, dmos, dmos_se, dmos_top.
    The DMOS is the mean of observers' own differences from the hidden reference of the scene plus the
    highest step of the scale (`dmos_top`: `highest`, else the highest rating given), as in ITU-T P.910, so
    that the reference itself has that value. NaN where the scene has no reference.
    """
    table = _of(ratings, model.criterion)
    own = table.groupby(["observer", *IMAGE])["rating"].mean()
    top = float(own.max() if highest is None else highest)
    apart = _from_reference(own, ratings.reference) + top
    mos, dmos = (_summary(values, model.images) for values in (table.set_index(IMAGE)["rating"], apart))
    return pd.DataFrame(
        {
            "criterion": model.criterion,
            "condition": model.images.get_level_values("condition"),
            "scene": model.images.get_level_values("scene"),
            "ratings": mos["count"].to_numpy(int),
            "mos": mos["mean"].to_numpy(float),
            "sd": mos["std"].to_numpy(float),
            "se": mos["se"].to_numpy(float),
            "score": model.fit.scores,
            "score_se": model.fit.scores_se,
            "dmos": dmos["mean"].to_numpy(float),
            "dmos_se": dmos["se"].to_numpy(float),
            "dmos_top": top,
        }
    )


def rater_table(ratings: Ratings, model: RaterModel) -> pd.DataFrame:
    """Tabulate the observers of one criterion: bias, inconsistency, and what the recommendations say.

    Columns: criterion, observer, rater_bias, rater_bias_se, inconsistency, inconsistency_se, and those of
    `norms`.
    """
    fit = model.fit
    table = pd.DataFrame(
        {
            "criterion": model.criterion,
            "observer": model.observers,
            "rater_bias": fit.bias,
            "rater_bias_se": fit.bias_se,
            "inconsistency": fit.inconsistency,
            "inconsistency_se": fit.inconsistency_se,
        }
    )
    return table.join(norms(ratings, model.criterion), on="observer")


def model_row(model: RaterModel) -> dict[str, object]:
    """Compare mean ratings and the model by AIC and BIC per rating, as sureal does.

    sureal counts one parameter more of the model, the mean bias, which is fixed.
    """
    row: dict[str, object] = {"criterion": model.criterion, "ratings": model.ratings}
    for name, (value, parameters) in {"mos": model.plain, "raters": model.raters}.items():
        row |= {
            f"{name}_log_likelihood": value / model.ratings,
            f"{name}_parameters": parameters,
            f"{name}_aic": 2 * (parameters - value) / model.ratings,
            f"{name}_bic": (np.log(model.ratings) * parameters - 2 * value) / model.ratings,
        }
    return row


def _of(ratings: Ratings, criterion: str) -> pd.DataFrame:
    table = images(ratings)
    return table[table["criterion"] == criterion]


def _codes(names: "pd.Series[str]") -> tuple[Rows, tuple[str, ...]]:
    order = sorted(set(names))
    place = {name: code for code, name in enumerate(order)}
    return np.array([place[name] for name in names], dtype=np.intp), tuple(order)


def _from_reference(own: "pd.Series[float]", reference: str) -> "pd.Series[float]":
    """Differences of the ratings from the observer's own of the reference in the same scene."""
    table = own.reset_index()
    hidden = table[table["condition"] == reference].set_index(["observer", "scene"])["rating"]
    there = pd.MultiIndex.from_frame(table[["observer", "scene"]])
    table["rating"] -= hidden.reindex(there).to_numpy(float)
    return table.set_index(["observer", *IMAGE])["rating"]


def _summary(values: "pd.Series[float]", order: pd.MultiIndex) -> pd.DataFrame:
    table = values.dropna().groupby(IMAGE).agg(["count", "mean", "std"]).reindex(order)
    return table.assign(count=table["count"].fillna(0), se=table["std"] / np.sqrt(table["count"]))
