"""Charts of scores with their intervals, and of the votes behind them."""

from math import cos, radians
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from uplapp.analysis.model import preference
from uplapp.analysis.plots.fonts import length
from uplapp.analysis.plots.style import (
    BLACK,
    BLUE,
    CHARACTER_PX,
    FONT_PX,
    GREY,
    WIDE_PX,
    Width,
    ends_of,
    finish,
    gap_notes,
    inline,
    jod_domain,
    jod_title,
    names_axis,
    row_px,
    titled,
    tooltips,
    width_of_rows,
)
from uplapp.analysis.scoring import letters, ranking, scope
from uplapp.values import Scores

MOST_LETTERS = 8  # longer words stand in the tooltip and in the tables
SHADES = [
    "#ffffff",
    "#8fbfdc",
    "#00456e",
]  # of 0, 50 and 100%, ever darker, also in grey print
DARK = 66  # percent from which white numbers read better
CELL_PX = 26  # narrower cells have no room for a number
MOST_NAMES, LONGEST_NAME = 10, 14  # beyond, columns are numbered by rank
LEAST_LABEL_PX = 18
SLANT = 35  # degrees
EMPTY = alt.ViewBackground(fill="#d4d4d4")


def jod_chart(scores: Scores, width: Width = WIDE_PX) -> alt.LayerChart:
    """Draw scores with their 95% intervals, best on top.

    Without finite scores the picture is empty. Letters at the right: conditions that share one do not differ
    significantly.
    """
    table = placed(ranking(scores))
    everything = table["condition"].tolist()
    table = table[table["condition"].isin(ends_of(everything))]
    words = dict(zip(scores.conditions, letters(scores), strict=True))
    table["letters"] = table["condition"].map(words).astype(object)
    longest = max(map(len, table["letters"]), default=0)
    lettered = 0 < longest <= MOST_LETTERS
    room = width_of_rows(table["condition"].tolist(), width)
    ends = jod_domain(
        table[["place", "jod_low", "jod_high"]].assign(zero=0.0).to_numpy(float).ravel(),
        room,
        lettered * (CHARACTER_PX * longest + 10),
    )
    layers = _layers(scores, table, ends, width) + ([_words(table)] if lettered else [])
    notes = [f"Intervals: {scope(scores)}."] if table["jod_low"].notna().any() else []
    notes += ["Conditions that share a letter do not differ significantly."] if lettered else []
    notes += gap_notes(everything)
    if table["open"].ne("").any():
        notes.append("Hollow: one-sided 95% bound, the score lies beyond (or open to that side).")
    if table["group"].nunique() > 1:
        notes.append("Groups without a common zero: compare within a group.")
    return finish(
        alt.LayerChart(layer=layers),
        "scores",
        titled(scores.simulated, f"scores with 95% intervals ({scores.interval})"),
        *notes,
        width=width,
        height=row_px(len(table)) * max(1, len(table)),
    )


def _layers(scores: Scores, table: pd.DataFrame, ends: list[float], width: Width) -> list[alt.Chart]:
    rows = alt.Scale(domain=table["condition"].tolist())
    base = alt.Chart(inline(table)).encode(
        y=alt.Y("condition:N", scale=rows, title=None, axis=names_axis(width)),
        tooltip=tooltips("condition:N", "jod:Q", "jod_low:Q", "jod_high:Q", "letters:N"),
    )
    fixed, beyond = (base.transform_filter(f"{test}(datum.open == '')") for test in ("", "!"))
    axis = alt.Axis(tickCount=6)
    span = base.mark_rule(color=BLUE, strokeWidth=2.5).encode(
        x=alt.X("jod_low:Q", title=jod_title(scores), scale=alt.Scale(domain=ends, nice=False), axis=axis),
        x2="jod_high:Q",
    )
    point = fixed.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(x="jod:Q")
    zero = alt.Chart(inline(pd.DataFrame({"zero": [0.0]}))).mark_rule(color=GREY, strokeDash=[4, 4])
    layers = [zero.encode(x="zero:Q"), span, point]
    if table["open"].ne("").any():
        shapes = alt.Scale(
            domain=["above", "below", "open"], range=["triangle-right", "triangle-left", "circle"]
        )
        shape = alt.Shape("open:N", scale=shapes, legend=None)
        layers.append(
            beyond.mark_point(color=BLUE, filled=False, size=90, opacity=1).encode(x="place:Q", shape=shape)
        )
    return layers


def placed(ranked: pd.DataFrame) -> pd.DataFrame:
    """Give a ranking the places of its marks: the score, or the bound of one that is open to a side."""
    table = ranked.rename(columns={"bound": "open"}).drop(columns="rank")
    bounded = table["open"].ne("") & table["bound_jod"].notna()
    table["place"] = table["bound_jod"].where(bounded, table["jod"])
    return table.dropna(subset="place")


def _words(table: pd.DataFrame) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(inline(table))
        .mark_text(align="right", dx=-3, fontSize=FONT_PX, color=BLACK)
        .encode(y="condition:N", x=alt.value("width"), text="letters:N")
    )
    return chart


def win_chart(scores: Scores, width: Width = WIDE_PX, model: bool = False) -> alt.LayerChart:
    """Draw how often the row was chosen over the column, in percent of their votes, best first.

    With `model`, what the scores predict, for pairs without votes too. Columns without room for names are
    numbered by rank.
    """
    field = "model_percent" if model else "percent"
    everything = ranking(scores)["condition"].tolist()
    names = ends_of(everything)
    cell_px = width_of_rows(names, width) / max(1, len(names))
    ranked = len(names) > MOST_NAMES or max(map(length, names)) > LONGEST_NAME
    ranks = [1 + everything.index(name) for name in names] if ranked else []
    shown = _shares(scores, everything).dropna(subset=field)
    shown = shown[shown["chosen"].isin(names) & shown["over"].isin(names)]
    base = alt.Chart(inline(shown)).encode(
        x=_columns(names, ranks, cell_px),
        y=alt.Y("chosen:N", scale=alt.Scale(domain=names), title="chosen", axis=_rows(width, ranks)),
        tooltip=tooltips("chosen:N", "over:N", "percent:Q", "votes:Q", "model_percent:Q"),
    )
    what = "as the scores predict" if model else "of the votes of each pair"
    notes = []
    if len(shown) < len(names) * (len(names) - 1):
        notes.append("Grey: not compared.")
    if ranked:
        notes.append("Columns are numbered by rank, as the rows.")
    notes += gap_notes(everything)
    return finish(
        alt.LayerChart(layer=_cells(base, f"{field}:Q", cell_px >= CELL_PX), view=EMPTY),
        "predicted-votes" if model else "votes",
        titled(scores.simulated, f"chosen, % {what}"),
        *notes,
        width=width,
        height=row_px(len(names)) * len(names),
        right_px=0 if ranked or _lie_flat(names, cell_px) else _overhang_px(names, cell_px),
    )


def _shares(scores: Scores, names: list[str]) -> pd.DataFrame:
    """Tabulate each ordered pair: its votes, its share of them, and the share that the scores predict."""
    votes = scores.wins + scores.wins.T
    chosen, over = np.nonzero(1 - np.eye(len(votes)))
    labels, ranks = np.array(scores.conditions, dtype=object), [*map(names.index, scores.conditions)]
    percent = np.full(chosen.size, np.nan)
    np.divide(100 * scores.wins[chosen, over], votes[chosen, over], percent, where=votes[chosen, over] > 0)
    return pd.DataFrame(
        {
            "chosen": labels[chosen],
            "over": labels[over],
            "over_rank": 1 + np.array(ranks)[over],
            "percent": percent,
            "votes": votes[chosen, over],
            "model_percent": 100 * preference(scores.jod[chosen] - scores.jod[over]),
        }
    )


def _cells(base: alt.Chart, field: str, numbered: bool) -> list[alt.Chart]:
    legend = None if numbered else alt.Legend(orient="bottom", gradientLength=140)
    shade = alt.Color(
        field, scale=alt.Scale(domain=[0, 50, 100], range=SHADES, interpolate="rgb"), title="%", legend=legend
    )
    cells = base.mark_rect(stroke="#cccccc", strokeWidth=0.5 if numbered else 0).encode(color=shade)
    if not numbered:
        return [cells]
    color = alt.condition(
        alt.FieldGTEPredicate(field.removesuffix(":Q"), DARK), alt.value("white"), alt.value(BLACK)
    )
    return [cells, base.mark_text(fontSize=FONT_PX).encode(text=alt.Text(field, format=".0f"), color=color)]


def _columns(names: list[str], ranks: list[int], cell_px: float) -> alt.X:
    axis: dict[str, Any] = {"orient": "top", "ticks": False, "title": "over", "labelLimit": 0}
    if not ranks:
        angle = 0 if _lie_flat(names, cell_px) else -SLANT
        return alt.X("over:N", scale=alt.Scale(domain=names), axis=alt.Axis(labelAngle=angle, **axis))
    ticks = ranks if cell_px >= LEAST_LABEL_PX else [1, *(rank for rank in ranks if rank % 5 == 0)]
    return alt.X(
        "over_rank:O", scale=alt.Scale(domain=ranks), axis=alt.Axis(values=ticks, labelAngle=0, **axis)
    )


def _lie_flat(names: list[str], cell_px: float) -> bool:
    return max(map(length, names)) * CHARACTER_PX < cell_px


def _overhang_px(names: list[str], cell_px: float) -> float:
    """How far slanted names reach beyond the last column."""
    reach = [CHARACTER_PX * length(name) * cos(radians(SLANT)) for name in names]
    return max(one - (len(names) - place - 0.5) * cell_px for place, one in enumerate(reach)) + FONT_PX / 2


def _rows(width: Width, ranks: list[int]) -> alt.Axis:
    """Names, with their ranks where the columns show no names."""
    axis = names_axis(width)
    if ranks:
        axis.labelExpr = f"{ranks}[round(datum.index * {len(ranks) - 1})] + '  ' + ({axis.labelExpr})"
    return axis
