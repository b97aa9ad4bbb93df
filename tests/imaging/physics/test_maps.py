"""Maps estimated from the centre of k-space: normalised, right where an image is, smooth."""

import pytest
import torch

from tests.imaging.scans import head, kspace_of
from uplapp.imaging.physics.kspace import (
    estimate_maps,
    root_sum_of_squares,
    sampled_centre,
    simulated_maps,
    smoothed_maps,
)
from uplapp.imaging.physics.masks import random_columns

PICTURE = head(96, 80)
INSIDE = torch.from_numpy(PICTURE) > 0


def relative(maps: torch.Tensor) -> torch.Tensor:
    """Maps with the phase of the first coil taken out, which an image may have as well."""
    return maps * torch.exp(-1j * maps[:1].angle())


@pytest.mark.parametrize("coils", [1, 2, 4])
def test_squares_of_estimated_maps_sum_to_one_where_the_image_is(coils):
    kspace = torch.from_numpy(kspace_of(PICTURE, coils))
    maps = estimate_maps(kspace, torch.ones(80, dtype=torch.bool))
    assert maps.dtype == torch.complex64
    size = root_sum_of_squares(maps)[INSIDE]
    torch.testing.assert_close(size, torch.ones_like(size))


@pytest.mark.parametrize("acceleration", [2, 4, 8])
def test_estimated_maps_are_those_that_made_the_data(acceleration):
    mask = random_columns(80, acceleration, 0.32 / acceleration, 0)
    data = torch.from_numpy(kspace_of(PICTURE, 3)) * mask
    maps = relative(estimate_maps(data, mask))
    true = relative(simulated_maps(3, 96, 80))
    # The maps of these coils hardly change over a twelfth of the image, which is what 8x resolves.
    assert (maps - true).abs()[:, INSIDE].mean() < 0.1


@pytest.mark.parametrize("coils", [1, 4])
def test_the_unit_of_the_data_does_not_change_the_maps(coils):
    mask = random_columns(80, 4, 0.08, 0)
    data = torch.from_numpy(kspace_of(PICTURE, coils)) * mask
    maps, of_larger = estimate_maps(data, mask), estimate_maps(1e3 * data, mask)
    # Where there is hardly any signal single precision decides.
    torch.testing.assert_close(of_larger[:, INSIDE], maps[:, INSIDE], atol=1e-4, rtol=0)


def test_one_coil_has_the_phase_of_the_image():
    kspace = torch.from_numpy(kspace_of(PICTURE))
    maps = smoothed_maps(torch.polar(torch.from_numpy(PICTURE).float(), torch.full((96, 80), 0.5))[None])
    torch.testing.assert_close(maps[0].angle()[INSIDE], torch.full_like(maps[0].real[INSIDE], 0.5))
    assert estimate_maps(kspace, torch.ones(80, dtype=torch.bool)).shape == (1, 96, 80)


@pytest.mark.parametrize(
    ("columns", "centre"),
    [([32], 1), ([31, 32, 33], 3), ([30, 31, 32, 33, 34, 40], 5), ([31, 32], 1), (range(64), 63)],
)
def test_the_centre_is_what_is_sampled_around_the_middle_without_a_gap(columns, centre):
    mask = torch.zeros(64, dtype=torch.bool)
    mask[list(columns)] = True
    assert sampled_centre(mask, (64, 64)) == (centre, centre)


def test_the_centre_of_a_mask_of_samples_is_a_box():
    mask = torch.zeros(20, 30, dtype=torch.bool)
    mask[8:13, 12:19] = True
    assert sampled_centre(mask, (20, 30)) == (5, 5)
