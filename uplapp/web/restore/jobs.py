"""The jobs of the Restore tab: one picture or several files, the buttons that start them, and Cancel."""

import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.batch import BatchResult, inputs_of, run_batch
from uplapp.imaging.evaluation.candidates import Candidate, of_cards, of_methods
from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.evaluation.whole import restore_whole
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.lending import on_gpu, seconds_of
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import Watch
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import address
from uplapp.web.restore import live as fits
from uplapp.web.restore.live import Live
from uplapp.web.restore.method_forms import MethodForm, settings_of
from uplapp.web.restore.outputs import COUNT, Outputs, after, after_batch, volumes_too
from uplapp.web.restore.panels import Panel
from uplapp.web.restore.running import Fit, Result, Wish, following
from uplapp.web.restore.volume_viewer import require_for_page, require_voxels
from uplapp.web.widgets import errors_on_screen, room

MOST_FILES = 200
ABOUT = f"""At most {MOST_FILES} files, restored as the fields above say; of a scan the middle slice. You get
one ZIP of all results with one table of metrics."""
NO_FILES = "no file is chosen yet; drop some on the field, a folder or a ZIP"
# The script of the page says here how far a job is, and offers the results where they are out of sight.
GAUGE = '<p role="status"></p><button type="button">See the results</button>'
WRITING = "writing the files"
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True)
class Asked:
    """What a job reads: the task, the panel of each, the forms of methods, and the wish of the visitor."""

    checkpoints: Checkpoints
    task: gr.Radio
    panels: Sequence[Panel]
    forms: Sequence[MethodForm]
    wish: gr.State

    @property
    def fields(self) -> set[Any]:
        """The fields on screen that a job reads."""
        options = {field for form in self.forms for field in form.components}
        return {self.task, self.wish, *options, *(field for panel in self.panels for field in panel.fields)}

    def read(self, values: Mapping[Any, Any]) -> tuple[Panel, "Order"]:
        """Read the panel of the task, and what is to be done, from the values by field."""
        panel = next(panel for panel in self.panels if panel.task == values[self.task])
        cards = [self.checkpoints.find(name) for name in values[panel.checkpoints]]
        candidates = [
            *of_cards(self.checkpoints, cards, values[panel.consistency]),
            *of_methods(values[panel.methods], settings_of(self.forms, values[panel.methods], values)),
        ]
        degradation = panel.form.read(*(values[field] for field in panel.form.fields))
        return panel, Order(panel.task, degradation, candidates, panel.reading.read_from(values))


@dataclass(frozen=True)
class Order:
    """What a visitor wants done to a file."""

    task: str
    degradation: Degradation | AsItIs | None
    candidates: Sequence[Candidate]
    reading: Reading


@dataclass(frozen=True)
class Buttons:
    """What starts and cancels a job, how far it is, and the field of several files."""

    gauge: gr.HTML
    start: gr.Button
    cancel: gr.Button
    files: gr.File
    start_all: gr.Button


def lay_out_buttons(ready: bool) -> Buttons:
    """Lay out the buttons below the fields, then the part for several files, folded.

    `ready`: something is ticked to restore by as the page opens.
    """
    with gr.Row(elem_id="actions"):
        gauge = gr.HTML(GAUGE, elem_id="gauge", padding=False)
        start = gr.Button("Restore", variant="primary", interactive=ready, elem_id="restore", scale=2)
        cancel = gr.Button("Cancel", variant="stop", min_width=90, elem_id="cancel")
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
        start_all = gr.Button("Restore all", interactive=ready, elem_id="restore-all")
    return Buttons(gauge, start, cancel, files, start_all)


def connect_buttons(asked: Asked, buttons: Buttons, outputs: Outputs, live: Live) -> list[Any]:
    """Let the buttons start and cancel jobs that read what is asked. Returns the events of the jobs."""
    job: dict[str, Any] = {
        "outputs": [*outputs.all, *live.all],
        "concurrency_id": "restoration",
        "concurrency_limit": 1,
        # A cancelled job ends with its tile; until then "once" would drop the next click without a word.
        "trigger_mode": "multiple",
        "show_progress_on": buttons.gauge,
        **PRIVATE,
    }
    fields = asked.fields
    runs: list[Any] = [
        buttons.start.click(partial(restore, asked), fields, **job),
        buttons.start_all.click(partial(restore_all, asked, buttons.files), {buttons.files, *fields}, **job),
    ]
    buttons.cancel.click(_cancelled, None, live.all, cancels=runs, **PRIVATE)
    _follow_choice(asked, [buttons.start, buttons.start_all])
    return runs


def _follow_choice(asked: Asked, buttons: Sequence[gr.Button]) -> None:
    """Let nothing be started while nothing is ticked to restore by. The browser does it by itself."""
    menus = [field for panel in asked.panels for field in (panel.checkpoints, panel.methods)]
    events = [asked.task.change, *(menu.change for menu in menus)]
    js = f"""(task, ...ticked) => {{
        const place = 2 * {list(TASKS)}.indexOf(task);
        const interactive = ticked.slice(place, place + 2).some((names) => names.length);
        return Array.from({{ length: {len(buttons)} }}, () => ({{ __type__: "update", interactive }}));
    }}"""
    gr.on(events, None, [asked.task, *menus], list(buttons), js=js, **PRIVATE)


def _cancelled() -> tuple[Any, ...]:
    """Say so. The results before stay as they are."""
    gr.Info("Cancelled. What was shown before stays.", title="Restore")
    return fits.gone()


def restore(
    asked: Asked,
    values: Mapping[Any, Any],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Run the job so that Cancel stops it.

    The last yield holds the results. Where all slices are wanted, the whole volume follows. `values` are
    those of the fields on screen, by field.
    """
    with errors_on_screen():
        panel, order = asked.read(values)
        if values[panel.source] is None:
            raise UplappError(f"there is no {TASKS[panel.task].words.noun.lower()} yet; upload one")
        source, index = Path(values[panel.source]), int(values[panel.slices])
        case = read_case(source, order.task, order.degradation, index, order.reading)
        work = on_gpu(partial(run_job, case, order.candidates), seconds_of(case, order.candidates))
        job = yield from _followed(work, values[asked.wish], progress)
        progress(1.0, desc=WRITING)
        settings = address.query_of(panel, asked.forms, values)
        yield *after(job, settings, (str(source), index, order.reading)), *fits.gone()
        if values.get(panel.whole):
            files = yield from _followed(on_gpu(partial(_whole, source, order)), values[asked.wish], progress)
            yield *volumes_too(files), *fits.gone()


def _whole(path: Path, order: Order, watch: Watch, hear: Hear) -> dict[str, bytes]:
    """Restore all slices of a volume that is small enough for the page. Nobody hears of fits to slices."""
    wanted = (order.task, order.degradation, order.candidates, order.reading)
    return restore_whole(path, *wanted, require_voxels, watch)


def restore_all(
    asked: Asked,
    files: gr.File,
    values: Mapping[Any, Any],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Restore all uploaded files as `restore` does one."""
    with errors_on_screen():
        if not values[files]:
            raise UplappError(NO_FILES)
        _, order = asked.read(values)
        paths, target = [Path(path) for path in values[files]], room("uplapp-batch.zip")
        work = on_gpu(partial(_batch, paths, order, target))
        batch = yield from _followed(work, values[asked.wish], progress)
        yield *after_batch(batch, target), *fits.gone()


def _batch(paths: Sequence[Path], order: Order, target: Path, watch: Watch, hear: Hear) -> BatchResult:
    """Restore uploads to the ZIP `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        files = inputs_of(paths, order.task, Path(scratch), MOST_FILES)
        wanted = (order.task, order.degradation, order.candidates, target, order.reading)
        return run_batch(files, *wanted, require_for_page, watch, hear)


def _followed(
    work: Callable[[Watch, Hear], Result], wish: Wish, progress: gr.Progress
) -> Generator[Any, None, Result]:
    """Follow work on screen. Until there are results, those before stay."""
    same = [gr.skip()] * COUNT

    def show(fit: Fit | None) -> tuple[Any, ...]:
        return *same, *(fits.running(fit, wish) if fit else fits.gone())

    return (yield from following(work, progress, show, wish))
