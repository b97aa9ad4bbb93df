"""VIF: values of other implementations, and what information fidelity must do."""

import pytest
import torch
from torchmetrics.functional.image import visual_information_fidelity

from uplapp.errors import UplappError
from uplapp.imaging.losses.filters import filter_axis, gaussian
from uplapp.imaging.metrics.vif import LUMA, vif


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scene() -> torch.Tensor:
    """Smooth random shapes, (1,1,96,100) in [0,1]."""
    image = noise(1, 1, 96, 100)
    for axis in (2, 3):
        image = filter_axis(image, gaussian(3, 9), axis, "replicate")
    return (image - image.min()) / (image.max() - image.min())


@pytest.mark.parametrize("size", [(41, 41), (42, 63), (128, 100)])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_it_agrees_with_torchmetrics_on_255_levels(size, share):
    target = noise(1, 1, *size)
    estimate = share * target + (1 - share) * noise(1, 1, *size, seed=1)
    theirs = visual_information_fidelity(255 * estimate, 255 * target)
    assert vif(estimate, target).item() == pytest.approx(theirs.item(), rel=1e-4)


def test_equal_images_keep_everything():
    assert vif(scene(), scene()).item() == pytest.approx(1, abs=1e-6)


def test_flat_images_hold_nothing_to_lose():
    dark, bright = torch.full((1, 1, 48, 48), 0.1), torch.full((1, 1, 48, 48), 0.7)
    assert vif(dark, bright).item() == pytest.approx(1, abs=1e-3)


def test_a_flat_estimate_keeps_nothing():
    assert vif(torch.full_like(scene(), 0.5), scene()).item() == pytest.approx(0, abs=1e-6)


def test_brightness_carries_no_information_and_contrast_does():
    image = 0.5 * scene() + 0.2
    assert vif(image + 0.1, image).item() == pytest.approx(1, abs=1e-6)
    assert vif(0.5 + 1.4 * (image - 0.5), image) > 1.01
    assert vif(0.5 + 0.6 * (image - 0.5), image) < 0.99
    assert vif(1 - image, image).item() == pytest.approx(0, abs=1e-6)


def test_noise_and_blur_take_it_away_step_by_step():
    image = scene()
    blurred = [filter_axis(image, gaussian(sd, 9), 3, "replicate") for sd in (0.3, 1, 2, 3)]
    noisy = [image + scale * (noise(1, 1, 96, 100, seed=1) - 0.5) for scale in (0.01, 0.05, 0.2, 0.6)]
    for worse in (blurred, noisy):
        values = torch.cat([vif(estimate, image) for estimate in worse])
        assert (values.diff() < 0).all()


def test_it_depends_on_which_image_is_the_target():
    image = scene()
    noisy = image + 0.2 * (noise(1, 1, 96, 100, seed=1) - 0.5)
    assert vif(noisy, image) != pytest.approx(vif(image, noisy), rel=0.05)


def test_colour_is_judged_by_its_luma():
    estimate, target = noise(2, 3, 48, 48), noise(2, 3, 48, 48, seed=1)
    grey = [sum(w * image[:, [c]] for c, w in enumerate(LUMA)) for image in (estimate, target)]
    torch.testing.assert_close(vif(estimate, target), vif(*grey))


def test_single_precision_is_enough():
    estimate, target = noise(1, 1, 64, 64), noise(1, 1, 64, 64, seed=1)
    assert vif(estimate.float(), target.float()).item() == pytest.approx(
        vif(estimate, target).item(), abs=1e-5
    )


def test_a_small_image_is_refused_with_the_smallest_side():
    with pytest.raises(UplappError, match="50x40 px is too small; each side needs 41 px or more"):
        vif(noise(1, 1, 40, 50), noise(1, 1, 40, 50))


@pytest.mark.parametrize(
    ("shape", "message"), [((1, 2, 48, 48), "of 2 channels"), ((1, 1, 48, 48, 48), "5 axes")]
)
def test_only_grey_and_colour_images_are_taken(shape, message):
    with pytest.raises(UplappError, match=message):
        vif(torch.zeros(shape), torch.zeros(shape))
