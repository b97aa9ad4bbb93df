"""What all pictures share: colours that hold in grey print, sizes in px, labels beside points, tooltips.

A width is that of the whole picture, so that a picture of COLUMN_PX fits a column and its letters keep their
size. Names stand in cells alone, never in field names or expressions, whatever characters they hold.
"""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

import altair as alt
import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from uplapp.analysis.plots.fonts import length
from uplapp.plain import plain
from uplapp.values import Array, Scores

Width = int | Literal["container"]
Chart = TypeVar("Chart", alt.LayerChart, alt.ConcatChart)

BLUE, ORANGE, GREY, BLACK = "#0072b2", "#d55e00", "#767676", "#222222"  # Okabe & Ito 2008
PALETTE = (BLUE, ORANGE, "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")  # 7 x 6 pairs in turn
DASHES = ([1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [4, 1], [1, 3], [12, 3])
LOOKS: dict[str, tuple[Any, Sequence[Any]]] = {
    "color": (alt.Color, PALETTE),
    "shape": (alt.Shape, SHAPES),
    "strokeDash": (alt.StrokeDash, DASHES),
}

COLUMN_PX, PAGE_PX = 336, 672  # 3.5 and 7 inches at 96 px per inch
WIDE_PX = 560
NARROWEST_PX = 320  # what "container" may come to
FONT_PX, TITLE_PX, CHARACTER_PX = 12, 13, 6.4
ROOMY_PX, TIGHT_PX, ROOMY_ROWS = 30, 17, 14
MOST_ROWS = 50  # of TIGHT_PX on a page
EDGE_PX = 5  # around a picture, as Vega has it
SIMULATED = "SIMULATED observers"


def inline(table: pd.DataFrame) -> alt.InlineData:
    """Hand over a table of any length, NaN and infinity as null."""
    return alt.InlineData(values=plain(table))


def pixels(width: Width) -> int:
    """How wide a picture is at least."""
    return NARROWEST_PX if width == "container" else width


def row_px(rows: int) -> int:
    """Height of one row, so that many rows still fit a page."""
    return ROOMY_PX if rows <= ROOMY_ROWS else TIGHT_PX


def ends_of(names: list[str], most: int = MOST_ROWS) -> list[str]:
    """Keep as many of the best and of the last as fit a page."""
    return names if len(names) <= most else names[: (most + 1) // 2] + names[len(names) - most // 2 :]


def gap_notes(names: list[str], most: int = MOST_ROWS) -> list[str]:
    """Say how many `ends_of` leaves out."""
    left_out = len(names) - most
    return [f"The middle {left_out} of {len(names)} are left out."] if left_out > 0 else []


def label_px(names: Iterable[str], width: Width) -> float:
    """Width of the names beside an axis, at most two fifths of the picture."""
    longest = max((length(name) for name in names), default=0)
    return CHARACTER_PX * min(longest, label_characters(width)) + 14


def width_of_rows(names: Iterable[str], width: Width) -> float:
    """What is left for marks beside the names."""
    return pixels(width) - label_px(names, width) - 16


def label_characters(width: Width) -> int:
    """Longest name beside an axis."""
    return int(0.4 * pixels(width) / CHARACTER_PX)


def names_axis(width: Width, **options: Any) -> alt.Axis:
    """Label rows with names, without the middle of long ones, as names often differ at their ends."""
    most = label_characters(width)
    head, tail = (most - 1) - (most - 1) // 2, (most - 1) // 2
    shortened = f"slice(datum.label, 0, {head}) + '…' + slice(datum.label, -{tail})"
    label = f"length(datum.label) > {most} ? {shortened} : datum.label"
    return alt.Axis(labelExpr=label, labelLimit=0, labelOverlap=False, maxExtent=1000, ticks=False, **options)


def short(name: str, characters: int) -> str:
    """Leave out the middle of a long name."""
    tail = (characters - 1) // 2
    return name if len(name) <= characters else f"{name[: characters - 1 - tail]}…{name[-tail:]}"


def jod_domain(values: Array, width_px: float, right_px: float = 0.0) -> list[float]:
    """Ends of an axis that holds all finite values and leaves `right_px` of `width_px` free."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return [-1.0, 1.0]
    low, high = float(finite.min()), float(finite.max())
    span = max(high - low, 0.1)
    free = min(0.6, max(0.0, right_px / max(width_px, 1.0)))
    return [low - 0.04 * span, high + 0.04 * span + 1.08 * span * free / (1 - free)]


def tooltips(*fields: str, **formats: str) -> list[alt.Tooltip]:
    """Show fields on hover, numbers with two digits, or as `formats` of their names say."""
    tips = []
    for field in fields:
        name, _, kind = field.partition(":")
        tips.append(
            alt.Tooltip(field, format=formats.get(name, ".2f")) if kind == "Q" else alt.Tooltip(field)
        )
    return tips


def jod_title(scores: Scores) -> list[str]:
    """Title of an axis of scores: the unit, and where zero lies."""
    anchor = scores.method.anchor
    whose = "those with a fixed distance" if any(scores.bound) else "all"
    zero = f"mean of {whose} = 0" if anchor == "mean" else f"{short(anchor, 24)} = 0"
    return [f"score in JOD ({zero})", "+1 JOD = chosen by 75%"]


def titled(simulated: bool, text: str) -> str:
    """Begin a title with what no reader may miss: that nobody looked."""
    return f"{SIMULATED}: {text}" if simulated else text[:1].upper() + text[1:]


def finish(
    chart: Chart,
    name: str,
    title: str,
    *notes: str,
    width: Width,
    height: float | None = None,
    right_px: float = 0,
) -> Chart:
    """Give a picture its name, title, notes under it, size and letters.

    `height` is of the rows alone; `name` as in `lettered`; `right_px` stay free for what leans out.
    """
    lines = [line for note in notes for line in _lines(note, width, CHARACTER_PX * 0.9)]
    heading = alt.TitleParams(
        text=_lines(title, width, CHARACTER_PX * 1.15),
        subtitle=lines,
        anchor="start",
        frame="bounds",
        fontSize=TITLE_PX,
        subtitleFontSize=FONT_PX - 1,
        subtitleColor="#444444",
        offset=8,
    )
    sized = chart.properties(title=heading)
    if height is not None:
        fit = alt.AutoSizeParams(type="fit-x", contains="padding")
        sized = sized.properties(width=width, height=height, autosize=fit)
    if right_px > 0:
        edges = {"left": EDGE_PX, "top": EDGE_PX, "right": EDGE_PX + round(right_px), "bottom": EDGE_PX}
        sized = sized.properties(padding=edges)
    return lettered(sized, name)


def untitled(chart: Chart) -> tuple[Chart, str]:
    """Take title and notes out of a picture, and return them as a caption.

    That observers were simulated stays in the picture.
    """
    title = chart.title
    if not isinstance(title, alt.TitleParams):
        title = alt.TitleParams(text=[title], subtitle=[])
    parts = (getattr(title, part) for part in ("text", "subtitle"))
    text, notes = (part if isinstance(part, str) else " ".join(part) for part in parts)
    kept = alt.TitleParams(text=SIMULATED, anchor="start") if text.startswith(SIMULATED) else alt.Undefined
    bare = chart.copy(deep=False)
    bare.title = kept
    return bare, f"{text}. {notes}".strip()


def _lines(text: str, width: Width, character_px: float) -> list[str]:
    return textwrap.wrap(text, int(pixels(width) / character_px), break_on_hyphens=False)


def lettered(chart: Chart, name: str) -> Chart:
    """Set letters and lines of axes and legends, and the name under which a browser saves the picture."""
    axis: dict[str, Any] = {"labelColor": BLACK, "titleColor": BLACK, "gridColor": "#e3e3e3"}
    chosen: Chart = (
        chart.configure_axis(
            labelFontSize=FONT_PX, titleFontSize=FONT_PX, titleFontWeight="normal", titlePadding=6, **axis
        )
        .configure_legend(
            labelFontSize=FONT_PX, titleFontSize=FONT_PX, titleFontWeight="normal", labelLimit=220
        )
        .configure_header(labelFontSize=FONT_PX, titleFontSize=FONT_PX)
        .configure_view(stroke=None)
        .properties(usermeta={"embedOptions": {"downloadFileName": f"uplapp-{name}"}})
    )
    return chosen


def in_turn(names: Sequence[str], looks: Sequence[Any], shift: int = 0) -> list[Any]:
    """Give each name a look.

    When the looks run out it starts again, `shift` looks further on. So colours and shapes that run out
    together make other pairs in the next round.
    """
    return [looks[(place + shift * (place // len(looks))) % len(looks)] for place in range(len(names))]


def told_apart(field: str, names: Sequence[str], legend: alt.Legend | None, *channels: str) -> dict[str, Any]:
    """Encode a field's names in colours, shapes or dashes, by the channel's name, in one legend."""
    return {
        channel: kind(field, scale=alt.Scale(domain=list(names), range=dealt), legend=legend)
        for channel, (kind, looks) in LOOKS.items()
        if channel in channels and (dealt := in_turn(names, looks, shift=int(channel != "color")))
    }


Box = tuple[float, float, float, float]

SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))  # right, left, above, below a point
GAP_PX, HEIGHT_PX = 6.0, 13.0


def spread(places: Array, sizes: Array, low: float, high: float) -> Array:
    """Move labels of `sizes` (n,) centred at sorted `places` (n,) as little as possible, until none overlap.

    They stay inside `low` to `high` where these leave room. Least squares under order: isotonic regression.
    """
    if not places.size:
        return places
    shifts = np.concatenate([[0.0], np.cumsum((sizes[1:] + sizes[:-1]) / 2)])
    free = isotonic_regression(places - shifts).x
    first, last = low + sizes[0] / 2, high - sizes[-1] / 2 - shifts[-1]
    moved: Array = np.clip(free, first, max(first, last)) + shifts
    return moved


def beside(x_px: Array, y_px: Array, lengths_px: Array, size: tuple[float, float]) -> list[int | None]:
    """Choose for each of n points the first of SIDES where its name hits no point, no name and no edge.

    Coordinates in px from the lower left corner of a picture of `size`. None where there is no such side.
    """
    taken = [_box(x, y, 0.0, 6.0, 0, 0) for x, y in zip(x_px, y_px, strict=True)]
    chosen: list[int | None] = []
    for x, y, length_px in zip(x_px, y_px, lengths_px, strict=True):
        boxes = [_box(x, y, length_px, HEIGHT_PX, across, up) for across, up in SIDES]
        free = [place for place, box in enumerate(boxes) if _inside(box, size) and not _hits(box, taken)]
        chosen.append(free[0] if free else None)
        taken += [boxes[free[0]]] if free else []
    return chosen


def _box(x: float, y: float, length: float, height: float, across: int, up: int) -> Box:
    """Left, bottom, right, top of a name beside a point."""
    left = x - length / 2 + across * (length / 2 + GAP_PX) - (3 if not length else 0)
    bottom = y - height / 2 + up * (height / 2 + GAP_PX)
    return left, bottom, left + (length or 6), bottom + height


def _hits(box: Box, others: list[Box]) -> bool:
    left, bottom, right, top = box
    return any(left < r and le < right and bottom < t and b < top for le, b, r, t in others)


def _inside(box: Box, size: tuple[float, float]) -> bool:
    left, bottom, right, top = box
    return left >= 0 and bottom >= 0 and right <= size[0] and top <= size[1]
