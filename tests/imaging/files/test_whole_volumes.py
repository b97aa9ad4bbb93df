"""Volumes as a whole: what is read, in which order and unit, and how it is written again."""

import gzip

import nibabel
import numpy as np
import pytest
import torch

from tests.imaging.volumes import write
from uplapp.errors import BadImage
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.samples import TREES
from uplapp.imaging.files.volumes import (
    SUFFIXES,
    encode_labels,
    encode_nifti,
    list_volumes,
    read_volume,
)
from uplapp.imaging.physics import Space, draw_tree

AFFINES = {
    "as it is": np.diag([1.0, 1.0, 1.0, 1.0]),
    "left to right, thick slices": np.diag([-0.5, 0.6, 3.0, 1.0]),
    "front to back along the second": np.array(
        [[0, 0, 1.5, 3], [0.4, 0, 0, -5], [0, -0.4, 0, 7], [0, 0, 0, 1]], float
    ),
}


def stored() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1000, (5, 6, 7)).astype(np.int16)


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES.keys())
def test_a_volume_is_written_in_the_place_it_was_read_from(affine, tmp_path):
    nibabel.save(nibabel.Nifti1Image(stored(), affine), tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(encode_nifti(volume.voxels, volume.space)))
    np.testing.assert_allclose(image.affine, affine)
    np.testing.assert_allclose(np.asarray(image.dataobj), stored(), rtol=1e-6)
    assert volume.voxels.max() == 1


def test_slices_come_along_the_widest_voxels_with_the_front_up(tmp_path):
    voxels = np.zeros((5, 6, 7), np.float32)
    voxels[4, 5, 6] = 8  # right, front, top
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.5, 0.6, 3.0, 1.0])), tmp_path / "a.nii")
    volume = read_volume(tmp_path / "a.nii")
    assert volume.voxels.shape == (1, 7, 6, 5)
    assert volume.voxels[0, 6, 0, 4] == 1
    assert volume.space.spacing_mm == pytest.approx((3, 0.6, 0.5))


def test_an_array_is_read_slices_first(tmp_path):
    np.save(tmp_path / "a.npy", stored())
    np.savez(tmp_path / "b.npz", data=stored())
    for name in ("a.npy", "b.npz"):
        volume = read_volume(tmp_path / name)
        np.testing.assert_allclose(volume.voxels[0] * volume.space.unit, stored(), rtol=1e-6)


def test_equal_volumes_give_equal_bytes():
    voxels = torch.rand(1, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    assert encode_nifti(voxels, Space()) == encode_nifti(voxels, Space())


def changed(**places):
    voxels = np.ones((5, 6, 7), np.float32)
    for value in places.values():
        voxels[2, 2, 2] = value
    return voxels


@pytest.mark.parametrize(
    ("voxels", "words"),
    [
        (np.ones((5, 6, 7, 3, 2), np.float32), "5 axes"),
        (np.ones((5, 6, 1), np.float32), "single slice"),
        (np.full((5, 6, 7), np.nan, np.float32), "NaN"),
        (changed(bad=np.inf), "not finite"),
        (np.full((5, 6, 7), -2, np.float32), "empty: all its voxels are -2"),
        (np.zeros((5, 6, 7), np.float32), "empty"),
    ],
)
@pytest.mark.parametrize("name", ["a.nii.gz", "a.npy"])
def test_what_is_no_volume_is_refused_in_one_sentence(voxels, words, name, tmp_path):
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, voxels)
    else:
        write(path, voxels)
    with pytest.raises(BadImage, match=words) as caught:
        read_volume(path)
    assert str(caught.value).startswith(name)
    assert "\n" not in str(caught.value)


def test_nan_is_background_and_values_below_zero_come_back(tmp_path):
    voxels = stored().astype(np.float32) - 500
    voxels[0] = np.nan
    write(tmp_path / "a.nii", voxels)
    volume = read_volume(tmp_path / "a.nii")
    assert (volume.voxels.min(), volume.voxels.max()) == (0, 1)
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(encode_nifti(volume.voxels, volume.space)))
    np.testing.assert_allclose(np.asarray(image.dataobj)[1:], voxels[1:], rtol=1e-5, atol=1e-3)
    assert "20.0% of the values are NaN" in volume.understood[0]
    assert "of the values lie below 0" in volume.understood[1]


def test_of_a_series_of_volumes_one_is_read(tmp_path):
    several = np.stack([stored(), 2 * stored()[::-1]], axis=-1)
    write(tmp_path / "a.nii", several)
    volume = read_volume(tmp_path / "a.nii", Reading(volume=1))
    restored = volume.space.restore(volume.voxels[0].numpy()) * volume.space.unit
    np.testing.assert_allclose(restored, several[..., 1], rtol=1e-6)


def test_complex_numbers_and_other_files_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((4, 4, 4), np.complex64))
    (tmp_path / "b.txt").write_text("no volume")
    with pytest.raises(BadImage, match="complex"):
        read_volume(tmp_path / "a.npy")
    with pytest.raises(BadImage, match=r"b\.txt is not a volume"):
        read_volume(tmp_path / "b.txt")


def test_labels_beside_a_volume_are_its_vessels(tmp_path):
    tree = draw_tree("vessels", (16, 20, 24), 0)
    space = Space(order=(2, 1, 0), flipped=(False, True, False))
    (tmp_path / "a.nii.gz").write_bytes(encode_nifti(tree.voxels, space))
    (tmp_path / "a-vessels.nii.gz").write_bytes(encode_labels(tree.vessels, tree.centreline, space))
    assert [path.name for path in list_volumes(tmp_path)] == ["a.nii.gz"]
    volume = read_volume(tmp_path / "a.nii.gz")
    assert torch.equal(volume.voxels, tree.voxels)
    assert torch.equal(volume.vessels, tree.vessels)
    assert torch.equal(volume.centreline, tree.centreline)


def test_a_mask_of_another_shape_is_refused(tmp_path):
    write(tmp_path / "a.nii.gz", np.ones((5, 6, 7)))
    write(tmp_path / "a-vessels.nii.gz", np.ones((5, 6, 8)))
    with pytest.raises(BadImage, match="5x6x8 voxels, its volume 5x6x7; make them equal"):
        read_volume(tmp_path / "a.nii.gz")


def test_a_folder_without_volumes_is_refused(tmp_path):
    with pytest.raises(BadImage, match="holds no volume"):
        list_volumes(tmp_path)


@pytest.mark.parametrize("name", TREES)
def test_the_samples_are_volumes_with_exact_vessels(name):
    volume = read_volume(TREES[name].path)
    assert volume.vessels is not None
    assert volume.centreline is not None
    assert TREES[name].path.name.endswith(SUFFIXES)
