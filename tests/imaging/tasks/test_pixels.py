"""Photographs with missing pixels and too small ones: masks that people give, files as they are, batches."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from PIL import Image

from uplapp.errors import BadImage, UplappError
from uplapp.imaging.evaluation.job import read_case
from uplapp.imaging.physics import Downsampling, Enlargement, GaussianNoise, MaskImage, Missing, SmallerImage
from uplapp.imaging.tasks import TASKS

SIZE = (24, 30)


@pytest.fixture
def picture(tmp_path):
    """A file of random colours."""
    pixels = np.random.default_rng(0).integers(256, size=(*SIZE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "torn.png")
    return tmp_path / "torn.png"


@pytest.fixture
def mask(tmp_path):
    """Write a mask of bool, white where it is True."""

    def write(visible, name="mask.png"):
        Image.fromarray(np.asarray(visible, dtype=np.uint8) * 255).save(tmp_path / name)
        return tmp_path / name

    return write


def left_half() -> np.ndarray:
    visible = np.zeros(SIZE, dtype=bool)
    visible[:, :15] = True
    return visible


@pytest.mark.parametrize("name", ["mask.png", "mask.jpg"])
def test_white_of_a_mask_is_kept_and_black_is_missing(picture, mask, name):
    case = read_case(picture, "inpaint", MaskImage(mask(left_half(), name)))
    assert torch.equal(case.measurement.operator.mask[0], torch.from_numpy(left_half()))
    assert (case.reference, case.measurement.noise) == (None, None)
    assert case.measurement.data[:, :, 15:].count_nonzero() == 0
    assert case.degradation == MaskImage(picture.parent / name)


def test_pixels_that_are_not_opaque_are_missing(picture):
    alpha = np.where(left_half(), 255, 254).astype(np.uint8)
    Image.fromarray(np.dstack([np.asarray(Image.open(picture)), alpha])).save(picture)
    operator = read_case(picture, "inpaint", MaskImage()).measurement.operator
    assert torch.equal(operator.mask[0], torch.from_numpy(left_half()))


def test_a_mask_that_is_given_goes_before_what_is_opaque(picture, mask):
    alpha = np.full(SIZE, 255, dtype=np.uint8)
    Image.fromarray(np.dstack([np.asarray(Image.open(picture)), alpha])).save(picture)
    operator = read_case(picture, "inpaint", MaskImage(mask(left_half()))).measurement.operator
    assert torch.equal(operator.mask[0], torch.from_numpy(left_half()))


@pytest.mark.parametrize(
    ("visible", "sentence"),
    [
        (np.zeros(SIZE), r"mask\.png hides the whole picture; leave a part of it white"),
        (np.ones(SIZE), r"mask\.png hides nothing; make it black"),
        (np.eye(9), r"mask mask\.png is 9x9 px, the picture 30x24; make them equal"),
    ],
)
def test_a_mask_that_cannot_be_meant_is_refused_in_a_sentence(picture, mask, visible, sentence):
    with pytest.raises(BadImage, match=sentence):
        read_case(picture, "inpaint", MaskImage(mask(visible)))


@pytest.mark.parametrize("alpha", [None, 255, 0])
def test_a_picture_without_gaps_or_with_nothing_else_is_refused(picture, alpha):
    if alpha is not None:
        full = np.full(SIZE, alpha, dtype=np.uint8)
        Image.fromarray(np.dstack([np.asarray(Image.open(picture)), full])).save(picture)
    sentence = "hides the whole picture" if alpha == 0 else r"torn\.png comes without a mask"
    with pytest.raises(BadImage, match=sentence):
        read_case(picture, "inpaint", MaskImage())


@pytest.mark.parametrize("times", [2, 3, 4])
def test_a_small_picture_as_it_is_becomes_so_many_times_larger(picture, times):
    case = read_case(picture, "superresolution", Enlargement(times))
    assert case.seen.shape == (3, 24 * times, 30 * times)
    assert case.measurement.data.shape == (3, *SIZE)
    assert case.reference is None


@pytest.mark.parametrize(
    ("task", "value"),
    [("inpaint", Enlargement(2)), ("superresolution", MaskImage()), ("inpaint", GaussianNoise())],
)
def test_what_belongs_to_another_task_is_refused(picture, task, value):
    with pytest.raises(UplappError, match=f"does not fit the task '{task}'"):
        read_case(picture, task, value)


@pytest.mark.parametrize("task", ["inpaint", "superresolution"])
def test_a_picture_that_is_degraded_first_has_its_reference(picture, task):
    case = read_case(picture, task, TASKS[task].degrade(sigma=5))
    assert case.reference.shape == case.seen.shape == (3, *SIZE)
    assert asdict(case.degradation)["sigma"] == 5


@pytest.mark.parametrize(("task", "operator"), [("inpaint", Missing), ("superresolution", Downsampling)])
def test_a_batch_for_training_holds_the_data_that_its_operator_gives(task, operator):
    photographs = [np.random.default_rng(1).integers(256, size=(40, 44, 3), dtype=np.uint8)]
    batch = TASKS[task].pairs(photographs, 4, 32, np.random.default_rng(0))
    measurement = batch.measurement
    assert isinstance(measurement.operator, operator)
    torch.testing.assert_close(measurement.operator.forward(batch.clean), measurement.data)
    part = batch.map(lambda tensor: tensor[:2]).measurement
    torch.testing.assert_close(part.operator.forward(batch.clean[:2]), part.data)


def test_training_crops_have_gaps_of_their_own():
    photographs = [np.zeros((40, 44, 3), dtype=np.uint8)]
    masks = TASKS["inpaint"].pairs(photographs, 3, 32, np.random.default_rng(0), missing_share=0.8)
    kept = masks.measurement.operator.mask
    assert kept.shape == (3, 1, 32, 32)
    assert not torch.equal(kept[0], kept[1])
    assert kept.float().mean() == pytest.approx(0.2, abs=0.001)


def test_training_crops_are_smaller_as_their_options_say():
    photographs = [np.random.default_rng(1).integers(256, size=(40, 44, 3), dtype=np.uint8)]
    batch = TASKS["superresolution"].pairs(
        photographs, 2, 32, np.random.default_rng(0), factor=2, kernel="area"
    )
    assert torch.equal(batch.seen, SmallerImage(2, "area").measure(batch.clean).seen)
