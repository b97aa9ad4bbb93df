"""The measurement as a linear operator."""

import pytest
import torch

from tests.imaging.adjoint import require_adjoint
from uplapp.errors import UplappError
from uplapp.imaging.physics import DEGRADATIONS, Downsampling, Head, Missing
from uplapp.imaging.physics.kspace import normalised, root_sum_of_squares, simulated_maps, to_kspace
from uplapp.imaging.physics.masks import random_columns
from uplapp.imaging.physics.measurement import Identity, Sampling, of_pixels, require_sampling, zero_filled
from uplapp.imaging.physics.pixels import KERNELS

COLUMNS = random_columns(30, 4, 0.08, 0)
SAMPLES = torch.rand(20, 30, generator=torch.Generator().manual_seed(3)) < 0.3
EVERYTHING = torch.ones(30, dtype=torch.bool)


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("mask", [COLUMNS, SAMPLES, EVERYTHING], ids=["columns", "samples", "everything"])
@pytest.mark.parametrize("coils", [0, 1, 5])
class TestEachMeasurement:
    def test_forward_and_adjoint_are_a_pair(self, mask, coils):
        operator = Sampling(mask, simulated_maps(coils, 20, 30) if coils else None)
        require_adjoint(operator.forward, operator.adjoint, (20, 30))
        require_adjoint(operator.forward, operator.adjoint, (2, 3, 20, 30))

    def test_what_was_not_sampled_is_zero(self, mask, coils):
        operator = Sampling(mask, simulated_maps(coils, 20, 30) if coils else None)
        kspace = operator.forward(draw(20, 30))
        assert kspace.shape == (max(coils, 1), 20, 30)
        assert torch.equal(kspace != 0, mask.expand_as(kspace))

    def test_no_image_becomes_larger(self, mask, coils):
        operator = Sampling(mask, simulated_maps(coils, 20, 30) if coils else None)
        image = draw(20, 30)
        assert operator.forward(image).norm() <= image.norm() * (1 + 1e-6)


def test_one_coil_with_a_phase_has_its_adjoint():
    operator = Sampling(SAMPLES, normalised(draw(1, 20, 30)))
    require_adjoint(operator.forward, operator.adjoint, (20, 30))


def test_a_photograph_is_its_own_measurement():
    seen = torch.rand(3, 8, 9, generator=torch.Generator().manual_seed(0))
    measurement = of_pixels(seen, noise=0.1)
    assert torch.equal(measurement.operator.forward(seen), measurement.data)
    require_adjoint(Identity().forward, Identity().adjoint, (3, 8, 9))


@pytest.mark.parametrize("shape", [(20, 30), (1, 20, 30)])
@pytest.mark.parametrize("kind", [torch.bool, torch.float32])
def test_missing_pixels_have_their_adjoint(shape, kind):
    operator = Missing((draw(*shape).real > 0).to(kind))
    require_adjoint(operator.forward, operator.adjoint, (3, 20, 30))
    require_adjoint(operator.forward, operator.adjoint, (2, 3, 20, 30))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_downsampling_has_its_adjoint(kernel, factor):
    operator = Downsampling(factor, kernel, (24, 31))
    require_adjoint(operator.forward, operator.adjoint, (24, 31))
    require_adjoint(operator.forward, operator.adjoint, (2, 3, 24, 31))


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_gradients_of_the_data_misfit_are_the_adjoint_of_the_residual(name):
    # A projection is one of a volume, and of a head in two modalities.
    size = (4, 20, 20) if name == "projection" else (1, 32, 40)
    clean = draw(*size).real.float().sigmoid()
    measurement = DEGRADATIONS.build(name).measure(
        Head("head", clean, clean) if name == "projection" else clean
    )
    image = draw(*size).real.float()
    image = (image[0].to(torch.complex64) if name == "undersampling" else image).requires_grad_()
    residual = measurement.operator.forward(image) - measurement.data
    (gradient,) = torch.autograd.grad(residual.abs().square().sum() / 2, image)
    torch.testing.assert_close(gradient, measurement.operator.adjoint(residual), atol=1e-5, rtol=1e-4)


def test_what_needs_kspace_refuses_a_photograph():
    with pytest.raises(UplappError, match="without k-space"):
        require_sampling(of_pixels(torch.zeros(1, 8, 9)))


@pytest.mark.parametrize("coils", [0, 4])
def test_all_of_kspace_gives_the_image_back(coils):
    operator = Sampling(EVERYTHING, simulated_maps(coils, 20, 30).to(torch.complex128) if coils else None)
    image = draw(20, 30)
    # The maps are stored in single precision.
    torch.testing.assert_close(operator.adjoint(operator.forward(image)), image, atol=1e-6, rtol=1e-6)


def test_one_sample_in_the_middle_is_the_mean():
    image = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    middle = torch.zeros(3, 4, dtype=torch.bool)
    middle[1, 2] = True
    filled = zero_filled(to_kspace(image)[None], middle)
    torch.testing.assert_close(filled, torch.full((3, 4), 5.5, dtype=torch.float64))


def test_without_a_mask_the_kspace_is_taken_as_it_is():
    maps, image = simulated_maps(3, 20, 30), draw(20, 30)
    filled = zero_filled(Sampling(EVERYTHING, maps).forward(image))
    torch.testing.assert_close(filled, root_sum_of_squares(image * maps))
