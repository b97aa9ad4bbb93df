"""Charts of scores in Altair; colours are safe for colour-blind readers and hold in grey print."""

from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.export import ranking
from uplapp.analysis.objective import preference
from uplapp.values import Scores

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#767676"  # Okabe & Ito 2008
ROW_PX, WIDE_PX = 34, 420

Width = int | Literal["container"]


def jod_chart(scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw scores with their 95 % intervals, best on top; without finite scores the chart is empty."""
    table = ranking(scores).dropna(subset="jod")
    order = table["condition"].tolist()
    y = alt.Y("condition:N", sort=order, title=None, axis=alt.Axis(labelLimit=160, ticks=False))
    base = alt.Chart(table).encode(y=y, tooltip=_tooltips("condition:N", "jod:Q", "jod_low:Q", "jod_high:Q"))
    span = base.mark_rule(color=BLUE, strokeWidth=2.5).encode(
        x=alt.X(
            "jod_low:Q", title=_axis_title(scores), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=6)
        ),
        x2="jod_high:Q",
    )
    point = base.mark_point(color=BLUE, filled=True, size=90, opacity=1).encode(x="jod:Q")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=GREY, strokeDash=[4, 4])
    return alt.LayerChart(layer=[zero.encode(x="zero:Q"), span, point]).properties(
        width=width, height=ROW_PX * max(1, len(table)), title=_title(scores)
    )


def win_chart(scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw how often the row was chosen over the column, in percent of their votes, best first."""
    table = _shares(scores)
    order = ranking(scores)["condition"].tolist()
    base = alt.Chart(table).encode(
        x=alt.X("over:N", sort=order, title="over", axis=alt.Axis(orient="top", labelAngle=-35)),
        y=alt.Y("chosen:N", sort=order, title="chosen"),
        tooltip=_tooltips("chosen:N", "over:N", "percent:Q", "votes:Q", "model_percent:Q"),
    )
    scale = alt.Scale(domain=[0, 50, 100], range=[ORANGE, "#f7f7f7", BLUE])
    cells = base.mark_rect(stroke="white").encode(
        color=alt.Color("percent:Q", scale=scale, title="chosen, %", legend=None)
    )
    strong = "abs(datum.percent - 50) > 32"
    text = base.mark_text(fontSize=13).encode(
        text=alt.Text("percent:Q", format=".0f"),
        color=alt.condition(strong, alt.value("white"), alt.value("#222222")),
    )
    return alt.LayerChart(layer=[cells, text]).properties(
        width=width, height=ROW_PX * len(scores.conditions), title="Chosen, % of the votes of each pair"
    )


def _shares(scores: Scores) -> pd.DataFrame:
    """One row an ordered pair that was compared: its share of votes, and what the scores predict."""
    votes = scores.wins + scores.wins.T
    chosen, over = np.nonzero(votes * (1 - np.eye(len(votes))))
    names = np.array(scores.conditions)
    return pd.DataFrame(
        {
            "chosen": names[chosen],
            "over": names[over],
            "percent": 100 * scores.wins[chosen, over] / votes[chosen, over],
            "votes": votes[chosen, over],
            "model_percent": 100 * preference(scores.jod[chosen] - scores.jod[over]),
        }
    )


def _tooltips(*fields: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(field, format=".2f") if field.endswith(":Q") else alt.Tooltip(field) for field in fields
    ]


def _axis_title(scores: Scores) -> list[str]:
    zero = "mean of all = 0" if scores.method.anchor == "mean" else f"{scores.method.anchor} = 0"
    return [f"score in JOD ({zero})", "+1 JOD = chosen by 75 %"]


def _title(scores: Scores) -> str:
    simulated = "SIMULATED observers, " if scores.simulated else ""
    return f"{simulated}95 % intervals ({scores.interval})"
