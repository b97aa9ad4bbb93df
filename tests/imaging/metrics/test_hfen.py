"""The high-frequency error norm."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from uplapp.imaging.metrics import METRICS
from uplapp.imaging.metrics.hfen import laplacian_of_gaussian

hfen = METRICS.build("hfen")


def noise(seed: int) -> torch.Tensor:
    return torch.rand(1, 1, 40, 36, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_flat_estimate_misses_all_edges():
    assert hfen(torch.full((1, 1, 40, 36), 0.5, dtype=torch.float64), noise(0)).item() == pytest.approx(1)


def test_half_of_the_contrast_misses_half_of_the_edges():
    assert hfen(0.5 * noise(0) + 0.2, noise(0)).item() == pytest.approx(0.5)


def test_the_filter_by_hand():
    kernel, sd = laplacian_of_gaussian(), 1.5
    total = sum(np.exp(-(x**2 + y**2) / (2 * sd**2)) for x in range(-7, 8) for y in range(-7, 8))
    # Its mean is nearly 0 before it is taken away.
    assert kernel[7, 7].item() == pytest.approx(-2 / sd**2 / total, rel=1e-3)
    assert kernel.sum().item() == pytest.approx(0, abs=1e-12)


def test_is_that_of_scipys_laplacian_of_a_gaussian():
    estimate, target = noise(0), noise(1)
    filtered = [
        ndimage.gaussian_laplace(image.numpy()[0, 0], 1.5, mode="nearest", truncate=7 / 1.5)
        for image in (estimate - target, target)
    ]
    expected = np.linalg.norm(filtered[0]) / np.linalg.norm(filtered[1])
    # scipy samples the derivatives one axis at a time, and does not take away the mean.
    assert hfen(estimate, target).item() == pytest.approx(expected, rel=5e-3)
