"""Arrays of MATLAB files of any version, with their axes as MATLAB has them."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.hdf5 import as_complex, inside, open_hdf5
from uplapp.imaging.files.formats.raw import choose
from uplapp.imaging.files.guards import MAX_SAMPLES, refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading

Array = NDArray[Any]
# MATLAB 7.3 puts 512 bytes of its own before HDF5.
HDF5_MAGIC, HDF5_MAGIC_WITHIN = b"\x89HDF\r\n\x1a\n", 520
# Of MAT 5, from MathWorks' "MAT-File Format": where its header says the order of bytes, elements that hold an
# array, classes of numeric arrays, and the types of numbers.
ORDER_AT, ORDERS = 126, {b"IM": "<", b"MI": ">"}
MATRIX, COMPRESSED = 14, 15
NUMERIC, COMPLEX = range(6, 16), 0x0800
TYPES = (*range(1, 8), 9, 12, 13)
CHUNK = 2**16


def read_matlab(path: Path, reading: Reading) -> Array:
    """Read an array of a MATLAB file of any version, its axes as MATLAB has them."""
    with refusing_damage(path.name), path.open("rb") as file:
        if HDF5_MAGIC in file.read(HDF5_MAGIC_WITHIN):
            return _read_matlab_hdf5(path, reading)
        from scipy.io import loadmat, whosmat

        _require_types(path.name, file)
        file.seek(0)
        found = {name: shape for name, shape, kind in whosmat(file) if kind in MATLAB_KINDS}
        name = choose(path.name, found, reading.array)
        require_samples(path.name, found[name], MAX_SAMPLES)
        file.seek(0)
        return np.asarray(loadmat(file, variable_names=[name])[name])


MATLAB_KINDS = ("double", "single", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))


def _read_matlab_hdf5(path: Path, reading: Reading) -> Array:
    with open_hdf5(path) as file:
        found = {name: own for name in file.keys() if (own := inside(file, name)) is not None}  # noqa: SIM118
        dataset = found[choose(path.name, {key: own.shape for key, own in found.items()}, reading.array)]
        require_samples(path.name, dataset.shape, MAX_SAMPLES)
        require_samples(path.name, dataset.chunks or (1,), MAX_SAMPLES)
        values = as_complex(np.asarray(dataset[()]))
        if values.dtype.kind not in "iufc":
            raise BadImage(f"{path.name} holds samples of type {values.dtype}; real and complex are read")
        return values.T  # HDF5 has the axes of MATLAB backwards


def _require_types(name: str, file: BinaryIO) -> None:
    """Refuse a file of MAT 5 with numbers of no type: scipy ends the process there. Older ones pass."""
    file.seek(ORDER_AT)
    order = ORDERS.get(file.read(2))
    while order and len(tag := file.read(8)) == 8:
        kind, size = struct.unpack(f"{order}II", tag)
        after = file.tell() + size
        stream: BinaryIO = file
        if kind == COMPRESSED:
            stream = io.BufferedReader(_Unpacked(file, size))
            kind = struct.unpack(f"{order}II", stream.read(8))[0]
        if kind == MATRIX and not set(_types_of_numbers(stream, order)) <= set(TYPES):
            raise BadImage(f"{name} is damaged: an array of it holds numbers of no type")
        file.seek(after)


def _types_of_numbers(stream: BinaryIO, order: str) -> list[int]:
    """List the types of the real and imaginary parts of a numeric array, none for another one."""
    _, _, flags, _ = struct.unpack(f"{order}4I", stream.read(16))
    if flags & 0xFF not in NUMERIC:
        return []
    parts = 2 if flags & COMPLEX else 1
    return [_pass_element(stream, order) for _ in range(2 + parts)][2:]  # after its sides and its name


def _pass_element(stream: BinaryIO, order: str) -> int:
    """Pass an element, and give its type. Up to 4 bytes lie inside of its tag."""
    first, size = struct.unpack(f"{order}II", stream.read(8))
    if first >> 16:
        return int(first & 0xFFFF)
    left = size + -size % 8
    while left and (read := len(stream.read(min(left, CHUNK)))):
        left -= read
    return int(first)


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a compressed element."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.left, self.inflate = file, size, zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        packed = self.inflate.unconsumed_tail
        while not self.inflate.eof:
            if not packed:
                packed = self.file.read(min(self.left, CHUNK))
                self.left -= len(packed)
            made = self.inflate.decompress(packed, len(buffer))
            if made or not packed:
                buffer[: len(made)] = made
                return len(made)
            packed = self.inflate.unconsumed_tail
        return 0
