"""The scores of every scene by itself."""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from uplapp.analysis.plots.scenes import scene_chart
from uplapp.analysis.reading.votes import main_trials, scenes
from uplapp.analysis.scoring import analyse_scenes
from uplapp.errors import UplappError
from uplapp.values import Scores, Votes
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import cautions, interval, plain, table
from uplapp.web.widgets import sentence, working

ONE = "These votes name no scenes, or only one; the example among the votes above has four."
MOST_WARNINGS = 6
ABOUT = (
    "Zero is common to all scenes: the mean of the conditions, or the anchor. Intervals hold within a scene."
)


def build() -> list[Any]:
    """Lay out the view and return its outputs."""
    said = gr.Markdown(ONE)
    chart = gr.Plot(show_label=False, visible=False)
    return [said, chart, gr.HTML(visible=False)]


@dataclass(frozen=True, eq=False)
class Shown:
    """The outputs of the view, and the scores of the scenes that they show."""

    outputs: tuple[Any, ...]
    scenes: dict[str, Scores] = field(default_factory=dict)


def show(found: Found, progress: gr.Progress) -> Generator[Any, None, Shown]:
    """Score each scene with the method of the report, and of the observers that it keeps."""
    if not isinstance(found, Analysed):
        return Shown(_sentence(NO_VOTES))
    data, pooled = found.kept, found.report.scores
    if not isinstance(data, Votes) or len(scenes(data)) < 2:
        return Shown(_sentence(ONE))
    data = replace(data, table=main_trials(data))  # the ranking says once how many others are left out
    try:
        by_scene = yield from working(
            lambda watch: analyse_scenes(data, pooled.method, watch), progress, "scenes"
        )
    except UplappError as error:
        return Shown(_sentence(plain(sentence(error))))
    chart = gr.update(value=scene_chart(by_scene, pooled, "container"), visible=True)
    return Shown((_said(by_scene, pooled), chart, gr.update(value=_table(by_scene), visible=True)), by_scene)


def _sentence(text: str) -> tuple[Any, ...]:
    hidden = gr.update(value=None, visible=False)
    return text, hidden, hidden


def _said(by_scene: dict[str, Scores], pooled: Scores) -> str:
    """How to read the scores, and what is to be said of single scenes beyond what is said of all."""
    lines = [
        f"scene '{name}': {warning}"
        for name, scores in by_scene.items()
        for warning in scores.warnings
        if warning not in pooled.warnings
    ]
    more = [f"and {len(lines) - MOST_WARNINGS} more, in the JSON"] if len(lines) > MOST_WARNINGS else []
    return "\n\n".join(filter(None, (ABOUT, cautions([*lines[:MOST_WARNINGS], *more]))))


def _table(by_scene: dict[str, Scores]) -> str:
    rows = [
        (scene, name, interval(jod, low, high))
        for scene, scores in by_scene.items()
        for name, jod, low, high in zip(scores.conditions, scores.jod, scores.low, scores.high, strict=True)
    ]
    headings = ("Scene", "Condition", "JOD [95% interval]")
    return table(dict(zip(headings, map(list, zip(*rows, strict=True)), strict=True)))
