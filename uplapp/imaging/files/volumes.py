"""Volumes of magnitudes: read from NIfTI, .npy and .npz with their place in the world, written as NIfTI."""

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
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.kspace import load_array
from uplapp.imaging.files.scans import load_nifti, slice_axis
from uplapp.imaging.physics import Space

NIFTI = (".nii", ".nii.gz")
SUFFIXES = (*NIFTI, ".npy", ".npz")
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
    """

    name: str
    voxels: Tensor
    space: Space
    vessels: Tensor | None = None
    centreline: Tensor | None = None


def read_volume(path: Path) -> Volume:
    """Read a volume of NIfTI, .npy or .npz, scaled by its largest value, and the labels beside it if any.

    Slices of NIfTI lie along the axis with the widest voxels, else from the feet to the head; those of an
    array along its first axis. A file that is no volume of finite values from 0 up raises BadImage.
    """
    loaded, space = _load(path)
    _require_volume(path.name, loaded)
    stored = loaded.astype(np.float32)
    _require_magnitudes(path.name, stored)
    space = replace(space, unit=float(stored.max()))
    voxels = torch.from_numpy(space.arrange(stored / np.float32(space.unit)))[None]
    volume = Volume(path.name, voxels, space)
    beside = labels_of(path)
    return volume if beside is None else _labelled(volume, beside, stored.shape)


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


def _load(path: Path) -> tuple[Array, Space]:
    if path.name.lower().endswith(NIFTI):
        with refusing_damage(path.name):
            return _of_nifti(load_nifti(path))
    if path.name.lower().endswith(SUFFIXES):
        stored = load_array(path)
        if stored.dtype.kind == "c":
            raise BadImage(f"{path.name} holds complex numbers; volumes of magnitudes are read")
        return stored, Space()
    raise BadImage(f"{path.name} is not a volume; {', '.join(SUFFIXES)} are read")


def _of_nifti(image: Any) -> tuple[Array, Space]:
    stored = np.asanyarray(image.dataobj)
    stored = stored.squeeze(tuple(axis for axis in range(3, stored.ndim) if stored.shape[axis] == 1))
    affine = tuple(tuple(map(float, row)) for row in image.affine)
    spacing = tuple(float(step) or 1.0 for step in image.header.get_zooms()[:3])
    turns = io_orientation(image.affine)  # type: ignore[no-untyped-call]
    if stored.ndim != 3 or np.isnan(turns).any():
        return stored, Space(spacing, affine=affine)
    return stored, _upright(spacing, turns, affine)


def _upright(spacing: Sequence[float], turns: Array, affine: tuple[tuple[float, ...], ...]) -> Space:
    """Turn axes so that slices come first, then what goes up, then what goes to the right or the front."""
    stored_axes = np.argsort(turns[:, 0])  # of the axes to the right, to the front, to the head
    across = slice_axis(tuple(spacing[axis] for axis in stored_axes))
    right, up = (axis for axis in range(3) if axis != across)
    order = tuple(int(stored_axes[axis]) for axis in (across, up, right))
    backward = [bool(turns[axis, 1] < 0) for axis in order]
    flipped = (backward[0], not backward[1], backward[2])  # rows count from the top
    return Space(tuple(spacing[axis] for axis in order), order, flipped, affine)


def _require_volume(name: str, stored: Array) -> None:
    if stored.ndim != 3:
        raise BadImage(
            f"{name} has {stored.ndim} axes ({'x'.join(map(str, stored.shape))}); one volume of 3 is read"
        )
    if min(stored.shape) < 2:
        raise BadImage(
            f"{name} is a single slice ({'x'.join(map(str, stored.shape))}); a volume has 2 or more along "
            f"each axis"
        )


def _require_magnitudes(name: str, stored: Array) -> None:
    if not np.isfinite(stored).all():
        raise BadImage(f"{name} holds values that are not finite, such as NaN; only finite numbers are read")
    if stored.min() < 0:
        raise BadImage(f"{name} holds negative values, down to {stored.min():g}; magnitudes are 0 or more")
    if stored.max() == 0:
        raise BadImage(f"{name} is empty: all its voxels are 0")


def _labelled(volume: Volume, path: Path, shape: tuple[int, ...]) -> Volume:
    labels, _ = _load(path)
    if labels.shape != shape:
        sizes = ["x".join(map(str, one)) for one in (labels.shape, shape)]
        raise BadImage(f"the mask {path.name} is {sizes[0]} voxels, its volume {sizes[1]}; make them equal")
    turned = torch.from_numpy(volume.space.arrange(labels.astype(np.float32)))[None]
    centreline = turned == CENTRELINE
    return replace(volume, vessels=turned > 0, centreline=centreline if bool(centreline.any()) else None)
