"""The Restore tab: a photograph, noise, checkpoints; results at exact pixels, metrics, flicker, ZIP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.degradations import GaussianNoise
from uplapp.imaging.images import encode_png, read_image, tensor_to_array
from uplapp.imaging.jobs import Job, crop_centre, make_case, result_files, run_job
from uplapp.imaging.samples import SAMPLES, sample_path
from uplapp.imaging.tables import format_job
from uplapp.web.downloads import offer, zip_files
from uplapp.web.notice import errors_on_screen
from uplapp.web.observer.preview import flicker_frame
from uplapp.web.researcher import collecting
from uplapp.web.researcher.collecting import Results
from uplapp.web.researcher.desk import Desk

TASK = "denoise"
ADD_NOISE, ALREADY_NOISY = "Add Gaussian noise", "Already noisy"
FIRST_SAMPLE = "astronaut"
THUMBNAIL_PX, PREVIEW_PX = 768, 512
PREVIEW_CONTROLS_PX = 190
INVITATION = "Press **Restore** to compare the networks on this photograph."
UPLOADS = [".png", ".jpg", ".jpeg", ".tif", ".tiff"]


@dataclass(frozen=True)
class Controls:
    """What the visitor sets; `source` is the server's own, so that nobody can name a path."""

    source: gr.State
    samples: gr.Gallery
    upload: gr.UploadButton
    noise: gr.Radio
    sigma: gr.Slider
    seed: gr.Number
    checkpoints: gr.CheckboxGroup
    start: gr.Button
    stop: gr.Button


@dataclass(frozen=True)
class Outputs:
    """What the visitor gets."""

    pictures: gr.Gallery
    table: gr.Markdown
    flicker: gr.HTML
    archive: gr.DownloadButton
    latest: gr.State


def build(desk: Desk, collected: gr.State) -> None:
    """Lay out the tab inside the Blocks that are open, and connect it; researchers collect its results."""
    checkpoints = Checkpoints(desk.shelf.settings.models)
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            controls = _lay_out_controls([(card.label, card.name) for card in checkpoints.cards(TASK)])
        with gr.Column(scale=3, min_width=320):
            outputs = _lay_out_outputs()
            collecting.build(desk, outputs.latest, collected)
    _connect(checkpoints, controls, outputs)


def _lay_out_controls(choices: Sequence[tuple[str, str]]) -> Controls:
    gr.Markdown("### Photograph")
    samples = gr.Gallery(
        [str(sample_path(name)) for name in SAMPLES],
        show_label=False,
        columns=6,
        height=90,
        allow_preview=False,
        object_fit="cover",
        interactive=False,
        format="jpeg",
        buttons=[],
        elem_id="samples",
    )
    upload = gr.UploadButton("Upload PNG, JPEG or TIFF, 8 or 16 bit", file_types=UPLOADS, elem_id="upload")
    gr.Markdown("### Noise")
    noise = gr.Radio([ADD_NOISE, ALREADY_NOISY], value=ADD_NOISE, show_label=False)
    with gr.Row():
        sigma = gr.Slider(0, 50, 25, step=1, label="Sigma, 8-bit units", scale=3, min_width=180)
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**31, min_width=80)
    gr.Markdown("### Networks, by the loss each was trained on")
    names = [name for _, name in choices]
    chosen = gr.CheckboxGroup(list(choices), value=names, show_label=False, elem_id="checkpoints")
    with gr.Row():
        start = gr.Button("Restore", variant="primary", elem_id="restore", scale=2)
        stop = gr.Button("Cancel", variant="stop", min_width=90, elem_id="cancel")
    source = gr.State(str(sample_path(FIRST_SAMPLE)))
    return Controls(source, samples, upload, noise, sigma, seed, chosen, start, stop)


def _lay_out_outputs() -> Outputs:
    pictures = gr.Gallery(
        _show_input(sample_path(FIRST_SAMPLE)),
        show_label=False,
        columns=3,
        object_fit="contain",
        format="png",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id="results",
    )
    table = gr.Markdown(INVITATION, elem_id="metrics")
    flicker = gr.HTML(elem_id="flicker")
    archive = gr.DownloadButton("Download images and provenance (ZIP)", visible=False, elem_id="archive")
    return Outputs(pictures, table, flicker, archive, gr.State(None))


def _connect(checkpoints: Checkpoints, controls: Controls, outputs: Outputs) -> None:
    private: dict[str, Any] = {"api_visibility": "private"}
    shown = [outputs.pictures, outputs.table, outputs.flicker, outputs.archive, outputs.latest]
    picked = [controls.source, *shown]
    controls.samples.select(pick_sample, None, picked, **private)
    controls.upload.upload(pick_upload, controls.upload, picked, **private)
    controls.noise.change(
        lambda noise: gr.update(interactive=noise == ADD_NOISE), controls.noise, controls.sigma, **private
    )
    fields = [controls.source, controls.noise, controls.sigma, controls.seed, controls.checkpoints]
    run = controls.start.click(
        partial(restore, checkpoints),
        fields,
        shown,
        concurrency_id="restoration",
        concurrency_limit=1,
        # A cancelled job ends with its tile; until then "once" would drop the next click without a word.
        trigger_mode="multiple",
        **private,
    )
    controls.stop.click(lambda: "Cancelled.", None, outputs.table, cancels=[run], **private)


def pick_sample(event: gr.SelectData) -> tuple[Any, ...]:
    """The sample that was clicked becomes the input."""
    return _pick(sample_path(list(SAMPLES)[event.index]))


def pick_upload(path: str) -> tuple[Any, ...]:
    """The file that was uploaded becomes the input; one that cannot be read changes nothing."""
    with errors_on_screen():
        return _pick(Path(path))


def _pick(path: Path) -> tuple[Any, ...]:
    return str(path), _show_input(path), INVITATION, "", gr.update(visible=False), None


def restore(
    checkpoints: Checkpoints,
    source: str,
    noise: str,
    sigma: float,
    seed: float,
    names: Sequence[str],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Run the job tile by tile, so that Cancel stops it; the last yield holds the results."""
    with errors_on_screen():
        cards = [checkpoints.find(name) for name in names]
        degradation = GaussianNoise(sigma, int(seed)) if noise == ADD_NOISE else None
        case = make_case(Path(source).stem, read_image(Path(source)), TASK, degradation)
        for step in run_job(case, checkpoints, cards):
            if isinstance(step, Job):
                yield _deliver(step)
            else:
                progress(step.share, desc=step.text)
                yield gr.skip()


def _deliver(job: Job) -> tuple[Any, ...]:
    files = result_files(job)
    paths = {kind: offer(name := f"{job.case.name}-{kind}.png", files[name]) for kind, _ in _captions(job)}
    pictures = [(paths[kind], caption) for kind, caption in _captions(job)]
    archive = offer(f"{job.case.name}-uplapp.zip", zip_files(files))
    shown = pictures, format_job(job), _flicker(job), gr.update(value=archive, visible=True)
    return *shown, _results(job, paths)


def _results(job: Job, paths: Mapping[str, str]) -> Results:
    names = [result.card.name for result in job.results]
    return Results(
        name=job.case.name,
        reference=None if job.case.reference is None else Path(paths["reference"]),
        restored={name: Path(paths[name]) for name in names},
        labels={result.card.name: result.card.label for result in job.results},
    )


def _captions(job: Job) -> list[tuple[str, str]]:
    reference = [] if job.case.reference is None else [("reference", "Reference")]
    return [
        *reference,
        ("noisy", "Noisy"),
        *((result.card.name, result.card.label) for result in job.results),
    ]


def _flicker(job: Job) -> str:
    original = job.case.degraded if job.case.reference is None else job.case.reference
    crops = {result.card.label: crop_centre(result.pixels, PREVIEW_PX) for result in job.results}
    pictures = {label: encode_png(pixels) for label, pixels in crops.items()}
    height_px = min(original.shape[-2], PREVIEW_PX) + PREVIEW_CONTROLS_PX
    against = "noisy input" if job.case.reference is None else "reference"
    part = f" (the middle {PREVIEW_PX} px)" if max(original.shape[-2:]) > PREVIEW_PX else ""
    caption = (
        f"<p><b>Flicker against the {against}</b>{part}, as observers see it. Less change is better.</p>"
    )
    return caption + flicker_frame(encode_png(crop_centre(original, PREVIEW_PX)), pictures, height_px)


def _show_input(path: Path) -> list[tuple[Any, str]]:
    """Every n-th sample of a picture, small enough to show before it is restored."""
    pixels = read_image(path).pixels
    stride = max(1, max(pixels.shape[-2:]) // THUMBNAIL_PX)
    return [
        (
            tensor_to_array(pixels[:, ::stride, ::stride]),
            f"{path.name}, {pixels.shape[-1]}x{pixels.shape[-2]}",
        )
    ]
