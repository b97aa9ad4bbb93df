"""The tables of a sweep as Markdown, beside the tables of the report on the Deep Decoder.

Source: Deep Decoder on MRI, tables 4.1 to 4.5.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import pandas as pd

from uplapp.analysis.reading.sweep import pairs, settings

TARGETS = ("whole", "2x2", "3x3", "4x5")
INPUTS = ("simplex", "uniform", "blur")
BEST = {"psnr": ("4.3", "PSNR (dB)", 2), "ssim": ("4.4", "SSIM", 3), "vif": ("4.5", "VIF", 3)}
EMPTY = "-"
SETTING = ["k", "s", "l", "iterations"]
Setting = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Published:
    """The figures of the report: seconds of a fit, and the best setting of each pair by each metric.

    `by_shape` has (l, s) to seconds under `conditions`; `best` has (metric, target, inputs) to (k, s, l,
    iterations) with the value.
    """

    by_inputs: Mapping[str, float]
    by_target: Mapping[str, float]
    by_shape: Mapping[tuple[int, int], float]
    conditions: Mapping[str, object]
    best: Mapping[tuple[str, str, str], tuple[Setting, float]]


def sweep_tables(table: pd.DataFrame, published: Published) -> str:
    """Write tables 4.1 to 4.5, ours beside the published, then what the report's findings look like here."""
    rows = settings(table)
    parts = [_about(table, rows), *_seconds(rows, published), _shapes(rows, published)]
    parts += [_best(rows, metric, published) for metric in BEST]
    parts.append(_findings(rows))
    return "\n\n".join(parts) + "\n"


def _about(table: pd.DataFrame, rows: pd.DataFrame) -> str:
    starts = ", ".join(map(str, sorted(rows["starts"].unique())))
    return (
        f"Slice {table['image'].iloc[0]}: {len(rows)} settings with iteration counts, inputs and targets, "
        f"each from {starts} start(s), of which {int(rows['ranked'].sum())} are ranked: CV up to 5%, PSNR "
        f"from 15 dB, VIF up to 1. Patches are joined before they are measured. Times are of one fit."
    )


def _seconds(rows: pd.DataFrame, published: Published) -> Iterator[str]:
    for column, theirs in (("inputs", published.by_inputs), ("target", published.by_target)):
        ours = rows.groupby(column)["seconds"].mean()
        lines = [(name, _number(ours.get(name), 1), _number(value, 1)) for name, value in theirs.items()]
        title = f"Table 4.1: mean seconds of a fit by {column}"
        yield _table(title, (column, "ours (s)", "published (s)"), lines)


def _shapes(rows: pd.DataFrame, published: Published) -> str:
    """Write the seconds by l and s, under the report's conditions or the nearest that were run."""
    chosen, words = rows, []
    for name, wanted in published.conditions.items():
        if wanted in set(chosen[name]):
            value = wanted
        else:
            value = chosen[name].min() if name in ("k", "iterations") else chosen[name].iloc[0]
        chosen = chosen[chosen[name] == value]
        words.append(f"{name} {value}" + ("" if value == wanted else f" (published {wanted})"))
    ours = chosen.groupby(["l", "s"])["seconds"].mean()
    lines = [
        (*shape, _number(ours.get(shape), 1), _number(value, 1))
        for shape, value in published.by_shape.items()
    ]
    title = f"Table 4.2: seconds by l and s, {', '.join(words)}"
    return _table(title, ("l", "s", "ours (s)", "published (s)"), lines)


def _best(rows: pd.DataFrame, metric: str, published: Published) -> str:
    number, label, decimals = BEST[metric]
    lines = []
    for target, inputs in product(TARGETS, INPUTS):
        own = rows[(rows["target"] == target) & (rows["inputs"] == inputs)]
        ranked = own[own["ranked"]].sort_values(metric, ascending=False, kind="stable").head(1)
        theirs, value = published.best[metric, target, inputs]
        there = own[(own[SETTING] == list(theirs)).all(axis=1)]
        lines.append(
            (
                target,
                inputs,
                f"{int(own['ranked'].sum())} of {len(own)}",
                _braces(ranked[SETTING].iloc[0]) if len(ranked) else EMPTY,
                _first(ranked[metric], decimals),
                _braces(theirs),
                f"{value:.2f}",
                _first(there[metric], decimals),
            )
        )
    heads = ("target", "inputs", "ranked", "our best", "ours", "published best", "published", "ours there")
    return _table(f"Table {number}: settings {{k, s, l, iterations}} with the best {label}", heads, lines)


def _findings(rows: pd.DataFrame) -> str:
    stable = rows[rows["ranked"]]
    lines = [
        *_differences(stable, "inputs", "blur", "uniform"),
        *_differences(stable, "inputs", "simplex", "uniform"),
        *_differences(stable, "inputs", "simplex", "blur"),
        *_differences(stable, "target", "whole", "2x2"),
        *_differences(stable, "target", "whole", "4x5"),
        *_gain(stable),
        *_ratios(rows),
        *_unstable(rows, "k"),
        *_unstable(rows, "target"),
    ]
    return _table("Findings: settings that differ in one thing alone", ("what", "ours", "settings"), lines)


def _differences(rows: pd.DataFrame, column: str, first: str, second: str) -> Iterator[Sequence[object]]:
    joined = pairs(rows, column, first, second)
    for metric in ("psnr", "ssim", "vif"):
        _, label, decimals = BEST[metric]
        change = joined[f"{metric}_first"] - joined[f"{metric}_second"]
        if len(change):
            text = f"{change.mean():+.{decimals}f} (higher in {(change > 0).mean():.0%})"
            yield f"{first} less {second}, {label}", text, len(change)


def _gain(rows: pd.DataFrame) -> Iterator[Sequence[object]]:
    for starts, group in rows[rows["starts"] > 1].groupby("starts"):
        gain = group["psnr"] - group["single_psnr"]
        text = f"{gain.mean():+.2f} dB ({gain.min():+.2f} to {gain.max():+.2f})"
        yield f"mean of {starts} less one start, PSNR", text, len(gain)


def _ratios(rows: pd.DataFrame) -> Iterator[Sequence[object]]:
    for column in ("k", "l", "s"):
        values = sorted(int(value) for value in rows[column].unique())
        for low, high in pairwise(values):
            joined = pairs(rows, column, high, low)
            if len(joined):
                ratio = (joined["seconds_first"] / joined["seconds_second"]).median()
                yield f"seconds, {column} {high} over {low}, median", f"x {ratio:.2f}", len(joined)


def _unstable(rows: pd.DataFrame, column: str) -> Iterator[Sequence[object]]:
    for value, group in rows[rows["starts"] > 1].groupby(column):
        yield f"unstable, {column} {value}", f"{group['unstable'].mean():.0%}", len(group)


def _braces(setting: Iterable[object]) -> str:
    return f"{{{', '.join(map(str, setting))}}}"


def _first(values: "pd.Series[Any]", decimals: int) -> str:
    return _number(values.iloc[0], decimals) if len(values) else EMPTY


def _number(value: float | None, decimals: int) -> str:
    return EMPTY if value is None or pd.isna(value) else f"{value:.{decimals}f}"


def _table(title: str, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
