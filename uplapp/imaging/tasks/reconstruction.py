"""MR volumes in memory, and the slices that training and measuring draw from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.volumes import WHITE_PERCENTILE, load_voxels
from uplapp.imaging.tasks.variety import bend, recolour

SUFFIXES = (".nii", ".nii.gz")
# Scanners interpolate: a grid this fine holds no detail of its own, so two samples become one.
FINEST_MM = 0.6
# Slices are cut along an axis only if the voxels within them are this nearly square.
MOST_STRETCHED = 1.5
# A slice is worth restoring if this share of it is brighter than a tenth of white.
FILLED_SHARE, DARK = 0.1, 0.1
# A slab cut across is a strip, too narrow to be a head.
SMALLEST_SIDE_PX = 96

Voxels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Volume:
    """One volume (X,Y,Z) in [0,1], near to right-anterior-superior; `slices` are its (axis, index) in use."""

    name: str
    voxels: Voxels
    slices: tuple[tuple[int, int], ...]

    def cut(self, axis: int, index: int) -> Voxels:
        """One slice (H,W), upright: the later axis of the body goes up."""
        plane = np.moveaxis(self.voxels, axis, 0)[index]
        return np.ascontiguousarray(np.rot90(plane))


def list_volumes(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """The files of a folder whose names end so, NIfTI by default, in order of name; none is refused."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [path for path in paths if path.name.lower().endswith(tuple(suffixes))]
    if not found:
        raise BadImage(f"{folder} holds no volume; files that end in {', '.join(suffixes)} are read")
    return found


def read_volume(path: Path) -> Volume:
    """Read one NIfTI file; the 99.9th percentile of what is not black becomes 1, all above is clipped.

    A file that cannot be read, or has no slice worth restoring, raises BadImage.
    """
    loaded, spacing = load_voxels(path)
    voxels, spacing_mm = loaded.astype(np.float32), list(spacing)
    if voxels.ndim != 3 or not np.isfinite(voxels).all() or voxels.max() <= 0:
        raise BadImage(f"{path.name} has shape {voxels.shape}; one volume of finite, positive values is read")
    white = np.percentile(voxels[voxels > 0], WHITE_PERCENTILE)
    scaled = (voxels / white).clip(0, 1)
    for axis, step in enumerate(spacing_mm):
        if step < FINEST_MM:
            scaled, spacing_mm[axis] = _halve(scaled, axis), 2 * step
    slices = tuple(_filled_slices(scaled, spacing_mm))
    if not slices:
        raise BadImage(f"{path.name} has no slice of {SMALLEST_SIDE_PX} px or more a side that is not black")
    return Volume(path.name, scaled, slices)


def draw_slices(
    volumes: Sequence[Volume], count: int, size: tuple[int, int], random: np.random.Generator
) -> Tensor:
    """A batch (B,1,H,W) in [0,1]: a volume, a slice of it, turned, mirrored, bent, recoloured."""
    drawn = [_draw_slice(volumes[index], size, random) for index in random.integers(len(volumes), size=count)]
    return torch.from_numpy(np.stack(drawn))[:, None]


def spread_slices(volume: Volume, count: int) -> Iterator[tuple[str, Tensor]]:
    """(name, (1,H,W)) of `count` slices, evenly spread along the last axis that can be cut."""
    axis = volume.slices[-1][0]
    indices = [index for along, index in volume.slices if along == axis]
    for index in (indices[place] for place in spread(len(indices), count)):
        yield f"{volume.name}:{index}", torch.from_numpy(volume.cut(axis, index))[None]


def spread(total: int, count: int) -> list[int]:
    """At most `count` places among `total`, as far from each other and from the ends as can be."""
    places: list[int] = np.linspace(0, total - 1, min(count, total) + 2)[1:-1].round().astype(int).tolist()
    return places


def _draw_slice(volume: Volume, size: tuple[int, int], random: np.random.Generator) -> Voxels:
    axis, index = volume.slices[int(random.integers(len(volume.slices)))]
    turned = np.rot90(volume.cut(axis, index), int(random.integers(4)))
    mirrored = turned[:, ::-1] if random.integers(2) else turned
    return recolour(bend(np.ascontiguousarray(mirrored), size, random), random)


def _filled_slices(voxels: Voxels, spacing_mm: Sequence[float]) -> Iterator[tuple[int, int]]:
    for axis in range(3):
        within = [step for other, step in enumerate(spacing_mm) if other != axis]
        planes = np.moveaxis(voxels, axis, 0)
        if max(within) > MOST_STRETCHED * min(within) or min(planes.shape[1:]) < SMALLEST_SIDE_PX:
            continue
        filled = (planes > DARK).mean(axis=(1, 2)) > FILLED_SHARE
        yield from ((axis, int(index)) for index in np.flatnonzero(filled))


def _halve(voxels: Voxels, axis: int) -> Voxels:
    even = voxels.shape[axis] // 2 * 2
    first, second = (np.take(voxels, range(start, even, 2), axis=axis) for start in (0, 1))
    mean: Voxels = (first + second) / np.float32(2)
    return mean
