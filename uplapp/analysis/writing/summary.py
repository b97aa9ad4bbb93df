"""A report as plain text for the terminal."""

import numpy as np
import pandas as pd

from uplapp.analysis.observers.screening import side_by_side
from uplapp.analysis.scoring import ALPHA, ranking, scope, upright
from uplapp.analysis.writing.choices import both_bad_lines, step_lines
from uplapp.analysis.writing.covariate import covariate_lines
from uplapp.analysis.writing.people import group_lines, spread_lines
from uplapp.analysis.writing.ranks import rank_lines
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import (
    chance,
    fixed,
    interaction_words,
    one_line,
    plural,
    scene_words,
    simpler_fits,
    unequal_words,
    within_words,
)
from uplapp.values import Difference, Estimate, Scores

SCREEN = 60  # lines, where there is anything to leave out
MOST_ROWS = 44  # conditions, beyond which a table shows the best and the last
LEAST_PAIRS, MOST_PAIRS = 3, 30
MOST_CELLS = 120  # conditions x scenes, beyond which their scores stand in files alone
MOST_SCENES = 8
MOST_WARNINGS = MOST_EXCLUDED = 8
MOST_MOVED = 12  # conditions of a ranking beside another


def summary(report: Report) -> str:
    """Warnings, ranking with letters, tests, fit, side bias, scenes, exclusions, on about one screen.

    What is left out is said, and where it stands.
    """
    before = [*_warnings(report), _basis(report), *_table(report)]
    after = [
        *rank_lines(report.ranks, report.scores),
        *_fit(report),
        *_interaction(report),
        *_estimates(report.scores),
        *step_lines(report.scores, report.tally.steps),
        *both_bad_lines(report.both_bad),
        *covariate_lines(report.covariate),
        *spread_lines(report.spread),
        *group_lines(report.groups, report.scores),
        *_scenes(report),
        *_exclusion(report),
    ]
    room = SCREEN - len(before) - len(after) - 2
    tests = map(one_line, _tests(report.scores, min(MOST_PAIRS, max(LEAST_PAIRS, room))))
    return "\n".join([*before, *tests, *after])


def _warnings(report: Report) -> list[str]:
    lines = [one_line(f"warning: {warning}") for warning in report.warnings]
    more = [f"and {plural(len(lines) - MOST_WARNINGS, 'more warning')}, in --json"]
    return [*lines[:MOST_WARNINGS], *(more if len(lines) > MOST_WARNINGS else [])]


def _basis(report: Report) -> str:
    scores = report.scores
    nobody = "a matrix" if report.tally.of_matrix else "observers not named"
    people = nobody if scores.observers is None else plural(scores.observers, "observer")
    comparisons = plural(scores.comparisons, "comparison")
    whom = f"{scores.interval} ({scope(scores)})"
    return f"{comparisons}, {people}, prior: {scores.method.prior}, intervals: {whom}"


def _table(report: Report) -> list[str]:
    table = ranking(report.scores)
    words = dict(zip(report.scores.conditions, report.letters, strict=True))
    if not any(report.scores.bound):
        table = table.drop(columns=["bound", "bound_jod"])
    if len(set(report.scores.group)) == 1:
        table = table.drop(columns="group")
    table["letters"] = table["condition"].map(words).replace("", "-")
    return _printed(table)


def _printed(table: pd.DataFrame) -> list[str]:
    """Print numbers with three digits, whole ones with none, and a dash for what is undefined.

    A table of more than MOST_ROWS loses its middle.
    """
    heading, *rows = table.map(_cell).to_string(index=False).splitlines()
    left_out = len(rows) - MOST_ROWS + 1
    if left_out < 2:
        return [heading, *rows]
    best, last = rows[: MOST_ROWS * 2 // 3], rows[-(MOST_ROWS - 1 - MOST_ROWS * 2 // 3) :]
    return [heading, *best, f"  ... {left_out} more, in --csv ...", *last]


def _cell(value: object) -> str:
    if value is pd.NA or value == "" or (isinstance(value, float) and not np.isfinite(value)):
        return "-"
    return fixed(value, 3) if isinstance(value, float) else str(value)


def _tests(scores: Scores, most: int) -> list[str]:
    """Say how many differences are significant, and which: at most `most`, of neighbours in rank first."""
    significant = [pair for pair in scores.pairs if pair.significant]
    left_out = len(significant) - most
    if left_out > 0:
        ranks = {name: place for place, name in enumerate(ranking(scores)["condition"])}
        significant.sort(key=lambda pair: (abs(ranks[pair.a] - ranks[pair.b]), pair.p_adjusted))
    return [
        f"{len(significant)} of {plural(len(scores.pairs), 'difference')} significant (Holm-adjusted p < "
        f"{ALPHA}); conditions that share a letter do not differ significantly",
        *(_sentence(scores, pair) for pair in significant[:most]),
        *(
            [f"  and {left_out} more between conditions further apart in rank, in --json"]
            if left_out > 0
            else []
        ),
    ]


def _sentence(scores: Scores, pair: Difference) -> str:
    upper, lower = upright(scores, pair)
    far = (
        f"by {fixed(abs(pair.difference), 3)} JOD"
        if np.isfinite(pair.difference)
        else "by an unknown distance"
    )
    if pair.bound:
        far = f"by at least {abs(pair.bound_jod):.3f} JOD"
    return f"  {upper} above {lower} {far}, {chance(pair.p_adjusted)}"


def _fit(report: Report) -> list[str]:
    test, circles = report.goodness, report.triads
    fit = "could not be tested" + (", too few votes per pair" if test.df and np.isfinite(test.g2) else "")
    if np.isfinite(test.p):
        fit = f"G2 = {test.g2:.2f}, df = {test.df}, {chance(test.p)}"
    counts = f"{circles.circular} of {plural(circles.complete, 'triad')} circular"
    return [
        f"goodness of fit: {fit}{within_words(report.goodness_scenes)}; {counts}",
        *filter(None, [simpler_fits(report.scores.method)]),
        *unequal_words(report.unequal, report.scores.conditions),
    ]


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
    said = [*map(one_line, scene_words(report.scenes))]
    names, scenes = ranking(report.scores)["condition"], len(report.scenes)
    if scenes > MOST_SCENES or scenes * len(names) > MOST_CELLS:
        return [f"the scores of {plural(scenes, 'scene')} are in --csv, --json and --figures", *said]
    columns = {
        name: dict(zip(some.conditions, some.jod, strict=True)) for name, some in report.scenes.items()
    }
    table = pd.DataFrame({name: names.map(scores) for name, scores in columns.items()})
    table.insert(0, "JOD by scene", names)
    return ["", *_printed(table), *said, ""]


def _exclusion(report: Report) -> list[str]:
    excluded = report.scores.excluded
    said = [one_line(f"left out: {observer} ({reason})") for observer, reason in excluded[:MOST_EXCLUDED]]
    said += [f"and {len(excluded) - MOST_EXCLUDED} more, in --json"] if len(excluded) > MOST_EXCLUDED else []
    if report.everyone is None:
        return said
    both = side_by_side(report.everyone, report.scores)
    moved = both.reindex(both["shift"].abs().sort_values(ascending=False, kind="stable").index[:MOST_MOVED])
    more = (
        [f"  {len(both) - len(moved)} conditions that moved less are left out"]
        if len(both) > len(moved)
        else []
    )
    return [*said, "", *_printed(moved.sort_index()), *more, ""]
