"""Large images lie in files and are worked on in bands, which changes nothing but the memory."""

import errno
import io
import os

import numpy as np
import pytest
import tifffile
import torch

from uplapp.errors import BadImage
from uplapp.imaging import device
from uplapp.imaging.device import bands, blank, blank_array
from uplapp.imaging.files.pictures import array_to_tensor, encode_png, read_image, tensor_to_array
from uplapp.imaging.restorers.network import restore_by_tiles


@pytest.fixture
def all_large(monkeypatch):
    """Every image counts as large, and a band is two rows of 50 px in colour."""
    monkeypatch.setattr(device, "MOST_IN_MEMORY", 0)
    monkeypatch.setattr(device, "BAND", 300)


@pytest.mark.parametrize(("height", "row"), [(7, 150), (1, 10**9), (8, 150), (300, 1)])
def test_bands_hold_every_row_once(all_large, height, row):
    assert [n for part in bands(height, row) for n in range(height)[part]] == list(range(height))


def test_a_large_tensor_lies_in_a_file_that_nobody_sees(all_large, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pixels = blank(3, 5, 7)
    pixels[:] = torch.arange(105.0).view(3, 5, 7)
    assert list(tmp_path.iterdir()) == []
    assert torch.equal(pixels * 2, torch.arange(0, 210.0, 2).view(3, 5, 7))
    assert (pixels.dtype, blank_array((2,), np.uint8).dtype) == (torch.float32, np.uint8)


def tiff(samples: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, **options)
    return buffer.getvalue()


DEEP = np.random.default_rng(0).integers(0, 2**16, (37, 50, 3), np.uint16)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(tiff(DEEP.astype(np.uint8), photometric="rgb"), id="8-bits"),
        pytest.param(tiff(DEEP, photometric="rgb", rowsperstrip=5, compression="deflate"), id="strips"),
        pytest.param(tiff(DEEP, photometric="rgb", byteorder=">"), id="big-endian"),
        pytest.param(tiff(DEEP[..., 0], photometric="miniswhite"), id="inverted"),
        pytest.param(tiff(DEEP, photometric="cielab"), id="lab"),
        pytest.param(tiff((DEEP / 65535).astype(np.float32), photometric="rgb", tile=(16, 16)), id="tiles"),
    ],
)
def test_a_tiff_in_parts_is_the_tiff_in_memory(request, content):
    whole = read_image(content).pixels
    request.getfixturevalue("all_large")
    assert torch.equal(read_image(content).pixels, whole)


def test_a_full_disk_is_a_sentence_and_not_the_end_of_the_process(all_large, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(BadImage, match=r"no room for an image of 12 million numbers.*TMPDIR"):
        blank(3, 2000, 2000)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_in_parts_is_the_picture_in_memory(request, channels, bits):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(channels, 37, 50, generator=generator)
    content = encode_png(pixels, bits)
    whole, array = read_image(content).pixels, tensor_to_array(pixels, bits)
    restored = restore_by_tiles(torch.nn.Identity(), whole, tile_px=16)
    request.getfixturevalue("all_large")
    assert torch.equal(read_image(content).pixels, whole)
    assert torch.equal(array_to_tensor(array), whole)
    assert np.array_equal(tensor_to_array(pixels, bits), array)
    assert torch.equal(restore_by_tiles(torch.nn.Identity(), whole, tile_px=16), restored)
