"""The settings of the Restore tab in the address of the page, as in `?sigma=40&methods=tv&tv.sigma=20`.

An address names what differs from the page as it opens, and sets nothing else: no file, but how it is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from gradio.components import Component

from uplapp.described import Option, options_of
from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore.method_forms import MethodForm, shown_of
from uplapp.web.restore.panels import Panel

OTHERS = ("task", "tab", "study")  # the script of the page follows these
OF_GRADIO = "__"  # how the names begin that Gradio and a Space put into an address


@dataclass(frozen=True)
class Setting:
    """A field that an address may set, and what turns the text there into its value on screen."""

    field: Component
    read: Callable[[str], Any]


def settings_of(panel: Panel, forms: Sequence[MethodForm], networks: Sequence[str]) -> dict[str, Setting]:
    """List what an address may set of a task by name. `networks` are those that the task has now."""
    form, methods = panel.form, methods_of(panel.task)
    settings = {
        "networks": Setting(panel.checkpoints, partial(_several, "network", networks)),
        "methods": Setting(panel.methods, partial(_several, "method", methods)),
    }
    if form.choice is not None:
        words = TASKS[panel.task].degrading.choice
        settings["input"] = Setting(form.choice, partial(_one, "input", (words.degrade, words.as_it_is)))
    if panel.consistency.visible:
        settings["consistency"] = Setting(panel.consistency, Option("consistency", "switch", True, "").parse)
    reading = panel.reading
    options = [*reading.options, *form.options]
    fields = (*reading.components, *form.components, *form.as_it_is)
    if form.as_it_is:
        options += options_of(TASKS[panel.task].degrading.choice.taking)
    for one, field in zip(options, fields, strict=True):
        if one.kind != "file":
            settings[one.name] = Setting(field, one.parse)
    for method_form in (each for each in forms if each.method in methods):
        for one, field in zip(method_form.options, method_form.components, strict=True):
            settings[f"{method_form.method}.{one.name}"] = Setting(field, partial(_shown, one))
    return settings


def query_of(panel: Panel, forms: Sequence[MethodForm], values: Mapping[Any, Any]) -> str:
    """Write the query of an address that sets the fields of a task to these values, by field.

    Options of methods that are not ticked are left out.
    """
    named = {
        name: values[setting.field]
        for name, setting in settings_of(panel, forms, ()).items()
        if values[setting.field] not in (None, setting.field.value)
        and ("." not in name or name.partition(".")[0] in values[panel.methods])
    }
    return "?" + urlencode(
        {"task": panel.task} | {name: _text(value) for name, value in named.items()}, safe=","
    )


def read_query(
    query: Mapping[str, str], panels: Sequence[Panel], forms: Sequence[MethodForm], checkpoints: Checkpoints
) -> tuple[dict[Component, Any], list[str]]:
    """Read the values by field that a query sets, and sentences about what it names in vain."""
    known, task = {panel.task: panel for panel in panels}, query.get("task", panels[0].task)
    if task not in known:
        return {}, [str(UnknownName("task", task, known))]
    networks = [card.name for card in checkpoints.cards(task)]
    settings, values, wrong = settings_of(known[task], forms, networks), {}, []
    for name, text in query.items():
        if name in OTHERS or name.startswith(OF_GRADIO):
            continue
        try:
            if name not in settings:
                raise UnknownName("setting", name, [each for each in settings if "." not in each])
            values[settings[name].field] = settings[name].read(text)
        except UplappError as error:
            wrong.append(str(error))
    return values, wrong


def _several(kind: str, allowed: Sequence[str], text: str) -> list[str]:
    return [_one(kind, allowed, name) for name in text.split(",") if name]


def _one(kind: str, allowed: Sequence[str], text: str) -> str:
    if text not in allowed:
        raise UnknownName(kind, text, allowed)
    return text


def _shown(one: Option, text: str) -> Any:
    return shown_of(one, one.parse(text))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
