"""The form of a new study: its fields, and what they mean in its study.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from uplapp.errors import BadStudy
from uplapp.study.definition import CATCHES, LAYOUTS, presets
from uplapp.web.researcher.build import more

PHASES = {"250 ms (2 Hz, usual)": 250, "500 ms (1 Hz)": 500, "125 ms (4 Hz)": 125, "100 ms (5 Hz)": 100}
PAIRS = {"All of them": "all", "A random part for each": "random", "Chosen as answers come": "adaptive"}
LANGUAGES = {"English": ("en",), "German": ("de",), "English, German": ("en", "de")}
LANGUAGES |= {"German, English": ("de", "en")}
COMPARE = "Compare two, see which changes less"
TASKS = {
    COMPARE: presets.PAIRS,
    "Rate one: quality, 1 to 5": "mos5",
    "Rate one: quality, 1 to 4": "mos4",
    "Rate one: denoising, structure, details, 0 to 3": "grade3",
}
SHOWN = dict(zip(("Side by side if both fit", "Side by side", "One at a time"), LAYOUTS, strict=True))


@dataclass(frozen=True)
class Form:
    """The fields below a study's name and title, in the order of `tables`."""

    fields: list[Any]


def build() -> Form:
    """Lay out the fields."""
    with gr.Row():
        task = gr.Dropdown(list(TASKS), value=COMPARE, label="Observers", scale=2, min_width=250)
        hidden = gr.Checkbox(label="Rating: without the original beside it")
    with gr.Row():
        phase = gr.Dropdown(
            list(PHASES), value=next(iter(PHASES)), label="Each picture is shown for", min_width=220
        )
        layout = gr.Dropdown(list(SHOWN), value=next(iter(SHOWN)), label="Layout", min_width=220)
        language = gr.Dropdown(list(LANGUAGES), value="English, German", label="Languages")
    with gr.Row():
        pairs = gr.Dropdown(
            list(PAIRS), value=next(iter(PAIRS)), label="Comparisons of each observer", min_width=220
        )
        number = gr.Number(60, label="How many, if not all", precision=0, minimum=1, maximum=9999)
        quota = gr.Number(0, label="People wanted (0: no limit)", precision=0, minimum=0, maximum=100_000)
    with gr.Row():
        counts = [
            gr.Number(value, label=label, precision=0, minimum=0, maximum=most, min_width=110)
            for label, value, most in (
                ("Practice", 2, 20),
                ("With a known answer", 2, 100),
                ("Asked twice", 0, 200),
                ("Break after every", 0, 1000),
            )
        ]
    with gr.Row():
        not_sure = gr.Checkbox(label="Observers may say: not sure")
        both_bad = gr.Checkbox(label="Observers may say: both are bad")
        disguised = gr.Checkbox(label="Known answers that pixels do not tell")
        links_only = gr.Checkbox(label="By personal link only")
    first = [task, hidden, phase, layout, language, pairs, number, quota]
    return Form([*first, *counts, not_sure, both_bad, disguised, links_only, more.build()])


def tables(*values: Any) -> dict[str, Any]:
    """The tables of study.toml that the fields ask for. BadStudy names the one that does not fit."""
    task, hidden, phase, layout, language, *others = values
    pairs, number, quota, practice, catch, repeats, every, *ticks, text = others
    not_sure, both_bad, disguised, links = map(bool, ticks)
    kind = _choice(PAIRS, pairs, "comparisons")
    reference = "hidden" if hidden else "shown"
    first, *second = _choice(LANGUAGES, language, "languages")
    own = {
        "protocol": {
            "phase_ms": _choice(PHASES, phase, "time of a picture"),
            "layout": _choice(SHOWN, layout, "layout"),
            "pairs": kind if kind == "all" else f"{kind}:{_whole(number, 'how many comparisons')}",
            "practice": _whole(practice, "practice"),
            "catch": _whole(catch, "with a known answer"),
            "repeats": _whole(repeats, "asked twice"),
            "break_every": _whole(every, "break after every"),
            "catch_kind": CATCHES[disguised],
            "not_sure": not_sure,
            "both_bad": both_bad,
            "language": first,
        },
        "access": {"links_only": links, "quota": _whole(quota, "people wanted")},
        "translations": [{"language": other} for other in second],
        "rating": None,
        **presets.tables(_choice(TASKS, task, "what observers do"), (first, *second), reference),
    }
    return more.merged(own, text)


def _choice(menu: Mapping[str, Any], value: object, what: str) -> Any:
    if not isinstance(value, str) or value not in menu:
        raise BadStudy(f"{what} '{value}' is not possible; choose one of: {', '.join(menu)}")
    return menu[value]


def _whole(value: object, what: str) -> int:
    if not isinstance(value, int | float) or value != int(value):
        raise BadStudy(f"{what} must be a whole number")
    return int(value)
