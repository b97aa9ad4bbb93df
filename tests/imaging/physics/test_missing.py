"""Pictures of which pixels are missing: how many, which, and what is seen of them."""

import pytest
import torch

from uplapp.errors import BadImage
from uplapp.imaging.physics import Missing, MissingPixels, of_pixels, of_visible, put_visible_back


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("share", [0.001, 0.25, 0.5, 0.9, 0.999])
def test_the_share_of_missing_pixels_is_the_one_that_was_wanted(share):
    measurement = MissingPixels(share).measure(draw(3, 40, 50))
    hidden = round(share * 2000)
    assert int((~measurement.operator.mask).sum()) == hidden
    assert torch.equal(measurement.data == 0, ~measurement.operator.mask.expand(3, 40, 50))


def test_of_two_pixels_one_is_hidden_whatever_the_share():
    assert all(
        int(MissingPixels(share).measure(draw(1, 1, 2)).operator.mask.sum()) == 1 for share in (0.01, 0.99)
    )


def test_visible_pixels_are_seen_as_they_are_and_a_missing_one_as_its_nearest_neighbour():
    picture = torch.tensor([[[0.1, 0.2, 0.3, 0.4, 0.5]]])
    mask = torch.tensor([[[True, False, False, False, True]]])
    measurement = of_visible(picture, mask)
    assert torch.equal(measurement.data, picture * mask)
    seen = measurement.seen.flatten().tolist()
    assert seen[0] == seen[1] == pytest.approx(0.1)
    assert seen[3] == seen[4] == pytest.approx(0.5)


def test_each_image_and_each_seed_has_gaps_of_its_own():
    masks = [
        MissingPixels(seed=seed).for_image(name).measure(draw(1, 20, 20)).operator.mask
        for seed in (0, 1)
        for name in ("a.png", "b.png")
    ]
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == 4


def test_noise_lies_on_the_visible_pixels_and_its_deviation_is_known():
    measurement = MissingPixels(0.5, sigma=51).measure(torch.full((1, 200, 200), 0.5))
    visible = measurement.data[measurement.operator.mask] - 0.5
    assert measurement.noise == 0.2
    assert visible.std() == pytest.approx(0.2, rel=0.03)


def test_the_words_of_a_legend_say_share_and_noise():
    assert MissingPixels(0.25).text == "25% of the pixels missing"
    assert MissingPixels(0.5, 10).text == "50% of the pixels missing, sigma 10"


def test_a_mask_that_hides_everything_is_refused():
    with pytest.raises(BadImage, match="hides the whole picture"):
        of_visible(draw(1, 4, 4), torch.zeros(1, 4, 4, dtype=torch.bool))


def test_visible_pixels_are_put_back_unless_they_are_noisy():
    clean, other = draw(3, 8, 9), 1 - draw(3, 8, 9)
    exact, noisy = (MissingPixels(0.5, sigma).measure(clean) for sigma in (0, 25))
    mended = put_visible_back(other, exact)
    assert torch.equal(mended, torch.where(exact.operator.mask, clean, other))
    assert torch.equal(put_visible_back(other, noisy), other)
    assert torch.equal(put_visible_back(other, of_pixels(clean)), other)


def test_a_measurement_of_a_mask_moves_as_a_whole():
    moved = MissingPixels(0.5).measure(draw(3, 8, 9)).map(lambda tensor: tensor[..., :4])
    assert isinstance(moved.operator, Missing)
    assert moved.operator.mask.shape == (1, 8, 4)
