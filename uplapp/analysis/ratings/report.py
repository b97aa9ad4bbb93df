"""Ratings -> everything that is said about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from uplapp import __version__, plain
from uplapp.analysis.ratings.means import LEAST_SD, differences, means
from uplapp.analysis.ratings.screening import screen
from uplapp.analysis.reading.ratings import Ratings, images, without
from uplapp.analysis.scoring import FEW_OBSERVERS, INTERVALS, MOST_BOOTSTRAPS
from uplapp.analysis.writing.wording import listed, plural
from uplapp.errors import UplappError
from uplapp.values import Method


@dataclass(frozen=True, eq=False)
class RatingReport:
    """Tables of `means`, `differences` and `screen` (all observers, those left out too), and cautions."""

    ratings: Ratings
    means: pd.DataFrame
    differences: pd.DataFrame
    observers: pd.DataFrame
    method: Method
    warnings: tuple[str, ...]

    @property
    def people(self) -> int:
        """How many observers the means are of."""
        return int(images(self.ratings)["observer"].nunique())


def rating_report(
    ratings: Ratings,
    method: Method = Method(),  # noqa: B008 - frozen
    exclude: Mapping[str, str] = {},
) -> RatingReport:
    """Compute mean ratings with intervals, tests and screening.

    `exclude` maps observers to reasons. Of `method` only interval, bootstraps and seed are used.
    """
    _check(method)
    kept = without(ratings, exclude) if exclude else ratings
    return RatingReport(
        kept, means(kept, method), differences(kept, method), screen(ratings), method, _warnings(kept, method)
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
        f"Intervals are 95 % {method.interval} intervals from {method.bootstraps} bootstrap replicates of "
        f"whole observers (seed {method.seed}).",
        "Differences were tested by paired t tests on observers' means, Holm-adjusted within a scale.",
        "Differences from the hidden reference are taken within a scene." if _has_reference(report) else "",
        f"Left out: {excluded}." if excluded else "",
        f"Analysed with uplapp {__version__}.",
    ]
    return " ".join(filter(None, sentences))


def _has_reference(report: RatingReport) -> bool:
    return bool(report.means["reference_difference"].notna().any())


def to_dict(report: RatingReport) -> dict[str, Any]:
    """Turn a report into plain values, tables into lists of rows."""
    return {
        "criteria": list(report.ratings.criteria),
        "means": report.means,
        "differences": report.differences,
        "observers": report.observers,
        "excluded": [{"observer": name, "reason": reason} for name, reason in report.ratings.excluded],
        "warnings": list(report.warnings),
        **_provenance(report),
    }


def to_json(report: RatingReport) -> str:
    """Write everything as strict JSON: what is undefined is null, never NaN."""
    return plain.to_json(to_dict(report))


def to_csv(report: RatingReport) -> str:
    """Write the means as CSV, with their provenance in each row."""
    reasons = "; ".join(f"{observer}: {reason}" for observer, reason in report.ratings.excluded)
    table = report.means.assign(**_provenance(report), excluded=reasons)
    return plain.to_csv(table, decimals=6)


def _provenance(report: RatingReport) -> dict[str, Any]:
    """What a reader needs to repeat the numbers."""
    ratings, method = report.ratings, report.method
    return {
        "units": "steps of the scale; means within an observer first, then over observers",
        "interval": method.interval,
        "bootstraps": method.bootstraps,
        "seed": method.seed,
        "tests": "paired t on observers' means, Holm within a criterion",
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


def _few(ratings: Ratings, method: Method) -> list[str]:
    people = images(ratings)["observer"].nunique()
    if people < 2:
        return ["one observer: no interval and no test, as nothing is known of differences between observers"]
    if people >= FEW_OBSERVERS:
        return []
    if method.interval == "percentile":
        return [f"percentile intervals of {people} observers cover about 75 to 80 %, not 95 %; take t"]
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
