"""Whatever file a scan comes in, its slices can be used, or a sentence tells why not."""

import contextlib
import os
import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from tests.imaging.scans import head, kspace_of, write_fastmri
from uplapp.errors import BadImage
from uplapp.foreign import ENDINGS, PACKED, STARTS
from uplapp.imaging.files.pictures import array_to_tensor, encode_png, read_image
from uplapp.imaging.files.readers import READERS, read_scan
from uplapp.imaging.files.volumes import read_volume
from uplapp.imaging.physics import Undersampling

PICTURE = head(48, 40)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One small scan a kind of file."""
    made = tmp_path_factory.mktemp("scans")
    write_fastmri(made / "a.h5", kspace_of(PICTURE))
    np.save(made / "b.npy", kspace_of(PICTURE, 3))
    np.savez(made / "c.npz", vol=np.stack([PICTURE] * 3, axis=-1))
    nibabel.save(nibabel.Nifti1Image(np.stack([PICTURE.T] * 3, axis=-1), np.eye(4)), made / "d.nii.gz")
    (made / "e.PNG").write_bytes(encode_png(torch.from_numpy(PICTURE)[None]))
    (made / "notes.txt").write_text("no scan")
    return made


NAMES = ["a.h5", "b.npy", "c.npz", "d.nii.gz", "e.PNG"]


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_file_has_a_reference_and_an_observation(folder, name):
    slice_ = read_scan(folder / name).middle
    reference, observed = slice_.magnitude, Undersampling(4).for_image(name).measure(slice_).seen
    assert reference.shape == observed.shape
    assert reference.dtype == observed.dtype == torch.float32
    assert reference.min() >= 0
    assert reference.max() == pytest.approx(1, abs=1e-5)
    assert observed.min() >= 0
    assert 0.01 < (observed - reference).square().mean().sqrt() < 0.3


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"\x1f\x8b", bytes(4000)])
def test_a_file_that_is_not_what_its_name_says_is_told_in_a_sentence(tmp_path, suffix, data):
    path = tmp_path / f"scan{suffix}"
    path.write_bytes(data)
    with pytest.raises(BadImage) as refused:
        read_scan(path)
    assert "\n" not in str(refused.value)
    assert "scan" in str(refused.value)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_file_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(BadImage, match="cannot be read: No such file") as refused:
        read_scan(tmp_path / name)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", NAMES)
def test_a_spoiled_file_is_read_or_told_but_never_half_read(folder, tmp_path, name, seed):
    random = np.random.default_rng(seed)
    data = bytearray((folder / name).read_bytes())
    (tmp_path / name).write_bytes(data)
    assert len(read_scan(tmp_path / name)) > 0
    for place in random.integers(min(len(data), 600), size=4):
        data[place] = random.integers(256)
    (tmp_path / name).write_bytes(data)
    with contextlib.suppress(BadImage):
        slice_ = read_scan(tmp_path / name).middle
        pixels = Undersampling(4).measure(slice_).seen if slice_.undersampled else slice_.magnitude
        assert torch.isfinite(pixels).all()


def test_another_kind_of_file_lists_what_is_read(folder):
    with pytest.raises(BadImage, match=r"notes\.txt is not a scan; \.h5, \.hdf5, \.mrd, \.npy, \.npz, \.nii"):
        read_scan(folder / "notes.txt")


WAY = "which is not read; (convert|save|give|export|develop|unpack)"


@pytest.mark.parametrize("read", [read_scan, read_volume])
@pytest.mark.parametrize("ending", [ending for ending, _ in ENDINGS])
def test_a_format_that_is_not_read_is_called_by_its_name_with_the_way_to_convert_it(tmp_path, ending, read):
    path = tmp_path / f"a{ending}" if ending[0] == "." else tmp_path / ending.removeprefix("/")
    path.write_bytes(bytes(200))
    with pytest.raises(BadImage, match=WAY):
        read(path)


@pytest.mark.parametrize(("place", "mark", "what"), [*STARTS, *PACKED])
def test_a_picture_that_is_something_else_is_called_by_that_name(tmp_path, place, mark, what):
    (tmp_path / "a.png").write_bytes(bytes(place) + mark + bytes(200))
    with pytest.raises(BadImage, match=re.escape(f"a.png is {what.kind}, which is not read; {what.way}")):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.nii.gz", "a.npy", "a.h5", "a.mat", "a.dcm"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull", id="lfs"),
        pytest.param(b"/annex/objects/MD5E-s1--0.nii.gz", "git annex get", id="annex"),
        pytest.param(
            b"<!DOCTYPE html>\n<title>Sign in</title>", "is a web page; download it again", id="web"
        ),
        pytest.param(b"", "is empty; download it again", id="empty"),
    ],
)
def test_what_stands_in_place_of_a_file_is_said(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadImage, match=sentence):
        read_scan(tmp_path / name)


def test_a_colour_picture_is_a_scan_of_its_luma(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (48, 40, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(encode_png(array_to_tensor(colour)))
    luma = colour @ np.array([0.2126, 0.7152, 0.0722]) / 255
    np.testing.assert_allclose(read_scan(tmp_path / "a.png")[0].magnitude[0], luma, atol=1e-6)


# Files of public repositories that may not be handed on: what is in them, and whether all of k-space is.
REAL = {
    "kspace/knee_sag_singlecoil_noisy_256x256.npy": ((1, 256, 256), False),
    "kspace/brain_t2_axial_singlecoil_512.npz": ((1, 512, 512), False),
    "kspace/brain_8ch_undersampled_sigpy_8x230x180.npy": ((8, 230, 180), True),
    "kspace/brain_8ch_undersampled_bart_8x180x230.npy": ((8, 180, 230), True),
    "kspace/brain_t2_vd_undersampled_512.npz": ((1, 512, 512), True),
    "kspace/leg_angio_complex_image_128.npy": ((1, 128, 128), False),
    "kspace/brain_8ch_bart_pics_reference_2x180x230.npy": ((2, 180, 230), False),
}


@pytest.mark.parametrize("name", REAL)
def test_real_kspace_is_told_from_images_and_whole_from_undersampled(name):
    path = Path(os.environ.get("UPLAPP_TEST_DATA", "")) / name
    if not path.is_file():
        pytest.skip(f"UPLAPP_TEST_DATA names no folder with {name}")
    slice_ = read_scan(path)[0]
    assert (tuple(slice_.kspace.shape), slice_.undersampled) == REAL[name]
