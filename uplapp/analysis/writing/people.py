"""How people differ, in words, rows and plain values: their spread, and groups of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from uplapp.analysis.observers.groups import GroupDifference, Groups, GroupTest
from uplapp.analysis.observers.spread import Spread
from uplapp.analysis.scoring import ALPHA, ranking
from uplapp.analysis.writing.wording import chance, fixed, listed, one_line, plural
from uplapp.values import Scores

MOST_NAMED = 12  # conditions, beyond which those with the largest spread are named
MOST_DIFFERENCES = 8


def spread_values(spread: Spread | None) -> dict[str, Any] | None:
    """Give the spread between observers as values for JSON, lists in the order of the conditions."""
    if spread is None:
        return None
    return {
        "sd": spread.sd,
        "low": spread.low,
        "high": spread.high,
        "overall": spread.overall,
        "overall_low": spread.overall_low,
        "overall_high": spread.overall_high,
        "observers": spread.observers,
    }


def group_values(groups: Groups | None) -> dict[str, Any] | None:
    """Give the comparison of groups of observers as values for JSON."""
    if groups is None:
        return None
    return {
        "column": groups.column,
        "test": vars(groups.test),
        "groups": {
            name: {
                "observers": groups.members[name],
                "conditions": list(scores.conditions),
                "jod": scores.jod,
                "low": scores.low,
                "high": scores.high,
                "interval": scores.interval,
                "warnings": list(scores.warnings),
            }
            for name, scores in groups.scores.items()
        },
        "differences": [vars(each) for each in groups.differences],
        "notes": list(groups.notes),
    }


def spread_lines(spread: Spread | None) -> list[str]:
    """Say how much people differ, over all conditions and in each."""
    if spread is None:
        return []
    each = zip(spread.conditions, spread.sd, spread.low, spread.high, strict=True)
    known = sorted((row for row in each if np.isfinite(row[1])), key=lambda row: -row[1])
    more = [f"{len(known) - MOST_NAMED} others less"] if len(known) > MOST_NAMED else []
    named = [f"{name} {between(sd, low, high)}" for name, sd, low, high in known[:MOST_NAMED]]
    whole = between(spread.overall, spread.overall_low, spread.overall_high)
    return [one_line(f"sd of scores over observers, JOD [95%]: all {whole}; {'; '.join([*named, *more])}")]


def between(value: float, low: float, high: float) -> str:
    """Write a number with its interval."""
    if not np.isfinite(low):
        return fixed(value)
    return f"{fixed(value)} [{fixed(low)}, {fixed(high)}]"


def group_words(test: GroupTest) -> str:
    """Write the test whether groups differ."""
    if not test.permutations:
        return "could not be tested, as the groups share no comparisons"
    return (
        f"likelihood ratio {test.ratio:.2f}, {plural(test.df, 'degree')} of freedom, {chance(test.p)} "
        f"({test.permutations} permutations of observers between groups)"
    )


def sizes(groups: Groups) -> str:
    """Name the groups with their numbers of observers."""
    return listed([f"{name} ({people})" for name, people in groups.members.items()])


def group_lines(groups: Groups | None, scores: Scores) -> list[str]:
    """Print the test, the scores of the groups side by side, and the conditions that differ."""
    if groups is None:
        return []
    heads, *rows = side_by_side(groups, scores)
    widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in [heads, *rows]
    ]
    return [
        one_line(f"groups by {groups.column}, {sizes(groups)}: {group_words(groups.test)}"),
        *map(one_line, lines),
        *(one_line(f"  {difference_words(each)}") for each in significant(groups)[:MOST_DIFFERENCES]),
        *map(one_line, groups.notes),
    ]


def side_by_side(groups: Groups, scores: Scores) -> list[list[str]]:
    """Tabulate JOD with intervals, one column per group, the best condition first, heads on top."""
    columns = {name: _cells(some) for name, some in groups.scores.items()}
    rows = [
        [name, *(cells.get(name, "-") for cells in columns.values())] for name in ranking(scores)["condition"]
    ]
    return [["condition", *columns], *rows]


def significant(groups: Groups) -> list[GroupDifference]:
    """List the conditions that differ between groups, Holm-adjusted."""
    return sorted(
        (each for each in groups.differences if each.p_adjusted < ALPHA), key=lambda each: each.p_adjusted
    )


def difference_words(each: GroupDifference) -> str:
    """Say how far a condition lies higher in one group than in another."""
    upper, lower = (each.a, each.b) if each.difference >= 0 else (each.b, each.a)
    return (
        f"{each.condition} lies {fixed(abs(each.difference))} JOD higher for {upper} than for {lower}, "
        f"{chance(each.p_adjusted)}"
    )


def people_sentences(spread: Spread | None, groups: Groups | None) -> list[str]:
    """Say in a methods paragraph what was estimated of people and tested between groups."""
    said = []
    if spread is not None:
        whole = between(spread.overall, spread.overall_low, spread.overall_high)
        said.append(
            "The standard deviation of scores over observers, from the covariances of their votes, was "
            f"{whole} JOD."
        )
    if groups is not None:
        said.append(
            f"Groups of observers by {groups.column}, {sizes(groups)}, were scored apart and tested against "
            f"common scores: {group_words(groups.test)}."
        )
        said += [f"{note[:1].upper()}{note[1:]}." for note in groups.notes]
    return said


def _cells(scores: Scores) -> Mapping[str, str]:
    numbers = zip(scores.conditions, scores.jod, scores.low, scores.high, strict=True)
    return {name: between(*row) if np.isfinite(row[0]) else "-" for name, *row in numbers}
