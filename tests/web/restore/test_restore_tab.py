"""The parts of the Restore tab without a browser: what its panels offer, and how its forms read."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import gradio as gr
import nibabel
import numpy as np
import pytest
import torch

from tests.imaging.checkpoints.made import make
from uplapp.described import options_of
from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import methods_of
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.losses import AIMS, LOSSES
from uplapp.imaging.physics import (
    Enlargement,
    GaussianNoise,
    MaskImage,
    MissingPixels,
    SmallerImage,
    Undersampling,
)
from uplapp.imaging.tasks import TASKS
from uplapp.web.restore import jobs, restore_tab
from uplapp.web.restore.outputs import Outputs
from uplapp.web.restore.panels import TICKED, about_losses, lay_out_panel
from uplapp.web.restore.reading_form import lay_out_reading
from uplapp.web.restore.running import Wish
from uplapp.web.restore.volume_viewer import require_voxels


def panel(task, cards):
    """A panel, and the words on its page."""

    async def build():  # outside of a running loop a component would open one and leave it open
        with gr.Blocks() as page:
            made = lay_out_panel(task, cards, visible=True)
        return made, json.dumps(page.get_config_file()["components"], default=str)

    return asyncio.run(build())


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_form_whose_first_values_are_its_own_degradation(task):
    made, _ = panel(task, [])
    values = [field.value for field in made.form.fields]
    assert made.form.read(*values) == TASKS[task].degrade()


def test_the_page_reads_pictures_up_to_the_size_that_its_server_sets(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(torch.zeros(1, 1001, 1000)))

    async def build():
        with gr.Blocks():
            return [lay_out_reading(task, megapixels=1) for task in TASKS]

    for_all = dict(zip(TASKS, asyncio.run(build()), strict=True))
    assert for_all["mri"].read(*(one.value for one in for_all["mri"].components)).megapixels == 1
    for form in (for_all["denoise"].before, for_all["mri"].before):
        with pytest.raises(gr.Error, match=r"1000x1001 px; at most 1 megapixels are read.*UPLAPP_MEGAPIXELS"):
            restore_tab.pick_upload("denoise", str(path), form)
    source, *_ = restore_tab.pick_upload("denoise", str(path))
    assert source == str(path)


def test_an_upload_is_read_as_the_page_says(tmp_path):
    np.save(tmp_path / "coils.npy", np.ones((8, 64, 64)))
    shown = restore_tab.pick_upload("mri", str(tmp_path / "coils.npy"), Reading(white=2.0))
    assert any("White is 2, as you chose." in str(one) for one in shown)


@pytest.mark.parametrize("task", TASKS)
def test_every_option_of_a_degradation_is_a_field_with_its_label(task):
    made, words = panel(task, [])
    for one in options_of(TASKS[task].degrading):
        assert f'"{task}-{one.name}"' in words
        assert one.label in words or all(text[1:] in words for text in one.choices.values())
    assert len(made.form.options) == len(made.form.components)


@pytest.mark.parametrize("task", TASKS)
def test_every_method_that_takes_the_measurements_of_a_task_is_in_its_menu_and_none_is_ticked(task):
    made, _ = panel(task, [])
    assert [name for _, name in made.methods.choices] == methods_of(task)
    assert made.methods.value == []
    assert made.consistency.value is True
    assert made.consistency.visible == (TASKS[task].degrading.operator in ("kspace", "missing"))


@pytest.mark.parametrize("task", TASKS)
def test_a_task_without_networks_says_so(task, tmp_path):
    without, words = panel(task, [])
    assert "There is no network for this task yet" in words
    assert without.no_network.visible
    assert without.checkpoints.choices == []
    network = "unet" if TASKS[task].axes == 2 else TASKS[task].network
    card, _ = make(tmp_path, task=task, network=network)
    with_one, _ = panel(task, [card])
    assert not with_one.no_network.visible
    assert with_one.checkpoints.value == [card.name]


def test_the_page_says_what_a_loss_aims_at_and_what_its_network_was_trained_on(tmp_path):
    card = replace(make(tmp_path, "l2")[0], data={"source": "photographs of <b>cats</b>"})
    about = about_losses([card])
    assert "<b>L2</b>: the squared difference of each pixel" in about
    assert "Images of training: photographs of &lt;b&gt;cats&lt;/b&gt;." in about
    assert about_losses([]) == ""
    assert set(AIMS) == set(LOSSES)


def test_of_many_networks_the_first_are_ticked_and_all_are_listed(tmp_path):
    losses = ("l1", "l2", "ssim", "ms_ssim", "flip", "flip_gray", "adaptive", "upl")
    cards = [make(tmp_path, loss)[0] for loss in losses[: TICKED + 1]]
    made, _ = panel("denoise", cards)
    assert len(made.checkpoints.choices) == TICKED + 1
    assert made.checkpoints.value == [card.name for card in cards[:TICKED]]
    assert made.checkpoints.show_select_all


def test_forms_read_what_their_fields_hold():
    noise, sampling = (panel(task, [])[0].form for task in ("denoise", "mri"))
    assert noise.read("Add Gaussian noise", 10, 3) == GaussianNoise(10, 3)
    assert noise.read("Already noisy", 10, 3) is None
    assert sampling.read(4, "equispaced", None, 1, 0) == Undersampling(4, "equispaced", 0)


def test_a_form_asks_what_an_image_as_it_is_does_not_say():
    gaps, small = (panel(task, [])[0].form for task in ("inpaint", "superresolution"))
    assert gaps.read("Hide pixels at random", 0.3, 5, 2, None) == MissingPixels(0.3, 5, 2)
    assert gaps.read("Pixels are missing already", 0.3, 5, 2, None) == MaskImage()
    assert gaps.read("Pixels are missing already", 0.3, 5, 2, "/tmp/m.png") == MaskImage(Path("/tmp/m.png"))
    assert small.read("Make it smaller first", 2, "area", 0, 1, 3) == SmallerImage(2, "area", 0, 1)
    assert small.read("Small already", 2, "area", 0, 1, 3) == Enlargement(3)


def test_the_page_says_which_pixels_a_mask_keeps():
    _, words = panel("inpaint", [])
    assert "white keeps a pixel, black hides it" in words


def restored(path, **ticked):
    """The updates of the page, by output, while a file is restored by wavelets as an MR scan."""
    panel_, _ = panel("mri", [])
    values = {
        **{field: field.value for field in panel_.fields},
        **{panel_.source: str(path), panel_.slices: 1, panel_.methods: ["wavelet"], "task": "mri"},
        **{getattr(panel_, name): value for name, value in ticked.items()},
        "wish": Wish(),
    }
    asked = jobs.Asked(Checkpoints(()), "task", [panel_], [], "wish")
    steps = jobs.restore(asked, values, progress=lambda *share, **words: None)
    return [
        dict(zip(Outputs.__dataclass_fields__, step, strict=False))
        for step in steps
        if isinstance(step, tuple)
    ]


def test_all_slices_of_a_volume_with_a_place_come_back_as_nifti(tmp_path):
    path = tmp_path / "head.nii.gz"
    nibabel.save(
        nibabel.Nifti1Image(np.random.default_rng(0).random((16, 18, 3)), np.diag([1, 1, 4, 1])), path
    )
    shown = restored(path, whole=True)[-1]
    names = [Path(each).name for each in shown["niftis"]["value"]]
    assert names == ["head-zero-filled.nii.gz", "head-wavelet.nii.gz", "head-whole-provenance.json"]
    assert nibabel.load(shown["niftis"]["value"][1]).shape == (16, 18, 3)
    assert "value" not in shown["compare"]  # what the slice showed before stays
    assert not restored(path)[-1]["niftis"]["visible"]


@pytest.mark.parametrize("name", ["head.nii.gz", "flat.nii.gz", "head.npy"])
def test_all_slices_are_offered_where_they_have_a_place(tmp_path, name):
    voxels = np.random.default_rng(0).random((16, 18, 1 if name.startswith("flat") else 3))
    if name.endswith("npy"):
        np.save(tmp_path / name, voxels)
    else:
        nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1, 1, 4, 1])), tmp_path / name)
    _, _, whole, *_ = restore_tab.pick_upload("mri", str(tmp_path / name))
    assert whole["visible"] == (name == "head.nii.gz")
    assert whole["value"] is False


def test_whole_volumes_that_would_take_too_much_memory_are_refused_with_the_largest_size():
    with pytest.raises(UplappError, match=r"256x256x300 voxels.*256x256x256.*--whole"):
        require_voxels("head", (300, 256, 256))
