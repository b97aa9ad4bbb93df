"""MR volumes for training: which slices count, how they are scaled, that a batch repeats with its seed."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.imaging.volumes import ball, write
from uplapp.errors import BadImage
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.reconstruction import Volume, draw_slices, list_volumes, read_volume, spread_slices


@pytest.fixture(scope="module")
def volume(tmp_path_factory) -> Volume:
    return read_volume(write(tmp_path_factory.mktemp("mr") / "ball.nii.gz", ball()))


def test_white_is_the_999th_thousandth_of_what_is_not_black(volume):
    voxels = ball()
    white = np.percentile(voxels[voxels > 0], 99.9)
    np.testing.assert_allclose(volume.voxels, (voxels / white).clip(0, 1), atol=1e-6)


def test_only_slices_that_show_something_are_used(volume):
    filled = {axis: [index for along, index in volume.slices if along == axis] for axis in range(3)}
    assert set(filled) == {0, 1, 2}
    for axis, indices in filled.items():
        planes = np.moveaxis(volume.voxels, axis, 0)
        assert all((planes[index] > 0.1).mean() > 0.1 for index in indices)
        assert 0 not in indices


def test_thick_slices_are_cut_along_their_own_axis_only(tmp_path):
    volume = read_volume(write(tmp_path / "thick.nii", ball(), spacing_mm=(1, 1, 4)))
    assert {axis for axis, _ in volume.slices} == {2}


def test_an_interpolated_grid_is_halved(tmp_path):
    fine = np.repeat(ball((60, 110, 120)), 2, axis=0)
    volume = read_volume(write(tmp_path / "fine.nii", fine, spacing_mm=(0.5, 1, 1)))
    coarse = read_volume(write(tmp_path / "coarse.nii", ball((60, 110, 120))))
    np.testing.assert_allclose(volume.voxels, coarse.voxels, atol=1e-6)


def test_a_batch_is_black_around_and_repeats_with_its_seed(volume):
    first, again, other = (
        draw_slices([volume], 4, (192, 224), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (4, 1, 192, 224)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first[:, :, 0].abs().max() == 0
    assert 0 <= first.min() <= first.max() <= 1


def test_volumes_count_alike_however_many_slices_they_have(volume):
    across = tuple((axis, index) for axis, index in volume.slices if axis == 2)
    many, single = (
        replace(volume, slices=across),
        Volume("even", np.full((100, 100, 1), 0.5, np.float32), ((2, 0),)),
    )
    slices = draw_slices([many, single], 400, (96, 96), np.random.default_rng(0))
    # The ball is brighter to one side, however it is bent and recoloured.
    even = (slices[:, 0, 32:64, 32:64].flatten(1).std(dim=1) < 1e-4).float().mean().item()
    # 400 fair draws: four standard errors are .1.
    assert even == pytest.approx(0.5, abs=0.1)


def test_slices_to_measure_on_are_spread_and_named(volume):
    names, slices = zip(*spread_slices(volume, 4), strict=True)
    last = [index for axis, index in volume.slices if axis == 2]
    assert [name.partition(":")[0] for name in names] == ["ball.nii.gz"] * 4
    indices = [int(name.partition(":")[2]) for name in names]
    assert indices == sorted(set(indices))
    assert set(indices) < set(last)
    assert slices[0].shape == (1, 110, 100)


def test_up_is_up(tmp_path):
    voxels = ball()
    voxels[..., 60:] *= 0.5
    volume = read_volume(write(tmp_path / "head.nii", voxels))
    plane = volume.cut(0, 50)
    # Feet to head is the last axis of the volume: the darker half, above, is at the top.
    assert plane[:60].max() < plane[60:].max()


@pytest.mark.parametrize(
    ("voxels", "sentence"),
    [
        (np.zeros((100, 100, 100)), "is empty"),
        (np.full((100, 100, 100), np.nan), "all of them are NaN"),
        (np.ones((100, 100)), "has shape"),
        (np.ones((20, 20, 20)), "has no slice of 96 px or more a side"),
    ],
)
def test_a_volume_without_a_slice_is_refused(tmp_path, voxels, sentence):
    with pytest.raises(BadImage, match=sentence):
        read_volume(write(tmp_path / "bad.nii", voxels))


def test_a_damaged_file_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(BadImage, match=r"holds no volume; files that end in \.nii, \.nii\.gz are read"):
        list_volumes(tmp_path)
    (tmp_path / "cut.nii.gz").write_bytes(b"no volume at all")
    assert [path.name for path in list_volumes(tmp_path)] == ["cut.nii.gz"]
    with pytest.raises(BadImage, match=r"cut\.nii\.gz is not a NIfTI file"):
        read_volume(tmp_path / "cut.nii.gz")


def test_values_below_zero_and_nan_are_read_for_training_as_they_are_for_restoring(tmp_path):
    voxels = ball() + np.random.default_rng(0).random(ball().shape, np.float32)
    scored = (voxels - voxels.mean()) / voxels.std()
    scored[:3] = np.nan
    path = write(tmp_path / "z.nii.gz", scored)
    volume = read_volume(path)
    assert volume.voxels.min() == 0
    assert volume.voxels.max() == 1
    assert (volume.voxels[3:] > 0).mean() > 0.9  # what lies below the mean is not cut to black
    assert any("are NaN" in each for each in volume.understood)
    assert any("lie below 0" in each for each in volume.understood)
    said = next(TASKS["mri"].read_all(tmp_path)).understood
    assert said == volume.understood
    assert len(TASKS["mri"].load_all(tmp_path, 96, {})) == 1
