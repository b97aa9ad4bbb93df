"""Volumes are cut upright, scaled as one, and damaged ones are told."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest

from uplapp.errors import BadImage
from uplapp.imaging.files.readers import read_slices as read_nifti
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.scans import scan_of_volume

# A ramp along each axis of a head that looks ahead: right, front and up are brighter.
RIGHT, FRONT, UP = np.meshgrid(*(np.arange(1, side + 1) for side in (6, 8, 10)), indexing="ij")
VOXELS = (RIGHT + 10 * FRONT + 100 * UP).astype(np.int16)
WHITE = np.percentile(VOXELS, 99.9)


def save(path: Path, voxels: np.ndarray, spacing=(1, 1, 1), kind=nibabel.Nifti1Image, turn=None) -> Path:
    affine = np.diag([*spacing, 1.0])
    image = kind(voxels, affine)
    if turn:
        image = image.as_reoriented(nibabel.orientations.axcodes2ornt(tuple(turn)))
    nibabel.save(image, path)
    return path


def close(slice_, picture: np.ndarray) -> None:
    np.testing.assert_allclose(slice_.magnitude[0].numpy(), (picture / WHITE).clip(0, 1), atol=1e-6)


@pytest.mark.parametrize("turn", ["RAS", "LPS", "PIR", "SAL"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_head_comes_upright_however_it_was_stored(tmp_path, suffix, kind, turn):
    path = save(tmp_path / f"head{suffix}", VOXELS, kind=kind, turn=turn)
    axial, sagittal, coronal = read_nifti(path), read_nifti(path, axis=0), read_nifti(path, axis=1)
    assert [len(scan) for scan in (axial, coronal, sagittal)] == [10, 8, 6]
    assert axial.name == path.name
    close(axial[4], VOXELS[:, ::-1, 4].T)
    close(coronal[2], VOXELS[:, 2, ::-1].T)
    close(sagittal[3], VOXELS[3, :, ::-1].T)
    assert axial[4].size == (8, 6)
    assert axial[4].kspace is None
    assert not axial[4].undersampled


@pytest.mark.parametrize(
    ("spacing", "count"),
    [((1, 1, 1), 10), ((1, 1, 2), 10), ((1, 3, 2), 8), ((1.5, 0.4, 0.4), 6), ((1.005, 1, 1), 10)],
)
def test_slices_lie_across_the_widest_voxels(tmp_path, spacing, count):
    assert len(read_nifti(save(tmp_path / "a.nii", VOXELS, spacing))) == count


def test_the_slope_of_the_header_is_applied(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_slope_inter(3, 0)
    nibabel.save(image, tmp_path / "a.nii")
    close(read_nifti(tmp_path / "a.nii")[4], VOXELS[:, ::-1, 4].T)


def test_a_single_volume_of_a_series_is_a_volume(tmp_path):
    assert len(read_nifti(save(tmp_path / "a.nii", VOXELS[..., None]))) == 10


def test_one_slice_with_two_axes_is_a_scan_of_one(tmp_path):
    scan = read_nifti(save(tmp_path / "a.nii", VOXELS[..., 0]))
    assert (len(scan), scan[0].size) == (1, (8, 6))


def test_one_bright_voxel_in_a_thousand_does_not_darken_the_rest():
    values = np.full((10, 10, 20), 2.0)
    values[0, 0, 0], values[1, 1, 1] = 1000, -5
    scan = scan_of_volume("a", values, axis=2)
    assert scan[5].magnitude.min() == pytest.approx(1, abs=1e-6)
    assert scan[0].magnitude.max() == 1
    assert scan[1].magnitude.min() == 0


def damaged(data: bytes, **fields: object) -> bytes:
    """The file with other values in its header."""
    header = nibabel.Nifti1Header(data[:348])
    for key, value in fields.items():
        header[key] = value
    return header.binaryblock + data[348:]


@pytest.fixture(scope="module")
def volume(tmp_path_factory) -> bytes:
    return save(tmp_path_factory.mktemp("volumes") / "a.nii", VOXELS).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(lambda data: b"", "not a NIfTI file", id="empty"),
        pytest.param(lambda data: b"hello" * 200, "not a NIfTI file", id="text"),
        pytest.param(lambda data: data[:-1], "damaged", id="cut"),
        pytest.param(lambda data: data[:300], "not a NIfTI file|damaged", id="cut-header"),
        pytest.param(lambda data: gzip.compress(data)[:-30], "damaged", id="cut-gzip"),
        pytest.param(lambda data: gzip.compress(data)[:20], "damaged", id="gzip-of-nothing"),
        pytest.param(
            lambda data: damaged(data, dim=[3, 30000, 30000, 30000, 1, 1, 1, 1]),
            "30000x30000x30000; 1 to 67108864 samples",
            id="bomb",
        ),
        pytest.param(lambda data: damaged(data, dim=[3, 0, 8, 10, 1, 1, 1, 1]), "0x8x10", id="none"),
        pytest.param(
            lambda data: damaged(data, dim=[3, -6, -8, 10, 1, 1, 1, 1]), "2 axes|damaged|-8", id="negative"
        ),
        pytest.param(
            lambda data: damaged(data, dim=[9, 6, 8, 10, 1, 1, 1, 1]), "samples are read", id="nine-axes"
        ),
        pytest.param(lambda data: damaged(data, vox_offset=2e9), "first voxel at byte 2000000000", id="late"),
        pytest.param(lambda data: damaged(data, vox_offset=np.nan), "damaged", id="no-offset"),
        pytest.param(lambda data: damaged(data, datatype=128, bitpix=24), "voxels of type", id="colour"),
        pytest.param(
            lambda data: damaged(data, datatype=32, bitpix=64), "voxels of type complex", id="complex"
        ),
        pytest.param(lambda data: damaged(data, datatype=999), "damaged", id="unknown-type"),
        pytest.param(
            lambda data: damaged(data, scl_slope=-1.0, scl_inter=0.0), "no value above 0", id="dark"
        ),
    ],
)
def test_what_is_no_volume_is_told_in_a_sentence(tmp_path, volume, spoil, sentence):
    (tmp_path / "a.nii").write_bytes(spoil(volume))
    with pytest.raises(BadImage, match=sentence) as refused:
        read_nifti(tmp_path / "a.nii")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("volume", [0, 2])
def test_of_a_series_one_volume_is_read_and_the_others_are_a_choice(tmp_path, volume, suffix):
    several = np.stack([VOXELS, 2 * VOXELS[::-1], VOXELS[:, ::-1]], axis=-1)
    scan = read_nifti(save(tmp_path / f"a{suffix}", several), Reading(volume=volume))
    white = np.percentile(several[..., volume], 99.9)
    expected = (several[:, ::-1, 4, volume].T / white).clip(0, 1)
    np.testing.assert_allclose(scan[4].magnitude[0], expected, atol=1e-6)
    assert f"Volume {volume} of 3 along the fourth axis" in scan.understood[0]
    with pytest.raises(BadImage, match="no volume 3; give one of 0 to 2"):
        read_nifti(tmp_path / f"a{suffix}", Reading(volume=3))


def test_nan_outside_of_a_mask_is_background(tmp_path):
    masked = np.where(RIGHT > 3, VOXELS, np.nan).astype(np.float32)
    scan = read_nifti(save(tmp_path / "a.nii", masked))
    white = np.percentile(VOXELS[RIGHT > 3], 99.9)
    expected = (np.where(RIGHT > 3, VOXELS, 0)[:, ::-1, 4].T / white).clip(0, 1)
    np.testing.assert_allclose(scan[4].magnitude[0], expected, atol=1e-6)
    assert scan.understood == ("50.0% of the values are NaN and taken for background, black.",)


def test_values_around_zero_are_shifted_and_zeros_around_them_are_background(tmp_path):
    """z-scores by hand: the lowest becomes black, and not everything below the mean."""
    inside = (VOXELS - VOXELS.mean()) / VOXELS.std()
    scan = read_nifti(save(tmp_path / "a.nii", inside.astype(np.float32)))
    black, white = inside.min(), np.percentile(inside, 99.9)
    expected = ((inside[:, ::-1, 4].T - black) / (white - black)).clip(0, 1)
    np.testing.assert_allclose(scan[4].magnitude[0], expected, atol=1e-5)
    assert "of the values lie below 0, so -1.6" in scan.understood[0]
    masked = np.where(RIGHT > 3, inside, 0).astype(np.float32)
    outside = read_nifti(save(tmp_path / "b.nii", masked))
    assert (outside[4].magnitude[0][:, :3] == 0).all()
    assert "50% of the values are exactly 0" in outside.understood[1]


def ct() -> np.ndarray:
    """Air, water, soft tissue and bone, in Hounsfield units."""
    return np.resize(np.array([-1000, 0, 40, 1200], np.int16), (6, 8, 10))


@pytest.mark.parametrize(
    ("window", "levels"),
    [
        ("auto", (-160, 240)),
        ("soft", (-160, 240)),
        ("brain", (0, 80)),
        ("bone", (-500, 1300)),
        ("lung", (-1350, 150)),
    ],
)
def test_hounsfield_units_get_a_window_of_ct_and_others_are_a_choice(tmp_path, window, levels):
    scan = read_nifti(save(tmp_path / "a.nii", ct()), Reading(window=window))
    expected = ((ct()[:, ::-1, 4].T - levels[0]) / (levels[1] - levels[0])).clip(0, 1)
    np.testing.assert_allclose(scan[4].magnitude[0], expected, atol=1e-6)
    assert f"{levels[0]} is black, {levels[1]} white" in scan.understood[0]


def test_interpolated_ct_is_told_by_its_air_and_phase_is_no_ct(tmp_path):
    """Interpolated CT has no whole numbers, but much air near -1000. Phase is spread evenly."""
    random = np.random.default_rng(0)
    interpolated = (np.tile(ct(), (4, 4, 4)) + random.normal(0, 2, (24, 32, 40))).astype(np.float32)
    phase = random.integers(-4096, 4096, (24, 32, 40)).astype(np.int16)
    assert "'soft'" in read_nifti(save(tmp_path / "ct.nii", interpolated)).understood[0]
    assert "so -4096 is black" in read_nifti(save(tmp_path / "phase.nii", phase)).understood[0]


def test_a_white_level_of_ones_own_is_white(tmp_path):
    scan = read_nifti(save(tmp_path / "a.nii", VOXELS), Reading(white=2000))
    np.testing.assert_allclose(scan[4].magnitude[0], VOXELS[:, ::-1, 4].T / 2000, atol=1e-6)


def test_few_values_below_zero_are_black_and_said():
    values = np.full((10, 10, 20), 2.0)
    values[0, 0, 0] = -5
    assert scan_of_volume("a", values, axis=2).understood == (
        "0.05% of the values lie below 0 and are black.",
    )


@pytest.mark.parametrize(
    ("voxels", "sentence"),
    [
        pytest.param(np.zeros((4, 4, 4)), "all its samples are 0", id="zeros"),
        pytest.param(np.full((4, 4, 4), np.nan), "not finite", id="nan"),
        pytest.param(np.array([[[-32768, 0]]], dtype=np.int16), "no value above 0", id="dark"),
        pytest.param(np.ones((4, 4, 4, 3, 2)), "has 5 axes", id="five-axes"),
    ],
)
def test_values_that_are_no_magnitudes_are_told(tmp_path, voxels, sentence):
    with pytest.raises(BadImage, match=sentence):
        read_nifti(save(tmp_path / "a.nii", voxels))


def test_a_broken_position_leaves_the_axes_as_they_are(tmp_path, volume):
    zeros = np.zeros(4)
    data = damaged(volume, sform_code=1, qform_code=0, srow_x=zeros, srow_y=zeros, srow_z=zeros)
    (tmp_path / "a.nii").write_bytes(data)
    assert len(read_nifti(tmp_path / "a.nii")) == 10


def test_an_axis_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadImage, match="no slices along axis 3"):
        read_nifti(save(tmp_path / "a.nii", VOXELS), axis=3)
