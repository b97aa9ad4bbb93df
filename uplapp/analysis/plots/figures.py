"""Pictures as files for print: in true size, letters readable in a column."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np

from uplapp import whole
from uplapp.analysis.plots.covariate import covariate_chart
from uplapp.analysis.plots.fonts import box_notes
from uplapp.analysis.plots.observers import observer_chart, spread_chart
from uplapp.analysis.plots.ranks import rank_chart
from uplapp.analysis.plots.scenes import is_map, scene_chart
from uplapp.analysis.plots.scores import jod_chart, win_chart
from uplapp.analysis.plots.style import COLUMN_PX, PAGE_PX, untitled
from uplapp.analysis.plots.triangle import MOST_CONDITIONS, triangle_chart
from uplapp.analysis.writing.report import Report
from uplapp.errors import UnknownName

FORMATS = ("svg", "pdf", "png")
CAPTIONS = "captions.txt"
DPI = 300  # of a PNG; the others have none
POINTS_A_PX = 72 / 96  # the renderer counts in points
MOST_IN_COLUMN = 12  # conditions, beyond which triangles and matrices take the width of the page


def save(chart: Any, path: Path) -> None:
    """Write a chart as its suffix says: .svg, .pdf or .png."""
    whole.write_bytes(path, picture(chart, kind_of(path)))


def kind_of(path: Path) -> str:
    """Read the format from a file's suffix.

    Raises UnknownName before any work is done.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UnknownName("picture format", kind, FORMATS)
    return kind


def picture(chart: Any, kind: str) -> bytes:
    """Draw a chart in one of FORMATS at 96 px per inch, a PDF at 72: scale that to the column."""
    if kind not in FORMATS:
        raise UnknownName("picture format", kind, FORMATS)
    text, content = StringIO(), BytesIO()
    match kind:
        case "svg":
            chart.save(text, format=kind)
            return text.getvalue().encode()
        case "png":
            chart.save(content, format=kind, ppi=DPI, scale_factor=POINTS_A_PX)
        case _:
            chart.save(content, format=kind)
    return content.getvalue()


def figure_files(report: Report, kind: str = "svg", title: bool = True) -> dict[str, bytes]:
    """Draw all that a report has to show, by file name.

    Scores, triangles (of up to MOST_CONDITIONS), votes and ranks; scores by scene, observers' distances and
    the spread between observers where there are any. Without `title`, titles and notes stand in a text file
    instead, as captions.
    """
    charts = _charts(report)
    if title:
        return {f"{name}.{kind}": picture(chart, kind) for name, chart in charts.items()}
    bare = {name: untitled(chart) for name, chart in charts.items()}
    captions = "".join(f"{name}: {caption}\n" for name, (_, caption) in bare.items())
    files = {f"{name}.{kind}": picture(chart, kind) for name, (chart, _) in bare.items()}
    return files | {CAPTIONS: captions.encode()}


def figure_notes(report: Report, kind: str) -> list[str]:
    """Say which names of a report no font of this machine can draw."""
    people = [] if report.screening is None else report.screening["observer"].tolist()
    groups = [] if report.groups is None else list(report.groups.scores)
    return box_notes([*report.scores.conditions, *report.scenes, *groups, *people], kind)


def _charts(report: Report) -> dict[str, Any]:
    scores = report.scores
    broad = PAGE_PX if len(scores.conditions) > MOST_IN_COLUMN else COLUMN_PX
    charts: dict[str, Any] = {"votes": win_chart(scores, broad)}
    if np.isfinite([scores.jod, scores.bound_jod]).any():
        charts["scores"] = jod_chart(scores, COLUMN_PX)
    if scores.on_one_scale and len(scores.conditions) <= MOST_CONDITIONS:
        charts["triangles"] = triangle_chart(scores, broad)
    if report.ranks is not None and np.isfinite(report.ranks.best).any():
        charts["ranks"] = rank_chart(report.ranks, scores, broad)
    if any(np.isfinite(some.jod).any() for some in report.scenes.values()):
        charts["scenes"] = scene_chart(
            report.scenes, scores, PAGE_PX if is_map(report.scenes, scores) else COLUMN_PX
        )
    return charts | _of_people(report)


def _of_people(report: Report) -> dict[str, Any]:
    """Draw groups of observers, scores against the covariate, and how observers differ."""
    scores, charts = report.scores, dict[str, Any]()
    if report.groups is not None:
        charts["groups"] = scene_chart(report.groups.scores, scores, COLUMN_PX, "group")
    if report.covariate is not None:
        charts["covariate"] = covariate_chart(report.covariate, scores, COLUMN_PX)
    if report.spread is not None:
        charts["spread"] = spread_chart(report.spread, scores, COLUMN_PX)
    if report.screening is not None and report.screening["dist_pairs"].notna().any():
        charts["observers"] = observer_chart(report.screening, COLUMN_PX, scores.simulated)
    return charts
