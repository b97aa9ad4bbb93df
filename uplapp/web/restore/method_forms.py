"""The options of methods on screen: a form for each method that has some, shown while it is ticked.

All tasks share the form of a method, so what is set for one task stays set for the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from uplapp.described import Option, options_of
from uplapp.errors import UplappError
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.tasks import TASKS
from uplapp.web.widgets import abreast

AUTO = "auto"
SWITCH = {"yes": True, "no": False}
PRIVATE: dict[str, Any] = {"api_visibility": "private"}


@dataclass(frozen=True)
class MethodForm:
    """The fields of a method's options, in their order, in a column that is shown while it is ticked."""

    method: str
    column: gr.Column
    options: tuple[Option, ...]
    components: tuple[gr.components.Component, ...]

    @property
    def purpose(self) -> gr.components.Component | None:
        """The field on which it depends what an empty field stands for, where there is one."""
        fields = (field for one, field in self._pairs if one.name == "purpose")
        return next(fields, None) if self.left else None

    @property
    def left(self) -> tuple[gr.components.Component, ...]:
        """The fields that may be left to the method, where it says what they stand for."""
        told = hasattr(RESTORERS[self.method].build, "automatic")
        return tuple(field for one, field in self._pairs if one.optional and told)

    @property
    def _pairs(self) -> list[tuple[Option, gr.components.Component]]:
        return list(zip(self.options, self.components, strict=True))

    def follow(self, task: str, purpose: str | None) -> list[Any]:
        """Update `left`: what the fields stand for in a task."""
        chosen = {} if self.purpose is None else {"purpose": purpose}
        automatic = _automatic(task, self.method, **chosen)
        return [gr.update(**_words(one, automatic)) for one, field in self._pairs if field in self.left]

    def read(self, *values: Any) -> dict[str, Any]:
        """Read the options that are not at their defaults.

        A wrong one is refused with the label of the method.
        """
        given = {}
        for one, shown in zip(self.options, values, strict=True):
            try:
                value = _value(one, shown)
                one.check(value)
            except UplappError as error:
                raise UplappError(f"{RESTORERS[self.method].label}: {error}") from None
            if value != one.default:
                given[one.name] = value
        return given


def lay_out_method_forms(task: gr.Radio, ticked: Mapping[str, gr.CheckboxGroup]) -> tuple[MethodForm, ...]:
    """Lay out the forms of all methods, each hidden until it is ticked, and connect them.

    `ticked` are the menus of the methods, by task.
    """
    known = {name: None for each in ticked for name in methods_of(each)}
    forms = tuple(_lay_out_form(name, task.value) for name in known if options_of(RESTORERS[name].build))
    columns = [form.column for form in forms]
    for boxes in ticked.values():
        boxes.change(partial(_show, forms), boxes, columns, **PRIVATE)
    left = [field for form in forms for field in form.left]
    purposes = [form.purpose for form in forms if form.purpose is not None]
    task.change(
        partial(turn, forms, task, ticked), {task, *ticked.values(), *purposes}, [*columns, *left], **PRIVATE
    )
    for form in forms:
        if form.purpose is not None:
            form.purpose.change(form.follow, [task, form.purpose], list(form.left), **PRIVATE)  # type: ignore[attr-defined]
    return forms


def settings_of(
    forms: Sequence[MethodForm], methods: Sequence[str], values: Mapping[Any, Any]
) -> dict[str, dict[str, Any]]:
    """Read the options of the ticked methods from the values on screen, by field."""
    ticked = [form for form in forms if form.method in methods]
    return {form.method: form.read(*(values[field] for field in form.components)) for form in ticked}


def _show(forms: Sequence[MethodForm], ticked: Sequence[str]) -> list[Any]:
    return [gr.update(visible=form.method in ticked) for form in forms]


def turn(
    forms: Sequence[MethodForm], task: gr.Radio, boxes: Mapping[str, Any], values: Mapping[Any, Any]
) -> list[Any]:
    """Show the forms of what is ticked for another task, and what the options stand for there."""
    now = values[task]
    words = [update for form in forms for update in form.follow(now, values.get(form.purpose))]
    return [*_show(forms, values[boxes[now]]), *words]


def _lay_out_form(method: str, task: str) -> MethodForm:
    kind = RESTORERS[method].build
    options, automatic = options_of(kind), _automatic(task, method)
    components: dict[str, gr.components.Component] = {}
    with gr.Column(visible=False, elem_id=f"options-{method}", elem_classes=["options", "abreast"]) as column:
        gr.Markdown(f"**{RESTORERS[method].label}**")
        lay_out = partial(_lay_out, method, automatic=automatic)
        components |= _lay_out_all(lay_out, [one for one in options if not one.folded])
        folded = [one for one in options if one.folded]
        if folded:
            with gr.Accordion("More", open=False):
                components |= _lay_out_all(lay_out, folded)
    return MethodForm(method, column, options, tuple(components[one.name] for one in options))


def _lay_out_all(
    lay_out: Callable[[Option], gr.components.Component], options: Sequence[Option]
) -> dict[str, gr.components.Component]:
    """Lay out what is chosen in a row of its own, as it has long words, above the numbers."""
    chosen = [one for one in options if one.kind in ("choice", "switch")]
    components: dict[str, gr.components.Component] = {}
    for row in filter(None, (chosen, [one for one in options if one not in chosen])):
        with abreast():
            components |= {one.name: lay_out(one) for one in row}
    return components


def _automatic(task: str, method: str, **options: Any) -> Mapping[str, Any]:
    """Give what None stands for, by option. Nothing where the method does not say it."""
    say = getattr(RESTORERS.build(method, **options), "automatic", None)
    return {} if say is None else say(TASKS[task].degrading.operator)


def _lay_out(method: str, one: Option, automatic: Mapping[str, Any]) -> gr.components.Component:
    shared: dict[str, Any] = {
        "label": one.label,
        "info": one.help,
        "elem_id": f"{method}-{one.name}",
        "min_width": 126,
    }
    if one.kind == "switch" and not one.optional:
        return gr.Checkbox(one.default, **shared)
    if one.kind in ("choice", "switch"):
        value = AUTO if one.optional else one.default
        shared["min_width"] = 180
        return gr.Dropdown(value=value, filterable=False, **_words(one, automatic), **shared)
    if one.optional:  # an empty number would be shown as 0
        return gr.Textbox("", max_lines=1, max_length=20, **_words(one, automatic), **shared)
    return gr.Number(one.default, **shared)


def _words(one: Option, automatic: Mapping[str, Any]) -> dict[str, Any]:
    """Give the choices of an option, or for a number what an empty field stands for."""
    value = automatic.get(one.name)
    if one.kind in ("choice", "switch"):
        names = one.choices or {name: name.capitalize() for name in SWITCH}
        choices = [(label, name) for name, label in names.items()]
        if not one.optional:
            return {"choices": choices}
        meant = None if value is None else names[_name(value)]
        return {"choices": [(f"Auto: {meant}" if meant else "Auto", AUTO), *choices]}
    if not one.optional:
        return {}
    if value is None:
        return {"placeholder": AUTO}
    number = f"{value:,}" if one.kind == "whole" else f"{value:g}"
    return {"placeholder": f"{AUTO}: {number}"}


def _name(value: Any) -> str:
    return (
        next(name for name, meant in SWITCH.items() if meant is value)
        if isinstance(value, bool)
        else str(value)
    )


def _value(one: Option, shown: Any) -> Any:
    """Give the value of an option as its type. An empty field stands for the default."""
    if shown is None or shown == AUTO:
        return one.default
    if one.kind == "switch":
        return SWITCH.get(shown, shown) if isinstance(shown, str) else shown
    if one.optional and one.kind != "choice":
        return one.parse(str(shown).replace(",", ""))
    return int(shown) if one.kind == "whole" and float(shown).is_integer() else shown


def shown_of(one: Option, value: Any) -> Any:
    """Give what the field of an option shows of a value, from which its form reads the value again."""
    if value is None:
        return AUTO if one.kind in ("choice", "switch") else ""
    if one.kind == "switch":
        return _name(value) if one.optional else value
    return str(value).removesuffix(".0") if one.optional else value
