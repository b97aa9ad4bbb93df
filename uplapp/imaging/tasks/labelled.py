"""Labelled MR slices: subjects to measure, and the batches from which a segmenter learns."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from uplapp.errors import BadImage, UnknownName
from uplapp.imaging.case import Batch, Subject
from uplapp.imaging.files.labelled import ANATOMIES, SUFFIX, LabelledSlices, read_labelled
from uplapp.imaging.physics import AsItIs, Degradation, Measurement, of_pixels
from uplapp.imaging.tasks.variety import bend_labelled, recolour

SCAN_BITS = 16


def read_patients(folder: Path) -> tuple[list[LabelledSlices], dict[str, str]]:
    """Read the labelled slices of a folder, in order of name, and say why its other files have none."""
    patients: list[LabelledSlices] = []
    reasons = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            patients += read_labelled(path)
        except BadImage as error:
            reasons[path.name] = str(error)
    return patients, reasons


def patients_with(folder: Path, anatomy: str) -> list[LabelledSlices]:
    """Read the patients of a folder whose slices show an anatomy. A folder without any is refused."""
    if anatomy not in ANATOMIES:
        raise UnknownName("anatomy", anatomy, ANATOMIES)
    patients, reasons = read_patients(folder)
    those = [one for one in patients if one.anatomy == anatomy]
    if not those:
        reason = next(iter(reasons.values()), f"{SUFFIX} files with images and labels are read")
        raise BadImage(f"{folder} holds no slices whose labels mark the {ANATOMIES[anatomy]}: {reason}")
    return those


def labelled_subjects(slices: LabelledSlices) -> Iterator[Subject]:
    """Give the slices of a patient that show the anatomy as subjects to measure.

    The extras `labels` (1,H,W) are 1 on the anatomy, and are there under its name too.
    """
    for index in slices.marked:
        clean = torch.from_numpy(slices.images[index])[None]
        labels = torch.from_numpy(slices.labels[index])[None].float()
        place = slices.places[index]
        yield Subject(
            f"{slices.file}:{place}",
            clean,
            partial(_measure, clean),
            f"{slices.file.removesuffix(SUFFIX)}-slice{place}",
            SCAN_BITS,
            extras={"labels": labels, slices.anatomy: labels},
        )


def labelled_batch(
    data: Sequence[LabelledSlices],
    count: int,
    side_px: int,
    random: np.random.Generator,
    recoloured: bool = True,
) -> Batch:
    """Draw slices (B,1,H,W) of any patient with their `labels`, turned, mirrored, bent, recoloured.

    They are whole: a segmenter learns from fully sampled images.
    """
    chosen = random.integers(len(data), size=count)
    pairs = [_draw(data[index], side_px, random, recoloured) for index in chosen]
    images, labels = (torch.from_numpy(np.stack(each))[:, None] for each in zip(*pairs, strict=True))
    return Batch(images, images, extras={"labels": labels})


def _draw(
    one: LabelledSlices, side_px: int, random: np.random.Generator, recoloured: bool
) -> tuple[np.ndarray, np.ndarray]:
    index = int(random.integers(len(one.images)))
    turns, mirror = int(random.integers(4)), int(random.integers(2))
    planes = [np.rot90(each[index], turns)[:, :: 1 - 2 * mirror] for each in (one.images, one.labels)]
    image, labels = (np.ascontiguousarray(plane, dtype=np.float32) for plane in planes)
    bent, marks = bend_labelled(image, labels, (side_px, side_px), random)
    return recolour(bent, random) if recoloured else bent, marks


def _measure(clean: torch.Tensor, degradation: Degradation | AsItIs | None) -> Measurement:
    return of_pixels(clean) if degradation is None else degradation.measure(clean)
