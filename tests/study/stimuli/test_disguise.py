"""Pictures of catch trials that pixels do not tell."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import data
from skimage.metrics import structural_similarity

from uplapp.study.stimuli.disguise import GRAIN_STEP, disguised
from uplapp.values import GRAIN, SPOT

RNG = np.random.default_rng(7)
PICTURES = {
    "photograph": data.astronaut()[40:240, 60:380],
    "grey": np.full((120, 160), 128, np.uint8),
    "dark": np.zeros((120, 160), np.uint8),
    "noise": RNG.integers(0, 256, (96, 128, 3), dtype=np.uint8),
}


@pytest.fixture(params=PICTURES)
def reference(request):
    return PICTURES[request.param]


def change(reference, name, seed=3):
    return disguised(reference, name, seed).astype(float) - reference


def seen(difference):
    """The greatest change after the blur of an eye that does not resolve single pixels."""
    flat = difference.reshape(*difference.shape[:2], -1).mean(axis=2)
    return np.abs(gaussian_filter(flat - flat.mean(), 3)).max()


def test_the_grain_moves_each_grey_value_by_its_step_inwards_at_the_ends():
    column = np.array([[0], [2], [128], [253], [255]], np.uint8)
    assert change(column, GRAIN).ravel()[[0, 1, 3, 4]].tolist() == [GRAIN_STEP, GRAIN_STEP, -1, -1]
    assert abs(change(column, GRAIN)[2, 0]) == GRAIN_STEP


def test_both_sides_differ_from_the_reference_nearly_everywhere(reference):
    assert all((change(reference, name) == 0).mean() < 1e-3 for name in (GRAIN, SPOT))


def test_every_mean_over_pixels_takes_the_grain_for_the_greater_change(reference):
    grain, spot = (change(reference, name) for name in (GRAIN, SPOT))
    assert np.abs(spot).mean() < np.abs(grain).mean()
    assert np.square(spot).mean() < np.square(grain).mean()


def test_an_outside_measure_of_structure_takes_the_grain_for_the_worse_one():
    reference = PICTURES["photograph"]
    grain, spot = (
        structural_similarity(reference, disguised(reference, name, 3), channel_axis=2)
        for name in (GRAIN, SPOT)
    )
    assert grain < spot


@pytest.mark.parametrize("name", ["photograph", "grey", "dark"])
def test_an_eye_sees_the_spot_change_ten_times_as_much(name):
    assert seen(change(PICTURES[name], SPOT)) > 10 * seen(change(PICTURES[name], GRAIN))


def test_the_same_seed_makes_the_same_picture_and_another_another():
    reference = PICTURES["grey"]
    assert (change(reference, SPOT, 3) == change(reference, SPOT, 3)).all()
    assert (change(reference, SPOT, 3) != change(reference, SPOT, 4)).any()
