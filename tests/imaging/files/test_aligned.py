"""Files of two aligned volumes: what is read, how it is scaled, what is refused."""

import numpy as np
import pytest
import torch

from tests.imaging.heads import small_head, write_head
from uplapp.errors import BadImage
from uplapp.imaging.files.aligned import SIDE_PX, as_cubes, read_head, without_gaps
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.physics import Projector, attenuation_of_units, attenuation_of_window
from uplapp.imaging.physics.phantoms import PHANTOM_HEAD, line_integrals


def test_a_head_is_read_upright_as_cubes(tmp_path):
    mr = np.zeros((3, 64, 64), np.uint8)
    mr[2] = 255  # the slice nearest to the top of the head
    head = read_head(write_head(tmp_path / "a.npz", mr=mr, ct=mr, spacing=np.array([2.0, 1.0, 1.0])))
    assert head.mr.shape == (12, SIDE_PX, SIDE_PX)  # 6 pixels high, and pixels are halved
    assert head.mr[0].min() == 1
    assert head.mr[-1].max() == 0


def test_slices_are_thick_where_the_file_does_not_say_it(tmp_path):
    assert read_head(write_head(tmp_path / "a.npz")).mr.shape[0] == round(4 * 7 * SIDE_PX / 24)


def test_wide_slices_lie_in_the_middle_of_a_square():
    cubes = as_cubes(torch.ones(2, 16, 32), (1.0, 1.0, 1.0), [0, 1])
    assert cubes.shape == (8, SIDE_PX, SIDE_PX)
    assert cubes[:, 32:96].min() == 1
    assert cubes[:, :32].max() == cubes[:, 96:].max() == 0


def test_a_missing_slice_is_halfway_between_its_neighbours():
    volume = torch.tensor([0.0, 0.2, 1.0]).reshape(3, 1, 1)
    torch.testing.assert_close(without_gaps(volume, [3, 4, 6]).flatten(), torch.tensor([0.0, 0.2, 0.6, 1.0]))
    torch.testing.assert_close(without_gaps(volume, [0, 1, 2]), volume)


def test_gaps_in_the_numbers_of_slices_make_a_head_higher(tmp_path):
    path = write_head(tmp_path / "a.npz", slice=np.array([3, 5, 6, 7]), spacing=np.ones(3))
    assert read_head(path).mr.shape[0] == round(5 * SIDE_PX / 24)


def test_units_and_windows_are_told_apart_by_values_below_0(tmp_path):
    values = np.linspace(-1000, 2000, 4 * 128 * 128).reshape(4, 128, 128)
    mr, spacing = np.ones((4, 128, 128), np.uint8), np.ones(3)
    units = read_head(write_head(tmp_path / "a.npz", mr=mr, ct=values.astype(np.int16), spacing=spacing))
    expected = attenuation_of_units(torch.from_numpy(values.astype(np.int16).astype(np.float32)))
    torch.testing.assert_close(units.attenuation, expected.flip(0))
    grey = (values - values.min()) * 255 / 3000
    window = read_head(write_head(tmp_path / "b.npz", mr=mr, ct=grey.astype(np.uint8), spacing=spacing))
    expected = attenuation_of_window(torch.from_numpy(grey.astype(np.uint8) / np.float32(255)))
    torch.testing.assert_close(window.attenuation, expected.flip(0))


def test_other_brightness_is_scaled_by_its_percentile(tmp_path):
    mr = small_head()["mr"]
    (first, second) = (
        read_head(write_head(tmp_path / f"{scale}.npz", mr=mr * np.float32(scale))) for scale in (1, 1000)
    )
    torch.testing.assert_close(first.mr, second.mr)
    assert first.mr.max() == 1


def test_the_sample_is_the_phantom_of_ellipsoids():
    head = read_head(sample_path("phantom_head"))
    for angle in (0, 50):
        projector = Projector(angle, "parallel", tuple(head.mr.shape))
        exact = line_integrals(PHANTOM_HEAD, projector)
        for volume, truth in zip((head.mr, head.attenuation), exact, strict=True):
            error = (projector.forward(volume) - truth).square().mean().sqrt()
            # The skull is two or three voxels thick, so that its edges are steps within a voxel.
            assert error < 0.02 * truth.max()


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"ct": None}, "lacks the array 'ct'; it holds mr"),
        ({"mr": None}, "lacks the array 'mr'; it holds ct"),
        ({"mr": np.ones((4, 24, 25), np.uint8)}, "mr and ct of 4x24x25 and 4x24x24"),
        ({"mr": np.ones((24, 24)), "ct": np.ones((24, 24))}, "they need one size: slices, rows, columns"),
        ({"mr": np.zeros((4, 24, 24))}, "a.npz is empty"),
        ({"mr": np.full((4, 24, 24), np.nan)}, "not finite"),
        ({"mr": np.ones((4, 24, 24), complex)}, "complex samples in 'mr'"),
        ({"spacing": np.ones(2)}, "not three distances"),
        ({"spacing": np.array([1.0, 0.0, 1.0])}, "not three distances"),
        ({"slice": np.array([1, 2, 2, 3])}, "give 4 ascending ones"),
        ({"slice": np.arange(3)}, "give 4 ascending ones"),
        ({"slice": np.array([0, 1, 2, 5000])}, "give 4 ascending ones"),
        ({name: np.ones((1025, 2, 2), np.uint8) for name in ("mr", "ct")}, "has 1025 slices; at most 1024"),
    ],
)
def test_what_is_no_head_gets_a_sentence(arrays, words, tmp_path):
    with pytest.raises(BadImage, match=words):
        read_head(write_head(tmp_path / "a.npz", **arrays))


def test_other_files_and_damaged_ones_get_a_sentence(tmp_path):
    with pytest.raises(BadImage, match=r"head\.nii is no file of two volumes"):
        read_head(tmp_path / "head.nii")
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(BadImage, match=r"a\.npz is damaged"):
        read_head(tmp_path / "a.npz")
