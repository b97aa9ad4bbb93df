"""The form of a degradation, laid out from the descriptions of its fields."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.described import Option, options_of
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.tasks import TASKS


@dataclass(frozen=True)
class Form:
    """Fields on screen for the degradation of a task, in the order in which `read` gets their values.

    Where an image may also be used as it is, `choice` is the first of them, and `as_it_is` are the last: the
    fields of what has to be said of such an image.
    """

    task: str
    options: tuple[Option, ...]
    components: tuple[gr.components.Component, ...]
    choice: gr.Radio | None = None
    as_it_is: tuple[gr.components.Component, ...] = ()

    @property
    def fields(self) -> tuple[gr.components.Component, ...]:
        """The fields that a job reads."""
        return (*([self.choice] if self.choice else []), *self.components, *self.as_it_is)

    def read(self, *values: Any) -> Degradation | AsItIs | None:
        """Build the degradation from the values on screen.

        For an image that is used as it is the result is None, or the value that says more of it.
        """
        words = TASKS[self.task].degrading.choice
        if self.choice is not None:
            wanted, *values = values  # type: ignore[assignment]
            if wanted != words.degrade:
                taking = words.taking
                return taking(**_named(options_of(taking), values[len(self.options) :])) if taking else None
        return TASKS[self.task].degrade(**_named(self.options, values[: len(self.options)]))


def lay_out_form(task: str) -> Form:
    """Lay out the form of a task's degradation: numbers in a row, choices below, the rest folded."""
    kind = TASKS[task].degrading
    gr.Markdown(f"### {kind.heading}")
    choice = _lay_out_choice(kind)
    options = options_of(kind)
    components = {}
    with gr.Row():
        for one in _chosen(options, folded=False, choices=False):
            components[one.name] = field_of(task, one)
    for one in _chosen(options, folded=False, choices=True):
        components[one.name] = field_of(task, one)
    folded = _chosen(options, folded=True)
    if folded:
        with gr.Accordion("More", open=False, elem_classes="abreast"):
            for one in folded:
                components[one.name] = field_of(task, one)
    as_it_is: tuple[gr.components.Component, ...] = ()
    if choice is not None:
        _follow(choice, kind, components[kind.strength])
        as_it_is = _lay_out_as_it_is(task, choice, kind.choice.taking)
    return Form(task, options, tuple(components[one.name] for one in options), choice, as_it_is)


def _lay_out_as_it_is(task: str, choice: gr.Radio, taking: Any) -> tuple[gr.components.Component, ...]:
    """Lay out what is asked of an image that is used as it is, on screen where that is chosen."""
    if taking is None:
        return ()
    with gr.Column(visible=False) as column:
        components = tuple(field_of(task, one) for one in options_of(taking))
    degrade = choice.value
    choice.change(lambda value: gr.update(visible=value != degrade), choice, column, api_visibility="private")
    return components


def _chosen(options: Sequence[Option], folded: bool, choices: bool | None = None) -> list[Option]:
    return [
        one
        for one in options
        if one.folded == folded and (choices is None or (one.kind == "choice") == choices)
    ]


def _lay_out_choice(kind: Any) -> gr.Radio | None:
    if kind.choice is None:
        return None
    words = [kind.choice.degrade, kind.choice.as_it_is]
    return gr.Radio(words, value=words[0], show_label=False)


def _follow(choice: gr.Radio, kind: Any, strength: gr.components.Component) -> None:
    """Let the strength be set only where an image is degraded."""
    choice.change(
        lambda value: gr.update(interactive=value == kind.choice.degrade),
        choice,
        strength,
        api_visibility="private",
    )


def field_of(task: str, one: Option) -> gr.components.Component:
    """Lay out one option: a slider where it has a range for one, else a number, boxes or a switch."""
    shared: dict[str, Any] = {"elem_id": f"{task}-{one.name}", "label": one.label}
    folded: dict[str, Any] = {"info": one.help} if one.folded else {}  # in sight there is no room for it
    if one.kind == "choice":
        choices = [(text[:1].upper() + text[1:], name) for name, text in one.choices.items()]
        return gr.Radio(choices, value=one.default, show_label=False, elem_id=f"{task}-{one.name}")
    if one.kind == "file":
        return gr.File(type="filepath", file_types=["image"], height=120, **shared)
    if one.kind == "text":
        return gr.Textbox(one.default, info=one.help, max_lines=1, **shared)
    if one.kind == "switch":
        return gr.Checkbox(one.default, info=one.help, **shared)
    if one.slider is not None:
        low, high = one.slider
        return gr.Slider(low, high, one.default, step=one.step, scale=3, min_width=180, **shared, **folded)
    shared |= folded | {"minimum": _finite(one.low), "maximum": _finite(one.high)}
    return gr.Number(one.default, precision=0 if one.kind == "whole" else None, min_width=80, **shared)


def _finite(limit: float) -> float | None:
    return limit if abs(limit) < float("inf") else None


def _named(options: Sequence[Option], values: Sequence[Any]) -> dict[str, Any]:
    return {one.name: value_of(one, value) for one, value in zip(options, values, strict=True)}


def value_of(one: Option, value: Any) -> Any:
    """Give the value of an option as its type.

    An empty field stands for the default.
    """
    if value is None:
        return one.default
    if one.kind == "file":
        return Path(value)
    return int(value) if one.kind == "whole" else value
