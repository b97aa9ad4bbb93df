import io

import numpy as np
import pytest
from PIL import Image

from tests.study.tiny import NOW, open_tiny
from uplapp.study.session import joining, session
from uplapp.study.stimuli.stimuli import boost

REFERENCE = np.full((4, 6, 3), 100, np.uint8)


def test_amplification_doubles_the_difference_from_the_reference_and_clips():
    pixels = REFERENCE.copy()
    pixels[0, 0], pixels[1, 1], pixels[2, 2] = 110, 70, 255
    boosted = boost(pixels, REFERENCE, 1, 2)
    assert (boosted[0, 0, 0], boosted[1, 1, 0], boosted[2, 2, 0], boosted[3, 3, 0]) == (120, 40, 255, 100)


def test_a_picture_without_a_difference_stays_the_reference():
    assert np.array_equal(boost(REFERENCE, REFERENCE, 1, 2), REFERENCE)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_zoom_doubles_both_sides_and_keeps_what_is_even(shape):
    assert np.array_equal(
        boost(np.full(shape, 37, np.uint8), np.zeros(shape, np.uint8), 2, 1),
        np.full((10, 14, *shape[2:]), 37, np.uint8),
    )


def test_an_observer_of_a_boosted_study_gets_boosted_pictures_of_the_size_that_was_told(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", zoom=2, amplification=2, practice=0, catch=0)
    who = joining.join(store, study, "1", NOW)
    shown = session.state(store, study, who).trial
    trial = session.reveal(store, shown.token)
    png = session.picture(store, study, who, shown.left)
    plain = study.stimuli.pixels(trial.scene, trial.left)
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (shown.width, shown.height) == (2 * plain.shape[1], 2 * plain.shape[0])
        wanted = boost(plain, study.stimuli.pixels(trial.scene, "reference"), 2, 2)
        assert np.array_equal(np.asarray(image), wanted)
