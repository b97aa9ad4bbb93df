"""The parts of the Restore tab without a browser: what its panels offer, and how its forms read."""

import asyncio
import json

import gradio as gr
import pytest

from tests.imaging.checkpoints.made import make
from uplapp.imaging.physics import GaussianNoise, Undersampling
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore.forms import ADD_NOISE, ALREADY_NOISY, FORMS, read_noise, read_sampling
from uplapp.web.restore.panels import TICKED, lay_out_panel


def panel(task, cards):
    """A panel, and the words on its page."""

    async def build():  # outside of a running loop a component would open one and leave it open
        with gr.Blocks() as page:
            made = lay_out_panel(task, cards, visible=True)
        return made, json.dumps(page.get_config_file()["components"], default=str)

    return asyncio.run(build())


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_form_whose_first_values_are_its_own_degradation(task):
    assert TASKS[task].degradation in FORMS
    made, _ = panel(task, [])
    values = [field.value for field in made.form.fields]
    assert made.form.read(*values) == TASKS[task].degradation()


@pytest.mark.parametrize("task", TASKS)
def test_a_task_without_networks_says_so(task, tmp_path):
    without, words = panel(task, [])
    assert "There is no network for this task yet" in words
    assert without.no_network.visible
    assert without.checkpoints.choices == []
    card, _ = make(tmp_path, task=task)
    with_one, _ = panel(task, [card])
    assert not with_one.no_network.visible
    assert with_one.checkpoints.value == [card.name]


def test_of_many_networks_the_first_are_ticked_and_all_are_listed(tmp_path):
    losses = ("l1", "l2", "ssim", "ms_ssim", "flip", "flip_gray", "adaptive", "upl")
    cards = [make(tmp_path, loss)[0] for loss in losses[: TICKED + 1]]
    made, _ = panel("denoise", cards)
    assert len(made.checkpoints.choices) == TICKED + 1
    assert made.checkpoints.value == [card.name for card in cards[:TICKED]]
    assert made.checkpoints.show_select_all


def test_forms_read_what_their_fields_hold():
    assert read_noise(ADD_NOISE, 10, 3) == GaussianNoise(10, 3)
    assert read_noise(ALREADY_NOISY, 10, 3) is None
    assert read_sampling(4, "equispaced", None) == Undersampling(4, "equispaced", 0)
