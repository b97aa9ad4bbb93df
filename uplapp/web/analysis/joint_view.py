"""A second file beside the votes: ratings on one JOD scale with them, or boosted views with plain ones."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from uplapp.analysis.alternatives import scale_report, triplet_report
from uplapp.analysis.alternatives.scale import UnifiedScale, unify
from uplapp.analysis.alternatives.triplets import TripletScales, scale_triplets
from uplapp.analysis.reading.layouts.columns import Columns
from uplapp.analysis.reading.layouts.rows import Rows, shared
from uplapp.analysis.reading.published import FOLDER
from uplapp.analysis.reading.ratings import Ratings, holds_ratings, read_ratings
from uplapp.analysis.reading.ratings import without as without_raters
from uplapp.analysis.reading.tables import read_header
from uplapp.analysis.reading.votes import count, read_votes, without
from uplapp.errors import UplappError
from uplapp.values import REFERENCE, Votes
from uplapp.web.analysis.layout_view import rows_of
from uplapp.web.analysis.source import UPLOAD, Source, named
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import TABLES, cautions, interval, number, plain, table
from uplapp.web.widgets import offer, sentence

NAME = "Two files"
ABOUT = """The votes of this page and a second file of the same conditions, on one scale. **Ratings** (columns
`observer`, `condition`, `rating`) and votes give one JOD scale by their common likelihood. **Boosted** views
(triplets or votes) beside plain ones give distortions in JND of plain views, scene by scene, with the mapping
between them. Which it is follows from the file. Fields under *My columns have other names* count for both
files: rows and columns to leave out where a file has the column, names of columns where it has them all."""
EXAMPLES = {  # the votes, the second file
    "Example: votes and ratings": ("votes.csv", "ratings.csv"),
    "Example: plain and boosted triplets": ("plain_triplets.csv", "boosted_triplets.csv"),
}


class Asked(NamedTuple):
    """The widgets, or what a person chose in them."""

    upload: Any
    criterion: Any
    source: Any


def build() -> tuple[Asked, list[Any]]:
    """Lay out the view, connect its examples, and return the widgets it reads and its outputs."""
    gr.Markdown(ABOUT)
    with gr.Row():
        upload = gr.File(label="Second file, CSV", file_types=TABLES, type="filepath", height=110, scale=2)
        with gr.Column(min_width=200):
            criterion = gr.Textbox(label="Criterion, if ratings have several", max_lines=1)
            source = gr.Textbox(REFERENCE, label="Boosted: the condition at 0 JND", max_lines=1)
    with gr.Row():
        examples = [gr.Button(label, size="sm") for label in EXAMPLES]
    said, listed = gr.Markdown(), gr.HTML(visible=False)
    text = gr.Textbox(label="Methods, to paste", lines=6, interactive=False, buttons=["copy"], visible=False)
    latex = gr.Code(label="LaTeX table", language="latex", interactive=False, max_lines=24, visible=False)
    with gr.Row():
        csv = gr.DownloadButton("Download the scale (CSV)", size="sm", visible=False)
        json = gr.DownloadButton("Download everything (JSON)", size="sm", visible=False)
    outputs = [said, listed, text, latex, csv, json]
    for button, files in zip(examples, EXAMPLES.values(), strict=True):
        button.click(
            partial(show_example, *files), None, outputs, api_visibility="private", show_progress="minimal"
        )
    return Asked(upload, criterion, source), outputs


def changes(asked: Asked) -> list[Any]:
    """Events after which the second file is another, or read otherwise."""
    return [asked.upload.upload, asked.upload.clear, asked.criterion.submit, asked.source.submit]


def show(found: Found, upload: str | None, criterion: str, source: str, *fields: Any) -> tuple[Any, ...]:
    """Put the votes that are analysed and the file on one scale.

    `fields` are those of the source of the votes, whose layout counts for the file too.
    """
    if upload is None:
        return nothing("")
    if not isinstance(found, Analysed):
        return nothing(NO_VOTES)
    if not isinstance(found.kept, Votes):
        return nothing("A matrix does not say who voted: this needs votes one by one.")
    try:
        own = Source(*fields) if found.source == UPLOAD and fields else None
        second = _without(_read(Path(upload), found.kept.simulated, own), found.exclude)
        method = found.report.scores.method
        if isinstance(second, Ratings):
            return _unified(unify(count(found.kept), second, (criterion or "").strip(), method))
        return _triplets(scale_triplets(found.kept, second, (source or "").strip() or REFERENCE, method))
    except UplappError as error:
        return nothing(plain(sentence(error)))


def show_example(first: str, second: str) -> tuple[Any, ...]:
    """Put two files of the examples on one scale."""
    votes, other = read_votes(FOLDER / first), _read(FOLDER / second, True)
    if isinstance(other, Ratings):
        return _unified(unify(count(votes), other))
    return _triplets(scale_triplets(votes, other))


def _read(path: Path, simulated: bool, first: Source | None = None) -> Votes | Ratings:
    """Read the second file, of people where the first is of people, laid out as the first where that fits."""
    columns, rows = Columns(), Rows()
    if first is not None and first.upload:
        columns, rows = named(first), rows_of(first.layout)
        headers = [read_header(one, rows.header) for one in (Path(first.upload), path)]
        rows = shared(rows, *headers)[1]
        columns = columns if columns.named - Columns().named <= set(headers[1]) else Columns()
    if holds_ratings(path, rows.header):
        return read_ratings(path, simulated or None, rows=rows)
    return read_votes(path, simulated or None, columns, rows=rows)


def _without(answers: Votes | Ratings, exclude: Mapping[str, str]) -> Votes | Ratings:
    """Leave out of the second file too whom the page leaves out (name -> reason)."""
    names = set(answers.table["observer"].unique())
    reasons = {name: reason for name, reason in exclude.items() if name in names}
    if isinstance(answers, Ratings):
        return without_raters(answers, reasons)
    return without(answers, reasons)


def _unified(scale: UnifiedScale) -> tuple[Any, ...]:
    rows = scale_report.scale_table(scale).to_dict("records")
    listed = table(
        {
            "Condition": [row["condition"] for row in rows],
            "JOD [95% interval]": [interval(row["jod"], row["jod_low"], row["jod_high"]) for row in rows],
            "By votes alone": [number(row["jod_of_votes"]) for row in rows],
            "By ratings alone": [number(row["jod_of_ratings"]) for row in rows],
            "Votes": [row["votes"] for row in rows],
            "Ratings": [row["ratings"] for row in rows],
        }
    )
    lines = [f"{line[:1].upper()}{line[1:].rstrip('.')}." for line in scale_report.sentences(scale)]
    said = "\n\n".join(filter(None, [*map(plain, lines), cautions(scale.warnings)]))
    files = scale_report.to_csv(scale), scale_report.to_json(scale)
    return said, gr.update(value=listed, visible=True), *_hidden(2), *_offered("unified", *files)


def _triplets(scales: TripletScales) -> tuple[Any, ...]:
    tables = [triplet_report.triplet_table(scale).assign(scene=scale.scene) for scale in scales.scales]
    rows = [row for each in tables for row in each.to_dict("records")]
    listed = table(
        {
            "Scene": [row["scene"] for row in rows],
            "Version": [row["condition"] for row in rows],
            "JND [95% interval]": [interval(row["jnd"], row["jnd_low"], row["jnd_high"]) for row in rows],
            "Boosted": [number(row["boosted"]) for row in rows],
            "Plain alone": [number(row["plain_alone"]) for row in rows],
            "Boosted alone": [number(row["boosted_alone"]) for row in rows],
        }
    )
    lines = [
        f"{f'Scene {scale.scene}: ' if scale.scene else ''}{line}."
        for scale in scales.scales
        for line in triplet_report.sentences(scale)
    ]
    warned = [*scales.warnings, *(text for scale in scales.scales for text in scale.warnings)]
    said = "\n\n".join(filter(None, [*map(plain, lines), cautions(dict.fromkeys(warned))]))
    written = [
        gr.update(value=text(scales), visible=True)
        for text in (triplet_report.methods, triplet_report.to_latex)
    ]
    files = triplet_report.to_csv(scales), triplet_report.to_json(scales)
    return said, gr.update(value=listed, visible=True), *written, *_offered("triplets", *files)


def _offered(name: str, csv: str, json: str) -> list[Any]:
    texts = {"csv": csv, "json": json}
    paths = [offer(f"uplapp-{name}.{end}", text.encode()) for end, text in texts.items()]
    return [gr.update(value=path, visible=True) for path in paths]


def _hidden(count: int) -> list[Any]:
    return [gr.update(value=None, visible=False)] * count


def nothing(message: str) -> tuple[Any, ...]:
    """Show a sentence and nothing else."""
    return message, *_hidden(5)
