"""The page as a stranger's task finds it: laid out with what was added, and restored on."""

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import jobs
from uplapp.web.restore.method_forms import MethodForm, lay_out_method_forms
from uplapp.web.restore.panels import Panel, lay_out_panel
from uplapp.web.restore.running import Wish


class Inputs(NamedTuple):
    """The panels of all tasks, and the forms of all methods."""

    panels: list[Panel]
    forms: tuple[MethodForm, ...]


def laid_out(checkpoints: Checkpoints) -> tuple[Inputs, str]:
    """The inputs of the page, and the words on it."""
    return asyncio.run(_laid_out(checkpoints))


async def _laid_out(checkpoints: Checkpoints) -> tuple[Inputs, str]:
    with gr.Blocks() as page:  # inside a loop: without one gradio leaves its own open
        panels = [lay_out_panel(name, checkpoints.cards(name), visible=True) for name in TASKS]
        task = gr.Radio(list(TASKS), value=next(iter(TASKS)))
        forms = lay_out_method_forms(task, {panel.task: panel.methods for panel in panels})
    return Inputs(panels, forms), json.dumps(page.get_config_file()["components"], default=str)


def restored_on(
    inputs: Inputs,
    task: str,
    source: Path,
    checkpoints: Checkpoints,
    networks: list[str],
    methods: list[str],
) -> tuple[list[str], str]:
    """The captions of the pictures, and the table, after a file was restored by these on the page."""
    panel = next(panel for panel in inputs.panels if panel.task == task)
    values: dict[Any, Any] = {
        "task": task,
        "wish": Wish(),
        panel.source: str(source),
        panel.slices: 0,
        panel.checkpoints: networks,
        panel.consistency: True,
        panel.methods: methods,
        **{field: field.value for field in panel.form.fields},
        **{field: field.value for field in panel.reading.components},
        **{field: field.value for form in inputs.forms for field in form.components},
    }
    asked = jobs.Asked(checkpoints, "task", *inputs, "wish")
    job = jobs.restore(asked, values, progress=lambda *share, **words: None)
    *_, (_, pictures, _, _, table, *_) = job
    return [caption for _, caption in pictures], table
