"""A report as plain text for the terminal."""

import numpy as np
import pandas as pd

from uplapp.analysis.observers.screening import side_by_side
from uplapp.analysis.scoring import ALPHA, ranking, upright
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import (
    chance,
    fixed,
    interaction_words,
    one_line,
    plural,
    scene_words,
    simpler_fits,
)
from uplapp.values import Difference, Estimate, Scores


def summary(report: Report) -> str:
    """Ranking with letters, tests, fit, side bias, scenes, exclusions, warnings."""
    return "\n".join(
        [
            _basis(report.scores),
            _table(report),
            *map(one_line, _tests(report.scores)),
            *_fit(report),
            *_interaction(report),
            *_estimates(report.scores),
            *_scenes(report),
            *_exclusion(report),
            *(one_line(f"warning: {warning}") for warning in report.warnings),
        ]
    )


def _basis(scores: Scores) -> str:
    people = "a matrix" if scores.observers is None else plural(scores.observers, "observer")
    comparisons = plural(scores.comparisons, "comparison")
    return f"{comparisons}, {people}, prior: {scores.method.prior}, intervals: {scores.interval}"


def _table(report: Report) -> str:
    table = ranking(report.scores)
    words = dict(zip(report.scores.conditions, report.letters, strict=True))
    table["letters"] = table["condition"].map(words).replace("", "-")
    return _printed(table)


def _printed(table: pd.DataFrame) -> str:
    """Print numbers with three digits, whole ones with none, and a dash for what is undefined."""
    return table.map(_cell).to_string(index=False)


def _cell(value: object) -> str:
    if value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return "-"
    return fixed(value, 3) if isinstance(value, float) else str(value)


def _tests(scores: Scores) -> list[str]:
    significant = [pair for pair in scores.pairs if pair.significant]
    return [
        f"{len(significant)} of {plural(len(scores.pairs), 'difference')} significant (Holm-adjusted p < "
        f"{ALPHA}); conditions that share a letter do not differ significantly",
        *(_sentence(scores, pair) for pair in significant),
    ]


def _sentence(scores: Scores, pair: Difference) -> str:
    upper, lower = upright(scores, pair)
    far = (
        f"by {fixed(abs(pair.difference), 3)} JOD"
        if np.isfinite(pair.difference)
        else "by an unknown distance"
    )
    return f"  {upper} above {lower} {far}, {chance(pair.p_adjusted)}"


def _fit(report: Report) -> list[str]:
    test, circles = report.goodness, report.triads
    fit = "could not be tested"
    if np.isfinite(test.p):
        fit = f"G2 = {test.g2:.2f}, df = {test.df}, {chance(test.p)}"
    counts = f"{circles.circular} of {plural(circles.complete, 'triad')} circular"
    return [f"goodness of fit: {fit}; {counts}", *filter(None, [simpler_fits(report.scores.method)])]


def _interaction(report: Report) -> list[str]:
    test = report.interaction
    return [] if test is None else [f"scores by scene against scores of all: {interaction_words(test)}"]


def _estimates(scores: Scores) -> list[str]:
    estimates = {
        "side bias, towards the first-named condition (A)": scores.side,
        'half width of "not sure"': scores.tie,
    }
    return [f"{name}: {_estimate(estimate)}" for name, estimate in estimates.items() if estimate is not None]


def _estimate(estimate: Estimate) -> str:
    if not np.isfinite(estimate.jod):
        return "unknown"
    error = f", standard error {fixed(estimate.se, 3)}" if np.isfinite(estimate.se) else ""
    return f"{fixed(estimate.jod, 3)} JOD{error}"


def _scenes(report: Report) -> list[str]:
    if not report.scenes:
        return []
    columns = {
        name: dict(zip(some.conditions, some.jod, strict=True)) for name, some in report.scenes.items()
    }
    order = ranking(report.scores)["condition"]
    table = pd.DataFrame({name: order.map(scores) for name, scores in columns.items()})
    table.insert(0, "JOD by scene", order)
    return ["", _printed(table), *map(one_line, scene_words(report.scenes)), ""]


def _exclusion(report: Report) -> list[str]:
    said = [one_line(f"left out: {observer} ({reason})") for observer, reason in report.scores.excluded]
    if report.everyone is None:
        return said
    return [*said, "", _printed(side_by_side(report.everyone, report.scores)), ""]
