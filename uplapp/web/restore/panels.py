"""One panel for each task: what to restore, what spoils it, and by which checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from uplapp.imaging.checkpoints.card import Card, label
from uplapp.imaging.evaluation.opening import suffixes_of
from uplapp.imaging.files.samples import samples_of
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore.forms import Form, lay_out_form

# More than these take a photograph minutes.
TICKED = 7
# What a file of a task is called; a task of one channel takes slices.
NOUNS = {3: "Photograph", 1: "Slice"}
UPLOADS = {
    3: "Upload PNG, JPEG or TIFF, 8 or 16 bit",
    1: "Upload .h5, .nii, .npy, .npz or an image",
}
NO_NETWORK = (
    "There is no network for this task yet. Train one (`python -m uplapp train --task {task}`) or add one "
    "below; until then the other task works."
)


@dataclass(frozen=True)
class Panel:
    """What the visitor sets for a task; `source` is the server's own, so that nobody can name a path."""

    task: str
    column: gr.Column
    source: gr.State
    samples: gr.Gallery
    upload: gr.UploadButton
    slices: gr.Slider
    form: Form
    checkpoints: gr.CheckboxGroup
    no_network: gr.Markdown

    @property
    def fields(self) -> list[gr.components.Component]:
        """What a job needs to know."""
        return [self.source, self.slices, self.checkpoints, *self.form.fields]


def lay_out_panel(task: str, cards: Sequence[Card], visible: bool) -> Panel:
    """Lay out the panel of a task; samples, menus and checkpoints come from the tables."""
    channels, paths = TASKS.build(task).channels, samples_of(task)
    with gr.Column(visible=visible) as column:
        gr.Markdown(f"### {NOUNS[channels]}")
        samples = _lay_out_samples(task, paths)
        upload = gr.UploadButton(
            UPLOADS[channels], file_types=suffixes_of(task), elem_id=f"upload-{task}", elem_classes="upload"
        )
        slices = gr.Slider(0, 1, 0, step=1, label="Slice", visible=False, elem_id=f"slice-{task}", buttons=[])
        form = lay_out_form(task)
        checkpoints, no_network = _lay_out_checkpoints(task, cards)
    source = gr.State(str(paths[0]))
    return Panel(task, column, source, samples, upload, slices, form, checkpoints, no_network)


def _lay_out_samples(task: str, paths: Sequence[Path]) -> gr.Gallery:
    return gr.Gallery(
        [str(path) for path in paths],
        show_label=False,
        columns=6,
        height=90,
        allow_preview=False,
        object_fit="cover",
        interactive=False,
        format="jpeg",
        buttons=[],
        elem_id=f"samples-{task}",
        elem_classes="samples",
    )


def _lay_out_checkpoints(task: str, cards: Sequence[Card]) -> tuple[gr.CheckboxGroup, gr.Markdown]:
    gr.Markdown("### Networks, by the loss each was trained on")
    nothing = gr.Markdown(NO_NETWORK.format(task=task), visible=not cards, elem_id=f"no-network-{task}")
    labels = label(cards)
    menu = gr.CheckboxGroup(
        [(labels[card.name], card.name) for card in cards],
        value=[card.name for card in cards[:TICKED]],
        label="All",
        show_label=len(cards) > TICKED,
        show_select_all=len(cards) > TICKED,
        visible=bool(cards),
        elem_id=f"checkpoints-{task}",
        elem_classes="checkpoints",
    )
    return menu, nothing
