"""Compressed sensing: better than zero filling, the data's unit does not matter, outside references agree."""

import numpy as np
import pytest
import pywt
import torch
from skimage import restoration

from tests.imaging.adjoint import require_adjoint
from tests.imaging.measured import noisy, psnr, record, simulate
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.physics import Measurement, Sampling, of_pixels, to_kspace
from uplapp.imaging.physics.kspace import simulated_maps
from uplapp.imaging.physics.masks import equispaced_columns, random_columns
from uplapp.imaging.restorers import compressed_sensing
from uplapp.imaging.restorers.compressed_sensing import gradient, gradient_adjoint, normal_map, tv, wavelet

METHODS = pytest.mark.parametrize("method", [tv, wavelet])
FEW = random_columns(96, 4, 0.08, 0)
EVERYTHING = torch.ones(96, dtype=torch.bool)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))


@METHODS
@pytest.mark.parametrize("coils", [1, 4])
@pytest.mark.parametrize("build", [random_columns, equispaced_columns])
def test_every_method_is_better_than_zero_filling(image, method, coils, build):
    measurement = simulate(image, build(96, 3, 0.12, 0), coils)
    restored = method(measurement)
    assert restored.shape == (1, 80, 96)
    assert 0 <= restored.min() <= restored.max() <= 1
    assert psnr(restored, image) > psnr(measurement.seen, image) + 0.5


@METHODS
def test_masks_of_samples_and_a_cropped_grid_are_taken(image, method):
    mask = torch.rand(80, 96, generator=torch.Generator().manual_seed(0)) < 0.5
    mask[30:50, 38:58] = True
    measurement = record(to_kspace(image.to(torch.complex64)), mask, (61, 70))
    truth = image[:, 9:70, 13:83]
    assert psnr(method(measurement), truth) > psnr(measurement.seen, truth) + 1


@METHODS
def test_every_iteration_is_reported(image, method):
    shares = []
    method(simulate(image, FEW), shares.append)
    assert len(shares) == compressed_sensing.ITERATIONS
    assert shares == sorted(shares)
    assert shares[-1] == 1


@METHODS
def test_a_report_that_raises_ends_the_work_at_once(image, method):
    shares = []

    def stop(share: float) -> None:
        shares.append(share)
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        method(simulate(image, FEW), stop)
    assert len(shares) == 1


@METHODS
def test_all_of_kspace_and_no_weight_give_the_image_itself(image, method):
    measurement = simulate(image, EVERYTHING)
    torch.testing.assert_close(method(measurement, weight=0.0), image, atol=1e-4, rtol=0)


@METHODS
def test_the_unit_of_the_data_does_not_change_the_shape_of_the_image(image, method):
    measurement = simulate(image * 0.5, FEW)
    twice = Measurement(2 * measurement.seen, measurement.operator, 2 * measurement.data)
    torch.testing.assert_close(method(twice), (2 * method(measurement)).clamp(0, 1), atol=1e-3, rtol=0)


@METHODS
def test_a_photograph_is_refused(method):
    with pytest.raises(UplappError, match="without k-space"):
        method(of_pixels(torch.zeros(1, 8, 8)))


@pytest.mark.parametrize(
    "mask",
    [torch.arange(12) % 3 == 0, torch.rand(10, 12, generator=torch.Generator().manual_seed(0)) < 0.5],
    ids=["columns", "samples"],
)
@pytest.mark.parametrize("coils", [0, 3])
def test_the_normal_map_is_the_adjoint_after_the_operator(mask, coils):
    sampling = Sampling(mask, simulated_maps(coils, 10, 12) if coils else None)
    image = draw(10, 12)
    torch.testing.assert_close(normal_map(sampling)(image), sampling.adjoint(sampling.forward(image)))


def test_the_gradient_and_its_adjoint_are_a_pair():
    require_adjoint(gradient, gradient_adjoint, (7, 9))


def test_the_gradient_of_two_by_two_pixels_by_hand():
    steps = gradient(torch.tensor([[1.0, 3.0], [6.0, 10.0]]))
    torch.testing.assert_close(steps, torch.tensor([[[5.0, 7.0], [0.0, 0.0]], [[2.0, 0.0], [4.0, 0.0]]]))


def test_total_variation_of_whole_data_agrees_with_scikit_image(image, monkeypatch):
    monkeypatch.setattr(compressed_sensing, "ITERATIONS", 80)
    spoilt = noisy(image, 0.1).abs().clamp(0, 1)
    sampling = Sampling(EVERYTHING, torch.ones(1, 80, 96, dtype=torch.complex64))
    measurement = Measurement(spoilt, sampling, to_kspace(spoilt.to(torch.complex64)))
    outside = restoration.denoise_tv_chambolle(spoilt[0].numpy(), weight=0.05, eps=1e-6, max_num_iter=1000)
    ours = tv(measurement, weight=0.05 / float(spoilt.max()))
    # Both stop before they have converged.
    np.testing.assert_allclose(ours[0].numpy(), outside, atol=5e-3)


def test_wavelet_thresholds_of_whole_data_agree_with_pywavelets():
    image = draw(32, 64)
    shrunk, _ = compressed_sensing._shrink_wavelets(image, 0.5, NoShift())
    rough, *details = pywt.wavedec2(image.numpy(), "db4", mode="periodization", level=2)
    kept = [tuple(pywt.threshold(band, 0.5, "soft") for band in bands) for bands in details]
    outside = pywt.waverec2([rough, *kept], "db4", mode="periodization")
    np.testing.assert_allclose(shrunk.numpy(), outside, atol=1e-5)


class NoShift:
    """A generator that never shifts the grid of the wavelets."""

    def integers(self, high, size):
        return np.zeros(size, dtype=int)
