"""Classical restoration of gaps and of small pictures: nearer than the input, exact where it can be."""

import pytest
import torch

from tests.imaging.measured import photograph, psnr
from uplapp.errors import Cancelled
from uplapp.imaging.case import Case
from uplapp.imaging.physics import MissingPixels, SmallerImage, of_visible
from uplapp.imaging.restorers import RESTORERS, gaps
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.gaps import biharmonic, squared_norm, tv


@pytest.fixture(scope="module")
def clean():
    return photograph(3, 64, 70)


@pytest.mark.parametrize(
    ("degradation", "gain_db"),
    [
        (MissingPixels(0.5), 2),
        (MissingPixels(0.9), 0.5),
        (MissingPixels(0.5, 15), 3),
        (SmallerImage(2), 0.2),
        (SmallerImage(4), 0.4),
        (SmallerImage(3, "area"), 0.8),
        (SmallerImage(2, sigma=10), 0.3),
    ],
    ids=lambda value: getattr(value, "text", None),
)
def test_total_variation_is_nearer_than_what_was_seen(clean, degradation, gain_db):
    measurement = degradation.measure(clean)
    restored = tv(measurement)
    assert restored.shape == clean.shape
    assert psnr(restored, clean) > psnr(measurement.seen.clamp(0, 1), clean) + gain_db


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_thin_plate_is_nearer_still_and_keeps_what_is_visible(clean, share):
    measurement = MissingPixels(share).measure(clean)
    restored, visible = biharmonic(measurement), measurement.operator.mask.expand_as(clean)
    assert torch.equal(restored[visible], clean[visible])
    assert psnr(restored, clean) > psnr(tv(measurement), clean) + 0.3


def test_a_thin_plate_fills_a_ramp_exactly_however_wide_its_gap():
    ramp = torch.linspace(0, 1, 40).expand(1, 36, 40).contiguous()
    mask = torch.ones(1, 36, 40, dtype=torch.bool)
    mask[:, 5:31, 10:34] = False
    torch.testing.assert_close(biharmonic(of_visible(ramp, mask)), ramp, atol=1e-4, rtol=0)


def test_tiles_of_a_thin_plate_leave_no_seam(clean, monkeypatch):
    measurement = MissingPixels(0.5).measure(clean)
    monkeypatch.setattr(gaps, "TILE_PX", 24)
    tiled = biharmonic(measurement)
    monkeypatch.setattr(gaps, "TILE_PX", 100)
    assert (tiled - biharmonic(measurement)).abs().max() < 1e-3


def test_the_norm_of_an_operator_bounds_every_image(clean):
    measurement = SmallerImage(2).measure(clean)
    forward = measurement.operator.forward
    images = [clean, torch.ones_like(clean), clean - clean.mean()]
    assert all(
        forward(image).square().sum() <= squared_norm(measurement) * image.square().sum() for image in images
    )


@pytest.mark.parametrize("name", ["tv", "biharmonic"])
def test_whoever_watches_hears_all_and_can_stop_it(clean, name):
    case = Case("x", "inpaint", MissingPixels(0.5).measure(clean), clean)
    heard = []
    RESTORERS.build(name).restore(case, lambda share, text, preview: heard.append(share) or True)
    assert heard == sorted(heard)
    assert heard[-1] == 1
    with pytest.raises(Cancelled):
        RESTORERS.build(name).restore(case, lambda share, text, preview: False)


def test_bicubic_is_the_enlarged_picture(clean):
    measurement = SmallerImage(2).measure(clean)
    restored = RESTORERS.build("bicubic").restore(Case("x", "superresolution", measurement, clean))
    assert torch.equal(restored, measurement.seen.clamp(0, 1))


def test_a_network_has_the_visible_pixels_put_back(clean):
    measurement = MissingPixels(0.5).measure(clean)
    restored = consistent(torch.zeros_like(clean), measurement)
    assert torch.equal(restored, measurement.data)
    smaller = SmallerImage(2).measure(clean)
    assert consistent(clean, smaller) is clean


@pytest.mark.parametrize("method", ["deep_decoder", "conv_decoder", "deep_image_prior"])
@pytest.mark.parametrize("degradation", [MissingPixels(0.5), SmallerImage(2)], ids=["missing", "smaller"])
def test_a_fit_explains_the_data_and_the_visible_pixels_stay(clean, method, degradation):
    measurement = degradation.measure(clean[:, :32, :32].contiguous())
    case = Case("x", "inpaint", measurement)
    quick = {"k": 16, "l": 3, "held_out": 0.0, "average": 0.0}
    rough, near = (RESTORERS.build(method, iterations=count, **quick).restore(case) for count in (2, 30))
    misfits = [
        (measurement.operator.forward(picture) - measurement.data).square().mean()
        for picture in (rough, near)
    ]
    if isinstance(degradation, MissingPixels):
        assert misfits == [0, 0]
    else:
        assert misfits[1] < misfits[0] / 2
    assert near.shape == measurement.seen.shape
