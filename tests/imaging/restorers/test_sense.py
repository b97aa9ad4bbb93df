"""SENSE: the least squares image, by hand, as numpy has it, better than zero filling."""

import numpy as np
import pytest
import torch

from tests.imaging.measured import psnr, simulate
from uplapp.errors import Cancelled
from uplapp.imaging.physics import Measurement, Sampling, with_maps
from uplapp.imaging.physics.kspace import simulated_maps
from uplapp.imaging.physics.masks import equispaced_columns, random_columns
from uplapp.imaging.restorers.sense import conjugate_gradients, sense

EVERYTHING = torch.ones(96, dtype=torch.bool)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.complex64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("maps", ["low_resolution", "espirit"])
@pytest.mark.parametrize(("coils", "gain_db"), [(1, 0.5), (4, 2.0), (8, 2.0)])
def test_more_coils_bring_more_over_zero_filling(image, coils, gain_db, maps):
    measurement = with_maps(simulate(image, equispaced_columns(96, 4, 0.16, 0), coils), maps)
    restored = sense(measurement)
    assert restored.shape == (1, 80, 96)
    assert 0 <= restored.min() <= restored.max() <= 1
    assert psnr(restored, image) > psnr(measurement.seen, image) + gain_db


def test_all_of_kspace_and_no_weight_give_the_image_itself(image):
    measurement = simulate(image, EVERYTHING, 3)
    torch.testing.assert_close(sense(measurement, weight=0, imaginary=0), image, atol=1e-3, rtol=0)


def test_two_pixels_by_hand():
    # (2 + .5) x = 4 for the real part, (1 + 1) y = 3 for the imaginary part.
    matrix = torch.tensor([2.0, 1.0])
    solved = conjugate_gradients(
        lambda image: matrix * image + torch.complex(0.5 * image.real, 1.0 * image.imag),
        torch.tensor([4 + 0j, 3j]),
        1e-6,
    )
    torch.testing.assert_close(solved, torch.tensor([1.6 + 0j, 1.5j]))


@pytest.mark.parametrize("imaginary", [0.0, 0.3])
def test_the_image_agrees_with_the_least_squares_of_numpy(imaginary):
    maps, mask, weight = simulated_maps(2, 6, 8), torch.arange(8) % 2 == 0, 0.05
    sampling, data = Sampling(mask, maps), draw(2, 6, 8) * mask
    basis = torch.eye(48, dtype=torch.complex64).reshape(48, 6, 8)
    columns = torch.cat([sampling.forward(basis), sampling.forward(1j * basis)]).reshape(96, -1).numpy().T
    rows = np.concatenate([columns.real, columns.imag])
    ridge = np.diag(np.sqrt([weight] * 48 + [weight + imaginary] * 48))
    right = data.numpy().ravel()
    stacked = np.concatenate([right.real, right.imag, np.zeros(96)])
    parts = np.linalg.lstsq(np.concatenate([rows, ridge]), stacked)[0]
    expected = np.abs(parts[:48] + 1j * parts[48:]).reshape(1, 6, 8).clip(0, 1)
    measurement = Measurement(torch.zeros(1, 6, 8), sampling, data)
    ours = sense(measurement, weight=weight, imaginary=imaginary, tolerance=1e-6)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-4)


def test_fewer_steps_are_taken_for_a_larger_tolerance(image):
    measurement = simulate(image, random_columns(96, 3, 0.12, 0), 4)
    steps = {}
    for tolerance in (1e-1, 1e-2, 1e-3):
        heard = []
        sense(measurement, heard.append, tolerance=tolerance)
        assert heard == sorted(heard)
        assert heard[-1] == 1
        steps[tolerance] = len(heard)
    assert steps[1e-1] < steps[1e-2] < steps[1e-3] < 100


def test_the_residual_falls_to_the_tolerance():
    generator = torch.Generator().manual_seed(0)
    factor = torch.randn(20, 20, dtype=torch.complex64, generator=generator)
    matrix, right = factor @ factor.mH + torch.eye(20), draw(20)
    solved = conjugate_gradients(lambda image: matrix @ image, right, 1e-3)
    assert (matrix @ solved - right).norm() <= 1.1e-3 * right.norm()


def test_nothing_measured_is_solved_by_nothing():
    assert conjugate_gradients(lambda image: image, torch.zeros(4, dtype=torch.complex64)).abs().max() == 0


def test_a_report_that_raises_ends_the_work_at_once(image):
    def stop(share: float) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        sense(simulate(image, random_columns(96, 3, 0.12, 0), 2), stop)
