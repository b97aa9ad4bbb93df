"""Chart of the scores of each scene beside the scores of all scenes."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from uplapp.analysis.plots.scores import EMPTY, SHADES
from uplapp.analysis.plots.style import (
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
    told_apart,
    tooltips,
    width_of_rows,
)
from uplapp.analysis.scoring import ranking, scope
from uplapp.values import Scores

LANE_PX, LEAST_ROW_PX, MOST_ROW_PX = 9, 26, 64
MOST_LANES, MOST_HEIGHT_PX, LEAST_COLUMN_PX = 12, 900, 14
NO_NAME = "(no name)"
MOST_INTERVALS = 6  # scenes, beyond which their intervals would hide each other


def scene_chart(
    scenes: Mapping[str, Scores], pooled: Scores, width: Width = WIDE_PX, noun: str = "scene"
) -> alt.LayerChart:
    """Draw the scores of each scene, one row per condition, and upright lines at the scores of all scenes.

    `noun` names what stands in place of scenes, such as a group of observers.
    Of many scenes or conditions it is a map of scores, one column per scene. Zero is common to all
    scenes. Intervals, which hold within a scene, are drawn for up to MOST_INTERVALS scenes.
    """
    if is_map(scenes, pooled):
        return _map(scenes, pooled, width, noun)
    names = ranking(pooled)["condition"].tolist()
    table = pd.concat([_rows(scene or NO_NAME, scores) for scene, scores in scenes.items()])
    all_scenes = ranking(pooled).dropna(subset="jod")
    values = [all_scenes["jod"], table["jod"]]
    values += [table["jod_low"], table["jod_high"]] if len(scenes) <= MOST_INTERVALS else []
    ends = jod_domain(pd.concat(values).to_numpy(float), width_of_rows(names, width))
    notes = [f"Upright lines: all {noun}s together."]
    if len(scenes) <= MOST_INTERVALS:
        notes.append(f"With 95% intervals: {scope(next(iter(scenes.values())))}.")
    return finish(
        alt.LayerChart(layer=_layers(table, all_scenes, pooled, (names, ends, width), noun)),
        f"{noun}s",
        titled(pooled.simulated, f"scores by {noun}"),
        *notes,
        width=width,
        height=_row_px(scenes) * max(1, len(names)),
    )


def is_map(scenes: Mapping[str, Scores], pooled: Scores) -> bool:
    """Say whether there are too many scenes or conditions for a mark each."""
    return len(scenes) > MOST_LANES or len(pooled.conditions) * _row_px(scenes) > MOST_HEIGHT_PX


def _row_px(scenes: Mapping[str, Scores]) -> int:
    return min(MOST_ROW_PX, max(LEAST_ROW_PX, LANE_PX * len(scenes)))


def _map(scenes: Mapping[str, Scores], pooled: Scores, width: Width, noun: str) -> alt.LayerChart:
    everything = ranking(pooled)["condition"].tolist()
    names, columns = ends_of(everything), [scene or NO_NAME for scene in scenes]
    table = pd.concat([_rows(scene or NO_NAME, scores) for scene, scores in scenes.items()])
    table = table[table["condition"].isin(names)]
    named = width_of_rows(names, width) / len(columns) >= LEAST_COLUMN_PX
    axis = alt.Axis(labels=named, ticks=False, labelAngle=-90, orient="bottom", labelLimit=120)
    middle = (table["jod"].min() + table["jod"].max()) / 2
    scale = alt.Scale(
        domain=[table["jod"].min(), middle, table["jod"].max()], range=SHADES, interpolate="rgb"
    )
    cells = (
        alt.Chart(inline(table))
        .mark_rect()
        .encode(
            x=alt.X(
                "scene:N",
                scale=alt.Scale(domain=columns),
                title=f"{len(columns)} {noun}s, by name",
                axis=axis,
            ),
            y=alt.Y("condition:N", scale=alt.Scale(domain=names), title=None, axis=names_axis(width)),
            color=alt.Color(
                "jod:Q", scale=scale, title="JOD", legend=alt.Legend(orient="bottom", gradientLength=140)
            ),
            tooltip=tooltips("condition:N", "scene:N", "jod:Q", "jod_low:Q", "jod_high:Q"),
        )
    )
    return finish(
        alt.LayerChart(layer=[cells], view=EMPTY),
        f"{noun}s",
        titled(pooled.simulated, f"scores by {noun}"),
        f"Best of all {noun}s on top. Grey: no score.",
        *gap_notes(everything),
        width=width,
        height=row_px(len(names)) * len(names),
    )


def _rows(scene: str, scores: Scores) -> pd.DataFrame:
    return ranking(scores).dropna(subset="jod").drop(columns="rank").assign(scene=scene)


def _layers(
    table: pd.DataFrame,
    all_scenes: pd.DataFrame,
    pooled: Scores,
    frame: tuple[list[str], list[float], Width],
    noun: str,
) -> list[alt.Chart]:
    names, ends, width = frame
    scenes = list(dict.fromkeys(table["scene"]))
    rows: dict[str, Any] = {"title": None, "axis": names_axis(width)}
    rows["scale"] = alt.Scale(domain=names, paddingInner=0.25)
    x = alt.X(
        "jod:Q", title=jod_title(pooled), scale=alt.Scale(domain=ends, nice=False), axis=alt.Axis(tickCount=6)
    )
    legend = alt.Legend(
        orient="bottom",
        title=noun,
        symbolOpacity=1,
        columns=max(1, int(3 if width == "container" else width / 150)),
    )
    looks = told_apart("scene:N", scenes, legend, "color", "shape")
    lane = alt.YOffset("scene:N", scale=alt.Scale(domain=scenes))
    tips = tooltips("condition:N", "scene:N", "jod:Q", "jod_low:Q", "jod_high:Q")
    base = alt.Chart(inline(table)).encode(y=alt.Y("condition:N", **rows), yOffset=lane, tooltip=tips)
    mean = alt.Chart(inline(all_scenes)).mark_rule(color=GREY, strokeWidth=2.5, opacity=0.8)
    ends_of_row = {
        "y": alt.Y("condition:N", bandPosition=0, **rows),
        "y2": alt.Y2("condition:N", bandPosition=1),
    }
    layers = [mean.encode(x=x, tooltip=tooltips("condition:N", "jod:Q"), **ends_of_row)]
    if len(scenes) <= MOST_INTERVALS:
        layers.append(
            base.mark_rule(opacity=0.6).encode(x="jod_low:Q", x2="jod_high:Q", color=looks["color"])
        )
    layers.append(base.mark_point(filled=True, size=42, opacity=1).encode(x=x, **looks))
    return layers
