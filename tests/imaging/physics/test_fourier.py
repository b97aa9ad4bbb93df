"""The transform pair against numpy, fastMRI and what a person can work out."""

import numpy as np
import pytest
import torch

from uplapp.imaging.physics.kspace import to_image, to_kspace

SHAPES = [(8, 8), (7, 10), (3, 2, 9, 5), (1, 1)]


def draw(shape: tuple[int, ...], dtype: torch.dtype = torch.complex128) -> torch.Tensor:
    return torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", SHAPES)
class TestEachShape:
    def test_the_pair_undoes_itself(self, shape):
        image = draw(shape)
        torch.testing.assert_close(to_image(to_kspace(image)), image)
        torch.testing.assert_close(to_kspace(to_image(image)), image)

    def test_energy_is_kept(self, shape):
        image = draw(shape)
        torch.testing.assert_close(to_kspace(image).norm(), image.norm())

    def test_numpy_agrees(self, shape):
        image, axes = draw(shape).numpy(), (-2, -1)
        shifted = np.fft.fft2(np.fft.ifftshift(image, axes=axes), norm="ortho")
        expected = np.fft.fftshift(shifted, axes=axes)
        np.testing.assert_allclose(to_kspace(torch.from_numpy(image)).numpy(), expected, atol=1e-12)

    def test_fastmri_agrees(self, shape):
        fastmri = pytest.importorskip("fastmri")
        image = draw(shape)
        expected = torch.view_as_complex(fastmri.fft2c(torch.view_as_real(image)).contiguous())
        torch.testing.assert_close(to_kspace(image), expected)
        expected = torch.view_as_complex(fastmri.ifft2c(torch.view_as_real(image)).contiguous())
        torch.testing.assert_close(to_image(image), expected)


@pytest.mark.parametrize(("height", "width"), [(6, 8), (5, 7), (5, 8)])
def test_a_flat_image_is_one_sample_in_the_middle(height, width):
    kspace = to_kspace(torch.full((height, width), 0.5, dtype=torch.float64))
    expected = torch.zeros(height, width, dtype=torch.complex128)
    expected[height // 2, width // 2] = 0.5 * (height * width) ** 0.5
    torch.testing.assert_close(kspace, expected)


def test_a_point_in_the_middle_has_a_flat_kspace():
    image = torch.zeros(5, 8, dtype=torch.float64)
    image[2, 4] = 1
    torch.testing.assert_close(to_kspace(image), torch.full((5, 8), 40**-0.5, dtype=torch.complex128))
