"""One panel for each task: the input, its degradation, and the checkpoints and methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import gradio as gr

from uplapp.imaging.checkpoints import Card, label
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.losses import AIMS, LOSSES
from uplapp.imaging.restorers import PUT_BACK, RESTORERS
from uplapp.imaging.tasks import TASKS, Task
from uplapp.web.restore.forms import Form, lay_out_form
from uplapp.web.restore.reading_form import ReadingForm, lay_out_reading

# More than these take a photograph minutes.
TICKED = 7
FOR_RESEARCH = "†"
RESEARCH_ALONE = f"{FOR_RESEARCH} trained on data that are for research alone: no commercial use"
NETWORKS = "### Networks, by the loss each was trained on"
ABOUT_LOSSES = """<details><summary>What a loss is, and what these were trained on</summary>
<p>A loss is the error that training makes small; what it does not see, a network may spoil.</p>
<ul>{aims}</ul><p>Images of training: {sources}.</p></details>"""
NO_NETWORK = (
    "There is no network for this task yet. Train one (`python -m uplapp train --task {task}`) or add one "
    "below; until then there are the methods without training."
)
WHOLE = "Restore all slices too, and offer the whole volume as NIfTI"
CONSISTENCY = "Put the measured samples back into what a network makes (data consistency)"


@dataclass(frozen=True)
class Panel:
    """The fields that a visitor sets for a task.

    `source` is the server's own, so that nobody can name a path.
    """

    task: str
    column: gr.Column
    source: gr.State
    samples: gr.Gallery
    upload: gr.UploadButton
    slices: gr.Slider
    whole: gr.Checkbox
    reading: ReadingForm
    form: Form
    checkpoints: gr.CheckboxGroup
    no_network: gr.Markdown
    consistency: gr.Checkbox
    methods: gr.CheckboxGroup

    @property
    def fields(self) -> list[gr.components.Component]:
        """The fields that a job reads."""
        chosen = [self.checkpoints, self.consistency, self.methods]
        own = [self.source, self.slices, self.whole, *self.reading.components]
        return [*own, *chosen, *self.form.fields]


def lay_out_panel(name: str, cards: Sequence[Card], visible: bool, megapixels: float = 16.0) -> Panel:
    """Lay out the panel of a task, with samples, menus and checkpoints from the tables."""
    task = TASKS[name]
    paths = [sample.path for sample in task.samples.values()]
    shown = [(one.shown or one.path, f"{sample}: {one.about}") for sample, one in task.samples.items()]
    with gr.Column(visible=visible) as column:
        gr.Markdown(f"### {task.words.noun}")
        samples = _lay_out_samples(name, shown)
        upload = gr.UploadButton(
            task.words.upload,
            file_types=list(task.suffixes),
            elem_id=f"upload-{name}",
            elem_classes="upload",
        )
        slices = gr.Slider(0, 1, 0, step=1, label="Slice", visible=False, elem_id=f"slice-{name}", buttons=[])
        whole = gr.Checkbox(False, label=WHOLE, visible=False, elem_id=f"whole-{name}")
        reading = lay_out_reading(name, megapixels)
        form = lay_out_form(name)
        checkpoints, no_network = _lay_out_checkpoints(name, cards)
        consistency = gr.Checkbox(
            True,
            label=CONSISTENCY,
            visible=task.degrading.operator in PUT_BACK,
            elem_id=f"consistency-{name}",
        )
        methods = _lay_out_methods(name, task)
    source = gr.State(str(paths[0]) if paths else None)
    return Panel(
        *(name, column, source, samples, upload, slices, whole, reading, form),
        *(checkpoints, no_network, consistency, methods),
    )


def about(task: str, path: Path) -> str:
    """Say what a sample is.

    The text of an uploaded file is empty.
    """
    return next((sample.about for sample in TASKS[task].samples.values() if sample.path == path), "")


def _lay_out_samples(task: str, samples: Sequence[tuple[Path, str]]) -> gr.Gallery:
    return gr.Gallery(
        [(str(path), about) for path, about in samples],
        visible=bool(samples),
        show_label=False,
        allow_preview=False,
        object_fit="cover",
        interactive=False,
        format="jpeg",
        buttons=[],
        elem_id=f"samples-{task}",
        elem_classes="samples",
    )


def _lay_out_checkpoints(task: str, cards: Sequence[Card]) -> tuple[gr.CheckboxGroup, gr.Markdown]:
    gr.Markdown(f"{NETWORKS}\n\n{about_losses(cards)}")
    nothing = gr.Markdown(NO_NETWORK.format(task=task), visible=not cards, elem_id=f"no-network-{task}")
    menu = gr.CheckboxGroup(
        choices_of(cards),
        value=[card.name for card in cards if _kind_of(card) == _kind_of(cards[0])][:TICKED],
        label="All",
        info=info_of(cards),
        show_label=len(cards) > TICKED,
        show_select_all=len(cards) > TICKED,
        visible=bool(cards),
        elem_id=f"checkpoints-{task}",
        elem_classes="checkpoints",
    )
    return menu, nothing


def about_losses(cards: Sequence[Card]) -> str:
    """Say what a loss is, what each loss of these cards aims at, and on which images they were trained."""
    losses = [name for name in dict.fromkeys(card.loss for card in cards) if name in AIMS]
    sources = dict.fromkeys(str(card.data.get("source") or "unknown") for card in cards)
    aims = "".join(f"<li><b>{LOSSES[name].label}</b>: {AIMS[name]}</li>" for name in losses)
    return ABOUT_LOSSES.format(aims=aims, sources=escape("; ".join(sources))) if losses else ""


def choices_of(cards: Sequence[Card]) -> list[tuple[str, str]]:
    """Give the label and name of each checkpoint, with a dagger where its weights are for research alone."""
    labels = label(cards)
    return [(f"{labels[card.name]} {FOR_RESEARCH * card.for_research}".rstrip(), card.name) for card in cards]


def info_of(cards: Sequence[Card]) -> str:
    """Say what the dagger means, where there is one."""
    return RESEARCH_ALONE if any(card.for_research for card in cards) else ""


def _kind_of(card: Card) -> tuple[str, bool]:
    return card.spec.network if card.spec else "", card.for_research


def _lay_out_methods(name: str, task: Task) -> gr.CheckboxGroup:
    gr.Markdown("### Methods without training", visible=bool(methods_of(name)))
    return gr.CheckboxGroup(
        [(RESTORERS[method].label, method) for method in methods_of(name)],
        value=[],
        show_label=False,
        visible=bool(methods_of(name)),
        elem_id=f"methods-{name}",
        elem_classes="checkpoints",
    )
