"""Tasks: pairs for training, images for measuring, and what a network is wrapped in."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.imaging.heads import write_head
from tests.imaging.scans import head, kspace_of, write_fastmri
from tests.imaging.volumes import ball, write
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.case import Batch, Case
from uplapp.imaging.evaluation.job import read_case
from uplapp.imaging.files.pictures import LUMA, encode_png
from uplapp.imaging.networks.layers import Standardised
from uplapp.imaging.physics import (
    DEGRADATIONS,
    GaussianNoise,
    Undersampling,
    add_gaussian_noise,
    estimate_maps,
    of_pixels,
    zero_filled,
)
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.photographs import SIGMA_MAX, draw_crops, noisy_crops
from uplapp.imaging.tasks.reconstruction import read_volume

MIXED = {"accelerations": [2, 3, 4, 6], "masks": ["random", "equispaced", "variable"], "maps": True}


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write(folder / "a.nii.gz", ball())
    return folder


@pytest.mark.parametrize("name", TASKS)
def test_pairs_have_the_channels_of_the_task_and_repeat_with_their_seed(name, heads, tmp_path):
    task = TASKS[name]
    size = (96, 96)
    if name == "mri":
        data = task.load(heads, 96)
    elif name == "xray":
        write_head(tmp_path / "head.npz")
        data, size = task.load(tmp_path, 96), (48, 96)  # a detector is half as high as it is wide
    elif name == "volume":
        data, size = task.load(heads, 96), (48, 96, 96)  # half as deep as wide
    else:
        (tmp_path / "a.png").write_bytes(encode_png(torch.rand(3, 100, 120)))
        data = task.load(tmp_path, 96)
    first, again, other = (task.pairs(data, 3, 96, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.seen.shape == (3, task.channels_in, *size)
    assert first.clean.shape == (3, task.channels_out, *size)
    assert torch.equal(first.seen, again.seen)
    assert torch.equal(first.clean, again.clean)
    assert not torch.equal(first.seen, other.seen)


def test_training_samples_k_space_at_the_acceleration_of_the_task(heads):
    task = TASKS["mri"]
    batch = task.pairs([read_volume(heads / "a.nii.gz")], 60, 128, np.random.default_rng(0))
    # An orthonormal transform keeps energy: what is lost of it lies in the columns that were left out.
    kept = batch.seen.square().sum(dim=(1, 2, 3)) / batch.clean.square().sum(dim=(1, 2, 3))
    assert 0.5 < kept.mean() < 1
    # Each image has columns of its own.
    assert kept.std() > 1e-3


def test_batches_have_sides_of_their_own(heads):
    task, data = TASKS["mri"], [read_volume(heads / "a.nii.gz")]
    shapes = {
        tuple(task.pairs(data, 1, 160, np.random.default_rng(seed)).seen.shape[2:]) for seed in range(60)
    }
    assert shapes == {(height, width) for height in (96, 128, 160) for width in (96, 128, 160)}


def test_slices_are_measured_under_masks_of_their_own(heads):
    task = TASKS["mri"]
    slices = list(task.subjects(heads))
    masks = [Undersampling(8).for_image(each.name).columns(each.clean.shape[-1]) for each in slices]
    assert len({tuple(mask.tolist()) for mask in masks}) > 1
    assert all(each.clean.shape[0] == 1 for each in slices)


@pytest.mark.parametrize("coils", [1, 3])
def test_raw_k_space_is_measured_as_it_is_restored(coils, tmp_path):
    slices = np.stack([kspace_of(head(120, 100, brightness), coils) for brightness in (0.5, 1.0, 0.8)])
    path = write_fastmri(tmp_path / "knee.h5", slices, recon=(96, 96))
    degradation = Undersampling(4)
    for index, subject in enumerate(TASKS["mri"].subjects(tmp_path)):
        case = read_case(path, "mri", degradation, index)
        assert torch.equal(subject.measure(degradation.for_image(subject.name)).seen, case.seen)
        assert torch.equal(subject.clean, case.reference)
    assert index == 2


def test_volumes_and_raw_k_space_share_a_table(heads, tmp_path):
    shutil.copy(heads / "a.nii.gz", tmp_path)
    np.save(tmp_path / "b.npy", kspace_of(head(120, 100)))
    names = [each.name for each in TASKS["mri"].subjects(tmp_path)]
    assert [name.partition(":")[0] for name in names] == ["a.nii.gz"] * 8 + ["b.npy"]


def test_k_space_without_a_reference_is_not_measured_on(tmp_path):
    kspace = kspace_of(head(120, 100))
    kspace[..., ::2] = 0
    np.save(tmp_path / "half.npy", kspace)
    with pytest.raises(
        BadImage, match=r"half\.npy lacks a part of its k-space, so there is nothing to measure"
    ):
        list(TASKS["mri"].subjects(tmp_path))


def test_a_batch_of_slices_holds_the_kspace_that_it_shows(heads):
    batch = TASKS["mri"].pairs([read_volume(heads / "a.nii.gz")], 3, 96, np.random.default_rng(0))
    measurement = batch.measurement
    assert measurement.data.shape == (3, 1, *batch.seen.shape[2:])
    torch.testing.assert_close(zero_filled(measurement.data)[:, None], batch.seen)
    sampled = measurement.operator.mask
    assert sampled.shape == (3, 1, 1, batch.seen.shape[-1])
    assert torch.equal(measurement.data * sampled, measurement.data)


def test_a_batch_is_moved_with_all_that_belongs_to_it(heads):
    batch = TASKS["mri"].pairs([read_volume(heads / "a.nii.gz")], 3, 96, np.random.default_rng(0))
    batch = replace(batch, extras={"labels": torch.arange(3)})
    part = batch.map(lambda tensor: tensor[:2])
    assert len(part.seen) == len(part.clean) == len(part.extras["labels"]) == 2
    assert (
        len(part.measurement.seen) == len(part.measurement.data) == len(part.measurement.operator.mask) == 2
    )
    assert torch.equal(part.measurement.data, batch.measurement.data[:2])
    assert part.measurement.operator.kind == "kspace"
    assert part.measurement.operator.maps is None


def test_a_batch_without_a_measurement_is_moved_too():
    batch = Batch(torch.zeros(4, 1, 2, 2), torch.ones(4, 1, 2, 2)).map(lambda tensor: tensor[1:])
    assert (len(batch.seen), len(batch.clean), batch.measurement) == (3, 3, None)


def draw_crops_of(photographs, **options):
    return noisy_crops(photographs, 40, 16, np.random.default_rng(5), **options)


@pytest.fixture
def ramp():
    return [np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)]


def test_without_a_grey_share_the_crops_are_those_of_before(ramp):
    random = np.random.default_rng(5)
    clean = draw_crops(ramp, 40, 16, random)
    sigma = torch.from_numpy(random.uniform(0, SIGMA_MAX, size=(40, 1, 1, 1))).float()
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    batch = draw_crops_of(ramp, grey_share=0.0)
    assert torch.equal(batch.clean, clean)
    torch.testing.assert_close(batch.seen, add_gaussian_noise(clean, sigma, generator))
    assert torch.equal(batch.seen, draw_crops_of(ramp).seen)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_share_of_the_crops_is_grey_in_picture_and_noise(ramp, share):
    colour, batch = draw_crops_of(ramp), draw_crops_of(ramp, grey_share=share)
    grey = (batch.clean == batch.clean[:, :1]).flatten(1).all(dim=1)
    # Of 40 fair draws: four standard errors are .3.
    assert grey.float().mean().item() == pytest.approx(share, abs=0.3)
    assert torch.equal(batch.seen[grey], batch.seen[grey][:, :1].expand(-1, 3, -1, -1))
    assert torch.equal(batch.seen[~grey], colour.seen[~grey])
    luma = torch.einsum("c,bchw->bhw", torch.tensor(LUMA), colour.clean[grey])
    torch.testing.assert_close(batch.clean[grey][:, 0], luma)


def test_a_grey_photograph_is_opened_and_measured_as_grey(tmp_path):
    (tmp_path / "grey.png").write_bytes(encode_png(torch.rand(1, 30, 40)))
    subject = TASKS["denoise"].open(tmp_path / "grey.png", None)
    [listed] = TASKS["denoise"].subjects(tmp_path)
    assert subject.clean.shape == listed.clean.shape == (1, 30, 40)
    assert subject.measure(GaussianNoise(25)).seen.shape == (1, 30, 40)


@pytest.mark.parametrize("name", TASKS)
def test_the_names_of_a_row_are_in_the_tables(name):
    task = TASKS[name]
    assert isinstance(task.degrade(), DEGRADATIONS[task.degradation].build)
    assert all(sample.path.is_file() and sample.about.endswith(".") for sample in task.samples.values())
    with pytest.raises(UplappError, match="has no option 'speed'"):
        task.degrade(speed=3)


def case(task, seen, degradation=None, noise=None):
    return Case("x", task, of_pixels(seen, noise), degradation=degradation)


@pytest.mark.parametrize(
    ("draws", "given", "sentences"),
    [
        ([{}], case("denoise", torch.zeros(3, 8, 8), noise=25 / 255), 0),
        ([{}], case("denoise", torch.zeros(1, 8, 8), noise=25 / 255), 1),
        ([{}, {"grey_share": 0.5}], case("denoise", torch.zeros(1, 8, 8), noise=25 / 255), 0),
        ([{}], case("denoise", torch.zeros(3, 8, 8), noise=41 / 255), 1),
        ([{}], case("denoise", torch.zeros(1, 8, 8), noise=41 / 255), 2),
        ([{}], case("denoise", torch.zeros(3, 8, 8)), 0),
        ([{}], case("volume", torch.zeros(1, 8, 8, 8), noise=0.2), 0),
        ([{}], case("volume", torch.zeros(1, 8, 8, 8), noise=0.25), 1),
        ([{"lowest": 0.05}], case("volume", torch.zeros(1, 8, 8, 8), noise=0.02), 1),
        ([{}], case("mri", torch.zeros(1, 8, 8), Undersampling(8, seed=5)), 0),
        ([{}], case("mri", torch.zeros(1, 8, 8), Undersampling(4)), 1),
        ([{}], case("mri", torch.zeros(1, 8, 8), Undersampling(8, "equispaced")), 1),
        ([{}], case("mri", torch.zeros(1, 8, 8), Undersampling(8, coils=2)), 1),
        ([{}], case("mri", torch.zeros(1, 8, 8)), 0),
        ([MIXED], case("mri", torch.zeros(1, 8, 8), Undersampling(5, "equispaced", coils=8)), 0),
        ([MIXED], case("mri", torch.zeros(1, 8, 8), Undersampling(8)), 1),
        (
            [{**MIXED, "masks": ["random"]}],
            case("mri", torch.zeros(1, 8, 8), Undersampling(4, "variable")),
            1,
        ),
    ],
)
def test_a_task_doubts_what_its_training_has_not_seen(draws, given, sentences):
    doubts = TASKS[given.task].doubts(draws, given)
    assert len(doubts) == sentences
    assert all(sentence.startswith("trained on ") for sentence in doubts)


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


def test_a_mixed_batch_has_one_acceleration_and_mask_of_those_given(heads):
    data = [read_volume(heads / "a.nii.gz")]
    shares = set()
    for seed in range(12):
        batch = TASKS["mri"].pairs(data, 3, 96, np.random.default_rng(seed), **MIXED)
        columns = batch.measurement.operator.mask.flatten(1)
        counts = columns.sum(dim=1)
        assert counts.max() <= 2 * counts.min()
        shares.add(round(columns.shape[1] / float(counts.float().mean())))
    assert len(shares) >= 3
    assert max(shares) <= 8  # random columns scatter around 6


def test_the_maps_of_a_batch_are_those_that_each_measurement_shows(heads):
    batch = TASKS["mri"].pairs([read_volume(heads / "a.nii.gz")], 2, 96, np.random.default_rng(0), **MIXED)
    operator, data = batch.measurement.operator, batch.measurement.data
    expected = estimate_maps(data[1], operator.mask[1, 0, 0])
    assert torch.equal(operator.maps[1], expected)


def test_noise_on_a_batch_is_up_to_its_deviation_and_is_seen(heads):
    data = [read_volume(heads / "a.nii.gz")]
    for seed in range(3):
        clean, noisy = (
            TASKS["mri"].pairs(data, 2, 96, np.random.default_rng(seed), noise=noise) for noise in (0.0, 0.1)
        )
        assert clean.measurement.noise is None
        assert 0 <= noisy.measurement.noise <= 0.1
        sampled = clean.measurement.operator.mask.expand_as(clean.measurement.data)
        difference = (noisy.measurement.data - clean.measurement.data)[sampled]
        # some thousand samples: a few percent
        assert float(difference.abs().square().mean().sqrt()) == pytest.approx(
            noisy.measurement.noise, rel=0.1
        )
        assert not torch.equal(noisy.seen, clean.seen)
