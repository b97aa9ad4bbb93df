"""The Restore tab: task, picture, degradation and checkpoints, then results, errors and metrics."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.imaging.case import Subject
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import Candidate, of_cards, of_methods
from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.evaluation.whole import restore_whole
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.lending import on_gpu, seconds_of
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import Watch
from uplapp.imaging.tasks import TASKS
from uplapp.web.researcher.build import collecting
from uplapp.web.researcher.desk import Desk
from uplapp.web.restore import address, example, own_network, sharing
from uplapp.web.restore import live as fits
from uplapp.web.restore.live import Live, lay_out_live
from uplapp.web.restore.method_forms import MethodForm, lay_out_method_forms, settings_of
from uplapp.web.restore.outputs import (
    COUNT,
    Outputs,
    after,
    after_batch,
    before,
    lay_out_outputs,
    nothing,
    volumes_too,
)
from uplapp.web.restore.panels import Panel, about, lay_out_panel
from uplapp.web.restore.reading_form import ReadingForm, options_on_page
from uplapp.web.restore.running import Fit, Result, Wish, following
from uplapp.web.restore.several import Several, batch_work, lay_out_several
from uplapp.web.restore.volume_viewer import require_for_page, require_voxels
from uplapp.web.widgets import errors_on_screen, notice, room

WRITING = "writing the files"
GAUGE = '<p role="status"></p>'  # in which the script of the page says how far a job is
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

    def read(self, values: Mapping[Any, Any]) -> tuple[Panel, Degradation | AsItIs | None, list[Candidate]]:
        """Read the panel of the task, its degradation and the candidates from the values by field."""
        panel = next(panel for panel in self.panels if panel.task == values[self.task])
        cards = [self.checkpoints.find(name) for name in values[panel.checkpoints]]
        candidates = [
            *of_cards(self.checkpoints, cards, values[panel.consistency]),
            *of_methods(values[panel.methods], settings_of(self.forms, values[panel.methods], values)),
        ]
        return panel, panel.form.read(*(values[field] for field in panel.form.fields)), candidates


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
            with gr.Row(elem_id="actions"):
                gauge = gr.HTML(GAUGE, elem_id="gauge", padding=False)
                start = gr.Button("Restore", variant="primary", elem_id="restore", scale=2)
                stop = gr.Button("Cancel", variant="stop", min_width=90, elem_id="cancel")
            several = lay_out_several()
            added = own_network.build(desk)
        with gr.Column(scale=3, min_width=320, elem_id="shown"):
            live = lay_out_live()
            outputs = lay_out_outputs(example.job(checkpoints))
            sharing.build(settings, outputs.shared)
            collecting.build(desk, outputs.latest, collected)
    for panel in panels:
        _connect_panel(panel, outputs)
    asked = Asked(checkpoints, task, panels, forms, live.wish)
    _connect_menus(page, asked, added)
    _connect_tasks(task, panels, outputs)
    _connect_buttons(asked, start, stop, gauge, several, outputs, live)
    _follow_choice(asked, [start, several.start])


def _connect_panel(panel: Panel, outputs: Outputs) -> None:
    picked = [panel.source, panel.slices, panel.whole, *outputs.all, *panel.reading.components]
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


def _connect_buttons(
    asked: Asked,
    start: gr.Button,
    stop: gr.Button,
    gauge: gr.HTML,
    several: Several,
    outputs: Outputs,
    live: Live,
) -> None:
    job: dict[str, Any] = {
        "outputs": [*outputs.all, *live.all],
        "concurrency_id": "restoration",
        "concurrency_limit": 1,
        # A cancelled job ends with its tile; until then "once" would drop the next click without a word.
        "trigger_mode": "multiple",
        "show_progress_on": gauge,
        **PRIVATE,
    }
    fields = asked.fields
    runs: list[Any] = [
        start.click(partial(restore, asked), fields, **job),
        several.start.click(partial(restore_all, asked, several.files), {several.files, *fields}, **job),
    ]
    stopped = stop.click(_cancelled, None, live.all, cancels=runs, **PRIVATE)
    # What the job sent at that moment may arrive later and show the fit again.
    stopped.then(fits.gone_for_good, None, live.all, **PRIVATE)


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
    return str(path), *_slices(subject), *before(subject.name, subject, about(task, path)), *fresh


def _slices(subject: Subject) -> tuple[Any, Any]:
    """Show the slider of several slices, and the choice of all of them where they have a place."""
    several = subject.count > 1
    slider = gr.update(maximum=max(subject.count - 1, 1), value=subject.index, visible=several)
    return slider, gr.update(value=False, visible=several and subject.placed)


def pick_slice(task: str, form: ReadingForm, source: str, index: float, *reading: Any) -> tuple[Any, ...]:
    """Make another slice of the same scan the input."""
    with errors_on_screen():
        subject = TASKS[task].read(Path(source), int(index), form.read(*reading))
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
        panel, degradation, candidates = asked.read(values)
        if values[panel.source] is None:
            raise UplappError(f"there is no {TASKS[panel.task].words.noun.lower()} yet; upload one")
        source, index = Path(values[panel.source]), int(values[panel.slices])
        reading = panel.reading.read_from(values)
        case = read_case(source, panel.task, degradation, index, reading)
        work = on_gpu(partial(run_job, case, candidates), seconds_of(case, candidates))
        job = yield from _followed(work, values[asked.wish], progress)
        progress(1.0, desc=WRITING)
        yield *after(job, address.query_of(panel, asked.forms, values)), *fits.gone()
        if values.get(panel.whole):
            all_slices = on_gpu(partial(_whole, source, panel.task, degradation, candidates, reading))
            files = yield from _followed(all_slices, values[asked.wish], progress)
            yield *volumes_too(files), *fits.gone()


def _whole(
    path: Path,
    task: str,
    degradation: Degradation | AsItIs | None,
    candidates: Sequence[Candidate],
    reading: Reading,
    watch: Watch,
    hear: Hear,
) -> dict[str, bytes]:
    """Restore all slices of a volume that is small enough for the page. Nobody hears of fits to slices."""
    return restore_whole(path, task, degradation, candidates, reading, require_voxels, watch)


def restore_all(
    asked: Asked,
    files: gr.File,
    values: Mapping[Any, Any],
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Iterator[tuple[Any, ...]]:
    """Restore all uploaded files as `restore` does one."""
    with errors_on_screen():
        panel, degradation, candidates = asked.read(values)
        target = room("uplapp-batch.zip")
        reading = panel.reading.read_from(values)
        work = on_gpu(batch_work(values[files], panel.task, degradation, candidates, target, reading))
        batch = yield from _followed(work, values[asked.wish], progress)
        yield *after_batch(batch, target), *fits.gone()


def _followed(
    work: Callable[[Watch, Hear], Result], wish: Wish, progress: gr.Progress
) -> Generator[Any, None, Result]:
    """Follow work on screen. Until there are results, those before stay."""
    same = [gr.skip()] * COUNT

    def show(fit: Fit | None) -> tuple[Any, ...]:
        return *same, *(fits.running(fit, wish) if fit else fits.gone())

    return (yield from following(work, progress, show, wish))
