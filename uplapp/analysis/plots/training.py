"""How training went: what networks lost, and how well they restored, step by step."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from uplapp.analysis.plots.style import (
    BLUE,
    GREY,
    TITLE_PX,
    inline,
    lettered,
    short,
    told_apart,
    tooltips,
)
from uplapp.analysis.reading.numbers import value_of

PANEL_PX, HEIGHT_PX, COLUMNS = 260, 150, 2
LONGEST_NAME = 34
VALUES = ("loss", "validation_loss", "validation_psnr")


def training_chart(logs: Mapping[str, pd.DataFrame]) -> alt.ConcatChart:
    """Draw the logs of runs, by name: PSNR on validation images in one panel, losses in one panel per run.

    A log has the columns step, loss, validation_psnr, validation_loss; values that are missing are left out.
    Without scores there is no first panel. Losses have units of their own, so only their courses compare.
    """
    tables = {name: _numbers(log) for name, log in logs.items()}
    panels = [_loss_panel(name, table) for name, table in tables.items()]
    if any(table["validation_psnr"].notna().any() for table in tables.values()):
        panels.insert(0, _psnr_panel(tables))
    title = alt.TitleParams(
        text="Training",
        subtitle="Losses: grey while training, blue on validation images.",
        anchor="start",
        fontSize=TITLE_PX,
    )
    return lettered(alt.concat(*panels, columns=COLUMNS).properties(title=title), "training")


def _numbers(log: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: [value_of(str(cell)) for cell in log[name]] for name in ("step", *VALUES)})


def _psnr_panel(tables: Mapping[str, pd.DataFrame]) -> Any:
    names = list(tables)
    rows = [table.assign(run=name).dropna(subset="validation_psnr") for name, table in tables.items()]
    legend = alt.Legend(orient="bottom", title=None, columns=1, symbolType="stroke", symbolOpacity=1)
    looks = told_apart("run:N", names, legend, "color", "strokeDash")
    tips = tooltips("run:N", "step:Q", "validation_psnr:Q", step="d")
    base = alt.Chart(inline(pd.concat(rows))).mark_line(strokeWidth=1.5, point=True)
    return _sized(base.encode(x=_steps(), y=_value("validation_psnr", "dB"), tooltip=tips, **looks), "PSNR")


def _loss_panel(name: str, table: pd.DataFrame) -> Any:
    layers = [
        alt.Chart(inline(table.dropna(subset=column)))
        .mark_line(color=color, strokeWidth=width, point={"color": color, "size": 12})
        .encode(x=_steps(), y=_value(column, "loss"), tooltip=tooltips("step:Q", f"{column}:Q", step="d"))
        for column, color, width in (("loss", GREY, 1.0), ("validation_loss", BLUE, 1.8))
        if table[column].notna().any()
    ]
    return _sized(alt.layer(*layers), short(name, LONGEST_NAME))


def _steps() -> alt.X:
    return alt.X("step:Q", title="step", axis=alt.Axis(tickCount=4, format="d"))


def _value(column: str, title: str) -> alt.Y:
    return alt.Y(f"{column}:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4))


def _sized(panel: Any, title: str) -> Any:
    return panel.properties(width=PANEL_PX, height=HEIGHT_PX, title=title)
