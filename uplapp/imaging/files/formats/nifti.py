"""NIfTI files: voxels and their place, one volume of a series, no more unpacked than is read."""

import gzip
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import nibabel
import numpy as np

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.stored import MAX_VOXELS, Stored

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_START = 2**20  # bytes before the voxels: the header and its extensions
HEADERS: dict[int, Any] = {348: nibabel.Nifti1Image, 540: nibabel.Nifti2Image}
# Codes of NIfTI for statistics and labels.
NO_BRIGHTNESS = (*range(2, 25), 1002, 1003)
SPACE_AXES = 3
MGH_HEADER = 284
# Of a damaged header nibabel writes lines of its own; what is wrong is said in one sentence.
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)
PAIRS: tuple[Any, ...] = (nibabel.Nifti1Pair, nibabel.Spm2AnalyzeImage, nibabel.AnalyzeImage)


def read_nifti(path: Path, reading: Reading) -> Stored:
    """Read a NIfTI file in one piece (.nii, .nii.gz), of a series one volume.

    A file that is damaged, too large or no NIfTI raises BadImage.
    """
    with refusing_damage(path.name), unpacked(path) as file:
        image, words = _image_of(path.name, file, reading)
        return of_image(path.name, image, words)


def read_mgh(path: Path, reading: Reading) -> Stored:
    """Read a file of FreeSurfer (.mgz, .mgh), of a series one volume."""
    with refusing_damage(path.name), unpacked(path) as file:
        start = file.read(MGH_HEADER)
        header: Any = nibabel.freesurfer.mghformat.MGHHeader(start, check=False)  # type: ignore[no-untyped-call]
        shape, dtype = header.get_data_shape(), header.get_data_dtype()
        require_samples(path.name, shape[:SPACE_AXES], MAX_VOXELS)
        several = len(shape) > SPACE_AXES
        place, words = volume_of(path.name, shape, reading) if several else (0, ())
        size = math.prod(shape[:SPACE_AXES]) * dtype.itemsize
        file.seek(MGH_HEADER + place * size)
        voxels = np.frombuffer(file.read(size), dtype).reshape(shape[:SPACE_AXES], order="F")
        values = voxels.astype(dtype.newbyteorder("="))
        spacing = tuple(float(step) for step in header.get_zooms()[:SPACE_AXES])
        return Stored(path.name, values, np.asarray(header.get_affine()), spacing, understood=words)


def read_pair(path: Path, reading: Reading) -> Stored:
    """Read a NIfTI or Analyze file in two pieces: NAME.img with its header NAME.hdr beside it."""
    voxels, header = path.with_suffix(".img"), path.with_suffix(".hdr")
    if not voxels.is_file() or not header.is_file():
        raise BadImage(f"{path.name} needs its other half beside it: {voxels.name} and {header.name}")
    with refusing_damage(path.name):
        start = header.read_bytes()[: max(HEADERS)]
        kind = next((one for one in PAIRS if one.header_class.may_contain_header(start)), None)
        if kind is None:
            raise BadImage(f"{header.name} is no header of NIfTI or Analyze")
        announced = kind.header_class(start[: kind.header_class.sizeof_hdr], check=False)
        require_samples(path.name, announced.get_data_shape()[:SPACE_AXES], MAX_VOXELS)
        require_samples(path.name, announced.get_data_shape(), 8 * MAX_VOXELS)
        _require_real(path.name, announced.get_data_dtype())
        image = kind.from_filename(str(voxels))
        shape = image.shape
        several = len(shape) == SPACE_AXES + 1
        place, words = volume_of(path.name, shape, reading) if several else (0, ())
        values = np.asanyarray(image.dataobj[..., place] if several else image.dataobj)
        spacing = tuple(float(step) for step in image.header.get_zooms()[: values.ndim])
        analyze = "Analyze does not say which side is left: it was taken as it is stored."
        said = words if hasattr(image, "get_sform") else (*words, analyze)
        return Stored(path.name, values, np.asarray(image.affine), spacing, understood=said)


def of_image(name: str, image: Any, words: tuple[str, ...] = ()) -> Stored:
    """Give the voxels of an image of nibabel, trailing axes of one sample left out."""
    values = np.asanyarray(image.dataobj)
    values = values.squeeze(tuple(axis for axis in range(SPACE_AXES, values.ndim) if values.shape[axis] == 1))
    spacing = tuple(float(step) for step in image.header.get_zooms()[: values.ndim])
    header = image.header if type(image.header) is nibabel.Nifti1Header else None
    said = (*words, *_said_of_header(image.header, image.affine))
    return Stored(name, values, np.asarray(image.affine), spacing, header=header, understood=said)


def _said_of_header(header: Any, affine: Any) -> tuple[str, ...]:
    """Say what a header of NIfTI leaves open of its place, and that its values are labels or a statistic."""
    words = []
    forms = int(header["sform_code"]), int(header["qform_code"])
    if not any(forms) or (np.isfinite(affine).all() and not np.linalg.det(affine)):
        words.append("The file does not say where it lies, so left and right may be exchanged.")
    elif all(forms) and (header["pixdim"][1:4] > 0).all():
        ways: Any = nibabel.aff2axcodes
        if ways(header.get_sform()) != ways(header.get_qform()):
            words.append("Its sform and qform disagree about right, front and up; the sform was taken.")
    if int(header["intent_code"]) in NO_BRIGHTNESS:
        words.append(f"The file says that its values are of the kind '{header.get_intent()[0]}'.")
    return tuple(words)


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked where it is packed by gzip."""
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        with gzip.open(raw) if packed else raw as file:
            yield file  # type: ignore[misc]


def volume_of(name: str, shape: tuple[int, ...], reading: Reading) -> tuple[int, tuple[str, ...]]:
    """Choose one volume of a shape (X,Y,Z,...,T): its place along the last axes, and words that say so."""
    count = math.prod(shape[SPACE_AXES:])
    if count <= 1:
        count = 1
    if reading.volume >= count:
        raise BadImage(f"{name} has no volume {reading.volume}; give one of 0 to {count - 1}")
    words = f"Volume {reading.volume} of {count} along the fourth axis was read; you may choose another."
    return reading.volume, (words,) if count > 1 else ()


def _image_of(name: str, file: IO[bytes], reading: Reading) -> tuple[Any, tuple[str, ...]]:
    start = file.read(max(HEADERS))
    kinds = [kind for kind in HEADERS.values() if kind.header_class.may_contain_header(start)]
    if not kinds:
        raise BadImage(f"{name} is not a NIfTI file; .nii and .nii.gz of a single file are read")
    length = kinds[0].header_class.sizeof_hdr
    header = kinds[0].header_class(start[:length], check=False)
    shape, dtype = header.get_data_shape(), header.get_data_dtype()
    _require_real(name, dtype)
    several = len(shape) == SPACE_AXES + 1
    one = shape[:SPACE_AXES] if several else shape
    require_samples(name, one, MAX_VOXELS)
    first = int(header["vox_offset"])
    if not 0 <= first <= LONGEST_START:
        raise BadImage(f"{name} has its first voxel at byte {first}; 0 to {LONGEST_START} are read")
    place, words = volume_of(name, shape, reading) if several else (0, ())
    size = math.prod(one) * dtype.itemsize
    before = start + file.read(max(0, first - len(start)))
    if several:
        header.set_data_shape(one)
    voxels = _read_at(file, before, first + place * size, size)
    return kinds[0].from_bytes(header.binaryblock + before[length:first] + voxels), words


def _require_real(name: str, dtype: Any) -> None:
    if dtype.names:
        kind, way = "".join(dtype.names), "one of its channels, or its brightness"
    else:
        kind, way = str(dtype), "their magnitude, or k-space as .npy"
    if dtype.kind not in "iuf":
        raise BadImage(f"{name} holds voxels of type {kind}, and real numbers are read; save {way}")


def _read_at(file: IO[bytes], before: bytes, at: int, size: int) -> bytes:
    """Read so many bytes of a file of which those `before` were read already."""
    if at < len(before):
        return before[at : at + size] + file.read(max(0, at + size - len(before)))
    file.seek(at)
    return file.read(size)
