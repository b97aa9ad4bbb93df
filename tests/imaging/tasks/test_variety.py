"""Slices bent and recoloured for training: the geometry against scipy, the curves by their laws."""

import numpy as np
import pytest
from scipy import ndimage

from uplapp.imaging.tasks import variety
from uplapp.imaging.tasks.variety import bend, recolour

SEEDS = range(20)


def blob(shape, centre=(0.0, 0.0), width=8.0):
    """A smooth spot (H,W) with its peak so many pixels from the centre."""
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in shape)
    distance = (rows[:, None] - centre[0]) ** 2 + (columns - centre[1]) ** 2
    return np.exp(-distance / (2 * width**2)).astype(np.float32)


def still(monkeypatch, **changes):
    """Take chance out of the bending, but for what is named."""
    for name in ("TURN_DEGREES", "STRETCH", "SHEAR"):
        monkeypatch.setattr(variety, name, changes.get(name, 0.0))
    monkeypatch.setattr(variety, "MOST_SHRUNK", changes.get("MOST_SHRUNK", 1.0))


@pytest.mark.parametrize(
    ("shape", "size"), [((60, 80), (60, 80)), ((60, 80), (96, 128)), ((60, 80), (40, 50))]
)
def test_what_is_not_bent_is_cropped_or_padded_about_its_centre(shape, size, monkeypatch):
    still(monkeypatch)
    plane = np.random.default_rng(0).random(shape, dtype=np.float32)
    held = bend(plane, size, np.random.default_rng(1))
    expected = np.zeros((200, 200), np.float32)
    top, left = ((200 - side) // 2 for side in shape)
    expected[top : top + shape[0], left : left + shape[1]] = plane
    top, left = ((200 - side) // 2 for side in size)
    np.testing.assert_allclose(held, expected[top : top + size[0], left : left + size[1]], atol=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_centre_stays(seed):
    bent = bend(blob((101, 141)), (121, 97), np.random.default_rng(seed))
    np.testing.assert_allclose(ndimage.center_of_mass(bent), (60, 48), atol=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_bending_is_that_of_scipy(seed, monkeypatch):
    still(monkeypatch, TURN_DEGREES=15.0, STRETCH=0.25, SHEAR=0.1)
    plane, size = blob((101, 141), (12.0, -20.0)), (121, 97)
    bent = bend(plane, size, np.random.default_rng(seed))
    random = np.random.default_rng(seed)
    angle = np.deg2rad(random.uniform(-15, 15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, random.uniform(-0.1, 0.1)], [0, 1]])
    random.random()
    across_down = turn @ shear @ np.diag(np.exp(random.uniform(-0.25, 0.25, size=2)))
    down_across = across_down[::-1, ::-1]
    offset = (np.array(plane.shape) - 1) / 2 - down_across @ ((np.array(size) - 1) / 2)
    expected = ndimage.affine_transform(plane, down_across, offset, output_shape=size, order=3)
    # Cubic convolution here, cubic splines there.
    np.testing.assert_allclose(bent, expected, atol=0.01)


def test_a_plane_is_shrunk_until_all_of_it_is_seen_and_no_further(monkeypatch):
    still(monkeypatch, MOST_SHRUNK=10.0)
    plane = np.ones((200, 100), np.float32)
    shares = [(bend(plane, (100, 100), np.random.default_rng(seed)) > 0.5).mean() for seed in range(200)]
    # Shrunk to the half it covers half the width, unshrunk all of it.
    assert 0.5 <= min(shares) < 0.55
    assert 0.95 < max(shares) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_recolouring_is_a_function_of_brightness_that_keeps_black(seed):
    plane = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    recoloured, mirrored = (recolour(each, np.random.default_rng(seed)) for each in (plane, plane[::-1]))
    assert np.array_equal(recoloured, mirrored[::-1])
    assert recoloured[0, 0] == 0
    assert 0 <= recoloured.min() <= recoloured.max() <= 1
    assert recoloured.dtype == np.float32


def test_half_of_the_slices_keep_their_brightness_and_some_curves_fall():
    plane = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    planes = [recolour(plane, np.random.default_rng(seed)) for seed in range(400)]
    kept = np.mean([np.array_equal(plane, each) for each in planes])
    # 400 fair draws: four standard errors are .1.
    assert kept == pytest.approx(0.5, abs=0.1)
    falling = np.mean([(np.diff(each.ravel()) < 0).any() for each in planes])
    assert 0.1 < falling < 0.5
