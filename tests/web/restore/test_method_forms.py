"""The options of methods on the page: every one has a field, and what is set there reaches the method."""

import asyncio
import json
from dataclasses import replace

import gradio as gr
import pytest

from uplapp.described import options_of
from uplapp.errors import UplappError
from uplapp.imaging.evaluation.candidates import methods_of, of_methods
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import method_forms
from uplapp.web.restore.method_forms import lay_out_method_forms

WITH_OPTIONS = [name for name, row in RESTORERS.items() if options_of(row.build)]


def forms(task="denoise"):
    """The forms of all methods by name, and the components of a page that opens with a task."""

    async def build():  # outside of a running loop a component would open one and leave it open
        with gr.Blocks() as page:
            menus = {name: gr.CheckboxGroup(methods_of(name)) for name in TASKS}
            made = lay_out_method_forms(gr.Radio(list(TASKS), value=task), menus)
        return {form.method: form for form in made}, page.get_config_file()["components"]

    return asyncio.run(build())


def set_to(form, **given):
    """The values on screen, some of them set."""
    shown = {one.name: field.value for one, field in zip(form.options, form.components, strict=True)}
    return (shown | given).values()


@pytest.mark.parametrize("method", WITH_OPTIONS)
def test_every_option_of_a_method_is_a_field_and_untouched_fields_are_its_defaults(method):
    made, components = forms()
    form, words = made[method], json.dumps(components, default=str)
    for one in options_of(RESTORERS[method].build):
        assert f'"{method}-{one.name}"' in words
    assert not form.column.visible
    assert form.read(*set_to(form)) == {}


def test_a_method_without_options_has_no_form():
    assert "zero_filled" in methods_of("mri")
    assert "zero_filled" not in forms()[0]


def test_what_is_set_on_screen_reaches_the_method():
    form = forms()[0]["deep_decoder"]
    shown = set_to(
        form, iterations="40", k="16", starts=2.0, extra_block="no", inputs="blur", purpose="represent"
    )
    (candidate,) = of_methods(["deep_decoder"], {"deep_decoder": form.read(*shown)})
    expected = {
        "iterations": 40,
        "starts": 2,
        "k": 16,
        "extra_block": False,
        "inputs": "blur",
        "purpose": "represent",
    }
    assert candidate.options == expected
    assert candidate.build() == replace(RESTORERS.build("deep_decoder"), **expected)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"iterations": "0"}, "Deep Decoder: iterations is 0; it needs a whole number from 1 to 200000"),
        ({"k": "12.5"}, "Deep Decoder: k is '12.5'; it needs a whole number from 1"),
        ({"held_out": "0.9"}, "Deep Decoder: held_out is 0.9; it needs a number from 0 to 0.5"),
        ({"starts": 1.5}, "Deep Decoder: starts is 1.5; it needs a whole number from 1 to 20"),
        ({"rate": "fast"}, "Deep Decoder: rate is 'fast'"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(given, words):
    form = forms()[0]["deep_decoder"]
    with pytest.raises(UplappError, match=words):
        form.read(*set_to(form, **given))


def test_what_is_left_to_the_purpose_is_said():
    _, components = forms()
    of = {one["props"].get("elem_id"): one["props"] for one in components}
    assert of["deep_decoder-iterations"]["placeholder"] == "auto: 1,900"
    assert of["deep_decoder-extra_block"]["choices"][0] == ("Auto: Yes", "auto")
    assert of["nlm-sigma"]["placeholder"] == "auto"
    represent = RESTORERS.build("deep_decoder", purpose="represent").automatic("pixels")
    assert (represent["iterations"], represent["k"], represent["inputs"]) == (5000, 96, "blur")
    assert RESTORERS.build("conv_decoder").automatic("kspace")["k"] == 96


def test_in_another_task_the_forms_of_its_ticked_methods_are_shown_with_what_fields_stand_for_there():
    made, _ = forms()
    every, task = tuple(made.values()), object()
    menus = {name: object() for name in TASKS}
    values = {
        **{box: [] for box in menus.values()},
        **{form.purpose: "restore" for form in every if form.purpose is not None},
        menus["mri"]: ["deep_decoder"],
        menus["denoise"]: ["nlm"],
        task: "mri",
    }
    updates = method_forms.turn(every, task, menus, values)
    shown = [form.method for form, one in zip(every, updates, strict=False) if one["visible"]]
    assert shown == ["deep_decoder"]
    words = dict(zip([field for form in every for field in form.left], updates[len(every) :], strict=True))
    decoder = made["deep_decoder"]
    iterations = decoder.components[[one.name for one in decoder.options].index("iterations")]
    told = RESTORERS.build("deep_decoder", purpose="restore").automatic("kspace")["iterations"]
    assert words[iterations]["placeholder"] == f"auto: {told:,}"
