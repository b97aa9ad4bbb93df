"""The Restore tab: a photograph, noise, checkpoints; results at exact pixels, metrics, flicker, ZIP."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.imaging.checkpoints import find_checkpoint, list_checkpoints
from uplapp.imaging.images import encode_png, read_image, tensor_to_array
from uplapp.imaging.jobs import Degradation, Job, crop_centre, result_files, run_job, zip_files
from uplapp.imaging.samples import SAMPLES, sample_path
from uplapp.imaging.tables import format_job
from uplapp.web.notice import errors_on_screen
from uplapp.web.observer.preview import flicker_frame

TASK = "denoise"
ADD_NOISE, ALREADY_NOISY = "Add Gaussian noise", "It is already noisy"
FIRST_SAMPLE = "astronaut"
THUMBNAIL_PX, PREVIEW_PX = 768, 512
UPLOADS = [".png", ".jpg", ".jpeg", ".tif", ".tiff"]


@dataclass(frozen=True)
class Controls:
    """What the visitor sets; `source` is the server's own, so that nobody can name a path."""

    source: gr.State
    samples: gr.Gallery
    upload: gr.File
    shown: gr.Image
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


def build(checkpoints: Path) -> None:
    """Lay out the tab inside the Blocks that are open, and connect it."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320):
            controls = _lay_out_controls(
                [(card.label, card.name) for card in list_checkpoints(checkpoints, TASK)]
            )
        with gr.Column(scale=3, min_width=320):
            outputs = _lay_out_outputs()
    _connect(checkpoints, controls, outputs)


def _lay_out_controls(choices: Sequence[tuple[str, str]]) -> Controls:
    samples = gr.Gallery(
        [(sample_path(name), name) for name in SAMPLES],
        label="Sample photographs (scikit-image)",
        columns=6,
        height=110,
        allow_preview=False,
        object_fit="cover",
        interactive=False,
        format="jpeg",
        buttons=[],
        elem_id="samples",
    )
    upload = gr.File(label="or your own: PNG, JPEG, TIFF; 8 or 16 bit", file_types=UPLOADS, height=90)
    shown = gr.Image(
        _thumbnail(sample_path(FIRST_SAMPLE)), label="Input", height=220, format="png", buttons=[]
    )
    with gr.Row():
        noise = gr.Radio([ADD_NOISE, ALREADY_NOISY], value=ADD_NOISE, label="Noise", scale=2)
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**31, min_width=90)
    sigma = gr.Slider(0, 50, 25, step=1, label="Sigma (8-bit units)")
    names = [name for _, name in choices]
    chosen = gr.CheckboxGroup(list(choices), value=names, label="Networks, by the loss each was trained on")
    with gr.Row():
        start = gr.Button("Restore", variant="primary", elem_id="restore")
        stop = gr.Button("Cancel", variant="stop", min_width=90, elem_id="cancel")
    source = gr.State(str(sample_path(FIRST_SAMPLE)))
    return Controls(source, samples, upload, shown, noise, sigma, seed, chosen, start, stop)


def _lay_out_outputs() -> Outputs:
    pictures = gr.Gallery(
        label="Results, at exact pixels",
        columns=3,
        height=430,
        object_fit="contain",
        format="png",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id="results",
    )
    table = gr.Markdown("Choose a photograph and press **Restore**.", elem_id="metrics")
    flicker = gr.HTML(elem_id="flicker")
    archive = gr.DownloadButton("Download images and provenance (ZIP)", visible=False, elem_id="archive")
    return Outputs(pictures, table, flicker, archive)


def _connect(checkpoints: Path, controls: Controls, outputs: Outputs) -> None:
    private: dict[str, Any] = {"api_visibility": "private"}
    picked = [controls.source, controls.shown]
    controls.samples.select(pick_sample, None, picked, **private)
    controls.upload.upload(pick_upload, controls.upload, picked, **private)
    controls.noise.change(
        lambda noise: gr.update(interactive=noise == ADD_NOISE), controls.noise, controls.sigma, **private
    )
    fields = [controls.source, controls.noise, controls.sigma, controls.seed, controls.checkpoints]
    run = controls.start.click(
        partial(restore, checkpoints),
        fields,
        [outputs.pictures, outputs.table, outputs.flicker, outputs.archive],
        concurrency_id="restoration",
        concurrency_limit=1,
        **private,
    )
    controls.stop.click(lambda: "Cancelled.", None, outputs.table, cancels=[run], **private)


def pick_sample(event: gr.SelectData) -> tuple[str, Any]:
    """The sample that was clicked, as source and picture."""
    path = sample_path(list(SAMPLES)[event.index])
    return str(path), _thumbnail(path)


def pick_upload(path: str) -> tuple[str, Any]:
    """The file that was uploaded, as source and picture; one that cannot be read stays out."""
    with errors_on_screen():
        return path, _thumbnail(Path(path))


def restore(
    checkpoints: Path,
    source: str,
    noise: str,
    sigma: float,
    seed: float,
    names: Sequence[str],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Run the job tile by tile, so that Cancel stops it; the last yield holds the results."""
    with errors_on_screen():
        cards = [find_checkpoint(checkpoints, name) for name in names]
        degradation = Degradation(sigma, int(seed)) if noise == ADD_NOISE else None
        for step in run_job(Path(source).stem, read_image(Path(source)), checkpoints, cards, degradation):
            if isinstance(step, Job):
                yield from _deliver(step)
            else:
                progress(step.share, desc=step.text)
                yield gr.skip(), gr.skip(), gr.skip(), gr.skip()


def _deliver(job: Job) -> Iterator[tuple[Any, ...]]:
    """Hand the files over; Gradio has its own copies when the loop comes back, so ours can go."""
    files = result_files(job)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, content in {**files, f"{job.name}-uplapp.zip": zip_files(files)}.items():
            (folder / name).write_bytes(content)
        pictures = [(str(folder / f"{job.name}-{kind}.png"), caption) for kind, caption in _captions(job)]
        archive = gr.update(value=str(folder / f"{job.name}-uplapp.zip"), visible=True)
        yield pictures, format_job(job), _flicker(job), archive


def _captions(job: Job) -> list[tuple[str, str]]:
    reference = [] if job.reference is None else [("reference", "Reference")]
    return [
        *reference,
        ("noisy", "Noisy"),
        *((result.card.name, result.card.label) for result in job.results),
    ]


def _flicker(job: Job) -> str:
    original = job.degraded if job.reference is None else job.reference
    candidates = [(result.card.label, result.pixels) for result in job.results]
    crops = {label: encode_png(crop_centre(pixels, PREVIEW_PX)) for label, pixels in candidates}
    return flicker_frame(encode_png(crop_centre(original, PREVIEW_PX)), crops)


def _thumbnail(path: Path) -> Any:
    """Every n-th sample of a picture, small enough to show."""
    pixels = read_image(path).pixels
    stride = max(1, max(pixels.shape[-2:]) // THUMBNAIL_PX)
    return tensor_to_array(pixels[:, ::stride, ::stride])
