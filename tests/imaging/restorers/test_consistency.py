"""Data consistency: the samples come back, a poor estimate gains, a wrong one is not believed."""

import pytest
import torch

from tests.imaging.measured import psnr, record, simulate
from uplapp.imaging.physics import of_pixels, smooth_phase, to_kspace
from uplapp.imaging.physics.masks import equispaced_columns, random_columns
from uplapp.imaging.restorers.consistency import consistent, consistent_coils, put_back, trusted

MASKS = {
    "columns": random_columns(96, 4, 0.08, 1),
    "samples": torch.rand(80, 96, generator=torch.Generator().manual_seed(0)) < 0.4,
}


@pytest.mark.parametrize("coils", [1, 4])
@pytest.mark.parametrize("mask", MASKS)
def test_the_result_agrees_with_the_data_wherever_it_was_sampled(image, coils, mask):
    measurement = simulate(image, MASKS[mask], coils)
    guess = torch.rand(1, 80, 96, generator=torch.Generator().manual_seed(1))
    kspace = to_kspace(consistent_coils(guess, measurement))
    error = ((kspace - measurement.data) * MASKS[mask]).abs().max()
    assert error <= 1e-5 * measurement.data.abs().max()


def test_a_cropped_estimate_is_pasted_into_the_whole_grid(image):
    phase = smooth_phase((80, 96), torch.Generator().manual_seed(4))
    measurement = record(to_kspace(torch.polar(image, phase[None])), MASKS["columns"], (61, 70))
    assert consistent(measurement.seen, measurement).shape == (1, 61, 70)
    kspace = to_kspace(consistent_coils(measurement.seen, measurement))
    assert kspace.shape == (1, 80, 96)
    assert ((kspace - measurement.data) * MASKS["columns"]).abs().max() <= 1e-5 * measurement.data.abs().max()


@pytest.mark.parametrize("coils", [1, 4])
def test_with_all_of_kspace_the_truth_comes_back_whatever_the_estimate_was(image, coils):
    measurement = simulate(image, torch.ones(96, dtype=torch.bool), coils)
    torch.testing.assert_close(consistent(torch.zeros_like(image), measurement), image, atol=1e-4, rtol=0)


@pytest.mark.parametrize("acceleration", [2, 4])
@pytest.mark.parametrize("build", [random_columns, equispaced_columns])
def test_a_poor_estimate_is_better_with_the_data(image, acceleration, build):
    measurement = simulate(image, build(96, acceleration, 0.32 / acceleration, 0))
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    poor = (0.8 * image + 0.1 * noise).clamp(0, 1)
    better = psnr(consistent(poor, measurement), image)
    assert better > psnr(poor, image) + 1
    assert better > psnr(measurement.seen, image) + 1


def test_a_photograph_has_nothing_to_agree_with():
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert consistent(picture, of_pixels(picture)) is picture


def test_data_replace_the_sampled_half_of_four_samples_by_hand():
    kspace = torch.tensor([[[1, 2, 3, 4]]], dtype=torch.complex64)
    data = torch.tensor([[[0, 9, 0, 8]]], dtype=torch.complex64)
    back = to_kspace(put_back(kspace, torch.tensor([False, True, False, True]), data))
    torch.testing.assert_close(back, torch.tensor([[[1, 9, 3, 8]]], dtype=torch.complex64))


@pytest.mark.parametrize(("factor", "share"), [(2, 0.5), (1, 1), (-1, 0)])
def test_a_prediction_twice_too_large_is_halved_and_a_wrong_one_is_dropped(factor, share):
    truth = torch.randn(1, 32, 32, dtype=torch.complex64, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(32) % 2 == 0
    prediction = factor * truth
    torch.testing.assert_close(trusted(prediction, mask, truth * mask), share * prediction, atol=1e-4, rtol=0)
