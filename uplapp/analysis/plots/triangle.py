"""Which differences between conditions are more than chance, on one axis of scores.

The triangles are those of Perez-Ortiz & Mantiuk (2017): conditions lie at their scores, by turns high and
low, and each is joined to the next two above it in rank, by a solid line where the difference is significant
and by a dashed one where it is not. Lines between more distant conditions would hide each other, yet such
pairs may be tied as well. So bars below, as in a critical-difference diagram (Demsar 2006), span every group
of two or more in which no difference is significant, dots marking its members: two conditions differ
significantly exactly where no bar has dots of both. Intervals are the business of `jod_chart`.
"""

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.plots.fonts import length
from uplapp.analysis.plots.style import (
    BLACK,
    BLUE,
    CHARACTER_PX,
    FONT_PX,
    GREY,
    ORANGE,
    WIDE_PX,
    Width,
    finish,
    inline,
    jod_domain,
    jod_title,
    pixels,
    short,
    spread,
    titled,
    tooltips,
)
from uplapp.analysis.scoring import letters, ranking, scope
from uplapp.values import Difference, Scores

LOOKS: dict[str, tuple[str, list[int]]] = {
    "significant": (BLUE, [1, 0]),
    "not significant": (ORANGE, [5, 4]),
    "not tested": (GREY, [1, 4]),
}
STRIP_PX, LEADER_PX, BAR_PX, EDGE_PX = 62, 16, 11, 8
TURNED_PX = FONT_PX + 2  # what a name takes along the axis once it is turned upright
LONGEST_NAME = 24
MOST_CONDITIONS = 80  # beyond, names and lines hide each other


@dataclass(frozen=True)
class Layout:
    """Where the parts lie: heights in px from the bottom, and how many JOD a px is."""

    bars: int
    names_px: float
    turned: bool
    jod_a_px: float
    ends: list[float]

    @property
    def low(self) -> float:
        """Height of the lower conditions."""
        return self.bars * BAR_PX + EDGE_PX + self.names_px + LEADER_PX

    @property
    def high(self) -> float:
        """Height of the upper conditions."""
        return self.low + STRIP_PX

    @property
    def top(self) -> float:
        """Height of the whole picture."""
        return self.high + LEADER_PX + self.names_px


def triangle_chart(scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw the ranking triangles, with bars under groups that are tied.

    Empty without finite scores, or with more than MOST_CONDITIONS.
    """
    table = ranking(scores).dropna(subset="jod").iloc[::-1].reset_index(drop=True)
    table = table if len(table) <= MOST_CONDITIONS else table.iloc[:0]
    groups = _groups(scores) if len(table) else []
    plan = _plan(table, len(groups), pixels(width) - 2 * EDGE_PX)
    table = table.assign(y=np.where(np.arange(len(table)) % 2, plan.high, plan.low))
    layers = [_lines(scores, table, plan), *_names(table, plan), _points(table)]
    layers += _bars(table, groups) if groups else []
    notes = ["Lines join each condition to the next two in rank."]
    notes += ["No two dots of one bar differ significantly."] if groups else []
    notes += [f"Tests: {scope(scores)}."]
    title = titled(scores.simulated, "which differences are more than chance (Holm-adjusted p < .05)")
    return finish(alt.LayerChart(layer=layers), "triangles", title, *notes, width=width, height=plan.top)


def label_px(label: str) -> float:
    """What a name takes along the axis when it lies flat."""
    return CHARACTER_PX * length(label) + 8


def _groups(scores: Scores) -> list[list[str]]:
    """Members of each group of two or more that share a letter, best group first.

    None where single letters do not suffice, beyond which bars could not be distinguished either.
    """
    words = letters(scores)
    if any(list(word) != sorted(set(word)) for word in words):
        return []
    named = [
        [name for name, word in zip(scores.conditions, words, strict=True) if letter in word]
        for letter in sorted(set("".join(words)))
    ]
    return [group for group in named if len(group) > 1]


def _plan(table: pd.DataFrame, bars: int, width_px: float) -> Layout:
    """Lay names flat where each row of them fits, else upright."""
    ends = jod_domain(table["jod"].to_numpy(float), width_px)
    lengths = [label_px(short(name, LONGEST_NAME)) for name in table["condition"]]
    rows = [sum(lengths[side::2]) for side in (0, 1)]
    turned = max(rows) > width_px
    names_px = max(lengths, default=0.0) if turned else FONT_PX + 4.0
    return Layout(bars, names_px, turned, (ends[1] - ends[0]) / width_px, ends)


def _lines(scores: Scores, table: pd.DataFrame, plan: Layout) -> alt.Chart:
    rows = _neighbours(scores, table)
    shown = [verdict for verdict in LOOKS if verdict in set(rows["verdict"])]
    legend = alt.Legend(title=None, orient="top", symbolSize=300, symbolStrokeWidth=2, symbolType="stroke")
    colors, dashes = ([LOOKS[verdict][which] for verdict in shown] for which in (0, 1))
    chart: alt.Chart = (
        alt.Chart(inline(rows))
        .mark_rule(strokeWidth=2)
        .encode(
            x=alt.X(
                "x:Q",
                title=jod_title(scores),
                scale=alt.Scale(domain=plan.ends, nice=False),
                axis=alt.Axis(tickCount=6),
            ),
            x2="x_end:Q",
            y=alt.Y("y:Q", scale=alt.Scale(domain=[0, plan.top], nice=False), axis=None),
            y2="y_end:Q",
            color=alt.Color("verdict:N", scale=alt.Scale(domain=shown, range=colors), legend=legend),
            strokeDash=alt.StrokeDash(
                "verdict:N", scale=alt.Scale(domain=shown, range=dashes), legend=legend
            ),
            tooltip=[
                *tooltips("upper:N", "lower:N", "difference:Q"),
                alt.Tooltip("p_adjusted:Q", format=".2g"),
            ],
        )
    )
    return chart


def _neighbours(scores: Scores, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the lines: where each begins and ends, and the test of its pair."""
    tests = {frozenset((pair.a, pair.b)): pair for pair in scores.pairs}
    rows = []
    for step in (1, 2):
        lower, upper = table.iloc[:-step], table.iloc[step:]
        pairs = [tests[frozenset(both)] for both in zip(lower["condition"], upper["condition"], strict=True)]
        columns = {"x": lower["jod"], "x_end": upper["jod"], "y": lower["y"], "y_end": upper["y"]}
        columns |= {"lower": lower["condition"], "upper": upper["condition"]}
        lines = pd.DataFrame({name: column.to_numpy() for name, column in columns.items()})
        rows.append(
            lines.assign(
                difference=lines["x_end"] - lines["x"],
                p_adjusted=[pair.p_adjusted for pair in pairs],
                verdict=[_verdict(pair) for pair in pairs],
            )
        )
    return pd.concat(rows, ignore_index=True)


def _verdict(pair: Difference) -> str:
    if np.isnan(pair.p_adjusted):
        return "not tested"
    return "significant" if pair.significant else "not significant"


def _points(table: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(inline(table))
        .mark_point(filled=True, size=70, opacity=1, color=BLACK)
        .encode(x="jod:Q", y="y:Q", tooltip=tooltips("condition:N", "jod:Q", "jod_low:Q", "jod_high:Q"))
    )
    return chart


def _names(table: pd.DataFrame, plan: Layout) -> list[alt.Chart]:
    """Names above the upper and below the lower conditions, each with a line to its own."""
    layers = []
    for side in (0, 1):
        some = table.iloc[side::2]
        if some.empty:
            continue
        labels = some["condition"].map(lambda name: short(name, LONGEST_NAME))
        sizes = np.full(len(some), TURNED_PX) if plan.turned else labels.map(label_px).to_numpy(float)
        low, high = plan.ends
        x = spread(some["jod"].to_numpy(float), sizes * plan.jod_a_px, low, high)
        reach = LEADER_PX if side else -LEADER_PX
        data = inline(some.assign(x=x, label=labels, leader=some["y"] + reach))
        base = alt.Chart(data).encode(tooltip=tooltips("condition:N", "jod:Q"))
        line = base.mark_rule(color=GREY, strokeWidth=0.7).encode(x="jod:Q", x2="x:Q", y="y:Q", y2="leader:Q")
        text = base.mark_text(fontSize=FONT_PX, color=BLACK, **_place(side, plan.turned))
        layers += [line, text.encode(x="x:Q", y="leader:Q", text="label:N")]
    return layers


def _place(side: int, turned: bool) -> dict[str, Any]:
    if turned:
        return {
            "angle": 270,
            "align": "left" if side else "right",
            "baseline": "middle",
            "dx": 3 if side else -3,
        }
    return {"align": "center", "baseline": "bottom" if side else "top", "dy": -2 if side else 2}


def _bars(table: pd.DataFrame, groups: list[list[str]]) -> list[alt.Chart]:
    places = table.set_index("condition")["jod"]
    rows = [
        {"condition": name, "jod": places[name], "y": BAR_PX * (len(groups) - number - 0.5)}
        for number, group in enumerate(groups)
        for name in group
    ]
    dots = pd.DataFrame(rows)
    spans = dots.groupby("y")["jod"].agg(["min", "max"]).reset_index()
    bar = alt.Chart(inline(spans)).mark_rule(color=GREY, strokeWidth=2).encode(x="min:Q", x2="max:Q", y="y:Q")
    dot = alt.Chart(inline(dots)).mark_point(filled=True, size=26, opacity=1, color=BLACK)
    return [bar, dot.encode(x="jod:Q", y="y:Q", tooltip=tooltips("condition:N", "jod:Q"))]
