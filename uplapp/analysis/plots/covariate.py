"""Chart of scores against a number of each condition."""

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.plots.style import (
    BLACK,
    BLUE,
    FONT_PX,
    WIDE_PX,
    Width,
    finish,
    inline,
    jod_title,
    short,
    titled,
    tooltips,
)
from uplapp.analysis.scoring import scope
from uplapp.analysis.scoring.covariate import Covariate
from uplapp.analysis.writing.covariate import slope_words
from uplapp.values import Scores

HEIGHT_PX = 260
MOST_NAMED, LONGEST_NAME = 12, 18  # conditions with names beside their points


def covariate_chart(covariate: Covariate, scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw the scores with their intervals, and the line, or parabola, with its 95% band."""
    place = [scores.conditions.index(name) for name in covariate.conditions]
    points = pd.DataFrame(
        {
            "condition": covariate.conditions,
            "name": [short(name, LONGEST_NAME) for name in covariate.conditions],
            "value": covariate.x,
            "jod": scores.jod[place],
            "jod_low": scores.low[place],
            "jod_high": scores.high[place],
        }
    )
    curve = pd.DataFrame(
        {"value": covariate.at, "jod": covariate.curve, "jod_low": covariate.low, "jod_high": covariate.high}
    )
    shape = "parabola" if covariate.is_curved else "line"
    return finish(
        alt.LayerChart(layer=_layers(points, curve, covariate, scores)),
        "covariate",
        titled(scores.simulated, f"scores against {short(covariate.name, 40)}"),
        f"{slope_words(covariate)}.",
        f"Band: 95% of the {shape}, {scope(scores)}.",
        width=width,
        height=HEIGHT_PX,
    )


def _layers(
    points: pd.DataFrame, curve: pd.DataFrame, covariate: Covariate, scores: Scores
) -> list[alt.Chart]:
    scale = alt.Scale(type="log" if covariate.log else "linear", nice=False, zero=False, padding=12)
    x = alt.X("value:Q", title=short(covariate.name, 40), scale=scale, axis=alt.Axis(tickCount=6, grid=False))
    y = alt.Y("jod:Q", title=jod_title(scores), scale=alt.Scale(zero=False))
    drawn = alt.Chart(inline(curve)).encode(x=x)
    base = alt.Chart(inline(points)).encode(
        x=x, tooltip=tooltips("condition:N", "value:Q", "jod:Q", "jod_low:Q", "jod_high:Q", value=".4g")
    )
    layers = [drawn.mark_line(color=BLACK, strokeWidth=1.5).encode(y=y)]
    if np.isfinite(covariate.low).all():
        layers.insert(0, drawn.mark_area(color=BLUE, opacity=0.15).encode(y="jod_low:Q", y2="jod_high:Q"))
    layers += [
        base.mark_rule(color=BLUE, strokeWidth=2).encode(y="jod_low:Q", y2="jod_high:Q"),
        base.mark_point(color=BLUE, filled=True, size=60, opacity=1).encode(y=y),
    ]
    if len(points) <= MOST_NAMED:
        layers.append(
            base.mark_text(align="left", dx=6, dy=-7, fontSize=FONT_PX - 1).encode(y=y, text="name:N")
        )
    return layers
