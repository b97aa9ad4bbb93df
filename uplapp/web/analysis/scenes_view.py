"""The scores of every scene by itself."""

from collections.abc import Generator
from typing import Any

import gradio as gr

from uplapp.analysis.plots.scenes import scene_chart
from uplapp.analysis.scenes import analyse_scenes
from uplapp.analysis.votes import scenes
from uplapp.errors import UplappError
from uplapp.values import Scores, Votes
from uplapp.web.analysis.state import NO_VOTES, Analysed
from uplapp.web.analysis.words import interval, plain, table
from uplapp.web.background import working

ONE = "These votes name no scenes, or only one."
ABOUT = "Zero is the mean of each scene: compare differences across scenes, not scores."


def build() -> list[Any]:
    """Lay out the view; returns its outputs."""
    said = gr.Markdown(ONE)
    chart = gr.Plot(show_label=False, visible=False)
    return [said, chart, gr.HTML(visible=False)]


def show(analysed: Analysed | None, progress: gr.Progress) -> Generator[Any, None, None]:
    """Score each scene with the method of `scores`."""
    hidden = gr.update(visible=False)
    if analysed is None:
        yield NO_VOTES, hidden, hidden
        return
    data, scores = analysed.data, analysed.report.scores
    if not isinstance(data, Votes) or len(scenes(data)) < 2:
        yield ONE, hidden, hidden
        return
    try:
        found = yield from working(
            lambda watch: analyse_scenes(data, scores.method, watch), progress, "scenes"
        )
    except UplappError as error:
        yield plain(str(error)), hidden, hidden
        return
    chart = gr.update(value=scene_chart(found, scores, "container"), visible=True)
    yield ABOUT, chart, gr.update(value=_table(found), visible=True)


def _table(found: dict[str, Scores]) -> str:
    rows = [
        (scene, name, interval(jod, low, high))
        for scene, scores in found.items()
        for name, jod, low, high in zip(scores.conditions, scores.jod, scores.low, scores.high, strict=True)
    ]
    headings = ("Scene", "Condition", "JOD [95 % interval]")
    return table(dict(zip(headings, map(list, zip(*rows, strict=True)), strict=True)))
