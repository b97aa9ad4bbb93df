"""The Restore tab: task, picture, degradation and checkpoints, then results, errors and metrics."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.imaging.case import Subject
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.tasks import TASKS
from uplapp.web.researcher.build import collecting
from uplapp.web.researcher.build.collecting import Results
from uplapp.web.researcher.desk import Desk
from uplapp.web.restore import address, example, own_network, sharing
from uplapp.web.restore.jobs import PRIVATE, Asked, connect_buttons, lay_out_buttons
from uplapp.web.restore.live import lay_out_live
from uplapp.web.restore.method_forms import lay_out_method_forms
from uplapp.web.restore.outputs import COUNT, Outputs, before, lay_out_outputs, nothing
from uplapp.web.restore.panels import Panel, about, lay_out_panel
from uplapp.web.restore.reading_form import ReadingForm, options_on_page
from uplapp.web.restore.volume_viewer import require_for_page
from uplapp.web.widgets import errors_on_screen, notice


def build(page: gr.Blocks, desk: Desk, collected: gr.State) -> None:
    """Lay out the tab inside the page, which is open, and connect it.

    Researchers collect its results.
    """
    settings = desk.shelf.settings
    checkpoints = Checkpoints(settings.models, settings.precision)
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
            buttons = lay_out_buttons(ready=bool(panels[0].checkpoints.value))
            added = own_network.build(desk)
        with gr.Column(scale=3, min_width=320, elem_id="shown"):
            live = lay_out_live()
            outputs = lay_out_outputs(example.job(checkpoints))
            sharing.build(settings, outputs.shared)
            collecting.build(desk, outputs.latest, collected)
    asked = Asked(checkpoints, task, panels, forms, live.wish)
    _connect_menus(page, asked, added)
    for panel in panels:
        _connect_panel(panel, outputs)
    _connect_tasks(task, panels, outputs)
    # Results of another picture would replace the one chosen meanwhile. Events that wait for their turn, as
    # those of slices do, are left out: they would end what was started since.
    picked = (event for panel in panels for event in (panel.samples.select, panel.upload.upload))
    chosen = [task.input, *picked]
    gr.on(chosen, None, cancels=connect_buttons(asked, buttons, outputs, live), **PRIVATE)


def _connect_panel(panel: Panel, outputs: Outputs) -> None:
    picked = [panel.source, panel.slices, panel.whole, *outputs.all]
    reading = panel.reading.components
    sample = sample_picker(panel.task, panel.reading.before)
    panel.samples.select(sample, None, [*picked, *reading], **PRIVATE)

    def upload(path: str, *values: Any) -> tuple[Any, ...]:
        return pick_upload(panel.task, path, panel.reading.read(*values))

    panel.upload.upload(upload, [panel.upload, *reading], picked, **PRIVATE)
    chosen = [panel.source, panel.slices, *reading]
    panel.slices.input(
        partial(pick_slice, panel.task, panel.reading),
        [outputs.latest, *chosen],
        outputs.all,
        trigger_mode="always_last",  # a hand on the slider passes slices that nobody waits for
        **PRIVATE,
    )
    for component in reading:
        component.input(  # type: ignore[attr-defined]
            partial(pick_reading, panel.task, panel.reading),
            chosen,
            [panel.slices, panel.whole, *outputs.all],
            trigger_mode="always_last",
            **PRIVATE,
        )


def _connect_menus(page: gr.Blocks, asked: Asked, added: gr.State) -> None:
    """Read the networks of all tasks when the page loads, set as its address says, and when one was added."""
    boxes = [panel.checkpoints for panel in asked.panels]
    shown = [field for panel in asked.panels for field in (panel.checkpoints, panel.no_network)]

    def read(*values: Any) -> list[Any]:
        *ticked, own = values
        menus = (
            own_network.menu(asked.checkpoints, panel.task, boxes, own)
            for panel, boxes in zip(asked.panels, ticked, strict=True)
        )
        return [update for menu in menus for update in menu]

    def load(request: gr.Request, *values: Any) -> dict[Any, Any]:
        """Fill the menus of networks, then the fields that the address of the page names."""
        updates: dict[Any, Any] = dict(zip(shown, read(*values), strict=True))
        query = dict(request.query_params)
        chosen, wrong = address.read_query(query, asked.panels, asked.forms, asked.checkpoints)
        for field, value in chosen.items():
            updates[field] = updates.get(field, {}) | gr.update(value=value)
        if wrong:
            gr.Warning(notice(f"Not all of the address could be set: {'; '.join(wrong)}."), duration=None)
        return updates

    named = [address.settings_of(panel, asked.forms, ()) for panel in asked.panels]
    fields = {setting.field for settings in named for setting in settings.values()}
    page.load(load, [*boxes, added], list({*shown, *fields}), **PRIVATE)
    added.change(read, [*boxes, added], shown, **PRIVATE)


def _connect_tasks(task: gr.Radio, panels: Sequence[Panel], outputs: Outputs) -> None:
    sources = {field for panel in panels for field in (panel.source, panel.slices, *panel.reading.components)}
    columns = [panel.column for panel in panels]
    task.change(partial(pick_task, task, panels), {task, *sources}, [*columns, *outputs.all], **PRIVATE)


def sample_picker(task: str, at_first: Reading) -> Callable[[gr.SelectData], tuple[Any, ...]]:
    """Make the listener of a task's samples, which say themselves how they are read.

    It is not a `partial`, in which Gradio finds no event.
    """

    def pick_sample(event: gr.SelectData) -> tuple[Any, ...]:
        fresh = [one.default for one in options_on_page(task)]
        return *_pick(task, list(TASKS[task].samples.values())[event.index].path, at_first), *fresh

    return pick_sample


def pick_upload(task: str, path: str, reading: Reading = AS_IT_SAYS) -> tuple[Any, ...]:
    """Make an uploaded file the input. Of DICOM nothing is kept that says who the patient is.

    A file that cannot be read changes nothing.
    """
    with errors_on_screen():
        return _pick(task, without_person(Path(path)), reading)


def _pick(task: str, path: Path, reading: Reading) -> tuple[Any, ...]:
    subject = TASKS[task].read(path, None, reading)
    require_for_page(subject)
    return str(path), *_slices(subject), *before(subject.name, subject, about(task, path))


def _slices(subject: Subject) -> tuple[Any, Any]:
    """Show the slider of several slices, and the choice of all of them where they have a place."""
    several = subject.count > 1
    slider = gr.update(maximum=max(subject.count - 1, 1), value=subject.index, visible=several)
    return slider, gr.update(value=False, visible=several and subject.placed)


def pick_slice(
    task: str, form: ReadingForm, latest: Results | None, source: str, index: float, *reading: Any
) -> tuple[Any, ...]:
    """Make another slice of the same scan the input. Where it is restored already, its results stay."""
    read_as = form.read(*reading)
    if latest is not None and latest.picked == (source, int(index), read_as):
        return (gr.skip(),) * COUNT
    with errors_on_screen():
        subject = TASKS[task].read(Path(source), int(index), read_as)
        return before(subject.name, subject)


def pick_reading(task: str, form: ReadingForm, source: str, index: float, *reading: Any) -> tuple[Any, ...]:
    """Read the same file in another way. One that cannot be read so keeps what is shown."""
    with errors_on_screen():
        subject = TASKS[task].read(Path(source), None, form.read(*reading))
        return *_slices(subject), *before(subject.name, subject)


def pick_task(task: gr.Radio, panels: Sequence[Panel], values: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Show the panel of the chosen task, with its last picture. `values` has that of each field."""
    panel = next(panel for panel in panels if panel.task == values[task])
    row, source = TASKS[panel.task], values[panel.source]
    columns = [gr.update(visible=name == panel.task) for name in TASKS]
    if source is None:
        return *columns, *nothing(row.words.noun)
    with errors_on_screen():
        path = Path(source)
        subject = row.read(path, int(values[panel.slices]), panel.reading.read_from(values))
        return *columns, *before(subject.name, subject, about(panel.task, path))
