"""MR and CT of the same head: files of two aligned volumes."""

import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.kspace import read_npy
from uplapp.imaging.files.levels import levels_of
from uplapp.imaging.files.reading import AS_IT_SAYS
from uplapp.imaging.files.scans import Array, largest_value
from uplapp.imaging.physics import Head, attenuation_of_units, attenuation_of_window

SUFFIX = ".npz"
MODALITIES = ("mr", "ct")
SPACING, NUMBERS = "spacing", "slice"
# The sides of slices and the height of a head, in samples, at which networks are trained.
SIDE_PX = 128
MOST_LEVELS, MOST_SLICES = 256, 1024
# From slice to slice in widths of a voxel where the file does not say it: slices of a diagnostic scan are
# thick, and a head of 19 of them is about as high as these make it.
USUAL_DISTANCE = 7.0


def read_head(path: Path) -> Head:
    """Read an .npz file with the arrays `mr` and `ct` (slices,H,W), slices from the feet up.

    `spacing`, if it is there, holds the distances of slices, rows and columns; else slices are USUAL_DISTANCE
    pixels apart. Numbers of slices in `slice` may have gaps. Slices are made square and SIDE_PX wide, and
    interpolated to voxels that are cubes. A CT with negative values is in Hounsfield units, any other one a
    picture in a brain window. White is 255 where values are of 8 bits, else as `levels_of` says.
    """
    if not path.name.lower().endswith(SUFFIX):
        raise BadImage(f"{path.name} is no file of two volumes; {SUFFIX} with the arrays mr and ct is read")
    with refusing_damage(path.name), zipfile.ZipFile(path) as archive:
        names = {entry.removesuffix(".npy") for entry in archive.namelist()}
        if missing := [name for name in MODALITIES if name not in names]:
            held = ", ".join(sorted(names)[:8]) or "no array"
            raise BadImage(
                f"{path.name} lacks the array '{missing[0]}'; it holds {held}, and needs mr and ct"
            )
        wanted = [name for name in (*MODALITIES, SPACING, NUMBERS) if name in names]
        arrays = {name: _read(path.name, archive, name) for name in wanted}
    mr, ct = (arrays[name] for name in MODALITIES)
    if mr.ndim != 3 or mr.shape != ct.shape:
        sizes = " and ".join("x".join(map(str, one.shape)) for one in (mr, ct))
        raise BadImage(f"{path.name} has mr and ct of {sizes}; they need one size: slices, rows, columns")
    if len(mr) > MOST_SLICES:
        raise BadImage(f"{path.name} has {len(mr)} slices; at most {MOST_SLICES} are read")
    spacing = _spacing(path.name, arrays.get(SPACING))
    numbers = _numbers(path.name, arrays.get(NUMBERS), len(mr))
    volumes = (_scaled(path.name, mr), _attenuation(path.name, ct))
    return Head(path.name, *(as_cubes(one, spacing, numbers) for one in volumes))


def list_heads(folder: Path) -> list[Path]:
    """List the .npz files of a folder in order of name.

    A folder without any is refused.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    if not paths:
        raise BadImage(f"{folder} holds no head; {SUFFIX} files with the arrays mr and ct are read")
    return paths


def as_cubes(volume: Tensor, spacing: tuple[float, float, float], numbers: Sequence[int]) -> Tensor:
    """Resample a volume (slices,H,W) to cubes (D,SIDE_PX,SIDE_PX) with black around, and turn it over.

    The first slice becomes the last one. Means over areas make slices smaller; between slices, of which some
    may be missing among the `numbers`, interpolation is linear.
    """
    _, rows, columns = volume.shape
    voxel = max(rows * spacing[1], columns * spacing[2]) / SIDE_PX
    sides = (max(round(rows * spacing[1] / voxel), 1), max(round(columns * spacing[2] / voxel), 1))
    # First, lest slices of many pixels are filled in between.
    small = functional.interpolate(volume[:, None], sides, mode="area")[:, 0]
    whole = without_gaps(small, numbers).flip(0)
    height = min(max(round(len(whole) * spacing[0] / voxel), 1), MOST_LEVELS)
    cubes = functional.interpolate(whole[None, None], (height, *sides), mode="trilinear")[0, 0]
    above, before = ((SIDE_PX - side) // 2 for side in sides)
    around = (before, SIDE_PX - sides[1] - before, above, SIDE_PX - sides[0] - above)
    return functional.pad(cubes, around)


def without_gaps(volume: Tensor, numbers: Sequence[int]) -> Tensor:
    """Interpolate linearly the slices that are missing from a volume (slices,H,W), by ascending numbers."""
    places = torch.arange(numbers[0], numbers[-1] + 1)
    known = torch.tensor(numbers)
    above = torch.searchsorted(known, places)
    below = (above - (known[above] > places).long()).clamp_min(0)
    share = (places - known[below]) / (known[above] - known[below]).clamp_min(1)
    return torch.lerp(volume[below], volume[above], share[:, None, None])


def _read(name: str, archive: zipfile.ZipFile, key: str) -> Array:
    with archive.open(f"{key}.npy") as file:
        values = read_npy(name, file)
    if values.dtype.kind == "c":
        raise BadImage(f"{name} holds complex samples in '{key}'; real ones are read")
    return values


def _scaled(name: str, values: Array) -> Tensor:
    """Scale an array to [0,1]."""
    largest_value(name, values)
    levels = levels_of(name, values, AS_IT_SAYS, bits=8 if values.dtype == np.uint8 else None)
    return torch.from_numpy(levels.of(values, np.float32))


def _attenuation(name: str, ct: Array) -> Tensor:
    if ct.min() < 0:
        largest_value(name, ct)
        return attenuation_of_units(torch.from_numpy(ct.astype(np.float32)))
    return attenuation_of_window(_scaled(name, ct))


def _numbers(name: str, values: Array | None, count: int) -> list[int]:
    if values is None:
        return list(range(count))
    numbers = [int(value) for value in values.ravel()]
    ascending = all(second > first for first, second in pairwise(numbers))
    if len(numbers) != count or not ascending or numbers[-1] - numbers[0] >= MOST_SLICES:
        raise BadImage(
            f"{name} has numbers of slices that do not fit; give {count} ascending ones, from the feet up"
        )
    return numbers


def _spacing(name: str, values: Array | None) -> tuple[float, float, float]:
    if values is None:
        return USUAL_DISTANCE, 1.0, 1.0
    if values.shape != (3,) or not np.isfinite(values).all() or values.min() <= 0:
        raise BadImage(
            f"{name} has a spacing that is not three distances; give those of slices, rows, columns"
        )
    slices, rows, columns = map(float, values)
    return slices, rows, columns
