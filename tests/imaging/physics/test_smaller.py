"""Pictures that were made smaller: by hand, by an outside reference, and as large as before once enlarged."""

import numpy as np
import pytest
import torch
from PIL import Image

from uplapp.errors import BadImage, UplappError
from uplapp.imaging.physics import Downsampling, Enlargement, SmallerImage
from uplapp.imaging.physics.pixels import KERNELS, enlarge


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_areas_are_means_of_squares():
    image = torch.tensor([[0.0, 2, 4, 6], [2, 4, 6, 8]])
    assert Downsampling(2, "area", (2, 4)).forward(image).tolist() == [[2.0, 6.0]]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_a_flat_image_stays_flat_and_sides_are_rounded_up(kernel, factor):
    small = Downsampling(factor, kernel, (25, 33)).forward(torch.full((3, 25, 33), 0.7))
    torch.testing.assert_close(small, torch.full((3, -(-25 // factor), -(-33 // factor)), 0.7))


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_bicubic_is_what_pillow_makes(factor):
    image = draw(24, 48)
    pillow = Image.fromarray(image.numpy()).resize((48 // factor, 24 // factor), Image.Resampling.BICUBIC)
    ours = Downsampling(factor, "bicubic", (24, 48)).forward(image)
    np.testing.assert_allclose(ours.numpy(), np.asarray(pillow), atol=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_enlarging_is_what_pillow_makes(factor):
    small = draw(1, 12, 9)
    pillow = Image.fromarray(small[0].numpy()).resize((9 * factor, 12 * factor), Image.Resampling.BICUBIC)
    larger = enlarge(small, (12 * factor, 9 * factor))
    np.testing.assert_allclose(larger[0].numpy(), np.asarray(pillow), atol=1e-5)


@pytest.mark.parametrize("size", [(3, 40, 50), (1, 41, 53), (2, 3, 17, 19)])
def test_what_is_seen_has_the_size_of_the_image(size):
    measurement = SmallerImage(4).measure(draw(*size))
    assert measurement.seen.shape == size
    assert measurement.data.shape == (*size[:-2], -(-size[-2] // 4), -(-size[-1] // 4))


def test_noise_lies_on_the_smaller_image():
    flat = torch.full((1, 400, 400), 0.5)
    measurement = SmallerImage(2, sigma=51).measure(flat)
    assert measurement.noise == 0.2
    assert (measurement.data - 0.5).std() == pytest.approx(0.2, rel=0.03)


def test_the_words_of_a_legend_say_factor_kernel_and_noise():
    assert SmallerImage().text == "4x smaller, bicubic, antialiased"
    assert SmallerImage(2, "area", 10).text == "2x smaller, means of areas, sigma 10"


@pytest.mark.parametrize("times", [2, 3, 8])
def test_a_picture_that_is_small_already_is_to_become_exactly_so_many_times_larger(times):
    small = draw(3, 7, 9)
    measurement = Enlargement(times).measure(small)
    assert measurement.seen.shape == (3, 7 * times, 9 * times)
    assert torch.equal(measurement.data, small)
    assert measurement.operator.forward(measurement.seen).shape == small.shape
    assert measurement.noise is None


def test_an_enlargement_that_cannot_be_is_refused_with_what_can():
    with pytest.raises(BadImage, match="8000x16000 px; at most 16 megapixels"):
        Enlargement(8).measure(torch.zeros(1, 2000, 1000))
    with pytest.raises(UplappError, match="enlarge is 9; it needs a whole number from 2 to 8"):
        Enlargement(9)
