"""Scans: the slices of one file scaled to [0,1], whether made of k-space or cut from a volume."""

import gzip
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import nibabel
import numpy as np
import torch
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage, require_samples
from uplapp.imaging.physics import Slice, crop_centre, to_image, to_kspace, zero_filled

Array = NDArray[Any]
# A whole k-space may be zero at its rim and in its corners; with more zeros inside it was undersampled.
MOST_ZEROS = 0.25
MAX_VOXELS = 2**26  # 512 x 512 x 256
# White is the value that one voxel in a thousand exceeds (of those above 0): a few bright vessels or a
# spike shall not darken everything else.
WHITE_PERCENTILE = 99.9
GZIP_MAGIC = b"\x1f\x8b"
LONGEST_START = 2**20  # bytes before the voxels: the header and its extensions
HEADERS: dict[int, Any] = {348: nibabel.Nifti1Image, 540: nibabel.Nifti2Image}
SAME_SPACING = 1.01


@dataclass(frozen=True, eq=False)
class Scan:
    """The slices of one file, each read on access: `scan[3]`, `len(scan)`, `for slice in scan`."""

    name: str
    count: int
    read: Callable[[int], Slice]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Slice:
        if not -self.count <= index < self.count:
            raise IndexError(f"{self.name} has {self.count} slices; there is no slice {index}")
        return self.read(index % self.count)

    def __iter__(self) -> Iterator[Slice]:
        return (self.read(index) for index in range(self.count))

    @property
    def middle(self) -> Slice:
        """The slice in the middle."""
        return self.read(self.count // 2)


def slice_of_kspace(
    name: str,
    index: int,
    kspace: Array,
    size: tuple[int, int] | None = None,
    peak_of_scan: Callable[[Tensor], float | None] = lambda magnitude: None,
) -> Slice:
    """Make a slice of k-space (coils,H,W) of any complex type, its magnitude scaled to [0,1].

    White is the brightest pixel of the slice, or what `peak_of_scan` says of the picture in the units of
    the file. All zero and values that are not finite raise BadImage.
    """
    largest = largest_value(name, kspace)
    unit = torch.from_numpy(np.asarray(kspace / largest, dtype=np.complex64))
    size = crop_size(unit.shape, size)
    magnitude = crop_centre(zero_filled(unit)[None], size)
    peak = (peak_of_scan(magnitude * largest) or 0) / largest or float(magnitude.max())
    whole = is_whole(kspace)
    return Slice(name, index, size, magnitude / peak if whole else None, unit / peak)


def slice_of_image(name: str, index: int, image: Array) -> Slice:
    """Make a slice of complex images (coils,H,W), complex64, scaled as `slice_of_kspace` does."""
    return slice_of_kspace(name, index, to_kspace(torch.from_numpy(image)).numpy())


def slice_of_magnitude(name: str, index: int, magnitude: Array) -> Slice:
    """Make a slice of a picture (H,W) in [0,1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(magnitude, dtype=np.float32))[None]
    return Slice(name, index, crop_size(pixels.shape), pixels)


def largest_value(name: str, values: Array) -> float:
    """Find the largest magnitude in an array.

    NaN, infinity, or nothing but 0 raises BadImage.
    """
    with np.errstate(all="ignore"):
        # Not abs of what is real: it copies a volume, and -32768 has no opposite among 16 bits.
        if values.dtype.kind == "c":
            largest = float(np.abs(values).max())
        else:
            largest = max(float(values.max()), -float(values.min()))
    if not np.isfinite(largest):
        raise BadImage(f"{name} holds values that are not finite; only finite numbers can be used")
    if largest == 0:
        raise BadImage(f"{name} is empty: all its samples are 0")
    return largest


def is_whole(kspace: Array) -> bool:
    """Whether a k-space (coils,H,W) was fully sampled: no row or column inside it and few samples are 0.

    Zeros around what was measured are padding (partial Fourier, a smaller matrix), zeros in the corners an
    elliptical scan; neither counts.
    """
    sampled = (kspace != 0).any(axis=0)
    rows, columns = np.flatnonzero(sampled.any(axis=1)), np.flatnonzero(sampled.any(axis=0))
    inside = sampled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    unbroken = inside.shape == (len(rows), len(columns))
    return bool(unbroken and inside.mean() >= 1 - MOST_ZEROS)


def is_image(values: Array) -> bool:
    """Whether an array (coils,H,W), complex64, is an image: its transform is more concentrated than it."""
    return _concentration(to_image(torch.from_numpy(values)).numpy()) > _concentration(values)


def crop_size(shape: tuple[int, ...], size: tuple[int, int] | None = None) -> tuple[int, int]:
    """Give the size (h,w) to crop to.

    A k-space that is narrower than that gives a square, as in fastMRI.
    """
    height, width = shape[-2:]
    wanted = size or (height, width)
    square = (width, width) if width < wanted[1] else wanted
    return min(height, square[0]), min(width, square[1])


def _concentration(values: Array) -> float:
    """The share of the energy that the strongest sample holds."""
    energy = np.square(np.abs(values), dtype=np.float64).sum(axis=0)
    return float(energy.max() / energy.sum())


def read_nifti(path: Path, axis: int | None = None) -> Scan:
    """Read the slices of a NIfTI volume (.nii, .nii.gz), head and front up, scaled as by `scan_of_volume`.

    Axes are turned to left-right, back-front, feet-head (0, 1, 2) without interpolation; slices lie along
    `axis`, by default the one with the widest voxels, or the last. Source: the NIfTI-1 standard (2004).
    """
    voxels, spacing = load_voxels(path)
    if voxels.ndim == 3:
        axis = slice_axis(spacing) if axis is None else axis
    return scan_of_volume(path.name, voxels, axis or 0, upright=True)


def load_voxels(path: Path) -> tuple[Array, tuple[float, ...]]:
    """Read the voxels of a NIfTI file and their spacing in mm, axes to the right, to the front and up.

    A file that is damaged, too large or no NIfTI raises BadImage.
    """
    with refusing_damage(path.name):
        return _upright(load_nifti(path))


def scan_of_volume(name: str, values: Array, axis: int, upright: bool = False) -> Scan:
    """Cut a real volume into slices (h,w) along an axis, or take a picture (h,w) as one slice.

    0 stays black, less is clipped; 1 is the 99.9th percentile of what lies above 0, more is clipped. With
    `upright` the second axis of a slice points up. Values that are not finite raise BadImage.
    """
    if values.ndim not in (2, 3) or not 0 <= axis < values.ndim:
        raise BadImage(
            f"{name} has {values.ndim} axes and no slices along axis {axis}; "
            f"pictures of 2 axes and volumes of 3 are read, cut along axis 0, 1 or 2"
        )
    volume = values if values.ndim == 3 else values[None]
    axis = axis if values.ndim == 3 else 0
    largest_value(name, volume)
    above = volume[volume > 0]
    if not above.size:
        raise BadImage(f"{name} has no value above 0; magnitudes are read")
    white = float(np.percentile(above, WHITE_PERCENTILE, overwrite_input=True))
    return Scan(name, volume.shape[axis], partial(_cut, name, volume, axis, white, upright))


def _cut(name: str, volume: Array, axis: int, white: float, upright: bool, index: int) -> Slice:
    plane = volume.take(index, axis=axis)
    picture = plane.T[::-1] if upright else plane
    return slice_of_magnitude(name, index, (picture.astype(np.float64) / white).clip(0, 1))


def load_nifti(path: Path) -> Any:
    """Load the image of a file, unpacking no more than its header announces."""
    with path.open("rb") as raw:
        packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        with gzip.open(raw) if packed else raw as file:
            return _image_of(path.name, file)


def _image_of(name: str, file: IO[bytes] | gzip.GzipFile) -> Any:
    start = file.read(max(HEADERS))
    kinds = [kind for kind in HEADERS.values() if kind.header_class.may_contain_header(start)]
    if not kinds:
        raise BadImage(f"{name} is not a NIfTI file; .nii and .nii.gz of a single file are read")
    header = kinds[0].header_class(start[: kinds[0].header_class.sizeof_hdr], check=False)
    shape, dtype = header.get_data_shape(), header.get_data_dtype()
    if dtype.kind not in "iuf":
        raise BadImage(f"{name} holds voxels of type {dtype}; real numbers are read")
    require_samples(name, shape, MAX_VOXELS)
    first = int(header["vox_offset"])
    if not 0 <= first <= LONGEST_START:
        raise BadImage(f"{name} has its first voxel at byte {first}; 0 to {LONGEST_START} are read")
    rest = file.read(max(0, first + math.prod(shape) * dtype.itemsize - len(start)))
    return kinds[0].from_bytes(start + rest)


def _upright(image: Any) -> tuple[Array, tuple[float, ...]]:
    """Turn voxels so that axes go to the right, to the front and up, with their spacing along these."""
    voxels = np.asanyarray(image.dataobj)
    spacing = tuple(map(float, image.header.get_zooms()))
    extra = tuple(axis for axis in range(3, voxels.ndim) if voxels.shape[axis] == 1)
    voxels = voxels.squeeze(extra)
    turns = io_orientation(image.affine)  # type: ignore[no-untyped-call]
    if voxels.ndim != 3 or np.isnan(turns).any():
        return voxels, spacing[: voxels.ndim]
    order = np.argsort(turns[:, 0])
    turned: Array = apply_orientation(voxels, turns)  # type: ignore[no-untyped-call]
    return turned, tuple(spacing[axis] for axis in order)


def slice_axis(spacing: tuple[float, ...]) -> int:
    """Find the axis with the widest voxels.

    Where no axis is wider by a hundredth, it is the last.
    """
    widest = int(np.argmax(spacing))
    return widest if spacing[widest] > SAME_SPACING * spacing[-1] else len(spacing) - 1
