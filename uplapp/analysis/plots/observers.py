"""How unlike the others each observer answered, and how much people differ in each condition."""

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.observers.screening import FAR
from uplapp.analysis.observers.spread import Spread
from uplapp.analysis.plots.style import (
    BLUE,
    GREY,
    MOST_ROWS,
    ORANGE,
    WIDE_PX,
    Width,
    ends_of,
    finish,
    gap_notes,
    inline,
    names_axis,
    row_px,
    titled,
    tooltips,
)
from uplapp.analysis.scoring import ranking
from uplapp.values import Scores

DISTANCES = {"dist_trials": "by answer", "dist_pairs": "by pair"}
MARGIN = 0.03  # so that marks at 0 leave the names free
LEAST_SPREAD_JOD = 0.1  # the axis of a spread reaches so far even where nobody differs
LEAST_END = 2.0  # the axis reaches beyond the limit even where nobody does


def observer_chart(table: pd.DataFrame, width: Width = WIDE_PX, simulated: bool = False) -> alt.LayerChart:
    """Draw the distances of a table of `screen`, the most unlike observer on top, reasons in the tooltips.

    Names of observers with something to look at carry an asterisk, whichever rule found it. An infinite
    distance lies at the right edge.
    """
    table = table.assign(name=_starred(table), farthest=table[[*DISTANCES]].max(axis=1))
    table = table.sort_values("farthest", ascending=False, na_position="last", kind="stable")
    others, table = table.iloc[MOST_ROWS:], table.iloc[:MOST_ROWS]
    names = table["name"].tolist()
    finite = table[[*DISTANCES]].replace(np.inf, np.nan).to_numpy(float)
    end = 1.1 * max(LEAST_END, np.nanmax(finite, initial=0.0))
    rows = table.melt(["name", "observer", "answers", "looks"], [*DISTANCES], "kind", "distance")
    rows = rows.assign(kind=rows["kind"].map(DISTANCES), shown=rows["distance"].map("{:.2f}".format))
    rows["distance"] = rows["distance"].clip(upper=end)
    return finish(
        alt.LayerChart(layer=_layers(rows.dropna(subset="distance"), names, end, width)),
        "observers",
        titled(simulated, "distance of each observer's votes from the others'"),
        f"Beyond {FAR:g} (dashed), look, unless it may be chance.",
        "* marks observers with something to look at, by any rule.",
        *_left_out(others),
        width=width,
        height=row_px(len(names)) * max(1, len(names)),
    )


def spread_chart(spread: Spread, scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw the standard deviation over people of each condition, best first, with its 95% interval.

    The dashed line is the root of the mean variance over conditions.
    """
    known = dict(zip(spread.conditions, zip(spread.sd, spread.low, spread.high, strict=True), strict=True))
    everything = [name for name in ranking(scores)["condition"] if np.isfinite(known[name][0])]
    names = ends_of(everything)
    table = pd.DataFrame([(name, *known[name]) for name in names], columns=["condition", "sd", "low", "high"])
    base = alt.Chart(inline(table)).encode(
        y=alt.Y("condition:N", scale=alt.Scale(domain=names), title=None, axis=names_axis(width, grid=True)),
        tooltip=tooltips("condition:N", "sd:Q", "low:Q", "high:Q"),
    )
    end = 1.05 * max(table["high"].max(), table["sd"].max(), spread.overall, LEAST_SPREAD_JOD)
    scale = alt.Scale(domain=[-MARGIN * end, end], nice=False)
    x = alt.X("low:Q", title="standard deviation over people, JOD", scale=scale, axis=alt.Axis(tickCount=6))
    overall = alt.Chart(inline(pd.DataFrame({"overall": [spread.overall]})))
    layers = [
        overall.mark_rule(color=GREY, strokeDash=[5, 4]).encode(x="overall:Q"),
        base.mark_rule(color=BLUE, strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(x="sd:Q"),
    ]
    return finish(
        alt.LayerChart(layer=layers),
        "spread",
        titled(scores.simulated, f"how much {spread.observers} people differ"),
        "Dashed: over all conditions.",
        *gap_notes(everything),
        width=width,
        height=row_px(len(names)) * len(names),
    )


def _left_out(others: pd.DataFrame) -> list[str]:
    """Say how many lie nearer to the others than those who are drawn."""
    if others.empty:
        return []
    looks = (others["looks"] != "").sum()
    more = f", {looks} of them with something to look at" if looks else ""
    return [f"{len(others)} observers who are less unlike are left out{more}."]


def _starred(table: pd.DataFrame) -> list[str]:
    return [f"{name} *" if why else name for name, why in zip(table["observer"], table["looks"], strict=True)]


def _layers(rows: pd.DataFrame, names: list[str], end: float, width: Width) -> list[alt.Chart]:
    kinds = list(DISTANCES.values())
    legend = alt.Legend(title=None, orient="top")
    tips = tooltips("observer:N", "kind:N", "shown:N", "answers:Q", "looks:N", answers="d")
    axis = alt.Axis(tickCount=6)
    points = (
        alt.Chart(inline(rows))
        .mark_point(size=60, opacity=1, strokeWidth=1.8)
        .encode(
            x=alt.X(
                "distance:Q",
                title=["quartile ranges below the first", "quartile of all observers"],
                scale=alt.Scale(domain=[-MARGIN * end, end], nice=False),
                axis=axis,
            ),
            y=alt.Y("name:N", scale=alt.Scale(domain=names), title=None, axis=names_axis(width, grid=True)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[BLUE, ORANGE]), legend=legend),
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=legend
            ),
            tooltip=tips,
        )
    )
    limit = alt.Chart(inline(pd.DataFrame({"limit": [FAR]}))).mark_rule(color=GREY, strokeDash=[5, 4])
    return [limit.encode(x="limit:Q"), points]
