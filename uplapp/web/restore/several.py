"""Several files at once: a zone to drop files, a folder or a ZIP on, and the job that restores them all."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gradio as gr

from uplapp.errors import UplappError
from uplapp.imaging.evaluation.batch import BatchResult, inputs_of, run_batch
from uplapp.imaging.evaluation.candidates import Candidate
from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import Watch
from uplapp.web.restore.volume_viewer import require_for_page

MOST_FILES = 200
ABOUT = f"""At most {MOST_FILES} files, restored as the fields above say; of a scan the middle slice. You get
one ZIP of all results with one table of metrics."""
NO_FILES = "no file is chosen yet; drop some on the field, a folder or a ZIP"


@dataclass(frozen=True)
class Several:
    """The field of files and the button that restores them."""

    files: gr.File
    start: gr.Button


def lay_out_several() -> Several:
    """Lay out the part, folded."""
    with gr.Accordion("Several files at once", open=False, elem_id="several"):
        gr.Markdown(ABOUT)
        files = gr.File(
            label="Files, a folder or a ZIP",
            file_count="multiple",
            type="filepath",
            height=180,  # the label lies above the words of the field
            elem_id="files",
            elem_classes="takes-folders",
        )
        start = gr.Button("Restore all", elem_id="restore-all")
    return Several(files, start)


def batch_work(
    paths: Sequence[str] | None,
    task: str,
    degradation: Degradation | AsItIs | None,
    candidates: Sequence[Candidate],
    target: Path,
    reading: Reading,
) -> Callable[[Watch, Hear], BatchResult]:
    """Make the work of restoring uploads to the ZIP `target`. UplappError if nothing is uploaded."""
    if not paths:
        raise UplappError(NO_FILES)

    asked = (task, degradation, candidates, target, reading)
    return partial(_restore, [Path(path) for path in paths], *asked)


def _restore(
    paths: Sequence[Path],
    task: str,
    degradation: Degradation | AsItIs | None,
    candidates: Sequence[Candidate],
    target: Path,
    reading: Reading,
    watch: Watch,
    hear: Hear,
) -> BatchResult:
    with tempfile.TemporaryDirectory() as scratch:
        files = inputs_of(paths, task, Path(scratch), MOST_FILES)
        options = (degradation, candidates, target, reading, require_for_page, watch, hear)
        return run_batch(files, task, *options)
