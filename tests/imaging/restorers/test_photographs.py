"""Classical denoising of photographs: noise falls, tiles leave no seam, outside references agree."""

import numpy as np
import pytest
import torch
from skimage import restoration

from tests.imaging.measured import SIGMA, noisy, photograph, psnr
from uplapp.errors import Cancelled
from uplapp.imaging.restorers import photographs
from uplapp.imaging.restorers.photographs import estimate_noise, nlm, tv, wavelet

METHODS = pytest.mark.parametrize("method", [nlm, wavelet, tv])


@pytest.fixture(scope="module")
def colour():
    return photograph(3, 200, 220)


@pytest.fixture
def small_tiles(monkeypatch):
    for name in ("NLM", "WAVELET", "TV"):
        monkeypatch.setattr(photographs, f"{name}_TILE_PX", 110)


@METHODS
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [SIGMA, None], ids=["given", "estimated"])
def test_noise_falls_by_five_decibels_with_sigma_given_or_estimated(colour, method, channels, sigma):
    clean = colour[:channels]
    restored = method(noisy(clean), sigma)
    assert restored.shape == clean.shape
    assert restored.dtype == torch.float32
    assert 0 <= restored.min() <= restored.max() <= 1
    assert psnr(restored, clean) > psnr(noisy(clean).clamp(0, 1), clean) + 5


@METHODS
def test_a_flat_picture_without_noise_stays_as_it_is(method):
    flat = torch.full((1, 40, 50), 0.25)
    torch.testing.assert_close(method(flat, None), flat, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("method", "tolerance"), [(nlm, 1e-3), (wavelet, 0.03), (tv, 5e-3)])
def test_tiles_give_nearly_what_the_whole_picture_gives(colour, method, tolerance, request):
    spoilt = noisy(colour[:1])
    whole = method(spoilt, SIGMA)
    request.getfixturevalue("small_tiles")
    assert (method(spoilt, SIGMA) - whole).square().mean().sqrt() < tolerance


@METHODS
def test_no_seam_stands_out_between_tiles(colour, method, small_tiles):
    error = method(noisy(colour[:1]), SIGMA) - colour[:1]
    jumps = (error[0, 1:] - error[0, :-1]).abs().mean(dim=1)
    # Two tiles of 100 rows: the jump between them is one among the others.
    assert jumps[99] < 1.5 * jumps[90:109].median()


@METHODS
def test_every_tile_is_reported(colour, method, small_tiles):
    shares = []
    method(noisy(colour[:1]), SIGMA, shares.append)
    assert shares == [0.25, 0.5, 0.75, 1]


@METHODS
def test_a_report_that_raises_ends_the_work_at_once(colour, method, small_tiles):
    shares = []

    def stop(share: float) -> None:
        shares.append(share)
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        method(noisy(colour[:1]), SIGMA, stop)
    assert len(shares) == 1


@METHODS
@pytest.mark.parametrize("size", [(1, 8, 8), (3, 5, 300)])
def test_small_and_narrow_pictures_are_restored(method, size):
    assert method(torch.rand(size, generator=torch.Generator().manual_seed(0)), 0.1).shape == size


@METHODS
def test_an_input_is_left_as_it_was(colour, method):
    spoilt = noisy(colour[:1])
    before = spoilt.clone()
    method(spoilt, SIGMA)
    assert torch.equal(spoilt, before)


def test_the_estimate_of_white_noise_is_right_on_a_flat_picture():
    assert estimate_noise(noisy(torch.full((1, 256, 256), 0.5))) == pytest.approx(SIGMA, rel=0.02)


def test_total_variation_agrees_with_scikit_image_at_the_weight_of_the_table(colour):
    spoilt = noisy(colour[:1])
    weight = (0.65 + 1.3 * SIGMA) * SIGMA
    outside = restoration.denoise_tv_chambolle(spoilt[0].numpy(), weight=weight).clip(0, 1)
    np.testing.assert_allclose(tv(spoilt, SIGMA)[0].numpy(), outside, atol=1e-6)
