"""Laws of the losses in every row of the table, and values against outside implementations."""

import flip_evaluator
import numpy as np
import pytest
import torch
from pytorch_msssim import ms_ssim as oracle_ms_ssim
from pytorch_msssim import ssim as oracle_ssim
from scipy.ndimage import correlate
from skimage.metrics import structural_similarity

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.flip import C_MAX, flip_gray_map, flip_map
from uplapp.imaging.losses.structural import ms_ssim, ssim

# What looks at more than the clean image is tested where it is used.
PLAIN = [name for name, entry in LOSSES.items() if not entry.needs]
SMALLEST_PX = {"ssim": 11, "ms_ssim": 11, "lpips_l2": 31, "vgg": 16, "refinement": 16, "dagan": 16, "upl": 16}
VOLUMES = ("l1", "l2", "ssim", "adaptive", "upl", "vgg")
# The adaptive loss is a likelihood: ln Z(1) for equal images and a scale of 1.
AT_EQUALITY = {"adaptive": 1.185495}


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


@pytest.mark.parametrize("name", PLAIN)
class TestEveryLoss:
    def test_is_a_scalar_that_grows_with_the_noise(self, name):
        clean, error = noise(2, 3, 48, 48), noise(2, 3, 48, 48, seed=1) - 0.5
        little, much = (LOSSES.build(name)(clean + scale * error, clean) for scale in (0.02, 0.3))
        assert little.shape == ()
        assert 0 < little < much

    def test_is_nearly_zero_for_equal_images(self, name):
        image = noise(1, 3, 48, 48)
        answer = AT_EQUALITY.get(name, 0)
        assert LOSSES.build(name)(image, image).item() == pytest.approx(answer, abs=1e-6)

    def test_of_a_batch_is_the_mean_over_its_images(self, name):
        estimates, targets = noise(3, 3, 40, 48), noise(3, 3, 40, 48, seed=1)
        loss = LOSSES.build(name)
        alone = [loss(estimates[[i]], targets[[i]]).item() for i in range(3)]
        assert loss(estimates, targets).item() == pytest.approx(np.mean(alone), rel=1e-5)

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

    def test_has_a_finite_gradient_at_the_smallest_side_and_names_it_below(self, name):
        side = SMALLEST_PX.get(name, 1)
        shape = (1, 3, side, side)
        assert torch.isfinite(gradient(name, noise(*shape), noise(*shape, seed=1))).all()
        if side > 1:
            small = noise(1, 3, side - 1, 40)
            with pytest.raises(
                UplappError, match=f"40x{side - 1} px is too small.*each side needs {side} px or more"
            ):
                LOSSES.build(name)(small, small)

    def test_takes_volumes_or_says_that_it_does_not(self, name):
        clean, error = noise(1, 3, 16, 17, 18), noise(1, 3, 16, 17, 18, seed=1) - 0.5
        if name in VOLUMES:
            little, much = (LOSSES.build(name)(clean + scale * error, clean) for scale in (0.02, 0.3))
            assert 0 < little < much
            for estimate in (clean, 1 - clean, torch.full_like(clean, 0.5)):
                assert torch.isfinite(gradient(name, estimate, clean)).all()
        else:
            with pytest.raises(UplappError, match=r"\(B,C,H,W\)"):
                LOSSES.build(name)(clean, clean)

    def test_refuses_an_option_it_does_not_have(self, name):
        with pytest.raises(UplappError, match=f"loss '{name}' has no option 'mood'; its options are: "):
            LOSSES.build(name, mood="blue")

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


def test_ssim_of_volumes_agrees_with_scikit_image_away_from_the_border():
    clean = noise(1, 2, 20, 24, 31)
    noisy = 0.3 * noise(1, 2, 20, 24, 31, seed=1) + 0.7 * clean
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    answers = [
        structural_similarity(clean[0, c].numpy(), noisy[0, c].numpy(), full=True, **options)[1]
        for c in range(2)
    ]
    inside = (slice(5, -5),) * 3
    answer = np.mean([similarity[inside] for similarity in answers])
    assert ssim(noisy, clean).item() == pytest.approx(answer, abs=1e-4)


def test_ssim_of_a_volume_that_repeats_one_slice_is_that_of_the_slice():
    clean, noisy = noise(2, 1, 20, 24).double(), noise(2, 1, 20, 24, seed=1).double()
    stacks = [image[:, :, None].expand(-1, -1, 15, -1, -1) for image in (noisy, clean)]
    torch.testing.assert_close(ssim(*stacks), ssim(noisy, clean))


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


def published_flip_of_luminance(reference: np.ndarray, test: np.ndarray, ppd: float) -> np.ndarray:
    """FLIP of three equal linear channels without points, by full 2-D filters (Andersson et al. 2020)."""

    def grid(radius: int) -> tuple[np.ndarray, np.ndarray]:
        return np.meshgrid(np.arange(-radius, radius + 1), np.arange(-radius, radius + 1))

    def lightness(image: np.ndarray) -> np.ndarray:
        x, y = grid(int(np.ceil(3 * np.sqrt(0.04 / (2 * np.pi**2)) * ppd)))
        sensitivity = np.exp(-(np.pi**2) * (x**2 + y**2) / ppd**2 / 0.0047)
        seen = correlate(image, sensitivity / sensitivity.sum(), mode="nearest").clip(0, 1)
        cube = np.where(seen > (6 / 29) ** 3, np.cbrt(seen), seen * (29 / 6) ** 2 / 3 + 4 / 29)
        return 116 * cube - 16

    def edges(image: np.ndarray) -> np.ndarray:
        sd = 0.5 * 0.082 * ppd
        x, y = grid(int(np.ceil(3 * sd)))
        kernel = -x * np.exp(-(x**2 + y**2) / (2 * sd**2))
        kernel /= kernel[kernel > 0].sum()
        return np.hypot(correlate(image, kernel, mode="nearest"), correlate(image, kernel.T, mode="nearest"))

    knee, most = 0.4 * 203.3017**0.7, 203.3017**0.7
    error = np.abs(lightness(reference) - lightness(test)) ** 0.7
    colour = np.where(error < knee, 0.95 * error / knee, 0.95 + 0.05 * (error - knee) / (most - knee))
    feature = np.sqrt(np.abs(edges(reference) - edges(test)) / np.sqrt(2))
    return colour ** (1 - feature)


@pytest.mark.parametrize("ppd", [67.02064327658225, 30.0])
@pytest.mark.parametrize("contrast", [0.05, 1.0])
def test_grey_flip_is_the_published_one_of_equal_channels_without_points(ppd, contrast):
    clean = correlate(noise(50, 61).double().numpy(), np.full((4, 4), 1 / 16), mode="nearest")
    noisy = (clean + contrast * (noise(50, 61, seed=1).double().numpy() - 0.5)).clip(0, 1)
    ours = flip_gray_map(*(torch.from_numpy(image)[None, None] for image in (noisy, clean)), ppd)
    np.testing.assert_allclose(ours[0].numpy(), published_flip_of_luminance(clean, noisy, ppd), atol=1e-4)


@pytest.mark.parametrize(("dark", "bright"), [(0.0, 1.0), (0.1, 0.2), (0.001, 0.01), (0.4, 0.41)])
def test_grey_flip_of_flat_images_agrees_with_flip_evaluator(dark, bright):
    linear = [np.full((40, 40, 3), level, dtype=np.float32) for level in (dark, bright)]
    encoded = [np.where(x > 0.0031308, 1.055 * x ** (1 / 2.4) - 0.055, 12.92 * x) for x in linear]
    _, answer, _ = flip_evaluator.evaluate(*(x.astype(np.float32) for x in encoded), "LDR", applyMagma=False)
    ours = LOSSES.build("flip_gray")(*(torch.from_numpy(x).permute(2, 0, 1)[None] for x in linear))
    assert ours.item() == pytest.approx(answer, abs=1e-4)


def test_grey_flip_sees_the_luminance_of_colour():
    estimate, target = noise(1, 3, 40, 40), noise(1, 3, 40, 40, seed=1)
    share = torch.tensor([2613072, 8788810, 887015]).view(1, 3, 1, 1) / 12288897
    grey = [(image * share).sum(dim=1, keepdim=True) for image in (estimate, target)]
    torch.testing.assert_close(flip_gray_map(estimate, target), flip_gray_map(*grey), atol=1e-4, rtol=0)
    three = [image.expand(-1, 3, -1, -1) for image in grey]
    torch.testing.assert_close(flip_gray_map(*three), flip_gray_map(*grey), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["flip", "flip_gray"])
@pytest.mark.parametrize("ppd", [0, -67, float("nan"), "far", True])
def test_flip_refuses_an_impossible_viewing_distance(name, ppd):
    with pytest.raises(UplappError, match=f"ppd is {ppd!r}; it needs a number from 1.0 to 1000.0"):
        LOSSES.build(name, ppd=ppd)


def test_an_unknown_loss_or_option_lists_the_choices():
    with pytest.raises(
        UnknownName, match="unknown loss 'l3'; choose one of: adaptive, cross_entropy, dagan, flip, "
    ):
        LOSSES.build("l3")
    with pytest.raises(UplappError, match="loss 'flip' has no option 'pdd'; its options are: ppd"):
        LOSSES.build("flip", pdd=60)
