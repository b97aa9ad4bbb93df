"""A fit on the page while it runs: the image as it forms, its curve, how far it is, and a way to end it."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from PIL import Image

from uplapp.analysis.plots.fitting import fit_chart
from uplapp.imaging.files.pictures import tensor_to_array, thinned
from uplapp.imaging.fitting import Curve
from uplapp.web.restore.running import Fit, Wish

PREVIEW_PX, QUALITY = 384, 85
KEEP, KEEPING = "Stop and keep", "Stopping …"


@dataclass(frozen=True)
class Live:
    """The components of a fit that runs, and the wish of the visitor who watches it."""

    column: gr.Column
    line: gr.HTML
    picture: gr.HTML
    chart: gr.Plot
    keep: gr.Button
    wish: gr.State

    @property
    def all(self) -> list[Any]:
        """List the components in the order of `running` and `gone`."""
        return [self.column, self.line, self.picture, self.chart, self.keep]


def lay_out_live() -> Live:
    """Lay out what is shown of a fit, hidden until one runs, and connect its button."""
    wish = gr.State(Wish())
    with gr.Column(visible=False, elem_id="fit") as column:
        line = gr.HTML(elem_id="fit-line")
        with gr.Row():
            with gr.Column(min_width=200):
                picture = gr.HTML(elem_id="fit-picture")
            with gr.Column(min_width=310):
                chart = gr.Plot(show_label=False, elem_id="fit-curve")
        keep = gr.Button(KEEP, elem_id="keep")
    keep.click(_ask, wish, keep, api_visibility="private")
    return Live(column, line, picture, chart, keep, wish)


def _ask(wish: Wish) -> Any:
    wish.stop = True
    return gr.update(value=KEEPING, interactive=False)


def running(fit: Fit, wish: Wish) -> tuple[Any, ...]:
    """Show a fit that runs."""
    line = f"<p>{escape(f'{fit.label}: {fit.state.text}')}</p>"  # the gauge says it aloud
    keep = gr.update(value=KEEPING if wish.stop else KEEP, interactive=not wish.stop, visible=True)
    return gr.update(visible=True), line, _picture(fit), draw_curves({fit.label: fit.curve}), keep


def gone() -> tuple[Any, ...]:
    """Hide what was shown of a fit."""
    return gr.update(visible=False), "", "", None, gr.update(value=KEEP, interactive=True)


def draw_curves(curves: Mapping[str, Curve]) -> Any:
    """Draw the curves of fits, by the labels of their candidates."""
    return fit_chart({label: (one.iterations, one.losses, one.held_out) for label, one in curves.items()})


def _picture(fit: Fit) -> str:
    """Draw the picture of a fit into the page itself, so that no file is left behind."""
    buffer = io.BytesIO()
    Image.fromarray(tensor_to_array(thinned(fit.picture, PREVIEW_PX))).save(buffer, "JPEG", quality=QUALITY)
    content = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="The image as it forms" src="data:image/jpeg;base64,{content}">'
