"""How many observers a study needs."""

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.plots.style import (
    GREY,
    PALETTE,
    WIDE_PX,
    Width,
    finish,
    inline,
    told_apart,
    tooltips,
)

TARGET = 0.8  # the power that studies are usually planned for (Cohen 1988)
MOST_LINES = len(PALETTE)
HEIGHT_PX = 240


def power_chart(table: pd.DataFrame, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw power against the number of observers, one line per comparison, with its Monte-Carlo interval.

    `table` has the columns observers, comparison, difference_jod, power, power_low, power_high. Of more than
    MOST_LINES comparisons, so many are named, from the smallest difference to the largest; the rest is grey.
    """
    table = table.dropna(subset="power")
    jod = table["difference_jod"].map(" ({:.2f} JOD)".format)
    table = table.assign(comparison=table["comparison"] + jod)
    sizes = table.groupby("comparison", sort=False)["difference_jod"].first().abs().sort_values(kind="stable")
    names = [str(name) for name in sizes.index]
    if len(names) > MOST_LINES:
        names = [names[place] for place in np.linspace(0, len(names) - 1, MOST_LINES).round().astype(int)]
    named = table["comparison"].isin(names)
    layers = _layers(table[named], table[~named], names, _x(table))
    notes = ["Bands: what chance leaves open in the simulation (95%)."]
    if len(names) < len(sizes):
        notes.append(
            f"{len(names)} of {len(sizes)} comparisons are named, from the closest to the widest apart."
        )
    title = "Power: share of simulated studies that find the difference"
    return finish(alt.LayerChart(layer=layers), "power", title, *notes, width=width, height=HEIGHT_PX)


def _x(table: pd.DataFrame) -> alt.X:
    most = float(table["observers"].max()) if len(table) else 1.0
    least = float(table["observers"].min()) if len(table) else 0.0
    scale = alt.Scale(domain=[least, max(most, least + 1)], nice=False)
    return alt.X(
        "observers:Q", title="observers", scale=scale, axis=alt.Axis(tickMinStep=1, tickCount=8, format="d")
    )


def _layers(table: pd.DataFrame, others: pd.DataFrame, names: list[str], x: alt.X) -> list[alt.Chart]:
    percent = alt.Axis(labelExpr="round(100 * datum.value) + ' %'", tickCount=6)
    y = alt.Y("power:Q", title="power", scale=alt.Scale(domain=[0, 1]), axis=percent)
    legend = alt.Legend(
        orient="bottom",
        title=None,
        columns=1,
        symbolType="stroke",
        symbolSize=400,
        symbolOpacity=1,
        labelLimit=300,
    )
    looks = told_apart("comparison:N", names, legend, "color", "strokeDash")
    color = looks["color"]
    tips = tooltips(
        "comparison:N",
        "observers:Q",
        "difference_jod:Q",
        "power:Q",
        "power_low:Q",
        "power_high:Q",
        observers="d",
    )
    base = alt.Chart(inline(table)).encode(x=x, tooltip=tips)
    target = alt.Chart(inline(pd.DataFrame({"target": [TARGET]}))).mark_rule(color=GREY, strokeDash=[5, 4])
    faint = alt.Chart(inline(others)).mark_line(color="#c8c8c8", strokeWidth=0.8)
    return [
        target.encode(y="target:Q"),
        faint.encode(x=x, y=y, detail="comparison:N", tooltip=tips),
        base.mark_area(opacity=0.15).encode(y="power_low:Q", y2="power_high:Q", color=color),
        base.mark_line(strokeWidth=2).encode(y=y, **looks),
        base.mark_point(filled=True, size=30, opacity=1).encode(y=y, color=color),
    ]
