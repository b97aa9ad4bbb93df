"""The figures of a sweep of fits, as in the report on the Deep Decoder.

Source: Deep Decoder on MRI, figures 4.2, 4.3, 4.4 and 4.6.
"""

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt
import pandas as pd

from uplapp.analysis.plots.style import (
    BLUE,
    COLUMN_PX,
    GREY,
    PALETTE,
    finish,
    inline,
    tooltips,
)
from uplapp.analysis.reading.sweep import settings

HEIGHT_PX = 200
INPUTS = ("uniform", "blur", "simplex", "uniform_interpolated", "blur_interpolated")
INPUT_SHADES = PALETTE[: len(INPUTS)]
PAIR = ["target", "inputs"]


def sweep_charts(table: pd.DataFrame) -> dict[str, Any]:
    """Draw the figures of a sweep, by file name."""
    rows = settings(table)
    return {name: draw(rows) for name, draw in CHARTS.items()}


def seconds_chart(rows: pd.DataFrame) -> Any:
    """Draw the mean seconds of a fit for each target and inputs."""
    means = _by_pair(rows, "seconds")
    bars = _bars(means, "seconds", alt.Y("seconds:Q", title="seconds of a fit"), ".3~s")
    return _finished(bars, "Time by target and inputs", rows)


def channels_chart(rows: pd.DataFrame) -> Any:
    """Draw the mean seconds of a fit against k."""
    means = rows.groupby("k")["seconds"].mean().reset_index()
    line = (
        alt.Chart(inline(means))
        .mark_line(color=BLUE, point={"color": BLUE, "size": 40})
        .encode(
            x=alt.X("k:Q", title="hidden channels k", axis=alt.Axis(values=means["k"].tolist())),
            y=alt.Y("seconds:Q", title="seconds of a fit", scale=alt.Scale(zero=True)),
            tooltip=tooltips("k:Q", "seconds:Q", k="d", seconds=".3~s"),
        )
    )
    return _finished(line, "Time by hidden channels", rows)


def unstable_chart(rows: pd.DataFrame) -> Any:
    """Draw the share of settings whose starts vary by more than 5%."""
    shares = _by_pair(rows[rows["starts"] > 1], "unstable")
    axis = alt.Axis(labelExpr="round(100 * datum.value) + ' %'", tickCount=5)
    y = alt.Y("unstable:Q", title="unstable settings", scale=alt.Scale(domain=[0, 1]), axis=axis)
    return _finished(_bars(shares, "unstable", y, ".0%"), "Settings with a CV above 5%", rows)


def ensemble_chart(rows: pd.DataFrame) -> Any:
    """Draw the mean PSNR of the stable settings, of one start and of the mean of all starts."""
    stable = rows[rows["ranked"] & (rows["starts"] > 1)]
    means = stable.groupby(PAIR)[["single_psnr", "psnr"]].mean().reset_index()
    means = means.assign(pair=means["target"] + " " + means["inputs"])
    order = _pairs_of(means)
    x = alt.X("psnr:Q", title="PSNR (dB)", scale=alt.Scale(zero=False))
    y = alt.Y("pair:N", title=None, sort=order)
    tips = tooltips("pair:N", "single_psnr:Q", "psnr:Q")
    base = alt.Chart(inline(means)).encode(y=y, tooltip=tips)
    layers = (
        base.mark_rule(color=GREY, strokeWidth=2).encode(x=x, x2="single_psnr:Q"),
        base.mark_point(color=GREY, filled=True, size=60).encode(x=alt.X("single_psnr:Q")),
        base.mark_point(color=BLUE, filled=True, size=60, shape="square").encode(x=x),
    )
    chart = alt.LayerChart(layer=layers)
    note = "Grey circles: one start, blue squares: mean of all starts. Stable settings alone."
    return finish(
        chart,
        "ensemble",
        "One start against the mean of all",
        note,
        width=COLUMN_PX,
        height=24 * max(len(order), 2),
    )


CHARTS: Mapping[str, Callable[[pd.DataFrame], Any]] = {
    "time-by-pair": seconds_chart,
    "time-by-channels": channels_chart,
    "unstable": unstable_chart,
    "ensemble": ensemble_chart,
}


def _by_pair(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return rows.astype({column: float}).groupby(PAIR)[column].mean().reset_index()


def _bars(means: pd.DataFrame, value: str, y: alt.Y, digits: str) -> alt.Chart:
    present = [name for name in INPUTS if name in set(means["inputs"])]
    shades = [INPUT_SHADES[INPUTS.index(name)] for name in present]
    targets = sorted(means["target"].unique(), key=_patches)
    chart: alt.Chart = (
        alt.Chart(inline(means))
        .mark_bar()
        .encode(
            x=alt.X("target:N", title="target", sort=targets, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("inputs:N", sort=present),
            y=y,
            color=alt.Color(
                "inputs:N",
                scale=alt.Scale(domain=present, range=shades),
                legend=alt.Legend(orient="bottom", title="inputs"),
            ),
            tooltip=tooltips("target:N", "inputs:N", f"{value}:Q", **{value: digits}),
        )
    )
    return chart


def _finished(chart: alt.Chart, title: str, rows: pd.DataFrame) -> Any:
    note = f"{len(rows)} settings with iteration counts, inputs and targets."
    return finish(alt.LayerChart(layer=[chart]), "sweep", title, note, width=COLUMN_PX, height=HEIGHT_PX)


def _pairs_of(means: pd.DataFrame) -> list[str]:
    keyed = sorted(means[PAIR].itertuples(index=False), key=lambda pair: (_patches(pair[0]), pair[1]))
    return [f"{target} {inputs}" for target, inputs in keyed]


def _patches(target: str) -> int:
    rows, _, columns = target.partition("x")
    return int(rows) * int(columns) if columns else 1
