"""Simulated coils are smooth, distinct and leave a whole image as it is."""

import pytest
import torch

from uplapp.imaging.physics.kspace import root_sum_of_squares, simulated_maps


@pytest.mark.parametrize("coils", [1, 2, 3, 8])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (31, 50)])
class TestEachArray:
    def test_squares_sum_to_one(self, coils, height, width):
        maps = simulated_maps(coils, height, width)
        assert maps.shape == (coils, height, width)
        assert maps.dtype == torch.complex64
        torch.testing.assert_close(root_sum_of_squares(maps), torch.ones(height, width))

    def test_maps_are_smooth(self, coils, height, width):
        maps = simulated_maps(coils, height, width)
        # A quarter turn over 32 px near a coil is .05 a pixel; a jump of the phase would be near 2.
        assert maps.diff(dim=-1).abs().max() < 0.2
        assert maps.diff(dim=-2).abs().max() < 0.2


def test_each_coil_sees_its_own_side_best():
    right, bottom, left, top = simulated_maps(4, 33, 33).abs()
    assert right[16, 32] > right[16, 16] > right[16, 0]
    assert bottom[32, 16] > bottom[16, 16] > bottom[0, 16]
    torch.testing.assert_close(left, right.flip(1))
    torch.testing.assert_close(top, bottom.flip(0))


def test_four_equal_coils_share_the_centre():
    torch.testing.assert_close(simulated_maps(4, 33, 33).abs()[:, 16, 16], torch.full((4,), 0.5))


def test_coils_differ_by_more_than_a_factor():
    maps = simulated_maps(4, 32, 32).flatten(1)
    assert torch.linalg.matrix_rank(maps) == 4


def test_root_sum_of_squares_by_hand():
    coil_images = torch.tensor([[[3 + 4j]], [[0 + 12j]]])
    assert root_sum_of_squares(coil_images).tolist() == [[13.0]]
    assert root_sum_of_squares(torch.tensor([[[3.0]], [[4.0]]])).tolist() == [[5.0]]


def test_root_sum_of_squares_agrees_with_fastmri():
    fastmri = pytest.importorskip("fastmri")
    coil_images = torch.randn(2, 5, 6, 7, dtype=torch.complex64, generator=torch.Generator().manual_seed(0))
    expected = fastmri.rss_complex(torch.view_as_real(coil_images), dim=1)
    torch.testing.assert_close(root_sum_of_squares(coil_images), expected)


def test_the_gradient_is_finite_where_nothing_is():
    coil_images = torch.zeros(2, 3, 3, requires_grad=True)
    root_sum_of_squares(coil_images).sum().backward()
    assert torch.isfinite(coil_images.grad).all()
