"""Laws of the losses, each table row; values against outside implementations."""

import flip_evaluator
import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim as oracle_ms_ssim
from pytorch_msssim import ssim as oracle_ssim
from skimage.metrics import structural_similarity

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.flip import C_MAX, flip_map
from uplapp.imaging.losses.structural import ms_ssim, ssim

NEED_11_PX = ("ssim", "ms_ssim")


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def gradient(name: str, estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    leaf = estimate.clone().requires_grad_()
    LOSSES.build(name)(leaf, target).backward()
    return leaf.grad


def grey(level: float) -> torch.Tensor:
    return torch.full((1, 3, 48, 48), level)


def colour(red: float, green: float, blue: float) -> torch.Tensor:
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 48, 48)


@pytest.mark.parametrize("name", LOSSES)
class TestEveryLoss:
    def test_is_a_scalar_that_grows_with_the_noise(self, name):
        clean, error = noise(2, 3, 48, 48), noise(2, 3, 48, 48, seed=1) - 0.5
        little, much = (LOSSES.build(name)(clean + scale * error, clean) for scale in (0.02, 0.3))
        assert little.shape == ()
        assert 0 < little < much

    def test_is_nearly_zero_for_equal_images(self, name):
        image = noise(1, 3, 48, 48)
        assert LOSSES.build(name)(image, image).item() == pytest.approx(0, abs=1e-6)

    @pytest.mark.parametrize("channels", [1, 3])
    def test_takes_grey_and_colour(self, name, channels):
        value = LOSSES.build(name)(noise(2, channels, 40, 33), noise(2, channels, 40, 33, seed=1))
        assert torch.isfinite(value)

    @pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize("other", [0.0, 0.5, 1.0])
    def test_has_a_finite_gradient_between_flat_images(self, name, level, other):
        assert torch.isfinite(gradient(name, grey(level), grey(other))).all()

    def test_has_a_finite_gradient_at_equality(self, name):
        image = noise(1, 3, 48, 48)
        assert torch.isfinite(gradient(name, image, image)).all()

    def test_still_has_a_gradient_at_the_negative(self, name):
        image = noise(1, 3, 48, 48)
        slope = gradient(name, 1 - image, image)
        assert torch.isfinite(slope).all()
        assert slope.abs().max() > 0

    def test_gradient_is_the_slope_of_the_value(self, name):
        target, direction = noise(1, 3, 32, 32).double(), noise(1, 3, 32, 32, seed=2).double() - 0.5
        estimate = (target + 0.2 * (noise(1, 3, 32, 32, seed=1).double() - 0.5)).clamp(0.05, 0.95)
        loss, step = LOSSES.build(name), 1e-6
        ahead, behind = (loss(estimate + sign * step * direction, target) for sign in (1, -1))
        slope = (gradient(name, estimate, target) * direction).sum()
        # Central differences of a double are good to about step**2 + 1e-16 / step.
        assert slope.item() == pytest.approx(((ahead - behind) / (2 * step)).item(), rel=1e-4)


def test_pixel_losses_by_hand():
    estimate, target = torch.tensor([[[[0.0, 0.5]]]]), torch.tensor([[[[1.0, 0.25]]]])
    assert LOSSES.build("l1")(estimate, target).item() == 0.625
    assert LOSSES.build("l2")(estimate, target).item() == 0.53125


@pytest.mark.parametrize("shape", [(2, 3, 200, 231), (1, 1, 161, 161), (1, 3, 300, 600)])
def test_structural_similarities_agree_with_pytorch_msssim(shape):
    clean = noise(*shape)
    noisy = clean + 0.2 * (noise(*shape, seed=1) - 0.5)
    ours, theirs = ssim(noisy, clean), oracle_ssim(noisy, clean, data_range=1, size_average=False)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
    ours, theirs = ms_ssim(noisy, clean), oracle_ms_ssim(noisy, clean, data_range=1, size_average=False)
    torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=0)


def test_ssim_agrees_with_scikit_image_away_from_the_border():
    clean, noisy = noise(1, 1, 64, 80), noise(1, 1, 64, 80, seed=1) * 0.3 + 0.7 * noise(1, 1, 64, 80)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    _, similarity = structural_similarity(clean[0, 0].numpy(), noisy[0, 0].numpy(), full=True, **options)
    assert ssim(noisy, clean).item() == pytest.approx(similarity[5:-5, 5:-5].mean(), abs=1e-4)


def test_ssim_of_flat_images_by_hand():
    luminance = (2 * 0.5 * 0.25 + 1e-4) / (0.25 + 0.0625 + 1e-4)
    assert ssim(grey(0.5).double(), grey(0.25).double()).item() == pytest.approx(luminance)


@pytest.mark.parametrize("name", NEED_11_PX)
def test_a_structural_loss_names_the_smallest_side(name):
    assert torch.isfinite(gradient(name, noise(1, 3, 11, 11), noise(1, 3, 11, 11, seed=1))).all()
    with pytest.raises(UplappError, match="40x10 px is too small; each side needs 11 px"):
        LOSSES.build(name)(noise(1, 3, 10, 40), noise(1, 3, 10, 40))


@pytest.mark.parametrize(
    ("estimate", "target", "answer"),
    [
        (grey(0.0), grey(1.0), 0.96735),
        (grey(0.5), grey(0.6), 0.28505),
        (grey(0.1), grey(0.9), 0.96089),
        (colour(0, 1, 0), colour(0, 0, 1), 1.0),
    ],
)
def test_flip_of_flat_images(estimate, target, answer):
    assert LOSSES.build("flip")(estimate, target).item() == pytest.approx(answer, abs=1e-4)


def test_flip_of_an_edge_is_symmetric():
    flat, edge = torch.full((1, 3, 65, 65), 0.25), torch.full((1, 3, 65, 65), 0.25)
    edge[..., 33:] = 0.75
    assert LOSSES.build("flip")(flat, edge).item() == pytest.approx(0.467812, abs=1e-4)
    assert LOSSES.build("flip")(edge, flat).item() == pytest.approx(0.467812, abs=1e-4)


def test_flip_map_agrees_with_flip_evaluator():
    random = np.random.default_rng(0)
    clean = random.random((300, 83, 3), dtype=np.float32)
    noisy = np.clip(clean + 0.1 * random.standard_normal(clean.shape), 0, 1).astype(np.float32)
    theirs, _, _ = flip_evaluator.evaluate(clean, noisy, "LDR", applyMagma=False)
    tensors = (torch.from_numpy(image).permute(2, 0, 1)[None] for image in (noisy, clean))
    np.testing.assert_allclose(flip_map(*tensors)[0].numpy(), theirs[..., 0], atol=1e-4)


def test_the_largest_flip_colour_difference_is_the_published_one():
    assert pytest.approx(41.2761, abs=1e-4) == C_MAX


def test_a_loss_can_train_after_it_has_measured():
    image = noise(1, 3, 29, 31)
    with torch.inference_mode():
        LOSSES.build("flip")(image, image)
    assert torch.isfinite(gradient("flip", noise(1, 3, 29, 31, seed=1), image)).all()


def test_flip_weighs_the_viewing_distance():
    clean, noisy = noise(1, 3, 64, 64), noise(1, 3, 64, 64, seed=1)
    near, far = (LOSSES.build("flip", ppd=ppd)(noisy, clean) for ppd in (40, 100))
    assert far < near


def test_an_unknown_loss_or_option_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown loss 'l3'; choose one of: flip, l1, l2"):
        LOSSES.build("l3")
    with pytest.raises(UplappError, match="loss 'flip' has no option 'pdd'; its options are: ppd"):
        LOSSES.build("flip", pdd=60)
