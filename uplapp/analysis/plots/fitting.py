"""How a fit to one image goes: its error on the data it is fitted to, and on those held out."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from uplapp.analysis.plots.style import BLUE, FONT_PX, GREY, TITLE_PX, inline, lettered, short, tooltips

PANEL_PX, HEIGHT_PX, COLUMNS = 240, 130, 2
LONGEST_NAME = 34
COLUMN_NAMES = ("iteration", "fitted", "held_out")
LINES = (("fitted", GREY, 1.2), ("held_out", BLUE, 1.8))

Curve = tuple[Sequence[float], Sequence[float], Sequence[float]]


def fit_chart(curves: Mapping[str, Curve]) -> alt.ConcatChart:
    """Draw one panel per fit, by name: mean squared errors on a logarithmic axis over iterations.

    A curve is (iterations, errors of the fitted data, errors of the held-out data, NaN where there are none).
    """
    tables = {
        name: pd.DataFrame(dict(zip(COLUMN_NAMES, curve, strict=True))) for name, curve in curves.items()
    }
    held_out = any(table["held_out"].notna().any() for table in tables.values())
    title = alt.TitleParams(
        text="Mean squared error of the data",
        subtitle="grey: those it fits"
        + (", blue: those held out, which say when to stop" if held_out else ""),
        anchor="start",
        fontSize=TITLE_PX,
        subtitleFontSize=FONT_PX - 1,
    )
    panels = [_panel(name, table) for name, table in tables.items()]
    return lettered(alt.concat(*panels, columns=COLUMNS).properties(title=title), "fit")


def _panel(name: str, table: pd.DataFrame) -> Any:
    layers = [
        alt.Chart(inline(table[table[column] > 0]))
        .mark_line(color=color, strokeWidth=width)
        .encode(x=_iterations(), y=_error(column), tooltip=_tips(column))
        for column, color, width in LINES
        if column == LINES[0][0] or table[column].notna().any()
    ]
    panel = alt.layer(*layers)
    return panel.properties(width=PANEL_PX, height=HEIGHT_PX, title=short(name, LONGEST_NAME))


def _iterations() -> alt.X:
    return alt.X("iteration:Q", title="iteration", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d"))


def _error(column: str) -> alt.Y:
    axis = alt.Axis(tickCount=4, format="~g")
    return alt.Y(f"{column}:Q", title="error", scale=alt.Scale(type="log", nice=False), axis=axis)


def _tips(column: str) -> list[alt.Tooltip]:
    return tooltips("iteration:Q", f"{column}:Q", iteration=",d", **{column: ".3~g"})
