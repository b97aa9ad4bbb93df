"""Map of how probable each rank is for each condition."""

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.plots.scores import CELL_PX, DARK, SHADES
from uplapp.analysis.plots.style import (
    BLACK,
    FONT_PX,
    GREY,
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
    width_of_rows,
)
from uplapp.analysis.scoring import Ranks, ranking, scope
from uplapp.values import Scores

LEAST_PERCENT = 0.5  # cells below are white
LEAST_LABEL_PX = 18


def rank_chart(ranks: Ranks, scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw the probability of each rank, one row per condition, best first, and brackets of the tests.

    Of more conditions than fit a page the middle is left out.
    """
    everything = ranking(scores)["condition"].tolist()
    names, most = ends_of(everything), len(everything)
    cell_px = width_of_rows(names, width) / most
    table = _table(ranks)
    table = table[table["condition"].isin(names)]
    spans = pd.DataFrame(
        {"condition": ranks.conditions, "first": ranks.first - 0.5, "last": ranks.last + 0.5}
    )
    spans = spans[spans["condition"].isin(names)]
    scale = alt.Scale(domain=[0.5, most + 0.5], nice=False)
    axis = alt.Axis(values=_ticks(most, cell_px), format="d", grid=False, orient="top")
    base = alt.Chart(inline(table)).encode(
        y=alt.Y("condition:N", scale=alt.Scale(domain=names), title=None, axis=names_axis(width)),
        tooltip=tooltips("condition:N", "rank:Q", "percent:Q", rank="d", percent=".1f"),
    )
    return finish(
        alt.LayerChart(
            layer=_layers(base, spans, alt.X("from:Q", title="rank", scale=scale, axis=axis), cell_px)
        ),
        "ranks",
        titled(scores.simulated, "how probable each rank is, %"),
        f"Share of {ranks.draws} replicates ({scope(scores)}).",
        "Lines: ranks that the tests leave possible (all together in 95% of studies).",
        *gap_notes(everything),
        width=width,
        height=row_px(len(names)) * len(names),
    )


def _table(ranks: Ranks) -> pd.DataFrame:
    """One row per condition and rank that occurs."""
    percent = 100 * np.nan_to_num(ranks.probability)
    which, rank = np.nonzero(percent >= LEAST_PERCENT)
    return pd.DataFrame(
        {
            "condition": np.array(ranks.conditions, dtype=object)[which],
            "rank": rank + 1,
            "from": rank + 0.5,
            "to": rank + 1.5,
            "percent": percent[which, rank],
        }
    )


def _ticks(most: int, cell_px: float) -> list[int]:
    if cell_px >= LEAST_LABEL_PX:
        return list(range(1, most + 1))
    step = 5 if 5 * cell_px >= LEAST_LABEL_PX else 20
    return [1, *range(step, most + 1, step)]


def _layers(base: alt.Chart, spans: pd.DataFrame, x: alt.X, cell_px: float) -> list[alt.Chart]:
    numbered = cell_px >= CELL_PX
    legend = None if numbered else alt.Legend(orient="bottom", gradientLength=140)
    shades = alt.Scale(domain=[0, 50, 100], range=SHADES, interpolate="rgb")
    cells = base.mark_rect().encode(
        x=x, x2="to:Q", color=alt.Color("percent:Q", scale=shades, title="%", legend=legend)
    )
    lines = (
        alt.Chart(inline(spans))
        .mark_rule(color=GREY, strokeWidth=1.5, yOffset=0)
        .encode(y=alt.Y("condition:N", bandPosition=0.94), x="first:Q", x2="last:Q")
    )
    if not numbered:
        return [cells, lines]
    color = alt.condition(alt.FieldGTEPredicate("percent", DARK), alt.value("white"), alt.value(BLACK))
    words = base.mark_text(fontSize=FONT_PX).encode(
        x=alt.X("rank:Q"), text=alt.Text("percent:Q", format=".0f"), color=color
    )
    return [cells, lines, words]
