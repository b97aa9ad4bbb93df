"""Rician noise: its moments, its correction, its estimate."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from uplapp.errors import UplappError
from uplapp.imaging.physics import (
    RicianNoise,
    add_rician_noise,
    estimate_rician_noise,
    rician_mean,
    signal_of_mean,
)
from uplapp.imaging.physics.rician import rician_variance

RATIOS = [0.0, 0.5, 1.0, 3.0, 10.0, 25.0]


def drawn(signal: float, sigma: float, seed: int = 0) -> torch.Tensor:
    """A million voxels of one signal."""
    return add_rician_noise(
        torch.full((1, 100, 100, 100), signal), sigma, torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_moments_are_those_of_scipy(ratio):
    assert rician_mean(np.array(ratio)) == pytest.approx(stats.rice.mean(ratio), rel=1e-9)
    assert rician_variance(np.array(ratio)) == pytest.approx(stats.rice.var(ratio), rel=1e-4)


@pytest.mark.parametrize("ratio", [0.0, 1.0, 5.0])
def test_what_is_drawn_has_the_moments_of_the_closed_form(ratio):
    sigma = 0.1
    noisy = drawn(ratio * sigma, sigma).double()
    # A million voxels: the mean is good to a thousandth of sigma, squares to a few.
    assert noisy.mean().item() == pytest.approx(sigma * float(rician_mean(np.array(ratio))), abs=3e-4)
    assert noisy.square().mean().item() == pytest.approx(sigma**2 * (ratio**2 + 2), rel=0.01)


def test_without_signal_the_mean_is_that_of_a_rayleigh_by_hand():
    assert rician_mean(np.array(0.0)) == pytest.approx(math.sqrt(math.pi / 2))


@pytest.mark.parametrize("ratio", [*RATIOS, 60.0])
def test_the_signal_comes_back_from_its_mean(ratio):
    mean = 0.07 * rician_mean(np.array([ratio]))
    assert signal_of_mean(mean, 0.07)[0] == pytest.approx(0.07 * ratio, abs=1e-3 * 0.07, rel=1e-5)


def test_a_mean_below_that_of_noise_has_no_signal():
    assert signal_of_mean(np.array([0.0, 0.5, 1.25]), 1.0).tolist() == [0, 0, 0]


@pytest.mark.parametrize("signal", [0.0, 0.05, 0.3, 1.0])
def test_the_estimate_of_noise_is_right_with_little_signal_and_with_much(signal):
    noisy = drawn(signal, 0.1)[:, :50, :50, :50]
    # Means over a few voxels scatter, most where there is no signal, where a root is taken of them.
    assert estimate_rician_noise(noisy) == pytest.approx(0.1, rel=0.12 if signal < 0.1 else 0.04)


def test_the_noise_is_drawn_by_seed_and_name():
    clean = torch.full((1, 8, 8, 8), 0.5)
    first, again, other, elsewhere = (
        RicianNoise(0.1, seed).for_image(name).measure(clean).seen
        for seed, name in ((0, "a"), (0, "a"), (1, "a"), (0, "b"))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, elsewhere)


def test_the_noise_is_of_its_level_and_knows_it():
    measurement = RicianNoise(0.05).measure(torch.full((1, 50, 50, 50), 0.8))
    assert measurement.noise == 0.05
    assert measurement.operator.kind == "magnitude"
    # Far above the noise a magnitude scatters as a Gaussian.
    assert measurement.seen.std().item() == pytest.approx(0.05, rel=0.02)


@pytest.mark.parametrize("level", [0.0, -0.1, 1.01, math.nan, math.inf])
def test_a_level_of_0_or_above_1_is_refused(level):
    with pytest.raises(UplappError, match=r"level .* share of the maximum above 0, at most 1"):
        RicianNoise(level)
