"""How the votes become scores: the menu of the analysis' `Method`."""

from typing import Any

import gradio as gr

from uplapp.analysis.model.answers import TIES
from uplapp.analysis.model.objective import PRIORS
from uplapp.analysis.scoring.analyse import BOOTSTRAPS, MEAN, MOST_BOOTSTRAPS
from uplapp.analysis.scoring.bootstrap import INTERVALS
from uplapp.values import Method

INTERVAL, ANCHOR = 1, 4  # their places among the widgets


def build() -> list[Any]:
    """Lay out the widgets in the order of `Method`."""
    prior = gr.Radio(menu(PRIORS), value="distance", label="Prior")
    interval = gr.Radio(menu(INTERVALS), value="t", label="95 % interval")
    with gr.Accordion("Replicates, ties, side bias", open=False):
        bootstraps = gr.Slider(100, MOST_BOOTSTRAPS, BOOTSTRAPS, step=100, label="Bootstrap replicates")
        seed = gr.Number(0, label="Seed", precision=0, minimum=0)
        ties = gr.Radio(menu(TIES), value="half", label="Not sure")
        side_bias = gr.Checkbox(label="Take the pull of the place shown first out of the scores")
    anchor = gr.Dropdown([MEAN], value=MEAN, label="Lies at 0 JOD")
    return [prior, interval, bootstraps, seed, anchor, ties, side_bias]


def changes(widgets: list[Any]) -> list[Any]:
    """Events after which the scores are another's."""
    return [widget.release if isinstance(widget, gr.Slider) else widget.input for widget in widgets]


def read(chosen: list[Any], conditions: tuple[str, ...]) -> Method:
    """The method that was chosen; an anchor of other votes falls back to the mean."""
    prior, interval, bootstraps, seed, anchor, ties, side_bias = chosen
    known = anchor if anchor in conditions else MEAN
    return Method(prior, interval, int(bootstraps), int(seed or 0), known, ties, side_bias)


def menu(table: Any) -> list[tuple[str, str]]:
    """Labels and names of a registry."""
    return [(entry.label, name) for name, entry in table.items()]
