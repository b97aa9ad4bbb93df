"""Labelled slices as subjects and as batches: image and labels stay together."""

import numpy as np
import pytest
import torch

from tests.imaging.discs import arrays, disc_file
from uplapp.errors import BadImage, UnknownName
from uplapp.imaging.case import make_case
from uplapp.imaging.files.labelled import read_labelled
from uplapp.imaging.physics import Undersampling
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.labelled import labelled_batch, labelled_subjects, patients_with


def test_subjects_are_the_slices_that_show_the_anatomy_with_their_labels(tmp_path):
    [one] = read_labelled(disc_file(tmp_path / "one.npz", side=64))
    subjects = list(labelled_subjects(one))
    assert [subject.name for subject in subjects] == ["one.npz:0", "one.npz:1"]
    case = make_case(subjects[0], "mri", Undersampling(acceleration=4))
    assert case.extras["labels"] is case.extras["ventricle"]
    assert torch.equal(case.extras["labels"], torch.from_numpy(one.labels[:1]).float())
    assert case.reference.shape == case.seen.shape == (1, 64, 64)


def test_the_task_measures_labelled_files_as_it_does_scans(tmp_path):
    disc_file(tmp_path / "one.npz")
    assert [one.extras.keys() for one in TASKS["mri"].subjects(tmp_path)] == [{"labels", "ventricle"}] * 2


@pytest.mark.parametrize("seed", range(8))
def test_labels_follow_the_image_however_it_is_bent(tmp_path, seed):
    data = read_labelled(disc_file(tmp_path / "one.npz"))
    batch = labelled_batch(data, 4, 40, np.random.default_rng(seed), recoloured=False)
    assert batch.seen is batch.clean
    assert batch.seen.shape == batch.extras["labels"].shape == (4, 1, 40, 40)
    # Cubic interpolation moves the rim of a disc of about 100 px by less than a pixel.
    assert ((batch.seen > 0.5) != (batch.extras["labels"] > 0)).float().mean() < 0.02


def test_a_batch_is_a_function_of_its_generator(tmp_path):
    data = read_labelled(disc_file(tmp_path / "one.npz"))
    first, again, other = (labelled_batch(data, 2, 32, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert torch.equal(first.seen, again.seen)
    assert not torch.equal(first.seen, other.seen)


def test_a_folder_without_the_anatomy_is_refused_with_a_reason(tmp_path):
    disc_file(tmp_path / "one.npz")
    disc_file(tmp_path / "two.npz", label=np.zeros_like(arrays()[1]))
    assert [one.patient for one in patients_with(tmp_path, "ventricle")] == ["one"]
    with pytest.raises(BadImage, match=r"no slices whose labels mark the tumour: two.npz labels nothing"):
        patients_with(tmp_path, "tumour")
    with pytest.raises(UnknownName, match="unknown anatomy 'heart'"):
        patients_with(tmp_path, "heart")
