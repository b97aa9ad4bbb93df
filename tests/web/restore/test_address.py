"""Settings in the address of the page: what they set, what a link names, what is refused in a sentence."""

import asyncio
from urllib.parse import parse_qsl

import gradio as gr
import pytest

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import address
from uplapp.web.restore.method_forms import lay_out_method_forms
from uplapp.web.restore.panels import lay_out_panel


@pytest.fixture(scope="module")
def page(house):
    """The panels of all tasks, the forms of methods, and the networks that are shipped."""
    checkpoints = Checkpoints((house / "checkpoints",))

    async def build():  # outside of a running loop a component would open one and leave it open
        with gr.Blocks():
            task = gr.Radio(list(TASKS), value="denoise")
            panels = [lay_out_panel(name, checkpoints.cards(name), visible=True) for name in TASKS]
            return panels, lay_out_method_forms(task, {panel.task: panel.methods for panel in panels})

    return *asyncio.run(build()), checkpoints


def first_values(panels, forms):
    """The values of all fields as the page opens."""
    fields = [field for panel in panels for field in panel.fields]
    return {
        field: field.value for field in [*fields, *(field for form in forms for field in form.components)]
    }


def set_by(page, query):
    """What a query sets, by the names of its settings, and what it names in vain."""
    panels, forms, _ = page
    asked = dict(parse_qsl(query.lstrip("?"), keep_blank_values=True))
    values, wrong = address.read_query(asked, *page)
    panel = next(panel for panel in panels if panel.task == asked.get("task", "denoise"))
    names = {setting.field: name for name, setting in address.settings_of(panel, forms, ()).items()}
    return {names[field]: value for field, value in values.items()}, wrong


@pytest.mark.parametrize("task", TASKS)
def test_the_link_to_a_page_that_nobody_changed_names_its_task_alone(page, task):
    panels, forms, _ = page
    panel = next(panel for panel in panels if panel.task == task)
    assert address.query_of(panel, forms, first_values(panels, forms)) == f"?task={task}"


def test_a_link_sets_again_what_was_set(page):
    panels, forms, _ = page
    panel, values = panels[0], first_values(panels, forms)
    wanted = {
        "networks": ["denoise-unet-l2", "denoise-unet-upl"],
        "methods": ["deep_decoder"],
        "input": "Already noisy",
        "sigma": 12.5,
        "deep_decoder.iterations": "40",
        "deep_decoder.extra_block": "no",
        "deep_decoder.inputs": "blur",
        "deep_decoder.starts": 2,
    }
    settings = address.settings_of(panel, forms, ())
    values |= {settings[name].field: value for name, value in wanted.items()}
    assert set_by(page, address.query_of(panel, forms, values)) == (wanted, [])


def test_a_link_says_how_the_file_is_read_and_not_which(page):
    panels, forms, _ = page
    panel = next(panel for panel in panels if panel.task == "mri")
    fields = {name: setting.field for name, setting in address.settings_of(panel, forms, ()).items()}
    chosen = {panel.source: "scan.npy", fields["axes"]: "coils_last", fields["white"]: 3.5}
    query = address.query_of(panel, forms, first_values(panels, forms) | chosen)
    assert query == "?task=mri&axes=coils_last&white=3.5"
    assert set_by(page, query) == ({"axes": "coils_last", "white": 3.5}, [])


def test_options_of_a_method_that_is_not_ticked_are_in_no_link(page):
    panels, forms, _ = page
    field = address.settings_of(panels[0], forms, ())["tv.sigma"].field
    assert address.query_of(panels[0], forms, first_values(panels, forms) | {field: "20"}) == "?task=denoise"


@pytest.mark.parametrize("task", TASKS)
def test_every_setting_but_files_of_a_task_is_read_from_text(page, task):
    panels, forms, checkpoints = page
    panel = next(panel for panel in panels if panel.task == task)
    settings = address.settings_of(panel, forms, [card.name for card in checkpoints.cards(task)])
    assert not [name for name, one in settings.items() if isinstance(one.field, gr.File)]
    for name in (one.name for one in (*panel.reading.options, *panel.form.options)):
        value = settings[name].field.value
        assert settings[name].read(str(value)) == value


def test_an_address_sets_what_it_names_and_leaves_the_rest(page):
    assert set_by(page, "") == ({}, [])
    query = "task=mri&acceleration=8&consistency=false&networks=&tab=restore&study=demo&__theme=dark"
    assert set_by(page, query) == ({"acceleration": 8, "consistency": False, "networks": []}, [])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sigma=much", "sigma is 'much'; it needs a number from 0"),
        ("networks=denoise-unet-l1,../secret", "unknown network '../secret'; choose one of: denoise-"),
        ("methods=sense", "unknown method 'sense'; choose one of: "),
        ("input=noisy", "unknown input 'noisy'; choose one of: Add Gaussian noise, Already noisy"),
        ("tv.sigma=-1", "sigma is -1"),
        ("loss=l1", "unknown setting 'loss'; choose one of: input, methods, networks, seed, sigma"),
        ("sense.weight=1", "unknown setting 'sense.weight'"),
    ],
)
def test_what_cannot_be_set_is_said_and_the_rest_is_set(page, query, said):
    values, wrong = set_by(page, f"{query}&seed=7")
    assert values == {"seed": 7}
    assert [said in sentence for sentence in wrong] == [True]


def test_an_unknown_task_sets_nothing(page):
    values, wrong = address.read_query({"task": "paint", "sigma": "40"}, *page)
    assert (values, wrong[0][:20]) == ({}, "unknown task 'paint'")
