"""Ratings -> everything that is said about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.ratings.means import LEAST_SD, differences, means
from uplapp.analysis.ratings.norms import dropouts
from uplapp.analysis.ratings.raters import FEWEST, LIKELIHOODS
from uplapp.analysis.ratings.screening import screen
from uplapp.analysis.ratings.stimuli import (
    RaterModel,
    condition_scores,
    image_table,
    model_row,
    rater_model,
    rater_table,
)
from uplapp.analysis.reading.ratings import Ratings, images, without
from uplapp.analysis.scoring import FEW_OBSERVERS, INTERVALS, MOST_BOOTSTRAPS
from uplapp.analysis.writing.wording import listed, plural
from uplapp.errors import UplappError
from uplapp.values import Method

MOST_OUT = 0.25  # of the observers, left out by a screening without a warning
SCOPE = "other observers, these stimuli"


@dataclass(frozen=True)
class Treatment:
    """How ratings are treated beyond their means.

    `likelihood` of LIKELIHOODS fits the raters; `highest` is the last step of the scale, for the DMOS; a
    screening of SCREENINGS leaves observers out.
    """

    likelihood: str = "reml"
    highest: float | None = None
    screening: str = "none"


@dataclass(frozen=True, eq=False)
class RatingReport:
    """Tables of `means`, `differences` and `screen` (all observers, those left out too), and cautions.

    `means` has the columns of `condition_scores` too; `images`, `raters` and `models` are those of
    `image_table`, `rater_table` and `model_row`, of all criteria.
    """

    ratings: Ratings
    means: pd.DataFrame
    differences: pd.DataFrame
    observers: pd.DataFrame
    images: pd.DataFrame
    raters: pd.DataFrame
    models: pd.DataFrame
    method: Method
    treatment: Treatment
    warnings: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many observers the means are of."""
        return int(images(self.ratings)["observer"].nunique())


def rating_report(
    ratings: Ratings,
    method: Method = Method(),  # noqa: B008 - frozen
    exclude: Mapping[str, str] = {},
    treatment: Treatment = Treatment(),
) -> RatingReport:
    """Compute mean ratings with intervals, tests, screening, and scores without the raters' bias.

    `exclude` maps observers to reasons. Of `method` only interval, bootstraps and seed are used.
    """
    _check(method)
    kept = without(ratings, exclude) if exclude else ratings
    out = {dropout.observer: dropout.reason for dropout in dropouts(kept, treatment.screening)}
    kept = without(kept, out) if out else kept
    models = [rater_model(kept, criterion, treatment.likelihood) for criterion in kept.criteria]
    scores = pd.concat([condition_scores(model) for model in models], ignore_index=True)
    return RatingReport(
        ratings=kept,
        means=means(kept, method).merge(scores, how="left", on=["criterion", "condition"]),
        differences=differences(kept, method),
        observers=screen(ratings),
        images=_stacked([image_table(kept, model, treatment.highest) for model in models]),
        raters=_stacked([rater_table(kept, model) for model in models]),
        models=pd.DataFrame([model_row(model) for model in models]),
        method=method,
        treatment=treatment,
        warnings=(*_warnings(kept, method), *_no_peak(models), *_many(len(out), ratings, treatment)),
    )


def headline(report: RatingReport) -> str:
    """Say in one sentence which condition is rated highest on each criterion, and how sure that is."""
    said = [_best(report, criterion) for criterion in report.ratings.criteria]
    return f"{'; '.join(filter(None, said))} ({plural(report.people, 'observer')})."


def methods(report: RatingReport) -> str:
    """Say in a paragraph for a paper what was done and how."""
    ratings, method = report.ratings, report.method
    table = images(ratings)
    people = plural(report.people, "SIMULATED observer" if ratings.simulated else "observer")
    rated = table.drop_duplicates(["condition", "scene"])
    excluded = "; ".join(f"{name} ({reason})" for name, reason in ratings.excluded)
    sentences = [
        f"{people} rated {plural(len(rated), 'image')} one at a time on "
        f"{plural(len(ratings.criteria), 'scale')} ({listed(list(ratings.criteria))}).",
        "Ratings were averaged over the scenes within an observer, then over observers.",
        f"Intervals are 95% {method.interval} intervals from {method.bootstraps} bootstrap replicates of "
        f"whole observers (seed {method.seed}).",
        "Differences were tested by paired t tests on observers' means, Holm-adjusted within a scale.",
        "Differences from the hidden reference are taken within a scene." if _has_reference(report) else "",
        _raters(report),
        f"Intervals and tests speak of {SCOPE}.",
        f"Left out: {excluded}." if excluded else "",
        f"Analysed with uplapp {__version__}.",
    ]
    return " ".join(filter(None, sentences))


def _raters(report: RatingReport) -> str:
    """Say how the scores without the raters' bias were fitted. The text is empty without such scores."""
    if report.images["score"].isna().all():
        return ""
    how = LIKELIHOODS[report.treatment.likelihood].partition(",")[0]
    return (
        "Scores without the raters' bias are from the model of bias and inconsistency of Li et al. (2020, "
        f"ITU-T P.913), fitted by {how}, with 95% t intervals from a jackknife over observers."
    )


def _has_reference(report: RatingReport) -> bool:
    return bool(report.means["reference_difference"].notna().any())


def to_dict(report: RatingReport) -> dict[str, Any]:
    """Turn a report into plain values, tables into lists of rows."""
    return {
        "criteria": list(report.ratings.criteria),
        "means": report.means,
        "differences": report.differences,
        "observers": report.observers,
        "images": report.images,
        "raters": report.raters,
        "models": report.models,
        "excluded": [{"observer": name, "reason": reason} for name, reason in report.ratings.excluded],
        "warnings": list(report.warnings),
        **_provenance(report),
    }


def to_json(report: RatingReport) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(report))


def to_csv(report: RatingReport, table: pd.DataFrame | None = None) -> str:
    """Write the means, or another table of the report, as CSV, with their provenance in each row."""
    reasons = "; ".join(f"{observer}: {reason}" for observer, reason in report.ratings.excluded)
    rows = report.means if table is None else table
    return plain.to_csv(rows.assign(**_provenance(report), excluded=reasons), decimals=6)


def _provenance(report: RatingReport) -> dict[str, Any]:
    """What a reader needs to repeat the numbers."""
    ratings, method = report.ratings, report.method
    return {
        "units": "steps of the scale; means within an observer first, then over observers",
        "interval": method.interval,
        "bootstraps": method.bootstraps,
        "seed": method.seed,
        "tests": "paired t on observers' means, Holm within a criterion",
        "scope": SCOPE,
        "likelihood": report.treatment.likelihood,
        "screening": report.treatment.screening,
        "all_observers": report.people,
        "simulated": ratings.simulated,
        "manifest": ratings.manifest,
        "version": __version__,
    }


def _check(method: Method) -> None:
    INTERVALS[method.interval]
    if not 2 <= method.bootstraps <= MOST_BOOTSTRAPS:
        raise UplappError(f"bootstraps is {method.bootstraps}; it must be from 2 to {MOST_BOOTSTRAPS}")
    if method.seed < 0:
        raise UplappError(f"seed is {method.seed}; it must be 0 or more")


def _warnings(ratings: Ratings, method: Method) -> tuple[str, ...]:
    return (*ratings.notes, *_few(ratings, method), *_incomplete(ratings))


def _no_peak(models: list[RaterModel]) -> list[str]:
    """Say on which criteria there are no scores without the raters' bias, and why."""
    lost = [model for model in models if np.isnan(model.fit.scores).all()]
    few = [model.criterion for model in lost if len(model.observers) < FEWEST]
    others = [model.criterion for model in lost if model.criterion not in few]
    none = "no scores without the raters' bias"
    said = [f"{none} on {listed(few)}: they need {FEWEST} observers"] if few else []
    return [
        *said,
        *(
            [
                f"{none} on {listed(others)}: no chain of common images joins all observers, or one of them "
                "explains himself exactly"
            ]
            if others
            else []
        ),
    ]


def _many(out: int, ratings: Ratings, treatment: Treatment) -> list[str]:
    """Warn of a screening that leaves out a large part of the observers."""
    people = images(ratings)["observer"].nunique()
    if out <= MOST_OUT * people:
        return []
    return [
        f"the screening {treatment.screening} leaves out {out} of {people} observers: its limits are made "
        "for stimuli that differ clearly; where tastes or small differences are rated, take none"
    ]


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


def _few(ratings: Ratings, method: Method) -> list[str]:
    people = images(ratings)["observer"].nunique()
    if people < 2:
        return ["one observer: no interval and no test, as nothing is known of differences between observers"]
    if people >= FEW_OBSERVERS:
        return []
    if method.interval == "percentile":
        return [f"percentile intervals of {people} observers cover about 75 to 80%, not 95%; take t"]
    return [
        f"intervals and tests of {people} observers hold only if people's means scatter normally; below "
        f"{FEW_OBSERVERS} observers that cannot be seen"
    ]


def _incomplete(ratings: Ratings) -> list[str]:
    """Say so if not all observers rated the same images."""
    main = ratings.table[ratings.table["kind"] == "main"]
    rated = main.drop_duplicates(["observer", "condition", "scene", "criterion"])
    every = rated.drop_duplicates(["condition", "scene", "criterion"])
    if len(rated) == len(every) * rated["observer"].nunique():
        return []
    return ["not every observer rated every image; means and differences also hold what sets those apart"]


def _best(report: RatingReport, criterion: str) -> str:
    means, tests = (table[table["criterion"] == criterion] for table in (report.means, report.differences))
    rated = means[means["condition"] != report.ratings.reference]
    if rated.empty:
        return f"{criterion}: only the reference was rated"
    top = rated["mean"].max()
    best = rated.loc[rated["mean"] > top - LEAST_SD, "condition"].to_list()
    if len(best) > 1:
        return f"{criterion}: {listed(best)} are rated highest, {top:.2f}"
    own = tests[(tests["a"] == best[0]) | (tests["b"] == best[0])]
    clear = int(own["significant"].sum())
    sure = f"clearly above {clear} of {plural(len(own), 'other')}" if clear else "perhaps by chance"
    return f"{criterion}: {best[0]} is rated highest, {top:.2f}{f', {sure}' if len(own) else ''}"
