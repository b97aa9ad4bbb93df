"""Volumes of magnitudes: read from files of voxels and arrays with their place, written as NIfTI."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from nibabel.orientations import io_orientation
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refuse_foreign, start_of
from uplapp.imaging.files.kspace import load_array
from uplapp.imaging.files.levels import levels_of, without_nan
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading, sizes
from uplapp.imaging.files.scans import slice_axis
from uplapp.imaging.files.stored import Stored
from uplapp.imaging.files.voxels import FORMATS, is_voxels, read_voxels
from uplapp.imaging.physics import Space

ARRAYS = (".npy", ".npz")
SUFFIXES = (*FORMATS, *ARRAYS)
# What a file of labels is called beside `head.nii.gz`: `head-vessels.nii.gz`.
VESSELS = "-vessels"
VESSEL, CENTRELINE = 1, 2  # the labels of such a file; a voxel of the centreline is one of a vessel too
GZIP_LEVEL = 6
# The place of a volume that was made here: slices from the feet to the head, rows from the front.
UPRIGHT = Space(order=(2, 1, 0), flipped=(False, True, False))

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume (1,D,H,W) in [0,1] whose largest value is 1, slices along D, each upright.

    `vessels` and `centreline` (1,D,H,W) of bool are there where a file of labels lies beside it.
    `understood` says in sentences what the reader took the file for.
    """

    name: str
    voxels: Tensor
    space: Space
    vessels: Tensor | None = None
    centreline: Tensor | None = None
    understood: tuple[str, ...] = ()


def read_volume(path: Path, reading: Reading = AS_IT_SAYS) -> Volume:
    """Read a volume of any format of voxels, scaled by its range, and the labels beside it if any.

    Slices lie along the axis with the widest voxels, else from the feet to the head; those of an array along
    its first axis, those of DICOM as they were taken. NaN is background, and values below 0 are shifted. A
    file that is no volume, or holds infinite values, raises BadImage.
    """
    stored, space = _load(path, reading)
    _require_volume(stored)
    values, gaps = without_nan(stored.name, stored.values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise BadImage(f"{stored.name} holds values that are not finite; only finite numbers are read")
    levels = levels_of(stored.name, values, reading, whole=True)
    space = replace(space, unit=levels.white - levels.black, zero=levels.black)
    scaled = levels.of(values, np.float32)
    voxels = torch.from_numpy(space.arrange(scaled))[None]
    understood = (*stored.understood, *gaps, *levels.words)
    volume = Volume(stored.name, voxels, space, understood=understood)
    beside = labels_of(path)
    return volume if beside is None else _labelled(volume, beside, values.shape)


def list_volumes(folder: Path) -> list[Path]:
    """List the volumes of a folder in order of name, files of labels left out.

    A folder without any is refused.
    """
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    volumes = [path for path in paths if _stem(path) and not _stem(path).endswith(VESSELS)]
    if not volumes:
        raise BadImage(f"{folder} holds no volume; files that end in {', '.join(SUFFIXES)} are read")
    return volumes


def labels_of(path: Path) -> Path | None:
    """Find the file that marks the vessels of `head.nii.gz`, such as `head-vessels.nii.gz`, or give None."""
    beside = (path.with_name(f"{_stem(path)}{VESSELS}{suffix}") for suffix in SUFFIXES)
    return next((each for each in beside if each.is_file()), None)


def encode_nifti(volume: Tensor, space: Space) -> bytes:
    """Encode a volume (1,D,H,W) as a packed NIfTI file, float32, in the unit, order and place of its file."""
    stored = space.restore(volume[0].numpy().astype(np.float32)) * np.float32(space.unit)
    stored += np.float32(space.zero)
    image = nibabel.Nifti1Image(stored, np.array(space.affine))  # type: ignore[no-untyped-call]
    # Without the time of day, so that equal volumes give equal bytes.
    return gzip.compress(image.to_bytes(), GZIP_LEVEL, mtime=0)


def encode_labels(vessels: Tensor, centreline: Tensor, space: Space) -> bytes:
    """Encode masks (1,D,H,W) of vessels and their centreline as a packed NIfTI file of labels."""
    labels = torch.where(centreline, CENTRELINE, vessels * VESSEL)
    stored = space.restore(labels[0].numpy().astype(np.float32)).astype(np.uint8)
    image = nibabel.Nifti1Image(stored, np.array(space.affine))  # type: ignore[no-untyped-call]
    return gzip.compress(image.to_bytes(), GZIP_LEVEL, mtime=0)


def _stem(path: Path) -> str:
    """The name of a volume without its suffix, empty for other files."""
    suffix = next((one for one in SUFFIXES if path.name.lower().endswith(one)), None)
    return path.name[: -len(suffix)] if suffix else ""


def _load(path: Path, reading: Reading = AS_IT_SAYS) -> tuple[Stored, Space]:
    start = start_of(path)
    if is_voxels(path):
        stored = read_voxels(path, reading)
        return stored, _space_of(stored)
    if path.name.lower().endswith(ARRAYS):
        values = load_array(path)
        if values.dtype.kind == "c":
            raise BadImage(f"{path.name} holds complex numbers; volumes of magnitudes are read")
        return Stored(path.name, values), Space()
    refuse_foreign(path.name, start)
    raise BadImage(f"{path.name} is not a volume; {', '.join(SUFFIXES)} are read")


def _space_of(stored: Stored) -> Space:
    affine = tuple(tuple(map(float, row)) for row in stored.affine)
    spacing = tuple(float(step) or 1.0 for step in stored.spacing_mm[:3])
    turns = io_orientation(stored.affine)  # type: ignore[no-untyped-call]
    if stored.as_rows:
        return Space(spacing[::-1], (2, 1, 0), affine=affine)
    if stored.values.ndim != 3 or np.isnan(turns).any():
        return Space(spacing, affine=affine)
    return _upright(spacing, turns, affine)


def _upright(spacing: Sequence[float], turns: Array, affine: tuple[tuple[float, ...], ...]) -> Space:
    """Turn axes so that slices come first, then what goes up, then what goes to the right or the front."""
    stored_axes = np.argsort(turns[:, 0])  # of the axes to the right, to the front, to the head
    across = slice_axis(tuple(spacing[axis] for axis in stored_axes))
    right, up = (axis for axis in range(3) if axis != across)
    order = tuple(int(stored_axes[axis]) for axis in (across, up, right))
    backward = [bool(turns[axis, 1] < 0) for axis in order]
    flipped = (backward[0], not backward[1], backward[2])  # rows count from the top
    return Space(tuple(spacing[axis] for axis in order), order, flipped, affine)


def _require_volume(stored: Stored) -> None:
    shape = sizes(stored.values.shape)
    if stored.values.ndim != 3:
        raise BadImage(f"{stored.name} has {stored.values.ndim} axes ({shape}); one volume of 3 is read")
    if stored.series:
        raise BadImage(f"{stored.name} holds one slice at several moments ({shape}), which is no volume")
    if min(stored.values.shape) < 2:
        raise BadImage(f"{stored.name} is a single slice ({shape}); a volume has 2 or more along each axis")


def _labelled(volume: Volume, path: Path, shape: tuple[int, ...]) -> Volume:
    labels = _load(path)[0].values
    if labels.shape != shape:
        sizes = ["x".join(map(str, one)) for one in (labels.shape, shape)]
        raise BadImage(f"the mask {path.name} is {sizes[0]} voxels, its volume {sizes[1]}; make them equal")
    turned = torch.from_numpy(volume.space.arrange(labels.astype(np.float32)))[None]
    centreline = turned == CENTRELINE
    return replace(volume, vessels=turned > 0, centreline=centreline if bool(centreline.any()) else None)
