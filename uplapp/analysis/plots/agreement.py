"""What people see against what a metric says."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from uplapp.analysis.plots.style import (
    BLACK,
    BLUE,
    CHARACTER_PX,
    FONT_PX,
    SIDES,
    WIDE_PX,
    Width,
    beside,
    finish,
    inline,
    lettered,
    pixels,
    short,
    titled,
    tooltips,
)

HEIGHT_PX, PANEL_HEIGHT_PX, PANEL_PX, AXIS_PX = 220, 180, 280, 56
LONGEST_NAME = 16
PLACES: dict[tuple[int, int], dict[str, Any]] = {
    (1, 0): {"align": "left", "dx": 6, "baseline": "middle"},
    (-1, 0): {"align": "right", "dx": -6, "baseline": "middle"},
    (0, 1): {"align": "center", "dy": -6, "baseline": "bottom"},
    (0, -1): {"align": "center", "dy": 6, "baseline": "top"},
}


def agreement_chart(
    table: pd.DataFrame,
    metric: str,
    width: Width = WIDE_PX,
    simulated: bool = False,
    agreement: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Draw the JOD of each condition against one metric, with 95% intervals.

    `table` comes from `scatter_table`. With `agreement`, the table of an Agreement, the title says which way
    the metric points and how far it agrees; without, it says the plain rank correlation of the points. Names
    stand beside their points where there is room, else in the tooltip.
    """
    rows = _rows(table, metric)
    layers = _layers(rows, metric, (pixels(width) - AXIS_PX, HEIGHT_PX))
    title = f"{short(metric, 30)}: {_correlation(rows, metric, agreement)}"
    title = f"SIMULATED observers: {title}" if simulated else title
    return finish(alt.LayerChart(layer=layers), "agreement", title, width=width, height=HEIGHT_PX)


def agreement_panels(
    table: pd.DataFrame, width: int = WIDE_PX, simulated: bool = False, agreement: pd.DataFrame | None = None
) -> alt.ConcatChart:
    """Draw one panel per metric, as many beside each other as `width` has room for."""
    columns = max(1, width // PANEL_PX)
    size = width // columns - AXIS_PX - 10, PANEL_HEIGHT_PX
    panels = []
    for metric in dict.fromkeys(table["metric"]):
        rows = _rows(table, metric)
        text = [short(metric, 40), _correlation(rows, metric, agreement)]
        heading = alt.TitleParams(text, fontSize=FONT_PX, anchor="start")
        panel = alt.LayerChart(layer=_layers(rows, metric, size))
        panels.append(panel.properties(width=size[0], height=size[1], title=heading))
    title = titled(simulated, "scores against metrics")
    return lettered(alt.concat(*panels, columns=columns).properties(title=title), "agreement")


def _rows(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    finite = np.isfinite(table[["value", "jod"]].to_numpy(float)).all(axis=1)
    rows: pd.DataFrame = table[(table["metric"] == metric) & (table["scene"] == "") & finite]
    return rows.sort_values("jod", ascending=False, kind="stable")


def _correlation(rows: pd.DataFrame, metric: str, agreement: pd.DataFrame | None) -> str:
    if agreement is not None:
        row = agreement[(agreement["metric"] == metric) & (agreement["level"] == "conditions")].iloc[0]
        low, high = float(row["spearman_low"]), float(row["spearman_high"])
        interval = f" [{low:.2f}, {high:.2f}]" if np.isfinite([low, high]).all() else ""
        return f"{row['better']} is better, Spearman {row['spearman']:.2f}{interval}"
    if len(rows) < 3 or rows["value"].nunique() < 2 or rows["jod"].nunique() < 2:
        return f"{len(rows)} conditions"
    return f"Spearman {spearmanr(rows['value'], rows['jod']).statistic:.2f}, {len(rows)} conditions"


def _ends(values: pd.DataFrame) -> list[float]:
    finite = values.to_numpy(float).ravel()
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return [0.0, 1.0]
    low, high = float(finite.min()), float(finite.max())
    margin = 0.08 * (high - low) or 0.5
    return [low - margin, high + margin]


def _layers(rows: pd.DataFrame, metric: str, size: tuple[float, float]) -> list[alt.Chart]:
    across, up = _ends(rows[["value"]]), _ends(rows[["jod", "jod_low", "jod_high"]])
    scale = alt.Scale(domain=across, nice=False)
    x = alt.X("value:Q", title=short(metric, 30), scale=scale, axis=alt.Axis(tickCount=5))
    height: dict[str, Any] = {"title": "score in JOD", "axis": alt.Axis(tickCount=5)}
    height["scale"] = alt.Scale(domain=up, nice=False)
    tips = tooltips("condition:N", "value:Q", "jod:Q", "jod_low:Q", "jod_high:Q", value=".4g")
    base = alt.Chart(inline(rows)).encode(x=x, tooltip=tips)
    spans = base.mark_rule(color=BLUE, opacity=0.5, strokeWidth=1.5).encode(
        y=alt.Y("jod_low:Q", **height), y2="jod_high:Q"
    )
    points = base.mark_point(filled=True, size=50, opacity=1, color=BLUE).encode(y=alt.Y("jod:Q", **height))
    return [spans, points, *_names(rows, (across, up), size)]


def _names(
    rows: pd.DataFrame, ends: tuple[list[float], list[float]], size: tuple[float, float]
) -> list[alt.Chart]:
    """One layer a side of the points on which names have room."""
    labels = [short(name, LONGEST_NAME) for name in rows["condition"]]
    x, y = (
        (rows[field].to_numpy(float) - low) / (high - low) * length
        for field, (low, high), length in zip(("value", "jod"), ends, size, strict=True)
    )
    sides = beside(x, y, np.array([CHARACTER_PX * len(label) for label in labels]), size)
    layers = []
    for number, side in enumerate(SIDES):
        here = [chosen == number for chosen in sides]
        if any(here):
            data = inline(rows.assign(label=labels)[here])
            text = alt.Chart(data).mark_text(fontSize=FONT_PX, color=BLACK, **PLACES[side])
            layers.append(text.encode(x="value:Q", y="jod:Q", text="label:N"))
    return layers
