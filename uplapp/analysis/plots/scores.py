"""Scores with their intervals."""

import altair as alt
import pandas as pd

from uplapp.analysis.plots.style import (
    BLACK,
    BLUE,
    CHARACTER_PX,
    FONT_PX,
    GREY,
    WIDE_PX,
    Width,
    finish,
    inline,
    jod_domain,
    jod_title,
    names_axis,
    row_px,
    titled,
    tooltips,
    width_of_rows,
)
from uplapp.analysis.scoring import letters, ranking
from uplapp.values import Scores

MOST_LETTERS = 8  # longer words stand in the tooltip and in the tables


def jod_chart(scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw scores with their 95 % intervals, best on top.

    Without finite scores the picture is empty. Letters at the right: conditions that share one do not differ
    significantly.
    """
    table = ranking(scores).dropna(subset="jod").drop(columns="rank")
    words = dict(zip(scores.conditions, letters(scores), strict=True))
    table["letters"] = table["condition"].map(words).astype(object)
    longest = max(map(len, table["letters"]), default=0)
    lettered = 0 < longest <= MOST_LETTERS
    room = width_of_rows(table["condition"].tolist(), width)
    ends = jod_domain(
        table[["jod", "jod_low", "jod_high"]].assign(zero=0.0).to_numpy(float).ravel(),
        room,
        lettered * (CHARACTER_PX * longest + 10),
    )
    layers = _layers(scores, table, ends, width) + ([_words(table)] if lettered else [])
    notes = ["Conditions that share a letter do not differ significantly."] if lettered else []
    return finish(
        alt.LayerChart(layer=layers),
        titled(scores.simulated, f"scores with 95 % intervals ({scores.interval})"),
        *notes,
        width=width,
        height=row_px(len(table)) * max(1, len(table)),
    )


def _layers(scores: Scores, table: pd.DataFrame, ends: list[float], width: Width) -> list[alt.Chart]:
    rows = alt.Scale(domain=table["condition"].tolist())
    base = alt.Chart(inline(table)).encode(
        y=alt.Y("condition:N", scale=rows, title=None, axis=names_axis(width)),
        tooltip=tooltips("condition:N", "jod:Q", "jod_low:Q", "jod_high:Q", "letters:N"),
    )
    axis = alt.Axis(tickCount=6)
    span = base.mark_rule(color=BLUE, strokeWidth=2.5).encode(
        x=alt.X("jod_low:Q", title=jod_title(scores), scale=alt.Scale(domain=ends, nice=False), axis=axis),
        x2="jod_high:Q",
    )
    point = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(x="jod:Q")
    zero = alt.Chart(inline(pd.DataFrame({"zero": [0.0]}))).mark_rule(color=GREY, strokeDash=[4, 4])
    return [zero.encode(x="zero:Q"), span, point]


def _words(table: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(inline(table))
        .mark_text(align="right", dx=-3, fontSize=FONT_PX, color=BLACK)
        .encode(y="condition:N", x=alt.value("width"), text="letters:N")
    )
    return chart
