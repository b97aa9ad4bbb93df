"""The Restore tab: task, picture, degradation and checkpoints, then results, errors and metrics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.imaging.case import Subject
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards, of_methods
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.tasks import TASKS
from uplapp.web.researcher.build import collecting
from uplapp.web.researcher.desk import Desk
from uplapp.web.restore import example, own_network
from uplapp.web.restore import live as fits
from uplapp.web.restore.live import Live, lay_out_live
from uplapp.web.restore.method_forms import MethodForm, lay_out_method_forms, settings_of
from uplapp.web.restore.outputs import COUNT, Outputs, after, before, lay_out_outputs, nothing
from uplapp.web.restore.panels import Panel, about, lay_out_panel
from uplapp.web.restore.reading_form import ReadingForm, options_on_page
from uplapp.web.restore.running import following
from uplapp.web.restore.volume_viewer import require_for_page
from uplapp.web.widgets import errors_on_screen

WRITING = "writing the files"
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def build(desk: Desk, collected: gr.State) -> None:
    """Lay out the tab inside the Blocks that are open, and connect it.

    Researchers collect its results.
    """
    settings = desk.shelf.settings
    checkpoints = Checkpoints(settings.models)
    first = next(iter(TASKS))
    tasks = [(entry.label, name) for name, entry in TASKS.items()]
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=320, elem_id="inputs"):
            task = gr.Radio(tasks, value=first, show_label=False, elem_id="task")
            panels = [
                lay_out_panel(name, checkpoints.cards(name), name == first, settings.megapixels)
                for name in TASKS
            ]
            forms = lay_out_method_forms(task, {panel.task: panel.methods for panel in panels})
            with gr.Row(elem_id="actions"):
                start = gr.Button("Restore", variant="primary", elem_id="restore", scale=2)
                stop = gr.Button("Cancel", variant="stop", min_width=90, elem_id="cancel")
            added = own_network.build(desk)
        with gr.Column(scale=3, min_width=320, elem_id="shown"):
            live = lay_out_live()
            outputs = lay_out_outputs(example.job(checkpoints))
            collecting.build(desk, outputs.latest, collected)
    for panel in panels:
        _connect_panel(panel, outputs)
    _connect_menus(checkpoints, panels, added)
    _connect_tasks(task, panels, outputs)
    _connect_buttons(checkpoints, start, stop, task, panels, forms, outputs, live)


def _connect_panel(panel: Panel, outputs: Outputs) -> None:
    picked = [panel.source, panel.slices, *outputs.all, *panel.reading.components]
    panel.samples.select(sample_picker(panel.task, panel.reading.before), None, picked, **PRIVATE)
    panel.upload.upload(
        partial(pick_upload, panel.task, at_first=panel.reading.before), panel.upload, picked, **PRIVATE
    )
    chosen = [panel.source, panel.slices, *panel.reading.components]
    panel.slices.input(
        partial(pick_slice, panel.task, panel.reading),
        chosen,
        outputs.all,
        trigger_mode="always_last",  # a hand on the slider passes slices that nobody waits for
        **PRIVATE,
    )
    for component in panel.reading.components:
        component.input(  # type: ignore[attr-defined]
            partial(pick_reading, panel.task, panel.reading),
            chosen,
            [panel.slices, *outputs.all],
            trigger_mode="always_last",
            **PRIVATE,
        )


def _connect_menus(checkpoints: Checkpoints, panels: Sequence[Panel], added: gr.State) -> None:
    """Read the networks of all tasks when the page loads, and when this browser added one."""

    def read(*values: Any) -> list[Any]:
        *ticked, own = values
        menus = (
            own_network.menu(checkpoints, panel.task, boxes, own)
            for panel, boxes in zip(panels, ticked, strict=True)
        )
        return [update for menu in menus for update in menu]

    boxes = [panel.checkpoints for panel in panels]
    shown = [field for panel in panels for field in (panel.checkpoints, panel.no_network)]
    for moment in (None, added.change):
        gr.on(moment, read, [*boxes, added], shown, **PRIVATE)


def _connect_tasks(task: gr.Radio, panels: Sequence[Panel], outputs: Outputs) -> None:
    sources = {field for panel in panels for field in (panel.source, panel.slices, *panel.reading.components)}
    columns = [panel.column for panel in panels]
    task.change(partial(pick_task, task, panels), {task, *sources}, [*columns, *outputs.all], **PRIVATE)


def _connect_buttons(
    checkpoints: Checkpoints,
    start: gr.Button,
    stop: gr.Button,
    task: gr.Radio,
    panels: Sequence[Panel],
    forms: Sequence[MethodForm],
    outputs: Outputs,
    live: Live,
) -> None:
    fields = [field for form in forms for field in form.components]
    fields += [field for panel in panels for field in panel.fields]
    run = start.click(
        partial(restore, checkpoints, task, panels, forms, live.wish),
        {task, live.wish, *fields},
        [*outputs.all, *live.all],
        concurrency_id="restoration",
        concurrency_limit=1,
        # A cancelled job ends with its tile; until then "once" would drop the next click without a word.
        trigger_mode="multiple",
        **PRIVATE,
    )
    stopped = stop.click(_cancelled, None, live.all, cancels=[run], **PRIVATE)
    # What the job sent at that moment may arrive later and show the fit again.
    stopped.then(fits.gone_for_good, None, live.all, **PRIVATE)


def _cancelled() -> tuple[Any, ...]:
    """Say so. The results before stay as they are."""
    gr.Info("Cancelled. What was shown before stays.", title="Restore")
    return fits.gone()


def sample_picker(task: str, at_first: Reading) -> Callable[[gr.SelectData], tuple[Any, ...]]:
    """Make the listener of a task's samples.

    It is not a `partial`, in which Gradio finds no event.
    """

    def pick_sample(event: gr.SelectData) -> tuple[Any, ...]:
        return _pick(task, list(TASKS[task].samples.values())[event.index].path, at_first)

    return pick_sample


def pick_upload(task: str, path: str, at_first: Reading = AS_IT_SAYS) -> tuple[Any, ...]:
    """Make an uploaded file the input. Of DICOM nothing is kept that says who the patient is.

    A file that cannot be read changes nothing.
    """
    with errors_on_screen():
        return _pick(task, without_person(Path(path)), at_first)


def _pick(task: str, path: Path, at_first: Reading) -> tuple[Any, ...]:
    subject = TASKS[task].read(path, None, at_first)
    require_for_page(subject)
    fresh = [one.default for one in options_on_page(task)]
    return str(path), _slider(subject), *before(subject.name, subject, about(task, path)), *fresh


def _slider(subject: Subject) -> Any:
    several = subject.count > 1
    return gr.update(maximum=max(subject.count - 1, 1), value=subject.index, visible=several)


def pick_slice(task: str, form: ReadingForm, source: str, index: float, *reading: Any) -> tuple[Any, ...]:
    """Make another slice of the same scan the input."""
    with errors_on_screen():
        subject = TASKS[task].read(Path(source), int(index), form.read(*reading))
        return before(subject.name, subject)


def pick_reading(task: str, form: ReadingForm, source: str, index: float, *reading: Any) -> tuple[Any, ...]:
    """Read the same file in another way. One that cannot be read so keeps what is shown."""
    with errors_on_screen():
        subject = TASKS[task].read(Path(source), None, form.read(*reading))
        return _slider(subject), *before(subject.name, subject)


def pick_task(task: gr.Radio, panels: Sequence[Panel], values: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Show the panel of the task, with the input it had. `values` are those of the fields, by field."""
    panel = next(panel for panel in panels if panel.task == values[task])
    row, source = TASKS[panel.task], values[panel.source]
    columns = [gr.update(visible=name == panel.task) for name in TASKS]
    if source is None:
        return *columns, *nothing(row.words.noun)
    with errors_on_screen():
        path = Path(source)
        subject = row.read(path, int(values[panel.slices]), panel.reading.read_from(values))
        return *columns, *before(subject.name, subject, about(panel.task, path))


def restore(
    checkpoints: Checkpoints,
    task: gr.Radio,
    panels: Sequence[Panel],
    forms: Sequence[MethodForm],
    wish: gr.State,
    values: Mapping[Any, Any],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Run the job so that Cancel stops it.

    The last yield holds the results. `values` are the values of the fields on screen, by field.
    """
    with errors_on_screen():
        panel = next(panel for panel in panels if panel.task == values[task])
        cards = [checkpoints.find(name) for name in values[panel.checkpoints]]
        candidates = [
            *of_cards(checkpoints, cards, values[panel.consistency]),
            *of_methods(values[panel.methods], settings_of(forms, values[panel.methods], values)),
        ]
        degradation = panel.form.read(*(values[field] for field in panel.form.fields))
        if values[panel.source] is None:
            raise UplappError(f"there is no {TASKS[panel.task].words.noun.lower()} yet; upload one")
        source, index = Path(values[panel.source]), int(values[panel.slices])
        case = read_case(source, panel.task, degradation, index, panel.reading.read_from(values))
        # Until there are results, those before stay.
        same = [gr.skip()] * COUNT
        job = yield from following(
            lambda watch, hear: run_job(case, candidates, watch, hear),
            progress,
            lambda fit: (*same, *(fits.running(fit, values[wish]) if fit else fits.gone())),
            values[wish],
        )
        progress(1.0, desc=WRITING)
        yield *after(job), *fits.gone()
