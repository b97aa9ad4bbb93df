"""The results of a restoration on screen: pictures, error maps, metrics, flicker, ZIP."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.imaging.case import Subject
from uplapp.imaging.evaluation.job import Job
from uplapp.imaging.evaluation.provenance import result_files
from uplapp.imaging.evaluation.text import format_job
from uplapp.imaging.files.pictures import encode_png, tensor_to_array
from uplapp.imaging.metrics.error_maps import colour_of
from uplapp.imaging.physics import crop_centre
from uplapp.web.observer.preview import REFERENCE, flicker_frame
from uplapp.web.researcher.build.collecting import Results
from uplapp.web.widgets import offer, zip_files

THUMBNAIL_PX, PREVIEW_PX = 768, 512
PREVIEW_SIZE = (PREVIEW_PX, PREVIEW_PX)
PREVIEW_CONTROLS_PX = 190
# On a phone three names stand in a row.
NAMES_A_ROW, ROW_PX = 3, 48
LEGEND_COLOURS = 32
INVITATION = "Press **Restore** to compare what is ticked on this picture."
NO_ERRORS_YET = "Error maps appear here with the results."
NO_ERRORS = "There are no error maps: the clean image is not known, so no error can be measured."


@dataclass(frozen=True)
class Outputs:
    """The components that show results."""

    pictures: gr.Gallery
    legend: gr.HTML
    errors: gr.Gallery
    table: gr.Markdown
    flicker: gr.HTML
    archive: gr.DownloadButton
    latest: gr.State

    @property
    def all(self) -> list[gr.components.Component]:
        """List the components in the order of `before` and `after`."""
        return [
            *(self.pictures, self.legend, self.errors, self.table),
            *(self.flicker, self.archive, self.latest),
        ]


def lay_out_outputs(name: str, subject: Subject, about: str) -> Outputs:
    """Lay out the results, which show the first input until there are some."""
    shown: dict[str, Any] = {
        "show_label": False,
        "columns": 3,
        "object_fit": "contain",
        "format": "png",
        "interactive": False,
        "buttons": ["download", "fullscreen"],
    }
    with gr.Tab("Pictures"):
        pictures = gr.Gallery(_preview(name, subject), elem_id="results", **shown)
    with gr.Tab("Error maps"):
        legend = gr.HTML(NO_ERRORS_YET, elem_id="legend")
        errors = gr.Gallery(visible=False, elem_id="errors", **shown)
    table = gr.Markdown(_invitation(subject, about), elem_id="metrics")
    flicker = gr.HTML(elem_id="flicker")
    archive = gr.DownloadButton("Download images and provenance (ZIP)", visible=False, elem_id="archive")
    return Outputs(pictures, legend, errors, table, flicker, archive, gr.State(None))


def before(name: str, subject: Subject, about: str = "") -> tuple[Any, ...]:
    """Show an input that is not restored yet.

    `about` says what a sample is.
    """
    return _without_results(_preview(name, subject), _invitation(subject, about))


def nothing(noun: str) -> tuple[Any, ...]:
    """Show a task that has no input yet."""
    return _without_results([], f"Upload a {noun.lower()} to restore it.")


def during(preview: Any) -> tuple[Any, ...]:
    """Show the preview (C,H,W) while a result forms."""
    pictures = [(tensor_to_array(preview), "So far")]
    return _without_results(pictures, gr.skip())


def _without_results(pictures: list[tuple[Any, str]], text: Any) -> tuple[Any, ...]:
    gone = gr.update(visible=False)
    return pictures, NO_ERRORS_YET, gr.update(value=[], visible=False), text, "", gone, None


def _invitation(subject: Subject, about: str) -> str:
    note = subject.measure(None).note if subject.clean is None else ""
    return "\n\n".join(filter(None, (about, note, INVITATION)))


def after(job: Job) -> tuple[Any, ...]:
    """Show a finished job."""
    files, name = result_files(job), job.case.name
    paths = {kind: offer(f"{name}-{kind}.png", files[f"{name}-{kind}.png"]) for kind in job.labels}
    pictures = [(paths[kind], caption) for kind, caption in job.labels.items()]
    errors = _errors(job, files)
    archive = offer(f"{name}-uplapp.zip", zip_files(files))
    return (
        pictures,
        _legend() if errors else NO_ERRORS,
        gr.update(value=errors, visible=bool(errors)),
        format_job(job),
        _flicker(job),
        gr.update(value=archive, visible=True),
        _results(job, paths),
    )


def _errors(job: Job, files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """The error maps as files, with captions that say their means."""
    names = {kind: f"{job.case.name}-{kind}-error.png" for kind in job.errors()}
    return [
        (offer(names[kind], files[names[kind]]), f"{job.labels[kind]}: {error.mean:.4f}")
        for kind, error in job.errors().items()
    ]


def _legend() -> str:
    colours = ", ".join(colour_of(step / (LEGEND_COLOURS - 1)) for step in range(LEGEND_COLOURS))
    return (
        "<p>FLIP of each pixel against the reference: what a person sees change when one image is swapped "
        "for the other, seen at 67 pixels per degree. The numbers are means over all pixels.</p>"
        f'<div class="scale" role="img" aria-label="Colour scale from 0, dark, to 1, light" '
        f'style="background: linear-gradient(to right, {colours})"></div>'
        '<div class="marks"><span>0, no difference</span><span>0.5</span><span>1, the largest</span></div>'
    )


def _results(job: Job, paths: Mapping[str, str]) -> Results:
    names = [result.name for result in job.results]
    return Results(
        name=job.case.name,
        reference=None if job.case.reference is None else Path(paths["reference"]),
        restored={name: Path(paths[name]) for name in names},
        labels={name: job.labels[name] for name in names},
    )


def _flicker(job: Job) -> str:
    comparable = job.case.reference is not None
    original = job.case.reference if job.case.reference is not None else job.case.seen
    crops = {job.labels[result.name]: crop_centre(result.pixels, PREVIEW_SIZE) for result in job.results}
    pictures = {label: encode_png(pixels) for label, pixels in crops.items()}
    rows = math.ceil(len(pictures) / NAMES_A_ROW)
    height_px = min(original.shape[-2], PREVIEW_PX) + PREVIEW_CONTROLS_PX + (rows - 1) * ROW_PX
    against = REFERENCE if comparable else f"{job.observed} input"
    part = f"the middle {PREVIEW_PX} px" if max(original.shape[-2:]) > PREVIEW_PX else ""
    shown = encode_png(crop_centre(original, PREVIEW_SIZE))
    return flicker_frame(shown, pictures, height_px, against=against, part=part)


def _preview(name: str, subject: Subject) -> list[tuple[Any, str]]:
    """Every n-th sample of a picture, small enough to show before it is restored."""
    picture = subject.picture
    height, width = picture.shape[-2:]
    stride = max(1, max(height, width) // THUMBNAIL_PX)
    which = f", slice {subject.index} of 0 to {subject.count - 1}" if subject.count > 1 else ""
    return [(tensor_to_array(picture[:, ::stride, ::stride]), f"{name}, {width}x{height}{which}")]
