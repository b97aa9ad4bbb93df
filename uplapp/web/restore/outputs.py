"""The results of a restoration on screen: comparison, pictures, error maps, metrics, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.imaging.case import Subject
from uplapp.imaging.evaluation.batch import TABLE, BatchResult
from uplapp.imaging.evaluation.fits import DEVIATION, FULL_SCALE
from uplapp.imaging.evaluation.job import Job
from uplapp.imaging.evaluation.provenance import result_files
from uplapp.imaging.evaluation.text import format_job, format_scores
from uplapp.imaging.files.pictures import encode_png, thinned
from uplapp.imaging.files.views import picture_of
from uplapp.imaging.metrics.error_maps import ERROR_MAP, colour_of
from uplapp.imaging.tasks import TASKS
from uplapp.web.researcher.build.collecting import Results
from uplapp.web.restore import example
from uplapp.web.restore.compare_pane import INPUT, Picture, comparison, role_of
from uplapp.web.restore.live import draw_curves
from uplapp.web.restore.sharing import linkable
from uplapp.web.restore.volume_viewer import offer_niftis, sides_of, view_job
from uplapp.web.widgets import offer, plain, zip_files

COUNT = 12  # components of `Outputs`
SHOWN_PX = 1024  # the longer side of an input that is shown before it is restored
LEGEND_COLOURS = 32
MOST_LISTED = 20  # files of a batch that were left out
INVITATION = "Press **Restore** to compare what is ticked on this picture."
LINK = "\n\n[Link to these settings]({}), without the picture"
ABOUT_ERRORS = """FLIP of each pixel against the reference: what a person sees change when one image
is swapped for the other, seen at 67 pixels per degree. The numbers are means over all pixels."""
ABOUT_DEVIATIONS = """Marked with ±: the standard deviation of each pixel among the starts of a fit,
where the image goes from 0 to 1. What is light here depends on chance. The numbers are means."""
NO_ERRORS_YET = "Error maps appear here with the results."
NO_ERRORS = "There are no error maps: the clean image is not known, so no error can be measured."
NO_ERRORS_OF_VOLUMES = "Volumes have no error maps; compare them with the reference."


@dataclass(frozen=True)
class Outputs:
    """The components that show results."""

    compare: gr.HTML
    pictures: gr.Gallery
    legend: gr.HTML
    errors: gr.Gallery
    table: gr.Markdown
    fits: gr.Accordion
    curves: gr.Plot
    archive: gr.DownloadButton
    niftis: gr.File
    voxels: gr.File
    latest: gr.State
    shared: gr.State

    @property
    def all(self) -> list[Any]:
        """List the components in the order of `before` and `after`."""
        return [
            *(self.compare, self.pictures, self.legend, self.errors, self.table, self.fits),
            *(self.curves, self.archive, self.niftis, self.voxels, self.latest, self.shared),
        ]


def lay_out_outputs(job: Job) -> Outputs:
    """Lay out the results. Until the visitor restores something they show the shipped example."""
    shown: dict[str, Any] = {
        "show_label": False,
        "columns": 3,
        "object_fit": "contain",
        "format": "png",
        "interactive": False,
        "buttons": ["download", "fullscreen"],
    }
    with gr.Tab("Compare"):
        compare = gr.HTML(example.frame(job), elem_id="compare", padding=False)
    with gr.Tab("Pictures"):
        pictures = gr.Gallery(example.pictures(job), elem_id="results", **shown)
    with gr.Tab("Error maps"):
        legend = gr.HTML(NO_ERRORS_YET, elem_id="legend")
        errors = gr.Gallery(visible=False, elem_id="errors", **shown)
    table = gr.Markdown(example.table(job), elem_id="metrics")
    with gr.Accordion("How the fits went", open=False, visible=False, elem_id="fits") as fits:
        curves = gr.Plot(show_label=False)
    archive = gr.DownloadButton("Download images and provenance (ZIP)", visible=False, elem_id="archive")
    niftis = gr.File(
        label="Volumes as NIfTI, with the position and orientation of the file",
        file_count="multiple",
        interactive=False,
        visible=False,
        elem_id="niftis",
    )
    # What the viewer fetches, so that Gradio deletes it later as it does all other results.
    voxels = gr.File(file_count="multiple", interactive=False, visible=False)
    states = gr.State(None), gr.State(None)
    return Outputs(compare, pictures, legend, errors, table, fits, curves, archive, niftis, voxels, *states)


def before(name: str, subject: Subject, about: str = "") -> tuple[Any, ...]:
    """Show an input that is not restored yet.

    `about` says what a sample is.
    """
    which = f", slice {subject.index} of 0 to {subject.count - 1}" if subject.count > 1 else ""
    caption = f"{name}, {sides_of(subject)}{which}"
    path = offer("input.png", encode_png(thinned(picture_of(subject.picture, subject.space), SHOWN_PX)))
    frame = comparison([Picture(caption, path, INPUT)])
    return _without_results(frame, [(path, caption)], f"{plain(caption)}\n\n{_invitation(subject, about)}")


def nothing(noun: str) -> tuple[Any, ...]:
    """Show a task that has no input yet."""
    return _without_results("", [], f"Upload a {noun.lower()} to restore it.")


def _without_results(frame: str, pictures: list[tuple[Any, str]], text: str) -> tuple[Any, ...]:
    gone, no_files = gr.update(visible=False), gr.update(value=None, visible=False)
    none = gr.update(value=[], visible=False)
    return frame, pictures, NO_ERRORS_YET, none, text, gone, None, gone, no_files, None, None, None


def _invitation(subject: Subject, about: str) -> str:
    note = subject.measure(None).note if subject.clean is None else ""
    return "\n\n".join(filter(None, (about, *subject.understood, note, INVITATION)))


def after(job: Job, settings: str = "", picked: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """Show a finished job, with a link to the page that is set as it was: an address, its query alone.

    `picked` is what the visitor had chosen, as in `Results`.
    """
    files, name = result_files(job), job.case.name
    paths, viewed = _offer_pictures(job, files), view_job(job)
    niftis = offer_niftis(job.case, files)
    pictures = [(paths[kind], caption) for kind, caption in job.labels.items()]
    errors = _errors(job, files)
    curves = {job.labels[one.name]: one.fit.curve for one in job.results if one.fit is not None}
    archive = offer(f"{name}-uplapp.zip", zip_files(files))
    compared = [Picture(job.labels[kind], path, role_of(kind, job.observed)) for kind, path in paths.items()]
    return (
        viewed.frame or comparison(compared),
        pictures,
        _legends(job),
        gr.update(value=errors, visible=bool(errors)),
        format_job(job) + (LINK.format(settings) if settings else ""),
        gr.update(visible=bool(curves)),
        draw_curves(curves) if curves else None,
        gr.update(value=archive, visible=True),
        gr.update(value=niftis or None, visible=bool(niftis)),
        list(viewed.files) or None,
        _results(job, paths, picked),
        linkable(job, compared, archive),
    )


def volumes_too(files: Mapping[str, bytes]) -> tuple[Any, ...]:
    """Offer files of a whole volume beside the results on screen, which stay."""
    offered = gr.update(value=[offer(name, content) for name, content in files.items()], visible=True)
    return tuple(offered if name == "niftis" else gr.skip() for name in Outputs.__dataclass_fields__)


def after_batch(batch: BatchResult, archive: Path) -> tuple[Any, ...]:
    """Show the first job of a batch, with the scores and the ZIP of all."""
    frame, pictures, legend, errors, _, fits, curves, _, niftis, voxels, latest, _ = after(batch.first)
    shown = gr.update(value=str(archive), visible=True)
    table = format_batch(batch)
    return frame, pictures, legend, errors, table, fits, curves, shown, niftis, voxels, latest, None


def format_batch(batch: BatchResult) -> str:
    """Lay out the mean scores of a batch, and say how many files they are of and which were left out."""
    count, listed = len(batch.names), list(batch.refused.items())
    said = f"{count} file{'s' * (count > 1)} restored; above is the first."
    if batch.rows:
        said += f" The numbers are means; `{TABLE}` in the ZIP has those of each file."
        table = format_scores(batch.means, TASKS[batch.first.case.task].axes)
    else:
        said, table = f"{said} The clean images are not known, so nothing can be measured.", ""
    lines = [f"- {plain(why if name in why else f'{name}: {why}')}" for name, why in listed[:MOST_LISTED]]
    head = [f"Left out ({len(listed)}):"] if listed else []
    return "\n\n".join(filter(None, (said, table, *head, "\n".join(lines))))


def _offer_pictures(job: Job, files: Mapping[str, bytes]) -> dict[str, str]:
    """Offer a picture of each image by kind: its file, or the projection of a volume."""
    name, case = job.case.name, job.case
    if case.space is None:
        return {kind: offer(f"{name}-{kind}.png", files[f"{name}-{kind}.png"]) for kind in job.labels}
    pictures = {kind: encode_png(picture_of(volume, case.space)) for kind, volume in job.pictures()}
    return {kind: offer(f"{name}-{kind}.png", content) for kind, content in pictures.items()}


def _errors(job: Job, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The maps of error, then of deviation among starts, as files with captions that say their means."""
    maps = [
        *((kind, ERROR_MAP, ": ", one) for kind, one in job.errors().items()),
        *((kind, DEVIATION, " ± ", one) for kind, one in job.deviations().items()),
    ]
    named = [
        (f"{job.case.name}-{kind}{end}.png", f"{job.labels[kind]}{words}{one.mean:.4f}")
        for kind, end, words, one in maps
    ]
    return [(offer(name, files[name]), caption) for name, caption in named]


def _legends(job: Job) -> str:
    errors = _legend(ABOUT_ERRORS, "1", ("0, no difference", "0.5", "1, the largest"))
    deviations = _legend(
        ABOUT_DEVIATIONS,
        f"{FULL_SCALE:g}",
        ("0, all alike", f"{FULL_SCALE / 2:g}", f"{FULL_SCALE:g} or more"),
    )
    without = NO_ERRORS if job.case.reference is None else NO_ERRORS_OF_VOLUMES
    return (errors if job.errors() else without) + (deviations if job.deviations() else "")


def _legend(about: str, highest: str, marks: tuple[str, ...]) -> str:
    colours = ", ".join(colour_of(step / (LEGEND_COLOURS - 1)) for step in range(LEGEND_COLOURS))
    return (
        f'<p>{about}</p><div class="scale" role="img" '
        f'aria-label="Colour scale from 0, dark, to {highest}, light" '
        f'style="background: linear-gradient(to right, {colours})"></div>'
        f'<div class="marks">{"".join(f"<span>{mark}</span>" for mark in marks)}</div>'
    )


def _results(job: Job, paths: Mapping[str, str], picked: tuple[Any, ...]) -> Results:
    names = [result.name for result in job.results]
    return Results(
        name=job.case.name,
        reference=None if job.case.reference is None else Path(paths["reference"]),
        restored={name: Path(paths[name]) for name in names},
        labels={name: job.labels[name] for name in names},
        picked=picked,
    )
