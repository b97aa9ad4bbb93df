"""Mean ratings with their intervals."""

from typing import Any

import altair as alt
import pandas as pd

from uplapp.analysis.plots.style import (
    BLUE,
    FONT_PX,
    MOST_ROWS,
    TIGHT_PX,
    WIDE_PX,
    Width,
    ends_of,
    finish,
    gap_notes,
    inline,
    jod_domain,
    label_px,
    lettered,
    names_axis,
    row_px,
    short,
    titled,
    told_apart,
    tooltips,
    width_of_rows,
)
from uplapp.analysis.ratings.report import RatingReport

LANE_PX, LEAST_ROW_PX = 12, 26
LEAST_PANEL_PX, GAP_PX = 110, 24
FIELDS = ("condition:N", "criterion:N", "mean:Q", "low:Q", "high:Q", "sd:Q", "observers:N")


def rating_chart(report: RatingReport, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw mean ratings with 95% intervals in one panel, a row per condition, a lane per criterion."""
    criteria, everything = list(report.ratings.criteria), _order(report)
    row = max(min(LEAST_ROW_PX, row_px(len(everything))), LANE_PX * len(criteria))
    most = min(MOST_ROWS, MOST_ROWS * TIGHT_PX // row)
    names = ends_of(everything, most)
    table = report.means[report.means["condition"].isin(names)]
    ends = jod_domain(table[["mean", "low", "high"]].to_numpy(float).ravel(), width_of_rows(names, width))
    legend = alt.Legend(orient="bottom", title="criterion", symbolOpacity=1) if len(criteria) > 1 else None
    looks = told_apart("criterion:N", criteria, legend, "color", "shape")
    lane = alt.YOffset("criterion:N", scale=alt.Scale(domain=criteria))
    base = _base(table, names, names_axis(width)).encode(yOffset=lane, color=looks["color"])
    span = base.mark_rule(strokeWidth=2).encode(x=_across(ends), x2="high:Q")
    point = base.mark_point(filled=True, size=60, opacity=1).encode(x="mean:Q", shape=looks["shape"])
    return finish(
        alt.LayerChart(layer=[span, point]),
        "ratings",
        _title(report),
        *gap_notes(everything, most),
        width=width,
        height=row * max(1, len(names)),
    )


def rating_panels(report: RatingReport, width: int = WIDE_PX) -> alt.ConcatChart:
    """Draw the same as one column per criterion, as many beside each other as `width` has room for."""
    everything, criteria = _order(report), list(report.ratings.criteria)
    names = ends_of(everything)
    label = label_px(names, width)
    columns = min(len(criteria), max(1, int((width - label) / (LEAST_PANEL_PX + GAP_PX))))
    room = (width - label) / columns - GAP_PX
    panels = []
    for place, criterion in enumerate(criteria):
        rows = report.means[report.means["criterion"] == criterion]
        rows = rows[rows["condition"].isin(names)]
        axis = names_axis(width) if place % columns == 0 else None
        panels.append(_panel(rows, names, axis, room, criterion, _ends(report, criterion, room)))
    title = alt.TitleParams(text=_title(report), subtitle=gap_notes(everything))
    return lettered(alt.concat(*panels, columns=columns, spacing=GAP_PX).properties(title=title), "ratings")


def _ends(report: RatingReport, criterion: str, width_px: float) -> list[float]:
    """Ends of an axis that criteria share whose ratings go equally far: those are on one scale."""
    reach = report.ratings.table.groupby("criterion")["rating"].agg(["min", "max"]).apply(tuple, axis=1)
    alike = report.means["criterion"].map(reach) == reach[criterion]
    return jod_domain(report.means.loc[alike, ["mean", "low", "high"]].to_numpy(float).ravel(), width_px)


def _panel(
    rows: pd.DataFrame,
    names: list[str],
    axis: alt.Axis | None,
    width_px: float,
    criterion: str,
    ends: list[float],
) -> alt.LayerChart:
    base = _base(rows, names, axis)
    span = base.mark_rule(color=BLUE, strokeWidth=2.5).encode(x=_across(ends), x2="high:Q")
    point = base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(x="mean:Q")
    heading = alt.TitleParams(short(criterion, int(width_px / 7)), fontSize=FONT_PX, anchor="start")
    height = row_px(len(names)) * max(1, len(names))
    chart: alt.LayerChart = alt.LayerChart(layer=[span, point])
    return chart.properties(width=width_px, height=height, title=heading)


def _base(table: pd.DataFrame, names: list[str], axis: alt.Axis | None) -> alt.Chart:
    y: dict[str, Any] = {"scale": alt.Scale(domain=names), "title": None, "axis": axis}
    chart: alt.Chart = alt.Chart(inline(table)).encode(y=alt.Y("condition:N", **y), tooltip=tooltips(*FIELDS))
    return chart


def _across(ends: list[float]) -> alt.X:
    return alt.X(
        "low:Q",
        title="mean rating",
        scale=alt.Scale(domain=ends, nice=False),
        axis=alt.Axis(tickCount=4),
    )


def _order(report: RatingReport) -> list[str]:
    """Conditions, best on the first criterion on top, in the same order on all."""
    return list(dict.fromkeys(report.means["condition"]))


def _title(report: RatingReport) -> str:
    text = f"mean ratings with 95% intervals ({report.method.interval})"
    return titled(report.ratings.simulated, text)
