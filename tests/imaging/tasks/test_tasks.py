"""Tasks: pairs for training, images for measuring, and what a network is wrapped in."""

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from tests.imaging.scans import head, kspace_of, write_fastmri
from tests.imaging.volumes import ball, write
from uplapp.errors import BadImage
from uplapp.imaging.evaluation.opening import read_case
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.networks.standardised import Standardised
from uplapp.imaging.physics import Undersampling
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.reconstruction import read_volume


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write(folder / "a.nii.gz", ball())
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_pairs_have_the_channels_of_the_task_and_repeat_with_their_seed(name, heads, tmp_path):
    task = TASKS[name]
    if name == "mri":
        data = task.load(heads, 96)
    else:
        (tmp_path / "a.png").write_bytes(encode_png(torch.rand(3, 100, 120)))
        data = task.load(tmp_path, 96)
    draws = [task.draw_pairs(data, 3, 96, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    (degraded, clean), again, other = draws
    assert degraded.shape == clean.shape == (3, task.channels, 96, 96)
    assert torch.equal(degraded, again[0])
    assert torch.equal(clean, again[1])
    assert not torch.equal(degraded, other[0])


def test_training_samples_k_space_at_the_acceleration_of_the_task(heads):
    task = TASKS["mri"]
    degraded, clean = task.draw_pairs([read_volume(heads / "a.nii.gz")], 60, 128, np.random.default_rng(0))
    # An orthonormal transform keeps energy: what is lost of it lies in the columns that were left out.
    kept = degraded.square().sum(dim=(1, 2, 3)) / clean.square().sum(dim=(1, 2, 3))
    assert 0.5 < kept.mean() < 1
    # Each image has columns of its own.
    assert kept.std() > 1e-3


def test_batches_have_sides_of_their_own(heads):
    task, data = TASKS["mri"], [read_volume(heads / "a.nii.gz")]
    shapes = {
        tuple(task.draw_pairs(data, 1, 160, np.random.default_rng(seed))[0].shape[2:]) for seed in range(60)
    }
    assert shapes == {(height, width) for height in (96, 128, 160) for width in (96, 128, 160)}


def test_slices_are_measured_under_masks_of_their_own(heads):
    task = TASKS["mri"]
    found = list(task.read_images(heads))
    masks = [Undersampling(8).for_image(each.name).columns(each.clean.shape[-1]) for each in found]
    assert len({tuple(mask.tolist()) for mask in masks}) > 1
    assert all(each.clean.shape[0] == 1 for each in found)


@pytest.mark.parametrize("coils", [1, 3])
def test_raw_k_space_is_measured_as_it_is_restored(coils, tmp_path):
    slices = np.stack([kspace_of(head(120, 100, brightness), coils) for brightness in (0.5, 1.0, 0.8)])
    path = write_fastmri(tmp_path / "knee.h5", slices, recon=(96, 96))
    degradation = Undersampling(4)
    for index, specimen in enumerate(TASKS["mri"].read_images(tmp_path)):
        case = read_case(path, "mri", degradation, index)
        assert torch.equal(specimen.observe(degradation.for_image(specimen.name)), case.degraded)
        assert torch.equal(specimen.clean, case.reference)
    assert index == 2


def test_volumes_and_raw_k_space_share_a_table(heads, tmp_path):
    shutil.copy(heads / "a.nii.gz", tmp_path)
    np.save(tmp_path / "b.npy", kspace_of(head(120, 100)))
    names = [each.name for each in TASKS["mri"].read_images(tmp_path)]
    assert [name.partition(":")[0] for name in names] == ["a.nii.gz"] * 8 + ["b.npy"]


def test_k_space_without_a_reference_is_not_measured_on(tmp_path):
    kspace = kspace_of(head(120, 100))
    kspace[..., ::2] = 0
    np.save(tmp_path / "half.npy", kspace)
    with pytest.raises(
        BadImage, match=r"half\.npy lacks a part of its k-space, so there is nothing to measure"
    ):
        list(TASKS["mri"].read_images(tmp_path))


class Identity(nn.Module):
    channels, multiple = 1, 1

    def forward(self, image):
        self.seen = image
        return image


def test_a_standardised_network_sees_mean_zero_and_deviation_one():
    inner = Identity()
    image = 3 + 5 * torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    restored = Standardised(inner)(image)
    torch.testing.assert_close(inner.seen.mean(dim=(1, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(inner.seen.std(dim=(1, 2, 3)), torch.ones(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(restored, image, atol=1e-4, rtol=0)


def test_a_standardised_network_clamps_what_is_six_deviations_off():
    inner = Identity()
    image = torch.zeros(1, 1, 100, 100)
    image[..., 0, 0] = 1
    Standardised(inner)(image)
    assert inner.seen.max() == 6


def test_a_standardised_network_gives_a_constant_back():
    constant = torch.full((1, 1, 32, 32), 0.25)
    torch.testing.assert_close(Standardised(Identity())(constant), constant)


def test_a_standardised_estimate_scales_with_its_input():
    torch.manual_seed(0)
    network = TASKS["mri"].prepare(_unet())
    image = torch.rand(1, 1, 64, 48)
    with torch.inference_mode():
        torch.testing.assert_close(network(1000 * image), 1000 * network(image), rtol=1e-4, atol=1e-2)


def _unet():
    from uplapp.imaging.networks import NETWORKS

    return NETWORKS.build("unet", channels=1, width=6)
