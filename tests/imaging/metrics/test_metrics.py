"""Laws of every metric, and values of the camera image against outside implementations."""

import numpy as np
import pytest
import skimage.data
import torch

from uplapp.errors import UplappError
from uplapp.imaging.losses.flip import flip_map
from uplapp.imaging.metrics import METRICS

# skimage.data.camera() with Gaussian noise of sigma 25 from default_rng(0), clipped; from scikit-image,
# pytorch-msssim, piq and flip-evaluator.
CAMERA = {"psnr": 20.587, "ssim": 0.29053, "ms_ssim": 0.74157, "vif": 0.20350, "flip": 0.1366}


def camera() -> tuple[torch.Tensor, torch.Tensor]:
    clean = skimage.data.camera() / 255
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 25 / 255, clean.shape), 0, 1)
    return tuple(torch.from_numpy(image.astype(np.float32))[None, None] for image in (noisy, clean))


@pytest.mark.parametrize(
    "name", [name for name, entry in METRICS.items() if not entry.needs and 2 in entry.axes]
)
class TestEveryMetric:
    def test_gives_one_value_an_image(self, name):
        generator = torch.Generator().manual_seed(0)
        estimate, target = (torch.rand(3, 3, 44, 48, generator=generator) for _ in range(2))
        together = METRICS.build(name)(estimate, target)
        alone = [METRICS.build(name)(estimate[i : i + 1], target[i : i + 1]) for i in range(3)]
        assert together.shape == (3,)
        torch.testing.assert_close(together, torch.cat(alone))

    def test_knows_which_way_is_better(self, name):
        generator = torch.Generator().manual_seed(0)
        target = torch.rand(1, 3, 44, 48, generator=generator)
        error = torch.rand(1, 3, 44, 48, generator=generator) - 0.5
        near, far = (METRICS.build(name)(target + scale * error, target).item() for scale in (0.05, 0.5))
        assert (near > far) == METRICS[name].higher_is_better


@pytest.mark.parametrize(("name", "value"), CAMERA.items())
def test_the_noisy_camera_has_its_known_values(name, value):
    assert METRICS.build(name)(*camera()).item() == pytest.approx(value, abs=1e-3)


def test_flip_by_strips_is_the_mean_of_the_whole_map():
    generator = torch.Generator().manual_seed(0)
    estimate, target = (torch.rand(2, 3, 1100, 40, generator=generator) for _ in range(2))
    whole = flip_map(estimate, target).mean(dim=(1, 2))
    torch.testing.assert_close(METRICS.build("flip")(estimate, target), whole)


def test_psnr_by_hand():
    estimate, target = torch.full((1, 1, 4, 4), 0.6), torch.full((1, 1, 4, 4), 0.5)
    assert METRICS.build("psnr")(estimate, target).item() == pytest.approx(20, abs=1e-4)


def test_metrics_of_a_large_image_are_those_of_its_channels():
    generator = torch.Generator().manual_seed(0)
    estimate, target = (torch.rand(1, 3, 180, 200, generator=generator) for _ in range(2))
    one_by_one = [METRICS.build("ms_ssim")(estimate[:, c : c + 1], target[:, c : c + 1]) for c in range(3)]
    torch.testing.assert_close(
        METRICS.build("ms_ssim")(estimate, target), torch.stack(one_by_one).mean(dim=0)
    )


def test_flip_as_a_metric_refuses_an_impossible_viewing_distance():
    with pytest.raises(UplappError, match="ppd is 0; it needs a number from 1"):
        METRICS.build("flip", ppd=0)
