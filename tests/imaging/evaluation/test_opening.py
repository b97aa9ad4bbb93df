"""Files that can be restored: what a task makes of a photograph, a slice, a volume, a k-space."""

import nibabel
import numpy as np
import pytest
import torch

from uplapp.errors import UplappError
from uplapp.imaging.evaluation.job import read_case
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.physics import GaussianNoise, Undersampling, to_kspace
from uplapp.imaging.tasks import TASKS

EIGHTFOLD = Undersampling(8, "random", 0)


@pytest.fixture
def head(tmp_path):
    """A NIfTI volume of five slices."""
    voxels = np.random.default_rng(0).random((64, 48, 5)).astype(np.float32) + 0.1
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "head.nii.gz")
    return tmp_path / "head.nii.gz"


@pytest.fixture
def kspace(tmp_path):
    """Writes k-space of a smooth picture, every second column of it left out if wanted."""

    def write(name: str, whole: bool):
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
        samples = to_kspace(torch.exp(-4 * (rows**2 + columns**2)).to(torch.complex64)).numpy()
        samples[:, 1::2] *= whole
        np.save(tmp_path / name, samples)
        return tmp_path / name

    return write


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_samples_that_it_can_restore(task):
    row = TASKS[task]
    for sample in row.samples.values():
        case = read_case(sample.path, task, row.degrade())
        assert case.reference.shape == case.seen.shape
        assert sample.path.name.endswith(row.suffixes)


def test_samples_are_known_by_one_name():
    samples = {(name, sample.path) for row in TASKS.values() for name, sample in row.samples.items()}
    assert len(dict(samples)) == len(samples)
    assert all(sample_path(name).stat().st_size > 0 for name, _ in samples)


def test_slices_that_ship_are_small_and_have_their_licence_beside_them():
    heads = sorted(sample_path("base").parent.iterdir())
    limits = {".npz": 180_000}  # two volumes instead of a slice
    assert all(path.stat().st_size < limits.get(path.suffix, 60_000) for path in heads)
    assert "Permission to use, copy, modify, and distribute" in (heads[0].parent / "LICENCE.md").read_text()


def test_the_middle_slice_is_restored_unless_another_is_chosen(head):
    assert read_case(head, "mri", EIGHTFOLD).name == "head-slice2"
    case = read_case(head, "mri", EIGHTFOLD, 4)
    assert case.name == "head-slice4"
    torch.testing.assert_close(case.reference, TASKS["mri"].open(head, 4).picture)
    subject = TASKS["mri"].open(head, None)
    assert (subject.index, subject.count) == (2, 5)


@pytest.mark.parametrize("index", [-1, 5])
def test_a_slice_that_is_not_there_is_refused(head, index):
    with pytest.raises(UplappError, match=f"has no slice {index}; give one of 0 to 4"):
        read_case(head, "mri", EIGHTFOLD, index)


def test_columns_are_drawn_for_the_name_of_the_file(head):
    case = read_case(head, "mri", EIGHTFOLD)
    assert case.degradation == EIGHTFOLD.for_image("head.nii.gz")
    torch.testing.assert_close(case.seen, case.degradation.measure(case.reference).seen)


def test_a_whole_kspace_loses_columns(kspace):
    case = read_case(kspace("knee.npy", whole=True), "mri", EIGHTFOLD)
    assert (case.name, case.note) == ("knee", "")
    assert (case.seen - case.reference).abs().max() > 0.01


def test_an_undersampled_kspace_is_used_as_it_is(kspace):
    path = kspace("knee.npy", whole=False)
    cases = [read_case(path, "mri", degradation) for degradation in (EIGHTFOLD, Undersampling(2), None)]
    assert all(case.reference is None and case.degradation is None for case in cases)
    assert torch.equal(cases[0].seen, cases[1].seen)
    subject = TASKS["mri"].open(path, None)
    assert torch.equal(cases[0].seen, subject.picture)
    assert "knee.npy lacks a part of its k-space already" in cases[0].note == subject.measure(None).note


def test_a_whole_kspace_is_not_taken_for_an_observation(kspace):
    with pytest.raises(UplappError, match=r"knee.npy has its whole k-space; give the acceleration"):
        read_case(kspace("knee.npy", whole=True), "mri", None)


def test_a_picture_may_be_zero_filled_already():
    case = read_case(sample_path("middle"), "mri", None)
    assert case.reference is None
    assert case.seen.shape == (1, 233, 197)


@pytest.mark.parametrize(
    ("task", "degradation", "sentence"),
    [
        ("mri", GaussianNoise(25), "sigma 25 does not fit the task 'mri'"),
        ("denoise", EIGHTFOLD, "8x random columns does not fit the task 'denoise'"),
    ],
)
def test_the_degradation_of_another_task_is_refused(task, degradation, sentence):
    with pytest.raises(UplappError, match=sentence):
        read_case(next(iter(TASKS[task].samples.values())).path, task, degradation)


def test_a_photograph_has_no_slices():
    with pytest.raises(UplappError, match=r"coffee.png is restored as a photograph, which has no slice 3"):
        read_case(sample_path("coffee"), "denoise", None, 3)


@pytest.mark.parametrize(
    ("name", "stem"), [("head.nii.gz", "head"), ("a.b.PNG", "a.b"), ("scan.h5", "scan"), ("odd.xyz", "odd")]
)
def test_a_name_loses_what_tells_its_kind(tmp_path, name, stem):
    assert picture_name(tmp_path / name) == stem
