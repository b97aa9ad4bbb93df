"""What goes into the paper: methods, tables, figures, data."""

from typing import Any

import gradio as gr

from uplapp.analysis.plots.figures import figure_files, figure_notes
from uplapp.analysis.writing.latex import to_latex
from uplapp.analysis.writing.methods import methods
from uplapp.analysis.writing.report import to_csv, to_json
from uplapp.web.analysis import ratings_view
from uplapp.web.analysis.state import NO_VOTES, Found, Rated
from uplapp.web.widgets import notice, offer, zip_files

FORMATS = ["svg", "pdf", "png"]


def build() -> tuple[list[Any], tuple[gr.Button, gr.Radio, gr.Checkbox]]:
    """Lay out the view and return its outputs, and the widgets that make the figures."""
    text = gr.Textbox(
        label="Methods, to paste",
        placeholder=NO_VOTES,
        lines=10,
        max_lines=30,
        interactive=False,
        buttons=["copy"],
        elem_id="methods",
    )
    latex = gr.Code(label="LaTeX table", language="latex", interactive=False, max_lines=24)
    with gr.Row():
        csv = gr.DownloadButton("Download ranking (CSV)", size="sm")
        json = gr.DownloadButton("Download everything (JSON)", size="sm")
    with gr.Row():
        kind = gr.Radio(FORMATS, value="svg", label="Figures")
        title = gr.Checkbox(True, label="With titles", info="Without, captions come as a text file.")
        draw = gr.Button("Draw the figures", size="sm")
    figures = gr.File(label="Figures (ZIP)", visible=False)
    return [text, latex, csv, json, figures], (draw, kind, title)


def show(found: Found) -> tuple[Any, ...]:
    """Show methods paragraph and LaTeX table, offer CSV and JSON.

    Figures of other votes go.
    """
    if found is None:
        return nothing()
    if isinstance(found, Rated):
        return ratings_view.paper(found.report)
    report = found.report
    csv = offer("uplapp-ranking.csv", to_csv(report).encode())
    json = offer("uplapp-scores.json", to_json(report).encode())
    files = (gr.update(value=path, visible=True) for path in (csv, json))
    return methods(report), to_latex(report), *files, gr.update(value=None, visible=False)


def nothing() -> tuple[Any, ...]:
    """What stands there when nothing could be read."""
    hidden = gr.update(value=None, visible=False)
    return "", "", hidden, hidden, hidden


def figures(found: Found, kind: str, title: bool = True) -> Any:
    """All figures of a report in one ZIP, none of ratings."""
    if found is None or isinstance(found, Rated):
        return gr.update(value=None, visible=False)
    path = offer("uplapp-figures.zip", zip_files(figure_files(found.report, kind, title)))
    for note in figure_notes(found.report, kind):
        gr.Warning(notice(f"{note[0].upper()}{note[1:]}."))
    return gr.update(value=path, visible=True)
