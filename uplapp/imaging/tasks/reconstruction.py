"""MR slices from a part of their k-space: the files, the batches that training draws, the row of the task."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uplapp.errors import BadImage, UplappError
from uplapp.imaging.case import Batch, Case, Subject
from uplapp.imaging.files.formats.series import SUFFIXES as DICOM
from uplapp.imaging.files.labelled import has_labels, read_labelled
from uplapp.imaging.files.levels import levels_of, without_nan
from uplapp.imaging.files.readers import READERS, picture_name, read_scan
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.samples import SLICES
from uplapp.imaging.files.scans import Scan, largest_value, upright
from uplapp.imaging.files.voxels import FORMATS, read_voxels
from uplapp.imaging.networks.layers import Standardised
from uplapp.imaging.physics import (
    AsItIs,
    Degradation,
    Measurement,
    Sampling,
    Slice,
    Undersampling,
    estimate_maps,
    noisy,
    of_pixels,
    smooth_phase,
    to_kspace,
    undersample,
    zero_filled,
)
from uplapp.imaging.tasks.labelled import labelled_subjects
from uplapp.imaging.tasks.task import Loaded, Task, Words
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

SIDE_STEP_PX = 32
# A scan has no bits of its own, and more than 8 of them.
SCAN_BITS = 16
SLICES_PER_VOLUME = 8

Voxels = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Volume:
    """One volume (X,Y,Z) in [0,1], near to right-anterior-superior.

    `slices` are the (axis, index) in use, `understood` says in sentences what the file was taken for.
    """

    name: str
    voxels: Voxels
    slices: tuple[tuple[int, int], ...]
    understood: tuple[str, ...] = ()

    def cut(self, axis: int, index: int) -> Voxels:
        """Cut one slice (H,W), upright: the later axis of the body goes up."""
        plane = np.moveaxis(self.voxels, axis, 0)[index]
        return np.ascontiguousarray(np.rot90(plane))


def list_volumes(folder: Path, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """List the files of a folder with these suffixes, NIfTI by default, in order of name.

    A folder without any is refused.
    """
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    volumes = [path for path in paths if path.name.lower().endswith(tuple(suffixes))]
    if not volumes:
        raise BadImage(f"{folder} holds no volume; files that end in {', '.join(suffixes)} are read")
    return volumes


def list_scans(folder: Path, suffixes: Sequence[str] = tuple(READERS)) -> list[Path]:
    """List the scans of a folder in order of name. All its DICOM files are one scan, which is the folder."""
    paths = list_volumes(folder, suffixes)
    others = [path for path in paths if not path.name.lower().endswith(DICOM)]
    return others if len(others) == len(paths) else [*others, folder]


def read_volume(path: Path, reading: Reading = AS_IT_SAYS) -> Volume:
    """Read one file of voxels, or a folder of DICOM.

    `levels_of` says what is black and white, and NaN is background. A file that cannot be read, or has no
    slice worth restoring, raises BadImage.
    """
    stored = read_voxels(path, reading)
    loaded, spacing = upright(stored)
    if loaded.ndim != 3:
        raise BadImage(f"{path.name} has shape {loaded.shape}; one volume is read")
    values, gaps = without_nan(path.name, loaded)
    largest_value(path.name, values)
    levels = replace(levels_of(path.name, values, reading, stored.window), inverted=stored.inverted)
    scaled, spacing_mm = levels.of(values, np.float32), list(spacing)
    for axis, step in enumerate(spacing_mm):
        if step < FINEST_MM:
            scaled, spacing_mm[axis] = _halve(scaled, axis), 2 * step
    slices = tuple(_filled_slices(scaled, spacing_mm))
    if not slices:
        raise BadImage(f"{path.name} has no slice of {SMALLEST_SIDE_PX} px or more a side that is not black")
    return Volume(path.name, scaled, slices, (*stored.understood, *gaps, *levels.words))


def load_scans(folder: Path, side_px: int, reading: Reading = AS_IT_SAYS) -> Loaded[Volume]:
    """Load every volume of a folder, of any format of voxels, in order of name."""
    volumes = (read_volume(path, reading) for path in list_scans(folder, tuple(FORMATS)))
    return Loaded((volume.name, volume, volume.understood) for volume in volumes)


def draw_slices(
    volumes: Sequence[Volume], count: int, size: tuple[int, int], random: np.random.Generator
) -> Tensor:
    """Draw a batch (B,1,H,W) in [0,1] of slices of the volumes, turned, mirrored, bent, recoloured."""
    batch = [_draw_slice(volumes[index], size, random) for index in random.integers(len(volumes), size=count)]
    return torch.from_numpy(np.stack(batch))[:, None]


def spread_slices(volume: Volume, count: int) -> Iterator[tuple[str, Tensor]]:
    """Give (name, (1,H,W)) of `count` slices, evenly spread along the last axis that can be cut."""
    axis = volume.slices[-1][0]
    indices = [index for along, index in volume.slices if along == axis]
    for index in (indices[place] for place in spread(len(indices), count)):
        yield f"{volume.name}:{index}", torch.from_numpy(volume.cut(axis, index))[None]


def spread(total: int, count: int) -> list[int]:
    """Choose at most `count` places among `total`, as far from each other and from the ends as possible."""
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


def open_slice(path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS) -> Subject:
    """Read one slice of a scan, by default the middle one."""
    scan = open_scan(path, reading)
    return subject_of_slice(scan, _choose(scan, index))


def open_scan(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Open a scan, whose slices are read on access."""
    return read_scan(path, reading)


def subject_of_slice(scan: Scan, part: Slice) -> Subject:
    """Make a slice of a scan that can be measured."""
    name = picture_name(Path(scan.name))
    return Subject(
        scan.name,
        part.magnitude,
        partial(_measure, part),
        name if scan.count == 1 else f"{name}-slice{part.index}",
        SCAN_BITS,
        index=part.index,
        count=scan.count,
        understood=scan.understood,
        placed=scan.encode is not None,
    )


def slices(folder: Path, reading: Reading = AS_IT_SAYS) -> Iterator[Subject]:
    """Read slices of every scan of a folder, evenly spread.

    Those of NIfTI volumes come under masks of their own, of other files, and of all where a person says how
    they are read, under one drawn for the file, as fastMRI validates. Of labelled slices those come that show
    the anatomy. A k-space that lacks a part is refused.
    """
    for path in list_scans(folder):
        if has_labels(path):
            for patient in read_labelled(path):
                yield from labelled_subjects(patient)
        elif path.name.lower().endswith(SUFFIXES) and reading == AS_IT_SAYS:
            volume = read_volume(path)
            for name, clean in spread_slices(volume, SLICES_PER_VOLUME):
                measure = partial(_measure_picture, clean)
                yield Subject(name, clean, measure, bits=SCAN_BITS, understood=volume.understood)
        else:
            yield from _slices_of(read_scan(path, reading))


def undersampled_slices(
    data: Sequence[Volume],
    count: int,
    side_px: int,
    random: np.random.Generator,
    accelerations: Sequence[int] = (),
    masks: Sequence[str] = (),
    noise: float = 0.0,
    maps: bool = False,
) -> Batch:
    """Draw zero-filled and full slices (B,1,H,W), each with its own columns and phase.

    A batch has sides of its own too, up to `side_px`: how wide the aliases lie depends on them. Where
    `accelerations` and `masks` are given it has one of each, where there is `noise` a deviation up to that.
    With `maps` the phase is estimated as that of a measurement is.
    """
    sides = range(min(SMALLEST_SIDE_PX, side_px), side_px + 1, SIDE_STEP_PX)
    height, width = random.choice(sides, size=2).tolist()
    clean = draw_slices(data, count, (height, width), random)
    seeds = random.integers(2**32, size=count).tolist()
    own: dict[str, Sequence[Any]] = {"acceleration": accelerations, "mask": masks}
    options = {name: choices[int(random.integers(len(choices)))] for name, choices in own.items() if choices}
    columns = torch.stack([Undersampling(seed=seed, **options).columns(width) for seed in seeds])
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    phases = smooth_phase(tuple(clean.shape), generator)
    seen, sampled = undersample(clean, columns, phases), columns[:, None, None, :]
    kspace, level = (
        to_kspace(torch.polar(clean, phases)) * sampled,
        noise * random.random() if noise else None,
    )
    if level is not None:
        kspace = noisy(kspace, sampled, level, generator)
        seen = zero_filled(kspace)[:, None]
    pairs = zip(kspace, columns, strict=True)
    sampling = Sampling(sampled, torch.stack([estimate_maps(*pair) for pair in pairs]) if maps else None)
    return Batch(seen, clean, Measurement(seen, sampling, kspace, level))


def doubts(draws: Sequence[Mapping[str, Any]], case: Case) -> tuple[str, ...]:
    """Say how the sampling of a slice differs from the training.

    That had the accelerations and masks by which the last stage drew, by default the degradation's own.
    """
    own = case.degradation
    if not isinstance(own, Undersampling):
        return ()
    usual, draw = Undersampling(), draws[-1] if draws else {}
    accelerations = draw.get("accelerations") or [usual.acceleration]
    masks = draw.get("masks") or [usual.mask]
    of_data = bool(draw.get("maps"))  # a network that sees the data knows the coils
    inside = min(accelerations) <= own.acceleration <= max(accelerations) and own.mask in masks
    if inside and (of_data or own.coils == usual.coils):
        return ()
    sampling = f"{min(accelerations)}x to {max(accelerations)}x" if len(accelerations) > 1 else usual.text
    return (f"trained on {sampling}, and this is {own.text}",)


def _prepare(network: nn.Module) -> nn.Module:
    """Standardise what a network sees, unless that is the data, or it scales images itself."""
    raw = getattr(network, "sees_data", False) or getattr(network, "own_scale", False)
    return network if raw else Standardised(network)


def _measure(part: Slice, degradation: Degradation | AsItIs | None) -> Measurement:
    if degradation is not None and not part.undersampled:
        return degradation.measure(part)
    if part.undersampled:
        return Undersampling().measure(part)
    if part.kspace is not None or part.magnitude is None:
        raise UplappError(f"{part.name} has its whole k-space; give the acceleration to undersample it with")
    return of_pixels(part.magnitude)


def _measure_picture(clean: Tensor, degradation: Degradation | AsItIs | None) -> Measurement:
    return of_pixels(clean) if degradation is None else degradation.measure(clean)


def _slices_of(scan: Scan) -> Iterator[Subject]:
    for part in (scan[index] for index in spread(scan.count, SLICES_PER_VOLUME)):
        if part.magnitude is None:
            raise BadImage(f"{part.name} lacks a part of its k-space, so there is nothing to measure against")
        measure = partial(_measure, part)
        yield Subject(part.name, part.magnitude, measure, bits=SCAN_BITS, understood=scan.understood)


def _choose(scan: Scan, index: int | None) -> Slice:
    if index is None:
        return scan.middle
    if not 0 <= index < scan.count:
        raise UplappError(f"{scan.name} has no slice {index}; give one of 0 to {scan.count - 1}")
    return scan[index]


RECONSTRUCTION = Task(
    label="MR reconstruction",
    source="Zbontar et al. (2018)",
    axes=2,
    channels_in=1,
    channels_out=1,
    degradation="undersampling",
    observed="zero-filled",
    words=Words("Slice", "Upload a scan (.h5, .nii, .dcm, .zip, .npy) or an image"),
    suffixes=tuple(READERS),
    open=open_slice,
    subjects=slices,
    load=load_scans,
    pairs=undersampled_slices,
    samples=SLICES,
    network="d5c5",
    prepare=_prepare,
    doubts=doubts,
    reading=("axes", "content", "window", "white", "volume", "series", "array", "megapixels"),
)
