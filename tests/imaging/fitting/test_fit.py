"""The fitting loop: the same seed gives the same picture, held-out data stop it, a person stops it."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from tests.imaging.scans import head
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.fitting.inputs import LATENTS, draw_latent, join, parse_grid, patch_size, split
from uplapp.imaging.fitting.loop import FitRecipe, fit
from uplapp.imaging.fitting.targets import make_target
from uplapp.imaging.fitting.trust import Stability, psnrs, stability, variation
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.physics.kspace import to_kspace
from uplapp.imaging.physics.measurement import Measurement, Sampling, of_pixels

SMALL = partial(NETWORKS.build, "deep_decoder", k=16, l=3, s=8)
MARKS = tuple(range(20, 1000, 20))
SHORT = FitRecipe(iterations=30, inputs="uniform")


@pytest.fixture(scope="module")
def clean() -> torch.Tensor:
    return torch.from_numpy(head(48, 40)).float()[None]


@pytest.fixture(scope="module")
def noisy(clean) -> torch.Tensor:
    return clean + 0.2 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))


def fitted(picture, recipe=SHORT, listener=None, held_out=0.0, **network):
    target = make_target(of_pixels(picture), held_out)
    return fit(partial(SMALL, channels=picture.shape[0], **network), target, recipe, listener)


def test_the_same_seed_gives_the_same_picture_to_the_bit(clean):
    recipe = replace(SHORT, jitter=0.05, average=0.5, starts=2)
    assert torch.equal(fitted(clean, recipe).pictures, fitted(clean, recipe).pictures)
    assert not torch.equal(fitted(clean, recipe).mean, fitted(clean, replace(recipe, seed=9)).mean)


def test_a_fit_draws_nothing_from_the_global_generator(clean):
    before = torch.get_rng_state()
    fitted(clean)
    assert torch.equal(before, torch.get_rng_state())


def test_the_second_start_of_a_seed_is_the_first_of_the_next(clean):
    together = fitted(clean, replace(SHORT, starts=2, seed=4)).pictures
    assert torch.equal(together[1], fitted(clean, replace(SHORT, seed=5)).pictures[0])


def test_a_longer_fit_is_nearer_and_a_mark_shows_the_shorter_one(clean):
    long = fitted(clean, replace(SHORT, iterations=200, marks=(30,)))
    assert torch.equal(long.marked[30], fitted(clean).pictures)
    near, far = (float((picture - clean).square().mean()) for picture in (long.mean, long.marked[30][0]))
    assert near < far / 2


@pytest.mark.parametrize("grid", [(1, 1), (2, 2), (3, 3), (4, 5)])
def test_every_grid_of_patches_is_put_together_again(grid):
    image = torch.rand(3, 25, 31)
    patches = split(image, grid)
    assert patches.shape == (grid[0] * grid[1], 3, *patch_size((25, 31), grid))
    assert torch.equal(join(patches, grid, (25, 31)), image)


@pytest.mark.parametrize("grid", [(2, 2), (3, 3)])
def test_patches_are_fitted_as_one_batch(clean, grid):
    long = fitted(clean, replace(SHORT, grid=grid, iterations=150))
    assert long.mean.shape == clean.shape
    assert float((long.mean - clean).square().mean()) < float((clean - clean.mean()).square().mean()) / 3


@pytest.mark.parametrize("text", ["", "2", "2x", "0x2", "axb", "-1x2"])
def test_a_grid_that_is_none_is_refused(text):
    with pytest.raises(UplappError, match="it needs rows x columns"):
        parse_grid(text)


def test_more_patches_than_pixels_are_refused():
    with pytest.raises(UplappError, match="an image of 31x3 px cannot be cut into 4x5 patches"):
        patch_size((3, 31), (4, 5))


@pytest.mark.parametrize("kind", LATENTS)
def test_inputs_lie_in_the_unit_range_and_come_with_their_seed(kind):
    first, again, other = (draw_latent(kind, 5, (6, 7), seed) for seed in (1, 1, 2))
    assert first.shape == (5, 6, 7)
    assert first.dtype == torch.float32
    assert 0 <= first.min() < first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("kind", ["uniform_interpolated", "blur_interpolated"])
def test_interpolated_channels_lie_on_a_line(kind):
    latent = draw_latent(kind, 5, (6, 7), 0)
    torch.testing.assert_close(latent[2], (latent[0] + latent[4]) / 2)


def test_blurred_inputs_are_the_uniform_ones_smoothed():
    sharp, blurred = (draw_latent(kind, 3, (40, 40), 0) for kind in ("uniform", "blur"))
    assert blurred.mean() == pytest.approx(float(sharp.mean()), abs=0.01)
    assert blurred.std() < 0.6 * sharp.std()


def test_held_out_data_stop_a_fit_near_its_best(clean, noisy):
    recipe = replace(SHORT, iterations=1000, held_out=0.1, average=0.9, patience=50)
    wide = {"k": 48, "l": 2, "s": 4}
    stopped = fitted(noisy, recipe, held_out=0.1, **wide)
    assert stopped.ended == "held-out error"
    assert stopped.iterations < 1000
    assert stopped.best[0] < stopped.iterations
    endless = fitted(noisy, replace(recipe, held_out=0.0, iterations=1000), **wide)
    assert float(psnrs(stopped.pictures, clean)) > float(psnrs(endless.pictures, clean))
    path = fitted(noisy, replace(recipe, held_out=0.0, marks=MARKS), **wide).marked
    assert (
        float(psnrs(stopped.pictures, clean)) > max(float(psnrs(one, clean)) for one in path.values()) - 1.5
    )


def test_a_listener_ends_a_fit_which_keeps_what_it_has(clean):
    ended = fitted(clean, replace(SHORT, iterations=500), lambda state: state.iteration < 30)
    assert ended.ended == "stopped"
    assert ended.iterations == 30
    assert torch.equal(ended.pictures, fitted(clean).pictures)


def test_the_curve_says_what_the_fit_went_through(clean):
    curve = fitted(clean, held_out=0.1, recipe=replace(SHORT, held_out=0.1)).curve
    assert curve.iterations == tuple(range(1, 31))
    assert curve.losses[-1] < curve.losses[0]
    assert all(0 < error < 1 for error in curve.held_out)


def test_a_rate_that_is_too_high_is_said_to_be(clean):
    with pytest.raises(UplappError, match=r"the fit diverged at iteration .*; give a lower rate"):
        fitted(clean * float("nan"))


@pytest.mark.parametrize("changes", [{"iterations": 0}, {"starts": 0}])
def test_no_iteration_and_no_start_are_refused(clean, changes):
    with pytest.raises(UplappError, match="1 iteration and 1 start or more"):
        fitted(clean, replace(SHORT, **changes))


def kspace_of(picture: torch.Tensor, mask: torch.Tensor) -> Measurement:
    data = to_kspace(torch.complex(picture, 0.3 * picture)) * mask
    return Measurement(picture, Sampling(mask), data)


def test_a_mask_that_hides_everything_is_refused(clean):
    with pytest.raises(BadImage, match="nothing of the image was measured, the mask hides everything"):
        make_target(kspace_of(clean, torch.zeros(40, dtype=torch.bool)))


def test_kspace_is_put_back_into_the_picture(clean):
    everything = kspace_of(clean, torch.ones(40, dtype=torch.bool))
    made = fit(partial(SMALL, channels=2, sigmoid=False), make_target(everything), SHORT)
    expected = clean * (1 + 0.3**2) ** 0.5
    torch.testing.assert_close(made.mean, expected.clamp(0, 1), atol=1e-5, rtol=0)


def test_the_middle_of_kspace_is_never_held_out(clean):
    target = make_target(kspace_of(clean, torch.ones(40, dtype=torch.bool)), held_out=0.5)
    assert target.held[..., 16:32, 12:28].sum() == 0
    assert target.held.mean() == pytest.approx(0.5 * (1 - 16 * 16 / (48 * 40)), abs=0.04)
    assert torch.equal(target.held + target.fitted, torch.ones(1, 48, 40))


def test_starts_that_agree_are_stable_and_others_are_not(clean):
    pair = fitted(clean, replace(SHORT, starts=2))
    known = stability(pair, clean)
    assert known == Stability(variation(psnrs(pair.pictures, clean)), by_reference=True)
    assert not stability(pair, None).by_reference
    assert stability(fitted(clean), clean) is None
    assert pair.deviation.shape == clean.shape
    assert Stability(0.051, True).unstable
    assert not Stability(0.05, True).unstable
    assert Stability(0.051, True).sentence.startswith("unstable: ")


def test_the_coefficient_of_variation_is_the_deviation_over_the_mean():
    assert variation(torch.tensor([30.0, 30.0, 34.0, 34.0])) == pytest.approx(2 / 32)
