"""Every method of RESTORERS: it takes what its row says, stops when it is asked to, refuses wrong options."""

import math

import pytest
import torch
from torch import nn

from tests.imaging.measured import SIGMA, photograph_case, psnr, slice_case, volume_case
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.physics import of_pixels, to_image
from uplapp.imaging.restorers import RESTORERS, photographs
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.network import NetworkRestorer, restore_by_tiles
from uplapp.imaging.restorers.restorer import unwatched

CASES = {
    "grey pixels": lambda: photograph_case(1),
    "colour pixels": lambda: photograph_case(3),
    "one coil's kspace": slice_case,
    "four coils' kspace": lambda: slice_case(coils=4),
    "a magnitude volume": volume_case,
}


def kind_of(case: str) -> tuple[str, int]:
    """The operator of a case by its name, and its number of axes."""
    return ("magnitude", 3) if "volume" in case else ("kspace" if "kspace" in case else "pixels", 2)


CLASSICAL = [name for name, entry in RESTORERS.items() if entry.kind == "classical"]
TAKEN = [(method, case) for method in CLASSICAL for case in CASES if RESTORERS[method].takes(*kind_of(case))]
EACH = pytest.mark.parametrize(("method", "case"), TAKEN)
PHOTOGRAPHIC = pytest.mark.parametrize("method", ["nlm", "wavelet", "tv"])


class Dimming(nn.Module):
    """A network of any number of axes that halves what it sees."""

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return seen / 2


class Blurring(nn.Module):
    """A network that sees one pixel around each."""

    channels, receptive_radius, multiple = 1, 1, 2

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        kernel = torch.arange(1.0, 10).reshape(1, 1, 3, 3) / 45
        return nn.functional.conv2d(seen, kernel, padding=1)


@EACH
def test_a_method_restores_what_its_row_says_that_it_takes(method, case):
    given = CASES[case]()
    restored = RESTORERS.build(method).restore(given, unwatched)
    assert restored.shape == given.seen.shape
    assert restored.dtype == torch.float32
    assert 0 <= restored.min() <= restored.max() <= 1
    gain = psnr(restored, given.reference) - psnr(given.seen.clamp(0, 1), given.reference)
    assert gain == 0 if method == "zero_filled" else gain > 0.5


@EACH
def test_a_method_reports_rising_shares_up_to_one(method, case):
    shares = []

    def watch(share, text, preview=None):
        shares.append(share)
        return True

    RESTORERS.build(method).restore(CASES[case](), watch)
    assert shares == sorted(shares)
    assert shares[-1] == 1


@EACH
def test_a_method_stops_where_its_watch_says_so(method, case):
    with pytest.raises(Cancelled, match="stopped"):
        RESTORERS.build(method).restore(CASES[case](), lambda share, text, preview=None: False)


@pytest.mark.parametrize(
    ("method", "operator", "axes"),
    [
        ("nlm", "kspace", 2),
        ("zero_filled", "pixels", 2),
        ("tv", "pixels", 3),
        ("tv", "projections", 2),
        ("gaussian", "magnitude", 2),
    ],
)
def test_a_row_does_not_take_what_it_does_not_name(method, operator, axes):
    assert not RESTORERS[method].takes(operator, axes)


@pytest.mark.parametrize("operator", ["pixels", "kspace", "projections"])
@pytest.mark.parametrize("axes", [2, 3])
def test_a_network_may_take_any_measurement_of_slices_and_volumes(operator, axes):
    assert RESTORERS["network"].takes(operator, axes)


@pytest.mark.parametrize("sigma", [-1, 256, math.nan, math.inf, "25", True])
@PHOTOGRAPHIC
def test_a_sigma_that_cannot_be_is_refused_in_one_sentence(method, sigma):
    with pytest.raises(UplappError, match=r"^sigma is .*; it needs a number from 0 to 255$"):
        RESTORERS.build(method, sigma=sigma)


@pytest.mark.parametrize("weight", [-0.1, math.nan, "little"])
@pytest.mark.parametrize("method", ["wavelet", "tv"])
def test_a_weight_that_cannot_be_is_refused_in_one_sentence(method, weight):
    with pytest.raises(UplappError, match=r"^weight is .*; it needs a number from 0 up$"):
        RESTORERS.build(method, weight=weight)


@pytest.mark.parametrize("method", CLASSICAL)
def test_an_option_that_a_method_does_not_have_is_refused_with_those_that_it_has(method):
    with pytest.raises(UplappError, match=rf"^method '{method}' has no option 'speed'; its options are: "):
        RESTORERS.build(method, speed=1)


@PHOTOGRAPHIC
class TestTheNoiseOfAPhotograph:
    def test_is_used_where_the_measurement_knows_it(self, method):
        restored = RESTORERS.build(method).restore(photograph_case(1, noise=0.2), unwatched)
        named = RESTORERS.build(method, sigma=0.2 * 255).restore(photograph_case(1, noise=None), unwatched)
        torch.testing.assert_close(restored, named)

    def test_is_what_a_person_says_before_what_the_measurement_knows(self, method):
        given = RESTORERS.build(method, sigma=60)
        restored = given.restore(photograph_case(1, noise=SIGMA), unwatched)
        torch.testing.assert_close(restored, given.restore(photograph_case(1, noise=None), unwatched))

    def test_is_estimated_where_nobody_knows_it(self, method):
        case = photograph_case(1, noise=None)
        estimated = getattr(photographs, method)(case.seen, photographs.estimate_noise(case.seen))
        torch.testing.assert_close(RESTORERS.build(method).restore(case, unwatched), estimated)


@pytest.mark.parametrize("method", ["wavelet", "tv"])
def test_a_larger_weight_makes_a_slice_smoother(method):
    case = slice_case()
    little, much = (
        RESTORERS.build(method, weight=weight).restore(case, unwatched) for weight in (0.001, 0.03)
    )
    assert much.diff(dim=-1).abs().sum() < little.diff(dim=-1).abs().sum()


class TestANetwork:
    def test_has_the_measured_samples_put_back(self):
        case = slice_case()
        restored = NetworkRestorer(Dimming()).restore(case, unwatched)
        torch.testing.assert_close(restored, consistent(case.seen.clamp(0, 1) / 2, case.measurement))
        assert psnr(restored, case.reference) > psnr(case.seen, case.reference)

    def test_has_its_own_word_without_consistency(self):
        case = slice_case()
        restored = NetworkRestorer(Dimming(), consistency=False).restore(case, unwatched)
        torch.testing.assert_close(restored, (case.seen / 2).clamp(0, 1))

    @pytest.mark.parametrize("size", [(3, 20, 30), (1, 12, 14, 16)], ids=["photograph", "volume"])
    def test_restores_pixels_of_two_and_three_axes(self, size):
        seen = torch.rand(size, generator=torch.Generator().manual_seed(0))
        case = Case("pixels", "denoise", of_pixels(seen))
        torch.testing.assert_close(NetworkRestorer(Dimming()).restore(case, unwatched), seen / 2)

    def test_leaves_no_seam_between_its_tiles(self):
        seen = torch.rand(1, 70, 90, generator=torch.Generator().manual_seed(0))
        whole, tiled = (restore_by_tiles(Blurring(), seen, tile_px=side) for side in (640, 32))
        torch.testing.assert_close(tiled, whole)

    def test_stops_where_its_watch_says_so(self):
        with pytest.raises(Cancelled, match="stopped"):
            NetworkRestorer(Dimming()).restore(slice_case(), lambda share, text, preview=None: False)


def test_zero_filling_is_the_magnitude_of_the_measured_samples():
    case = slice_case()
    restored = RESTORERS.build("zero_filled").restore(case, unwatched)
    magnitude = to_image(case.measurement.data).abs()
    torch.testing.assert_close(restored, magnitude.clamp(0, 1))
