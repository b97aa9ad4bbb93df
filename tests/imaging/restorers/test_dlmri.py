"""DLMRI: patches out and back, exact data, better than zero filling, heard and stopped."""

import pytest
import torch

from tests.imaging.adjoint import require_adjoint
from tests.imaging.measured import psnr, simulate
from uplapp.errors import Cancelled
from uplapp.imaging.physics import Sampling, to_kspace
from uplapp.imaging.physics.kspace import simulated_maps
from uplapp.imaging.physics.masks import equispaced_columns, random_columns
from uplapp.imaging.restorers.dlmri import (
    Sparsity,
    cut_patches,
    data_consistent,
    dlmri,
    join_patches,
    missing_size,
)

QUICK = Sparsity(rounds=20)
GRIDS = pytest.mark.parametrize(
    ("size", "stride", "start"),
    [((12, 16), 1, (0, 0)), ((13, 17), 2, (1, 0)), ((14, 9), 3, (2, 1)), ((5, 8), 2, (0, 1))],
)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))


@GRIDS
def test_patches_that_are_cut_and_joined_are_the_image(size, stride, start):
    image = draw(*size)
    patches = cut_patches(image, 6, stride, start)
    assert patches.shape == (-(-size[0] // stride) * -(-size[1] // stride), 36)
    torch.testing.assert_close(join_patches(patches, size, 6, stride, start), image)


def test_the_patches_around_a_corner_by_hand():
    image = torch.arange(9.0).reshape(3, 3)
    patches = cut_patches(image, 2, 1)
    assert patches[0].tolist() == [0, 1, 3, 4]
    assert patches[8].tolist() == [8, 6, 2, 0]
    assert cut_patches(image, 2, 1, (2, 2))[0].tolist() == [8, 6, 2, 0]


@pytest.mark.parametrize(("stride", "start"), [(1, (0, 0)), (2, (1, 0)), (3, (2, 1))])
def test_where_all_pixels_are_covered_alike_joining_is_the_adjoint_of_cutting(stride, start):
    covering = 36 / stride**2
    require_adjoint(
        lambda image: cut_patches(image, 6, stride, start),
        lambda patches: covering * join_patches(patches, (12, 18), 6, stride, start),
        (12, 18),
    )


@pytest.mark.parametrize(
    "mask",
    [torch.arange(12) % 3 == 0, torch.rand(10, 12, generator=torch.Generator().manual_seed(0)) < 0.5],
    ids=["columns", "samples"],
)
def test_the_samples_of_one_coil_are_the_data(mask):
    sampling, data = Sampling(mask), draw(1, 10, 12) * mask
    consistent = data_consistent(draw(10, 12, seed=1), sampling, data)
    torch.testing.assert_close(sampling.forward(consistent), data, atol=1e-5, rtol=0)


def test_an_image_that_agrees_with_the_data_of_several_coils_stays_as_it_is():
    sampling, image = Sampling(torch.arange(12) % 2 == 0, simulated_maps(3, 10, 12)), draw(10, 12)
    consistent = data_consistent(image, sampling, sampling.forward(image))
    torch.testing.assert_close(consistent, image, atol=1e-5, rtol=0)


def test_noisy_samples_lie_between_the_data_and_the_estimate_as_published():
    sampling = Sampling(torch.ones(12, dtype=torch.bool))
    estimate, data = draw(10, 12), draw(1, 10, 12, seed=1)
    kspace = to_kspace(data_consistent(estimate, sampling, data, noise=70 / 255))
    # nu = 140 / 70: (S + nu k) / (1 + nu).
    torch.testing.assert_close(kspace, (to_kspace(estimate) + 2 * data[0]) / 3, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("coils", "gain_db"), [(1, 0.0), (4, 0.3)])
@pytest.mark.parametrize("build", [random_columns, equispaced_columns])
def test_the_slice_is_better_than_zero_filling(image, coils, gain_db, build):
    measurement = simulate(image, build(96, 3, 0.12, 0), coils)
    restored = dlmri(measurement, QUICK)
    assert restored.shape == (1, 80, 96)
    assert 0 <= restored.min() <= restored.max() <= 1
    assert psnr(restored, image) > psnr(measurement.seen, image) + gain_db


def test_the_threshold_falls_in_equal_ratios():
    errors = list(Sparsity(rounds=3, first=0.4, last=0.1).errors())
    assert errors == pytest.approx([0.4, 0.2, 0.1])
    assert list(Sparsity(rounds=1, first=0.4).errors()) == [0.4]


def test_what_is_missing_is_as_large_as_a_power_of_the_distance_foretells():
    away = (torch.arange(8) - 4).abs()
    mask = torch.tensor([True, False, True, False, True, True, False, False])
    data = (3 + 4j) / away.clamp_min(1).expand(2, 4, 8) * mask
    data[:, :, 4] = 100  # the centre says nothing
    # Missing are the distances 3, 1, 2 and 3, in four rows and two coils of 25 / distance^2, over 32 samples.
    expected = 4 * 2 * 25 * (1 / 9 + 1 + 1 / 4 + 1 / 9) / 32
    assert missing_size(mask, data) == pytest.approx(expected**0.5, rel=1e-5)
    assert missing_size(torch.ones(8, dtype=torch.bool), data) == 0
    assert missing_size(mask[None, :].expand(4, 8), data) > 0


def test_every_round_shows_a_picture_and_shares_grow_to_one(image):
    heard = []
    dlmri(simulate(image, random_columns(96, 4, 0.08, 0)), QUICK, None, lambda *said: heard.append(said))
    shares, pictures = zip(*heard, strict=True)
    assert list(shares) == sorted(shares)
    assert shares[-1] == 1
    shown = [picture for picture in pictures if picture is not None]
    assert len(shown) == QUICK.rounds
    assert shown[0].shape == (1, 80, 96)


def test_the_work_stops_within_a_round(image):
    heard = []

    def stop(share: float, preview: torch.Tensor | None) -> None:
        heard.append(preview)
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        dlmri(simulate(image, random_columns(96, 4, 0.08, 0)), QUICK, None, stop)
    assert heard == [None]
