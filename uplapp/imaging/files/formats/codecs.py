"""Decoding of compressed pictures inside DICOM files, each checked by its header first."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage

Array = NDArray[Any]
JPEG2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.92")
HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
LOSSLESS_JPEG = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")

CODESTREAM = b"\xff\x4f\xff\x51"
# Start of a frame of JPEG (baseline, extended, progressive, lossless) and of JPEG-LS.
FRAME_MARKERS = (0xC0, 0xC1, 0xC2, 0xC3, 0xF7)
WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))


def decode(name: str, syntax: str, data: bytes, size: tuple[int, int]) -> Array:
    """Decode one compressed picture of a DICOM file, (H,W) or (H,W,3).

    A picture whose own header says another size than its file, and a way of compression that is not known,
    raise BadImage before anything is unpacked.
    """
    if syntax not in DECODERS:
        raise BadImage(
            f"{name} is compressed in a way that is not read ({syntax}); JPEG, JPEG-LS, JPEG 2000 and RLE are"
        )
    own = size_of(data)
    if own != size:
        said = "no size" if own is None else f"{own[1]}x{own[0]} px"
        raise BadImage(f"{name} has a compressed picture of {said} where {size[1]}x{size[0]} px belong")
    return np.asarray(DECODERS[syntax](data))


def size_of(data: bytes) -> tuple[int, int] | None:
    """Read rows and columns of a compressed picture off its header, or give None."""
    start = data.find(CODESTREAM, 0, 4096)
    if start >= 0:
        right, down, left, above = struct.unpack(">4I", data[start + 8 : start + 24])
        return down - above, right - left
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in FRAME_MARKERS:
            rows, columns = struct.unpack(">HH", data[at + 5 : at + 9])
            return rows, columns
        at += 1 if marker == 0xFF else 2 if marker in WITHOUT_LENGTH else 2 + _length(data[at + 2 : at + 4])
    return None


def _length(two: bytes) -> int:
    return max(int.from_bytes(two, "big"), 2)


DECODERS: Mapping[str, Callable[[bytes], Any]] = {
    **dict.fromkeys(JPEG2000, imagecodecs.jpeg2k_decode),
    **dict.fromkeys(HTJ2K, imagecodecs.jpeg2k_decode),
    **dict.fromkeys(JPEG_LS, imagecodecs.jpegls_decode),
    **dict.fromkeys(LOSSLESS_JPEG, imagecodecs.ljpeg_decode),
    **dict.fromkeys(JPEG, imagecodecs.jpeg_decode),
}
