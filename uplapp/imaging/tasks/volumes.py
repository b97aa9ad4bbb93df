"""MR volumes with Rician noise: the files, the patches that training draws, the row of the task."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, Case, Subject
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.samples import TREES
from uplapp.imaging.files.volumes import SUFFIXES, Volume, list_volumes, read_volume
from uplapp.imaging.physics import (
    AsItIs,
    Degradation,
    Measurement,
    add_rician_noise,
    of_magnitude,
    vessel_mask,
    vesselness,
)
from uplapp.imaging.tasks.task import Loaded, Task, Words
from uplapp.imaging.tasks.variety import recolour

# Training draws the level of each patch between these shares of the maximum.
LEVELS = (0.01, 0.2)
VOLUME_BITS = 16


def open_volume(path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS) -> Subject:
    """Read one volume."""
    if index:
        raise UplappError(f"{path.name} is restored as a volume, so there is no slice {index} to choose")
    return subject_of(read_volume(path, reading))


def volumes(folder: Path, reading: Reading = AS_IT_SAYS) -> Iterator[Subject]:
    """Read the volumes of a folder, each with its vessels.

    Those are the labels beside the file, or else what looks most like bright lines in the clean volume.
    """
    return (with_vessels(read_volume(path, reading)) for path in list_volumes(folder))


def subject_of(volume: Volume, extras: Mapping[str, Tensor] | None = None) -> Subject:
    """Make a volume that can be measured."""
    measure = partial(_measure, volume.voxels)
    stem = picture_name(Path(volume.name))
    return Subject(
        volume.name,
        volume.voxels,
        measure,
        stem,
        VOLUME_BITS,
        extras=extras or {},
        space=volume.space,
        understood=volume.understood,
    )


def with_vessels(volume: Volume) -> Subject:
    """Make a volume that can be measured, with `vessels`, their `centreline` if known, and its vesselness."""
    lines = vesselness(volume.voxels, volume.space.spacing_mm)
    mask = vessel_mask(lines) if volume.vessels is None else volume.vessels
    centreline = {} if volume.centreline is None else {"centreline": volume.centreline}
    return subject_of(volume, {"vesselness": lines, "vessels": mask, **centreline})


def load_volumes(folder: Path, side_px: int, reading: Reading = AS_IT_SAYS) -> Loaded[Tensor]:
    """Load every volume (1,D,H,W) of a folder in order of name.

    Slices under `side_px` are refused.
    """
    return Loaded(_load_volume(path, side_px, reading) for path in list_volumes(folder))


def _load_volume(path: Path, side_px: int, reading: Reading) -> tuple[str, Tensor, tuple[str, ...]]:
    volume = read_volume(path, reading)
    if min(volume.voxels.shape[-2:]) < side_px:
        size = "x".join(map(str, reversed(volume.voxels.shape[-2:])))
        raise UplappError(f"the slices of {path} are {size} px; training needs {side_px} px or more a side")
    return volume.name, volume.voxels, volume.understood


def noisy_patches(
    data: Sequence[Tensor],
    count: int,
    side_px: int,
    random: np.random.Generator,
    depth_px: int = 0,
    lowest: float = LEVELS[0],
    highest: float = LEVELS[1],
) -> Batch:
    """Draw noisy and clean patches (B,1,depth,side,side), each with its own level, uniform between two.

    Patches are flipped, transposed in the plane, and half of them of another contrast. Without a `depth_px`
    they are half as deep as wide, and never deeper than the flattest volume.
    """
    depth = min(depth_px or max(side_px // 2, 1), *(volume.shape[1] for volume in data))
    size = (depth, side_px, side_px)
    patches = [_draw_patch(data[index], size, random) for index in random.integers(len(data), size=count)]
    clean = torch.from_numpy(np.stack(patches))[:, None]
    sigma = torch.from_numpy(random.uniform(lowest, highest, size=(count, 1, 1, 1, 1))).float()
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    seen = add_rician_noise(clean, sigma, generator)
    return Batch(seen, clean, of_magnitude(seen))


def doubts(draws: Sequence[Mapping[str, Any]], case: Case) -> tuple[str, ...]:
    """Say where a volume has more noise than the training, or less."""
    noise, draw = case.measurement.noise, draws[-1] if draws else {}
    lowest, highest = draw.get("lowest", LEVELS[0]), draw.get("highest", LEVELS[1])
    if noise is None or lowest <= noise <= highest:
        return ()
    return (f"trained on noise of {100 * lowest:g} to {100 * highest:g}%, and this is {100 * noise:g}%",)


def _draw_patch(volume: Tensor, size: tuple[int, ...], random: np.random.Generator) -> Any:
    """Cut a patch of a size out of a volume (1,D,H,W), turned over and recoloured by chance."""
    starts = [
        int(random.integers(side - part + 1)) for side, part in zip(volume.shape[1:], size, strict=True)
    ]
    patch = volume[0][tuple(slice(start, start + part) for start, part in zip(starts, size, strict=True))]
    flips = [axis for axis in range(3) if random.integers(2)]
    turned = patch.flip(flips) if flips else patch
    if random.integers(2):
        turned = turned.transpose(1, 2)
    return recolour(np.ascontiguousarray(turned.numpy()), random)


def _measure(clean: Tensor, degradation: Degradation | AsItIs | None) -> Measurement:
    return of_magnitude(clean) if degradation is None else degradation.measure(clean)


VOLUMES = Task(
    label="Volume denoising",
    source="Pfaehler et al. (2024)",
    axes=3,
    channels_in=1,
    channels_out=1,
    degradation="rician",
    observed="noisy",
    words=Words("Volume", "Upload .nii, .nii.gz, DICOM (.zip), .npy or .npz"),
    suffixes=SUFFIXES,
    open=open_volume,
    subjects=volumes,
    load=load_volumes,
    pairs=noisy_patches,
    samples=TREES,
    network="unet_unshuffle",
    doubts=doubts,
    reading=("axes", "window", "white", "volume", "series", "array"),
)
