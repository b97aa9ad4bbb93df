"""Voxels behind a header of text: NRRD and MetaImage, with their samples inside or beside it."""

import bz2
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.nifti import volume_of
from uplapp.imaging.files.guards import refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.stored import MAX_VOXELS, Stored

Array = NDArray[Any]
LONGEST_HEADER, LARGEST_FILE = 2**16, 2**30
NRRD_TYPES: Mapping[str, str] = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
    **dict.fromkeys(("ushort", "unsigned short", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "signed long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    **dict.fromkeys(("float",), "f4"),
    **dict.fromkeys(("double",), "f8"),
}
META_TYPES: Mapping[str, str] = {
    **{"MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4"},
    **{"MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_FLOAT": "f4", "MET_DOUBLE": "f8"},
    **{"MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8"},
}
SAMPLES = (".raw", ".zraw", ".gz", ".bz2", ".txt")
# Kinds of axes: of a series, and of space. A stub has one sample.
SERIES, SPACE = ("list", "time", "none", "stub"), ("domain", "space", "???")
SPACE_AXES = 3
SEGMENT, OF_SEGMENTS = "segment0_", "The file says that its values are numbers of segments."
MAPPED = (("Slope", "1"), ("Offset", "0"))
# Turns axes to the left and back, as DICOM has them, into those of NIfTI, to the right and front.
TURNED = np.diag([-1.0, -1.0, 1.0])


def read_nrrd(path: Path, reading: Reading) -> Stored:
    """Read an NRRD file, raw, gzip, bzip2 or text. Of a series one volume is read.

    The samples lie inside, or in a file of the same stem beside it (.nhdr).
    Source: teem.sourceforge.net/nrrd/format.html.
    """
    with refusing_damage(path.name):
        data = _load(path)
        if not data.startswith(b"NRRD000"):
            raise BadImage(f"{path.name} is not an NRRD file; .nrrd and .nhdr are read")
        apart = path.suffix.lower() == ".nhdr"
        start = len(data) if apart else _after_blank(path.name, data)
        fields = _nrrd_fields(data[: min(start, LONGEST_HEADER)].decode("ascii", "replace"))
        named = fields.get("data file", fields.get("datafile"))
        body = data[start:] if named is None else _beside(path, named)
        if any(int(fields.get(skip, "0")) for skip in ("byte skip", "byteskip", "line skip", "lineskip")):
            raise BadImage(f"{path.name} skips a part of its samples, which is not read; save it without")
        shape = tuple(int(side) for side in fields["sizes"].split())
        dtype = _dtype(path.name, NRRD_TYPES, fields["type"].lower(), fields.get("endian") == "big")
        require_samples(path.name, shape[:3], MAX_VOXELS)
        values = _unpack(path.name, fields.get("encoding", "raw").lower(), body, shape, dtype)
        values = _series_last(path.name, values, fields)
        affine, spacing = _nrrd_place(fields)
        stored = _one_volume(path.name, values, affine, spacing, reading)
        labels = any(key.startswith(SEGMENT) for key in fields)  # as 3D Slicer writes them
        return replace(stored, understood=(*stored.understood, *([OF_SEGMENTS] if labels else [])))


def read_metaimage(path: Path, reading: Reading) -> Stored:
    """Read a MetaImage. Of a series one volume is read.

    The samples lie inside (.mha), or in a file of the same stem beside it (.mhd). Source: itk.org, MetaIO.
    """
    with refusing_damage(path.name):
        data = _load(path)
        at = data.find(b"ElementDataFile", 0, LONGEST_HEADER)
        end = data.find(b"\n", at) if b"\n" in data[max(at, 0) :] else len(data)
        if at < 0:
            raise BadImage(f"{path.name} is not a MetaImage; .mha and .mhd are read")
        lines = data[:end].decode("ascii", "replace").splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        named = fields["ElementDataFile"]
        body = data[end + 1 :] if named == "LOCAL" else _beside(path, named)
        if int(fields.get("HeaderSize", "0")) != 0:
            raise BadImage(f"{path.name} skips a part of its samples, which is not read; save it without")
        if int(fields.get("ElementNumberOfChannels", 1)) != 1:
            raise BadImage(f"{path.name} has several samples per voxel; one is read")
        shape = tuple(int(side) for side in fields["DimSize"].split())
        if len(shape) != int(fields.get("NDims", len(shape))):
            raise BadImage(f"{path.name} has {fields['NDims']} axes and {len(shape)} sides; make them agree")
        mapped = [float(fields.get(f"ElementToIntensityFunction{part}", usual)) for part, usual in MAPPED]
        if mapped != [float(usual) for _, usual in MAPPED]:
            raise BadImage(
                f"{path.name} maps its samples to other values, which is not read; save them mapped"
            )
        big = _yes(fields.get("BinaryDataByteOrderMSB", fields.get("ElementByteOrderMSB", "False")))
        dtype = _dtype(path.name, META_TYPES, fields["ElementType"], big)
        require_samples(path.name, shape[:3], MAX_VOXELS)
        text = not _yes(fields.get("BinaryData", "True"))
        encoding = "text" if text else "zlib" if _yes(fields.get("CompressedData", "False")) else "raw"
        values = _unpack(path.name, encoding, body, shape, dtype)
        affine, spacing = _meta_place(fields)
        return _one_volume(path.name, values, affine, spacing, reading)


def _yes(text: str) -> bool:
    return text.lower() in ("true", "1", "t")


def _series_last(name: str, values: Array, fields: Mapping[str, str]) -> Array:
    """Move the axis of the series of volumes to the end. Several samples per voxel are refused."""
    kinds = fields.get("kinds", "").lower().split()
    steps = fields.get("space directions", "").lower().split()
    widths = fields.get("spacings", "").lower().split()
    outside = {place for place, step in enumerate(steps) if step == "none"} if "none" in steps else set()
    if len(widths) == values.ndim:
        outside |= {place for place, width in enumerate(widths) if width == "nan"}
    if len(kinds) == values.ndim:
        samples = [kind for kind in kinds if kind not in (*SERIES, *SPACE)]
        if samples:
            raise BadImage(f"{name} has several samples per voxel ({samples[0][:20]}); one is read")
        outside |= {place for place, kind in enumerate(kinds) if kind in SERIES}
    if values.ndim != SPACE_AXES + 1 or len(outside) != 1:
        return values
    return np.moveaxis(values, outside.pop(), -1)


def _load(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE:
        raise BadImage(f"{path.name} has more than {LARGEST_FILE >> 20} MiB, the most that is read")
    return path.read_bytes()


def _beside(path: Path, named: str) -> bytes:
    """Load the samples that a header names: a file in its folder and of its stem, and no other one."""
    samples = path.with_name(named) if Path(named).name == named else None
    if samples is None or named.split(".")[0] != path.name.split(".")[0] or samples.suffix not in SAMPLES:
        raise BadImage(
            f"{path.name} names another file for its samples; they may lie inside, or in {path.stem}.raw"
        )
    if samples.is_symlink() or not samples.is_file():
        raise BadImage(f"{path.name} needs its samples {named} beside it; on the page put both into a ZIP")
    return _load(samples)


def _after_blank(name: str, data: bytes) -> int:
    """Find the first byte after the blank line that ends a header."""
    marks = ((mark, data.find(mark, 0, LONGEST_HEADER)) for mark in (b"\n\n", b"\r\n\r\n"))
    ends = [place + len(mark) for mark, place in marks if place >= 0]
    if not ends:
        raise BadImage(f"{name} has a header without an end; .nrrd with its samples inside is read")
    return min(ends)


def _nrrd_fields(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines()[1:] if ":" in line and not line.startswith("#")]
    pairs = (line.partition(":=" if ":=" in line else ":") for line in lines)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _dtype(name: str, types: Mapping[str, str], kind: str, big: bool) -> Any:
    if kind not in types:
        raise BadImage(f"{name} holds voxels of type {kind[:20]}; real numbers of 8 to 64 bits are read")
    return np.dtype((">" if big else "<") + types[kind])


def _unpack(name: str, encoding: str, body: bytes, shape: tuple[int, ...], dtype: Any) -> Array:
    """Unpack samples, first axis fastest, and no more than the header announces."""
    count = int(np.prod(shape))
    require_samples(name, shape, LARGEST_FILE // dtype.itemsize)
    if encoding in ("text", "txt", "ascii"):
        values = np.array(body.split()[:count], dtype.newbyteorder("="))
    elif encoding in UNPACKERS:
        packed = UNPACKERS[encoding](body, count * dtype.itemsize)
        values = np.frombuffer(packed, dtype, count)
    else:
        raise BadImage(
            f"{name} is packed by '{encoding[:20]}', which is not read; raw, gzip, bzip2 and text are"
        )
    return values.reshape(shape, order="F").astype(dtype.newbyteorder("="))


UNPACKERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "raw": lambda body, size: body[:size],
    "zlib": lambda body, size: zlib.decompressobj().decompress(body, size),
    **dict.fromkeys(("gzip", "gz"), lambda body, size: zlib.decompressobj(31).decompress(body, size)),
    **dict.fromkeys(("bzip2", "bz2"), lambda body, size: bz2.BZ2Decompressor().decompress(body, size)),
}


def _nrrd_place(fields: Mapping[str, str]) -> tuple[Array, tuple[float, ...]]:
    """Give the affine of NIfTI and the spacing of the axes in space."""
    affine = np.eye(4)
    places = fields.get("space directions", "").lower().replace("none", "")
    steps = [part.strip(" ()") for part in places.split(")")]
    vectors = [np.array(part.split(","), float) for part in steps if part.count(",") == 2]
    if len(vectors) == 3:
        affine[:3, :3] = np.stack(vectors, axis=1)
        origin = fields.get("space origin", "(0,0,0)").strip(" ()").split(",")
        affine[:3, 3] = np.array(origin, float)
        space = fields.get("space", "").lower()
        signs = {"l": -1.0, "p": -1.0}
        letters = [word[0] for word in space.split("-")[:3]] if "-" in space else list(space[:3])
        affine[:3] *= np.array([signs.get(letter, 1.0) for letter in (*letters, "", "", "")[:3]])[:, None]
        return affine, tuple(map(float, np.linalg.norm(affine[:3, :3], axis=0)))
    spacing = tuple(abs(float(step)) for step in fields.get("spacings", "").lower().split() if step != "nan")
    full = (*spacing[:3], 1.0, 1.0, 1.0)[:3]
    return np.diag([*full, 1.0]), full


def _meta_place(fields: Mapping[str, str]) -> tuple[Array, tuple[float, ...]]:
    affine = np.eye(4)
    steps = [float(step) for step in fields.get("ElementSpacing", fields.get("ElementSize", "1 1 1")).split()]
    spacing = (*steps[:3], 1.0, 1.0, 1.0)[:3]
    axes = np.array(fields.get("TransformMatrix", "1 0 0 0 1 0 0 0 1").split(), float)
    offset = fields.get("Offset", fields.get("Position", fields.get("Origin", "0 0 0"))).split()
    if len(axes) == 9 and len(offset) == 3:
        affine[:3, :3] = TURNED @ (axes.reshape(3, 3).T * np.array(spacing))
        affine[:3, 3] = TURNED @ np.array(offset, float)
    return affine, spacing


def _one_volume(
    name: str, values: Array, affine: Array, spacing: tuple[float, ...], reading: Reading
) -> Stored:
    place, words = volume_of(name, values.shape, reading) if values.ndim == 4 else (0, ())
    return Stored(name, values[..., place] if values.ndim == 4 else values, affine, spacing, understood=words)
