"""Scores against a number of each condition, such as its bit rate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.analysis.plots.covariate import covariate_chart
from uplapp.analysis.reading.covariate import read_covariate
from uplapp.analysis.scoring.covariate import against
from uplapp.analysis.writing.covariate import covariate_lines
from uplapp.errors import UplappError
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import TABLES, plain
from uplapp.web.widgets import sentence

NAME = "Covariate"
ABOUT = (
    "A number of each condition, such as its bit rate, acceleration or noise level: how do the scores go "
    "with it? Write CONDITION=NUMBER with commas between, or give a table with two columns, the condition "
    "and its number."
)


def build() -> list[Any]:
    """Lay out the view and return its widgets: text, file, logarithm, and the outputs."""
    gr.Markdown(ABOUT)
    with gr.Row():
        text = gr.Textbox(
            label="Numbers", placeholder="bitrate: a=0.5, b=1, c=2", max_lines=3, scale=2, min_width=240
        )
        upload = gr.File(
            label="Or a table, CSV", file_types=TABLES, type="filepath", height=120, min_width=240
        )
    log = gr.Checkbox(label="Logarithmic: slope per doubling")
    said = gr.Markdown()
    chart = gr.Plot(show_label=False, visible=False)
    return [text, upload, log, said, chart]


def connect(state: gr.State, widgets: list[Any]) -> None:
    """Fit the slope anew when a number changes.

    From then on it is in the exports too.
    """
    text, upload, log, said, chart = widgets
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    gr.on(
        [text.submit, text.blur, upload.upload, upload.clear, log.input],
        show,
        [state, text, upload, log],
        [said, chart, state],
        **private,
    )


def show(found: Found, text: str, upload: str | None, log: bool) -> tuple[Any, ...]:
    """Fit and draw the scores against the numbers."""
    hidden = gr.update(value=None, visible=False)
    given = upload or (text or "").strip()
    if not isinstance(found, Analysed):
        return NO_VOTES, hidden, gr.skip()
    if not given:
        return "", hidden, gr.skip()
    scores = found.report.scores
    try:
        if not upload and "=" not in given:
            raise UplappError("numbers are written as CONDITION=NUMBER, with commas between")
        name, numbers = read_covariate(str(Path(upload)) if upload else given)
        covariate = against(scores, numbers, name, log)
    except UplappError as error:
        return plain(sentence(error)), hidden, gr.skip()
    lines = [f"{line[:1].upper()}{line[1:]}." for line in covariate_lines(covariate)]
    return (
        "\n\n".join(map(plain, lines)),
        gr.update(value=covariate_chart(covariate, scores, "container"), visible=True),
        replace(found, report=replace(found.report, covariate=covariate)),
    )
