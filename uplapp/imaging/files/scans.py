"""Scans: the slices of one file scaled to [0,1], whether made of k-space or cut from a volume."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Any

import numpy as np
import torch
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.whole import encode_whole
from uplapp.imaging.files.levels import Levels, levels_of, without_nan
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading, sizes
from uplapp.imaging.files.stored import Stored
from uplapp.imaging.physics import Slice, crop_centre, to_image, to_kspace, zero_filled

Array = NDArray[Any]
# A whole k-space may be zero at its rim and in its corners; with more zeros inside it was undersampled.
MOST_ZEROS = 0.25
SAME_SPACING = 1.01
# Sides of a k-space differ by one sample where its size is even; more is partial Fourier.
LOPSIDED = 1 / 16


@dataclass(frozen=True, eq=False)
class Scan:
    """The slices of one file, each read on access: `scan[3]`, `len(scan)`, `for slice in scan`.

    `understood` says in sentences what the reader took the file for. `levels` are those of a volume, which
    `encode` makes of pictures (slices,h,w) in [0,1]: packed NIfTI in the place of the file.
    """

    name: str
    count: int
    read: Callable[[int], Slice]
    understood: tuple[str, ...] = ()
    levels: Levels | None = None
    encode: Callable[[Array], bytes] | None = None

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


def partial_fourier(kspace: Array) -> tuple[str, ...]:
    """Say where one side of a k-space (coils,H,W) was not measured, which leaves its picture blurred."""
    sampled = (kspace != 0).any(axis=0)
    for axis, noun in ((0, "row"), (1, "column")):
        filled = np.flatnonzero(sampled.any(axis=1 - axis))
        side = sampled.shape[axis]
        if not filled.size:
            continue
        before, after = side // 2 - filled[0], filled[-1] + 1 - side // 2
        if abs(int(before) - int(after)) > side * LOPSIDED:
            return (
                f"Partial Fourier: {side - int(filled[-1]) - 1 + int(filled[0])} of {side} {noun}s on one "
                f"side were not measured, so the picture and a reference made of it are blurred along them.",
            )
    return ()


def image_ratio(values: Array) -> float:
    """How many times as concentrated the transform of an array (coils,H,W) is: above 1 it is an image."""
    return _concentration(to_image(torch.from_numpy(values)).numpy()) / _concentration(values)


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


def scan_of_stored(stored: Stored, reading: Reading, axis: int | None = None) -> Scan:
    """Cut the voxels of a file into slices, as the file has them or head and front up.

    Axes are turned to left-right, back-front, feet-head (0, 1, 2) without interpolation; slices lie along
    `axis`, by default the one with the widest voxels, or the last. Source: the NIfTI-1 standard (2004).
    """
    voxels, spacing = (stored.values, stored.spacing_mm) if stored.as_rows else upright(stored)
    if voxels.ndim == 3 and axis is None:
        axis = 2 if stored.as_rows else slice_axis(spacing)
    scan = scan_of_volume(
        stored.name,
        voxels,
        axis or 0,
        Turn.ROWS if stored.as_rows else Turn.UPRIGHT,
        reading,
        stored.window,
        stored.inverted,
    )
    encode = partial(encode_whole, stored, axis or 0, scan.levels) if scan.levels else None
    return replace(scan, understood=(*stored.understood, *scan.understood), encode=encode)


class Turn(Enum):
    """How a plane of a volume becomes a picture: as it is, axes swapped, or swapped with the second up."""

    NONE = "none"
    ROWS = "rows"
    UPRIGHT = "upright"


def scan_of_volume(
    name: str,
    values: Array,
    axis: int,
    turn: Turn = Turn.NONE,
    reading: Reading = AS_IT_SAYS,
    window: tuple[float, float] | None = None,
    inverted: bool = False,
) -> Scan:
    """Cut a real volume into slices (h,w) along an axis, or take a picture (h,w) as one slice.

    `levels_of` says what is black and white, and NaN is background. Infinite values, and nothing but 0,
    raise BadImage.
    """
    if values.ndim not in (2, 3):
        size = f" ({sizes(values.shape)})" if values.ndim else ""
        raise BadImage(
            f"{name} has {values.ndim} axes{size}; pictures of 2 axes and volumes of 3 are read: "
            f"save one of them"
        )
    if not 0 <= axis < values.ndim:
        raise BadImage(f"{name} has no slices along axis {axis}; axes are 0 to {values.ndim - 1}")
    volume = values if values.ndim == 3 else values[None]
    axis = axis if values.ndim == 3 else 0
    volume, words = without_nan(name, volume)
    largest_value(name, volume)
    levels = replace(levels_of(name, volume, reading, window), inverted=inverted)
    cut = partial(_cut, name, volume, axis, levels, turn)
    return Scan(name, volume.shape[axis], cut, (*words, *levels.words), levels)


def _cut(name: str, volume: Array, axis: int, levels: Levels, turn: Turn, index: int) -> Slice:
    plane = volume.take(index, axis=axis)
    turned = {Turn.NONE: plane, Turn.ROWS: plane.T, Turn.UPRIGHT: plane.T[::-1]}[turn]
    return slice_of_magnitude(name, index, levels.of(turned))


def upright(stored: Stored) -> tuple[Array, tuple[float, ...]]:
    """Turn voxels so that axes go to the right, to the front and up, with their spacing along these."""
    turns = io_orientation(stored.affine)  # type: ignore[no-untyped-call]
    if stored.values.ndim != 3 or np.isnan(turns).any():
        return stored.values, stored.spacing_mm
    order = np.argsort(turns[:, 0])
    turned: Array = apply_orientation(stored.values, turns)  # type: ignore[no-untyped-call]
    return turned, tuple(stored.spacing_mm[axis] for axis in order)


def slice_axis(spacing: tuple[float, ...]) -> int:
    """Find the axis with the widest voxels.

    Where no axis is wider by a hundredth, it is the last.
    """
    widest = int(np.argmax(spacing))
    return widest if spacing[widest] > SAME_SPACING * spacing[-1] else len(spacing) - 1
