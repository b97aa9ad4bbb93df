"""Error maps: FLIP as METRICS measures it, in the colours in which it was published."""

import io

import flip_evaluator
import numpy as np
import pytest
import torch
from PIL import Image

from uplapp.imaging.losses.flip import STRIP_PX, flip_map
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.metrics.error_maps import MAGMA, ErrorMap, colour_of, draw_error_map, encode_error_map


def pair(height: int = 60, width: int = 80, channels: int = 3):
    """A picture and the same with noise that grows from left to right."""
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(channels, height, width, generator=generator)
    noise = torch.randn(channels, height, width, generator=generator) * torch.linspace(0, 0.5, width)
    return (target + noise).clamp(0, 1), target


def test_equal_pictures_have_no_error():
    _, target = pair()
    error = draw_error_map(target, target)
    assert error.levels.max() == 0
    assert error.mean < 1e-6


def test_black_against_white_is_the_published_value_everywhere():
    error = draw_error_map(torch.zeros(3, 30, 30), torch.ones(3, 30, 30))
    assert error.mean == pytest.approx(0.96735, abs=1e-4)  # flip-evaluator 1.7
    assert np.unique(error.levels).tolist() == [round(0.96735 * 255)]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_mean_is_the_metric(channels):
    estimate, target = pair(channels=channels)
    metric = METRICS.build("flip")(estimate[None], target[None]).item()
    assert draw_error_map(estimate, target).mean == pytest.approx(metric, abs=1e-6)


def test_strips_leave_no_seam():
    estimate, target = pair(height=2 * STRIP_PX + 7, width=24)
    whole = (flip_map(estimate[None], target[None])[0] * 255).numpy()
    # Rounded to the nearest 255th; float32 may fall on either side of the middle between two.
    assert np.abs(draw_error_map(estimate, target).levels - whole).max() < 0.5 + 1e-3


def test_colours_are_those_that_the_publication_paints():
    estimate, target = (image.permute(1, 2, 0).numpy() for image in pair())
    values, _, _ = flip_evaluator.evaluate(target, estimate, "LDR", applyMagma=False)
    painted, _, _ = flip_evaluator.evaluate(target, estimate, "LDR", applyMagma=True)
    levels = np.round(values[..., 0] * 255).astype(np.uint8)
    assert len(np.unique(levels)) > 100
    assert np.abs(MAGMA[levels] - painted * 255).max() <= 0.5  # ours are rounded to 8 bits


def test_a_map_is_the_one_that_the_publication_paints():
    estimate, target = pair()
    reference, test = (image.permute(1, 2, 0).numpy() for image in (target, estimate))
    values, mean, _ = flip_evaluator.evaluate(reference, test, "LDR", applyMagma=False)
    error = draw_error_map(estimate, target)
    assert error.mean == pytest.approx(mean, abs=1e-4)
    assert np.abs(error.levels - values[..., 0] * 255).max() < 0.6


def test_a_file_shows_the_colours_and_keeps_the_levels():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    with Image.open(io.BytesIO(encode_error_map(ErrorMap(levels, 0.5)))) as picture:
        np.testing.assert_array_equal(np.asarray(picture), levels)
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), MAGMA.reshape(16, 16, 3))


def test_the_scale_gets_lighter_from_black_to_pale_yellow():
    assert (colour_of(0), colour_of(1)) == ("#000004", "#fcfdbf")  # matplotlib's ends of magma
    luma = MAGMA @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luma[::5]) > 0).all()  # neighbours may be equal but for rounding
