"""The fields that say how a file is to be read, folded below its upload."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from uplapp.described import Option, options_of
from uplapp.imaging.files.reading import AS_IT_SAYS, OF_COMMANDS, Reading
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore.forms import field_of, value_of

HEADING = "How the file is read"


@dataclass(frozen=True)
class ReadingForm:
    """The fields on screen for the choices that a task's files leave open."""

    options: tuple[Option, ...]
    components: tuple[gr.components.Component, ...]
    before: Reading = AS_IT_SAYS  # what the server says, and how a file is read at first

    def read(self, *values: Any) -> Reading:
        """Build the reading from the values on screen."""
        pairs = zip(self.options, values, strict=True)
        return replace(self.before, **{one.name: value_of(one, value) for one, value in pairs})

    def read_from(self, values: Mapping[Any, Any]) -> Reading:
        """Build the reading from the values of all fields, by field. A field that is not there has none."""
        return self.read(*(values.get(component) for component in self.components))


def options_on_page(task: str) -> tuple[Option, ...]:
    """List the choices that visitors have for the files of a task."""
    own = set(TASKS[task].reading) - set(OF_COMMANDS)
    return tuple(one for one in options_of(Reading) if one.name in own)


def lay_out_reading(task: str, megapixels: float) -> ReadingForm:
    """Lay out the fields of a task's readings, for pictures of up to so many megapixels.

    A task whose files say everything has none.
    """
    options = options_on_page(task)
    before = Reading(megapixels=megapixels) if "megapixels" in TASKS[task].reading else AS_IT_SAYS
    if not options:
        return ReadingForm((), (), before)
    with gr.Accordion(HEADING, open=False, elem_id=f"reading-{task}", elem_classes="abreast"):
        components = tuple(_menu(task, one) for one in options)
    return ReadingForm(options, components, before)


def _menu(task: str, one: Option) -> gr.components.Component:
    """Lay out one choice, as a menu, since it is seldom used."""
    if one.kind != "choice":
        return field_of(task, one)
    choices = [(text[:1].upper() + text[1:], name) for name, text in one.choices.items()]
    return gr.Dropdown(
        choices,
        value=one.default,
        label=one.label,
        info=one.help,
        elem_id=f"{task}-{one.name}",
        min_width=220,
    )
