"""The form of a new study: its fields, and what they mean in its study.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import gradio as gr

from uplapp.errors import BadStudy
from uplapp.study.definition import CATCHES, LAYOUTS, PLACES, presets
from uplapp.web.researcher.build import more
from uplapp.web.widgets import abreast

PHASES = {"250 ms (2 Hz, usual)": 250, "500 ms (1 Hz)": 500, "125 ms (4 Hz)": 125, "100 ms (5 Hz)": 100}
PAIRS = {"All of them": "all", "A random part for each": "random", "Chosen as answers come": "adaptive"}
LANGUAGES: dict[str, tuple[str, ...]] = {
    name: (code,) for code, name in presets.LANGUAGES.items()
}  # one, or two in either order
LANGUAGES |= {
    f"{one}, {other}": (*LANGUAGES[one], *LANGUAGES[other])
    for one, other in permutations(presets.LANGUAGES.values(), 2)
    if "English" in (one, other)
}
COMPARE = "Compare two, see which changes less"
TASKS = {
    COMPARE: presets.PAIRS,
    "Rate one: quality, 1 to 5": "mos5",
    "Rate one: quality, 1 to 4": "mos4",
    "Rate one: denoising, structure, details, 0 to 3": "grade3",
}
STEPS = {"Which one": 1, "Which, slightly or much": 2, "Which, slightly, clearly or much": 3}
PANEL_MENU = {"Anywhere": "", "Prolific": "prolific", "MTurk": "mturk", "CloudResearch": "cloudresearch"}
PANEL_MENU |= {"SONA": "sona"}
SHOWN = dict(zip(("Side by side if both fit", "Side by side", "One at a time"), LAYOUTS, strict=True))


CONSENT = dict(
    zip(
        PLACES,
        (
            ("Purpose", "what the answers are for"),
            ("Contact", "who is responsible, with an address"),
            ("Answers are kept", "such as: for ten years, without your name"),
            ("Questions go to", "such as: the ethics committee, ethics@..."),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class Form:
    """The fields below a study's name and title, in the order of `tables`."""

    fields: list[Any]


def build() -> Form:
    """Lay out the fields, in a tab of the class `abreast`."""
    with abreast():
        task = gr.Dropdown(list(TASKS), value=COMPARE, label="Observers", scale=2, min_width=250)
        hidden = gr.Checkbox(label="Rating: without the original beside it")
    with abreast():
        phase = gr.Dropdown(
            list(PHASES), value=next(iter(PHASES)), label="Each picture is shown for", min_width=220
        )
        layout = gr.Dropdown(list(SHOWN), value=next(iter(SHOWN)), label="Layout", min_width=220)
        language = gr.Dropdown(list(LANGUAGES), value="English, German", label="Languages")
    with abreast():
        pairs = gr.Dropdown(
            list(PAIRS), value=next(iter(PAIRS)), label="Comparisons of each observer", min_width=220
        )
        number = gr.Number(60, label="How many, if not all", precision=0, minimum=1, maximum=9999)
        quota = gr.Number(0, label="People wanted (0: no limit)", precision=0, minimum=0, maximum=100_000)
        recruited = gr.Dropdown(list(PANEL_MENU), value=next(iter(PANEL_MENU)), label="People come from")
    with abreast():
        counts = [
            gr.Number(value, label=label, precision=0, minimum=0, maximum=most, min_width=110)
            for label, value, most in (
                ("Practice", 2, 20),
                ("Catch trials", 2, 100),
                ("Repeats", 0, 200),
                ("Break every", 0, 1000),
            )
        ]
    with abreast():
        steps = gr.Dropdown(list(STEPS), value=next(iter(STEPS)), label="Comparing, they say", min_width=220)
        not_sure = gr.Checkbox(label="Observers may say: not sure")
        both_bad = gr.Checkbox(label="Observers may say: both are bad")
        disguised = gr.Checkbox(label="Known answers hidden from programs")
        links_only = gr.Checkbox(label="By personal link only")
    first = [task, hidden, phase, layout, language, pairs, number, quota, recruited]
    ticks = [steps, not_sure, both_bad, disguised, links_only]
    return Form([*first, *counts, *ticks, *_lay_out_consent(), more.build()])


def _lay_out_consent() -> list[Any]:
    """The places of the standard consent text, in the order of PLACES, and whether they are needed."""
    gr.Markdown("**The consent** is a standard text, and says beside it:")
    with abreast():
        places = [
            gr.Textbox(label=label, placeholder=example, max_length=1000, lines=1, min_width=220)
            for label, example in CONSENT.values()
        ]
    internal = gr.Checkbox(label="Internal test: nobody from outside takes part", elem_id="internal")
    return [*places, internal]


def tables(*values: Any) -> dict[str, Any]:
    """The tables of study.toml that the fields ask for. BadStudy names the one that does not fit."""
    task, hidden, phase, layout, language, *others = values
    pairs, number, quota, recruited, practice, catch, repeats, every, *ticks, text = others
    steps, *ticks = ticks
    not_sure, both_bad, disguised, links = map(bool, ticks[:4])
    panel = _choice(PANEL_MENU, recruited, "where people come from")
    kind = _choice(PAIRS, pairs, "comparisons")
    reference = "hidden" if hidden else "shown"
    first, *second = _choice(LANGUAGES, language, "languages")
    own = {
        "protocol": {
            "phase_ms": _choice(PHASES, phase, "time of a picture"),
            "layout": _choice(SHOWN, layout, "layout"),
            "pairs": kind if kind == "all" else f"{kind}:{_whole(number, 'how many comparisons')}",
            "practice": _whole(practice, "practice"),
            "catch": _whole(catch, "catch trials"),
            "repeats": _whole(repeats, "repeats"),
            "break_every": _whole(every, "break every"),
            "catch_kind": CATCHES[disguised],
            "not_sure": not_sure,
            "both_bad": both_bad,
            "steps": _choice(STEPS, steps, "what they say"),
            "language": first,
        },
        "access": {"links_only": links, "quota": _whole(quota, "people wanted")},
        "panel": {"name": panel} if panel else None,
        "consent": _consent(*ticks[4:]),
        "translations": [{"language": other} for other in second],
        "rating": None,
        **presets.tables(_choice(TASKS, task, "what observers do"), (first, *second), reference),
    }
    return more.merged(own, text)


def _consent(*values: Any) -> dict[str, Any] | None:
    """The table `consent` that its fields ask for, None where all are empty."""
    *texts, internal = values
    said = {name: f"{text}".strip() for name, text in zip(PLACES, texts, strict=True) if text}
    return {**said, **({"internal_test": True} if internal else {})} or None


def title_of(*values: Any) -> str:
    """Give the question that observers answer, in the study's first language."""
    task, _, _, _, language, *_ = values
    first = _choice(LANGUAGES, language, "languages")[0]
    return presets.title(_choice(TASKS, task, "what observers do"), first)


def _choice(menu: Mapping[str, Any], value: object, what: str) -> Any:
    if not isinstance(value, str) or value not in menu:
        raise BadStudy(f"{what} '{value}' is not possible; choose one of: {', '.join(menu)}")
    return menu[value]


def _whole(value: object, what: str) -> int:
    if not isinstance(value, int | float) or value != int(value):
        raise BadStudy(f"{what} must be a whole number")
    return int(value)
