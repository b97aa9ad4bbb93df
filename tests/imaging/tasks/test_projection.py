"""MR to X-ray: pairs at one angle, views of a folder, what training draws."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.imaging.heads import write_head
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.case import make_case
from uplapp.imaging.evaluation.job import read_case
from uplapp.imaging.files.aligned import read_head
from uplapp.imaging.physics import GaussianNoise, Projection
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.projection import VIEWS
from uplapp.imaging.training.validation import Validation

XRAY = TASKS["xray"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_head(folder / "a.npz", spacing=np.array([2.0, 1.0, 1.0]))
    return folder


@pytest.fixture(scope="module")
def path(folder):
    return folder / "a.npz"


@pytest.mark.parametrize("projection", [Projection(), Projection(70, "cone"), Projection(70, seed=3)])
def test_the_reference_is_the_x_ray_at_the_angle_of_the_mr(projection, path):
    case = read_case(path, "xray", projection)
    own = projection.for_image("a.npz")
    head = read_head(path)
    assert torch.equal(case.reference, own.picture(head))
    assert torch.equal(case.seen, own.measure(head).seen)
    assert case.degradation == own
    assert (case.name, case.measurement.operator.kind) == ("a", "projection")


def test_the_picture_of_a_head_is_its_x_ray_from_the_front(path):
    subject = XRAY.open(path, None)
    assert torch.equal(subject.picture, Projection().picture(read_head(path)))


def test_a_folder_is_looked_at_from_all_sides(folder, path):
    views = list(XRAY.subjects(folder))
    assert len({one.name for one in views}) == len(views) == VIEWS
    head = read_head(path)
    for place, one in enumerate(views):
        case = make_case(one, "xray", Projection(10))
        assert torch.equal(case.reference, Projection(10 + 360 * place / VIEWS).picture(head))


def test_each_seed_looks_from_other_sides(folder):
    first = next(XRAY.subjects(folder))
    angles = {
        make_case(first, "xray", replace(Projection(), seed=seed)).degradation.angle for seed in (0, 1, 2)
    }
    assert len(angles) == 3


def test_a_volume_needs_an_angle(path):
    with pytest.raises(UplappError, match="give the angle to project them at"):
        read_case(path, "xray", None)
    with pytest.raises(UplappError, match="does not fit the task 'xray'"):
        read_case(path, "xray", GaussianNoise())
    with pytest.raises(UplappError, match="no slice 3 to choose"):
        read_case(path, "xray", Projection(), 3)


def test_a_folder_without_heads_is_refused(tmp_path):
    for use in (lambda: list(XRAY.subjects(tmp_path)), lambda: XRAY.load(tmp_path, 96)):
        with pytest.raises(BadImage, match="holds no head"):
            use()


def test_training_draws_both_modalities_at_one_angle(path):
    head = read_head(path)
    same = replace(head, mr=head.attenuation)
    batch = XRAY.pairs([same], 6, 128, np.random.default_rng(0), cone_share=0.5)
    assert batch.seen.shape == batch.clean.shape == (6, 1, 64, 128)
    for seen, clean in zip(batch.seen, batch.clean, strict=True):
        gain = (seen.sum() / clean.sum()).item()  # MR is made darker and brighter
        assert 0.8 < gain < 1.2
        torch.testing.assert_close(seen, gain * clean, atol=1e-4, rtol=1e-3)
    assert len({one.sum().item() for one in batch.clean}) == 6


def test_a_detector_that_is_larger_or_smaller_than_the_head_is_filled(path):
    for side in (32, 64, 256):
        batch = XRAY.pairs([read_head(path)], 2, side, np.random.default_rng(1))
        assert batch.seen.shape == (2, 1, side // 2, side)
        assert 0 <= batch.seen.min() <= batch.seen.max() <= 1


def test_validation_looks_at_pairs(folder):
    first, again = (Validation.read(XRAY, folder, count=4).batches for _ in range(2))
    assert len(first) == 4
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.seen, other.seen)
        assert torch.equal(one.clean, other.clean)
    assert not torch.equal(first[0].clean, first[1].clean)
