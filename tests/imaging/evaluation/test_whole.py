"""Slices that were restored lie where they were cut from."""

import gzip
import json

import nibabel
import numpy as np
import pytest

from tests.calling import caller
from tests.imaging import dicoms
from tests.imaging.scans import kspace_of
from uplapp.commands.options import completed
from uplapp.commands.restore import restore
from uplapp.errors import UplappError
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.voxels import read_voxels

VOXELS = np.random.default_rng(0).integers(1, 900, (16, 18, 5)).astype(np.int16)
AFFINE = np.diag([1.0, 1.5, 4.0, 1.0])


def save(path, voxels, turn="RAS"):
    image = nibabel.Nifti1Image(voxels, AFFINE)
    image.header["descrip"], image.header["db_name"] = b"Mustermann", b"Mustermann"
    image.header.set_xyzt_units("mm", "sec")
    nibabel.save(image.as_reoriented(nibabel.orientations.axcodes2ornt(tuple(turn))), path)
    return path


def opened(data):
    return nibabel.Nifti1Image.from_bytes(gzip.decompress(data))


@pytest.mark.parametrize("turn", ["RAS", "LPS", "PIR", "SAL"])
@pytest.mark.parametrize("window", ["full", "bone"])
def test_slices_put_back_are_the_volume_in_its_place(tmp_path, turn, window):
    path = save(tmp_path / "a.nii.gz", VOXELS, turn)
    scan, source = read_scan(path, Reading(window=window)), nibabel.load(path)
    image = opened(scan.encode(np.stack([part.magnitude[0].numpy() for part in scan])))
    np.testing.assert_allclose(image.affine, source.affine)
    np.testing.assert_allclose(np.asarray(image.dataobj), np.asarray(source.dataobj), atol=1e-3)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert b"Mustermann" not in image.to_bytes()


def test_slices_of_dicom_are_put_back_too(tmp_path):
    folder = dicoms.write_series(
        tmp_path / "a", VOXELS.transpose(2, 1, 0).astype(np.uint16), [0, 3, 6, 9, 12], list("abcde")
    )
    scan, stored = read_scan(folder, Reading(window="full")), read_voxels(folder)
    image = opened(scan.encode(np.stack([part.magnitude[0].numpy() for part in scan])))
    np.testing.assert_allclose(np.asarray(image.dataobj), stored.values, atol=1e-3)
    np.testing.assert_allclose(image.affine, stored.affine)


def test_the_command_writes_what_was_seen_and_every_result_as_a_whole(tmp_path):
    voxels = VOXELS.copy()
    voxels[..., 0] = 0
    words = ["--task", "mri", "--method", "wavelet", "--acceleration", "2", "--whole", "-o", tmp_path / "out"]
    caller(completed(restore))(save(tmp_path / "head.nii.gz", voxels), *words)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"head-zero-filled.nii.gz", "head-wavelet.nii.gz", "head-whole-provenance.json"}
    image = nibabel.load(tmp_path / "out" / "head-wavelet.nii.gz")
    result = np.asarray(image.dataobj)
    np.testing.assert_allclose(image.affine, AFFINE)
    assert (result[..., 0] == 0).all()
    assert (
        np.corrcoef(result[..., 1:].ravel(), voxels[..., 1:].ravel())[0, 1] > 0.4
    )  # noise that lost half of its columns
    facts = json.loads((tmp_path / "out" / "head-whole-provenance.json").read_text())
    assert facts["degradation"]["acceleration"] == 2


@pytest.mark.parametrize(
    ("task", "words", "sentence"),
    [
        ("mri", ["--slice", "1"], "give one of them"),
        ("mri", [], "no place in space"),
        ("volume", [], "no slices to put together"),
    ],
)
def test_what_makes_no_whole_volume_is_one_sentence(tmp_path, task, words, sentence):
    np.save(tmp_path / "a.npy", kspace_of(np.ones((24, 20)) + np.eye(24, 20)))
    strength = {"mri": ["--acceleration", "2"], "volume": ["--level", ".1"]}[task]
    with pytest.raises(UplappError, match=sentence):
        caller(completed(restore))(
            tmp_path / "a.npy",
            "-o",
            tmp_path,
            "--task",
            task,
            "--method",
            "wavelet",
            "--whole",
            *strength,
            *words,
        )
