"""Siemens raw data (twix, .dat) of Cartesian scans as arrays (slices,coils,H,W)."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.nifti import volume_of
from uplapp.imaging.files.formats.raw import RawScan, by_position, of_partitions, said_of_planes
from uplapp.imaging.files.guards import MAX_SAMPLES, refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading

Array = NDArray[Any]
LARGEST, LONGEST_HEADER, SHORTEST_BLOCK = 2**30, 2**24, 128
# What a header states, as MrProt writes it: samples of a line without oversampling, 1 for lines of a grid,
# and more than 1 for samples on the ramps of a gradient.
BASE, TRAJECTORY = (
    rb"sKSpace\.%s[ \t]*=[ \t]*(0x[0-9a-fA-F]+|[1-9]\d*)" % name
    for name in (b"lBaseResolution", b"ucTrajectory")
)
REGRIDDING = rb"alRegridMode\">\s*\{\s*([1-9]\d*)"
CARTESIAN = 1
# Names of the library; averages and segments it averages itself.
KEPT = ("Sli", "Par", "Cha", "Col", "Lin")
ALIGNED = "only lines of a grid, all read in one direction, are read: reconstruct it first"


def read_twix(path: Path, reading: Reading) -> RawScan:
    """Read the image of a Siemens raw file (.dat): slices, coils, read-out along the rows, phase columns.

    The partitions of a 3-D scan are transformed and become slices, other slices are sorted by their position.
    Lines and samples that were not measured (partial Fourier, asymmetric echoes) are 0. The library twixtools
    does the reading. Nothing of the header is kept.
    """
    try:
        import twixtools  # noqa: F401
    except ImportError as error:
        raise BadImage(
            f"{path.name} is Siemens twix, which is read with twixtools (pip install twixtools)"
        ) from error
    if path.stat().st_size > LARGEST:
        raise BadImage(f"{path.name} has more than {LARGEST >> 20} MiB, the most that is read")
    with refusing_damage(path.name, quoting=False), path.open("rb") as file:
        header, scan = _last_image(path, file)
        _require_grid(path.name, header, scan)
        planes, words = planes_of(path.name, scan["image"], reading)
        base = _stated(header, BASE)
    times, rest = divmod(planes.shape[2], base) if base else (0, 0)
    if times < 2 or rest:
        return RawScan(planes, None, (f"Siemens twix: {said_of_planes(planes)}.", *words))
    said = (
        f"Siemens twix: {said_of_planes(planes)}; the read-out is {times} times oversampled, and its middle "
        f"is shown."
    )
    return RawScan(planes, (base, planes.shape[3]), (said, *words))


def _last_image(path: Path, file: BinaryIO) -> tuple[bytes, Any]:
    """Give the header of the last measurement of a file that is no adjustment, and its blocks sorted.

    The library gets no header: it would search a hostile one for hours.
    """
    from twixtools import hdr_def, helpers, map_twix

    many, count = helpers.idea_version_check(file)
    places = [(0, path.stat().st_size)]
    if many:
        entries = np.fromfile(file, hdr_def.MultiRaidFileHeader, 1)[0]["entry"][: int(count)]
        places = [(int(each["off_"]), int(each["len_"]) or path.stat().st_size) for each in entries]
    for start, length in reversed(places):
        file.seek(start)
        size = int.from_bytes(file.read(4), "little")
        header = file.read(min(size, LONGEST_HEADER))
        blocks = _blocks(path.name, file, many, start + size, start + length)
        scan = map_twix({"mdb": blocks, "hdr": {"Meas": {}}, "hdr_str": np.empty(0)})
        if "image" in scan:
            return header, scan
    raise BadImage(f"{path.name} holds no acquisition of an image")


def _blocks(name: str, file: BinaryIO, many: bool, at: int, end: int) -> list[Any]:
    """List the blocks of a measurement.

    The library has a function for it, which never returns from a block whose length is 0.
    """
    from twixtools.mdb import Mdb

    blocks: list[Any] = []
    while at + SHORTEST_BLOCK < end:
        file.seek(at)
        block = Mdb(file, many)
        if block.is_flag_set("ACQEND"):
            return blocks
        length = int(block.dma_len)
        if length < SHORTEST_BLOCK:
            raise BadImage(f"{name} is damaged: a block of it has no length")
        at += length
        blocks.append(block)
    raise BadImage(f"{name} is cut off: it lacks the block that ends a measurement")


def _stated(header: bytes, pattern: bytes) -> int:
    """Give a number that a header states, 0 where it does not."""
    found = re.search(pattern, header)
    return int(found[1], 0) if found else 0


def _require_grid(name: str, header: bytes, scan: Any) -> None:
    """Refuse radial and spiral scans, and echo-planar ones, whose lines run to and fro."""
    if _stated(header, TRAJECTORY) not in (0, CARTESIAN):
        raise BadImage(f"{name} is not Cartesian; {ALIGNED}")
    reflected = any(block.is_flag_set("REFLECT") for block in scan["image"].mdb_list)
    if _stated(header, REGRIDDING) > 1 or (reflected and "phasecorr" in scan):
        raise BadImage(f"{name} is echo-planar; {ALIGNED}")


def planes_of(name: str, image: Any, reading: Reading) -> tuple[Array, tuple[str, ...]]:
    """Give k-space (slices,coils,W,H) of one volume, its zero frequency in the middle, with words."""
    axes = dict(zip(image.dims, map(int, image.shape), strict=True))
    require_samples(name, tuple(axes.values()), MAX_SAMPLES)
    values = np.asarray(image[:]).reshape(tuple(axes.values()))
    order = [*KEPT, *(axis for axis in axes if axis not in KEPT)]
    several = values.transpose([image.dims.index(axis) for axis in order])
    several = several.reshape(*several.shape[: len(KEPT)], -1)
    place, words = volume_of(name, (1, 1, 1, several.shape[-1]), reading)
    planes = several[..., place]
    centres = (image.kspace_center_par, image.kspace_center_col, image.kspace_center_lin)
    for axis, centre in zip((1, 3, 4), centres, strict=True):
        planes = centred(planes, axis, int(centre))
    require_samples(name, planes.shape, MAX_SAMPLES)
    planes, said = by_position(planes, _places(image.mdb_list))
    planes = of_partitions(planes.astype(np.complex64))
    return planes.reshape(-1, *planes.shape[2:]), (*words, *said)


def _places(blocks: Iterable[Any]) -> dict[int, tuple[float, float, float]]:
    """Give the place of each slice, to the left, back and head, in mm."""
    stated = ((block.cSlc, block.mdh.SliceData.SlicePos) for block in blocks)
    return {int(number): (place.Sag, place.Cor, place.Tra) for number, place in stated}


def centred(values: Array, axis: int, centre: int) -> Array:
    """Fill an axis of k-space with zeros so that its zero frequency, at `centre`, comes to the middle.

    A centre of 0 or beyond the axis is one that the file does not say.
    """
    side = values.shape[axis]
    if centre == side // 2 or not 0 < centre < side:
        return values
    half = max(centre, side - centre)
    filled = [(0, 0)] * values.ndim
    filled[axis] = (half - centre, half - (side - centre))
    return np.pad(values, filled)
