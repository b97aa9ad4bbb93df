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
from uplapp.web.restore.method_forms import lay_out_method_forms

BOTH = [(task, name) for task in TASKS for name in methods_of(task) if options_of(RESTORERS[name].build)]


def forms(task):
    """The forms of a task's methods by name, and the components of its page."""

    async def build():  # outside of a running loop a component would open one and leave it open
        with gr.Blocks() as page:
            made = lay_out_method_forms(task, gr.CheckboxGroup(methods_of(task)))
        return {form.method: form for form in made}, page.get_config_file()["components"]

    return asyncio.run(build())


def set_to(form, **given):
    """The values on screen, some of them set."""
    shown = {one.name: field.value for one, field in zip(form.options, form.components, strict=True)}
    return (shown | given).values()


@pytest.mark.parametrize(("task", "method"), BOTH)
def test_every_option_of_a_method_is_a_field_and_untouched_fields_are_its_defaults(task, method):
    made, components = forms(task)
    form, words = made[method], json.dumps(components, default=str)
    for one in options_of(RESTORERS[method].build):
        assert f'"{task}-{method}-{one.name}"' in words
    assert not form.column.visible
    assert form.read(*set_to(form)) == {}


def test_a_method_without_options_has_no_form():
    assert "zero_filled" in methods_of("mri")
    assert "zero_filled" not in forms("mri")[0]


def test_what_is_set_on_screen_reaches_the_method():
    form = forms("denoise")[0]["deep_decoder"]
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
    form = forms("denoise")[0]["deep_decoder"]
    with pytest.raises(UplappError, match=words):
        form.read(*set_to(form, **given))


def test_what_is_left_to_the_purpose_is_said():
    _, components = forms("denoise")
    of = {one["props"].get("elem_id"): one["props"] for one in components}
    assert of["denoise-deep_decoder-iterations"]["placeholder"] == "auto: 1,900"
    assert of["denoise-deep_decoder-extra_block"]["choices"][0] == ("Auto: Yes", "auto")
    assert of["denoise-nlm-sigma"]["placeholder"] == "auto"
    represent = RESTORERS.build("deep_decoder", purpose="represent").automatic("pixels")
    assert (represent["iterations"], represent["k"], represent["inputs"]) == (5000, 96, "blur")
    assert RESTORERS.build("conv_decoder").automatic("kspace")["k"] == 96
