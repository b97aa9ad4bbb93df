"""Photographs with missing pixels, and photographs that are too small: their files and their tasks."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.case import Batch, Subject
from uplapp.imaging.files.pictures import read_image
from uplapp.imaging.physics import (
    AsItIs,
    Degradation,
    MaskImage,
    Measurement,
    Missing,
    MissingPixels,
    SmallerImage,
    of_visible,
)
from uplapp.imaging.tasks.denoising import DENOISING, Photograph, draw_crops, open_photograph
from uplapp.imaging.tasks.task import no_doubts

HALF = 0.5  # of white: a mask that was saved as JPEG has greys
NO_MASK = (
    "{name} comes without a mask, and all of its pixels are opaque; "
    "give the picture of a mask, white where a pixel is kept and black where it is missing"
)


def open_with_gaps(path: Path, index: int | None = None) -> Subject:
    """Read one picture of which pixels may be missing.

    Used as it is, it lacks what a mask hides, or else what is not opaque.
    """
    subject = open_photograph(path, index)

    def measure(how: Degradation | AsItIs | None) -> Measurement:
        if not isinstance(how, MaskImage):
            return subject.measure(how)
        picture = read_image(path)
        mask = picture.opaque if how.mask_image is None else read_mask(how.mask_image, picture.pixels)
        if mask is None or (how.mask_image is None and bool(mask.all())):
            raise BadImage(NO_MASK.format(name=path.name))
        return of_visible(picture.pixels, mask)

    return replace(subject, measure=measure)


def read_mask(path: Path, picture: Tensor) -> Tensor:
    """Read the mask (1,H,W) of a picture (C,H,W): True where the file is white, False where it is black.

    BadImage is raised where the mask has another size, or hides all of the picture or nothing.
    """
    mask = read_image(path).with_channels(1) > HALF
    if mask.shape[1:] != picture.shape[1:]:
        sizes = [f"{one.shape[-1]}x{one.shape[-2]}" for one in (mask, picture)]
        raise BadImage(f"the mask {path.name} is {sizes[0]} px, the picture {sizes[1]}; make them equal")
    if bool(mask.all()):
        raise BadImage(f"the mask {path.name} hides nothing; make it black where a pixel is missing")
    if not bool(mask.any()):
        raise BadImage(f"the mask {path.name} hides the whole picture; leave a part of it white")
    return mask


def crops_with_gaps(
    data: Sequence[Photograph],
    count: int,
    side_px: int,
    random: np.random.Generator,
    missing_share: float = 0.5,
    sigma: float = 0.0,
) -> Batch:
    """Draw crops (B,3,H,W) with missing pixels, each its own, and clean ones."""
    clean = draw_crops(data, count, side_px, random)
    each = [
        MissingPixels(missing_share, sigma, seed).measure(crop)
        for seed, crop in zip(random.integers(2**32, size=count).tolist(), clean, strict=True)
    ]
    seen, values = (torch.stack([getattr(one, name) for one in each]) for name in ("seen", "data"))
    masks = torch.stack([one.operator.mask for one in each])  # type: ignore[attr-defined]
    return Batch(seen, clean, Measurement(seen, Missing(masks), values))


def small_crops(
    data: Sequence[Photograph],
    count: int,
    side_px: int,
    random: np.random.Generator,
    factor: int = 4,
    kernel: str = "bicubic",
    sigma: float = 0.0,
) -> Batch:
    """Draw crops (B,3,H,W) that were made smaller and enlarged again, and clean ones."""
    clean = draw_crops(data, count, side_px, random)
    seed = int(random.integers(2**31))
    measurement = SmallerImage(factor, kernel, sigma, seed).measure(clean)
    return Batch(measurement.seen, clean, measurement)


INPAINTING = replace(
    DENOISING,
    label="Missing pixels",
    source="Ulyanov et al. (2018)",
    degradation="missing",
    observed="masked",
    open=open_with_gaps,
    pairs=crops_with_gaps,
    doubts=no_doubts,
)
SUPERRESOLUTION = replace(
    DENOISING,
    label="Super-resolution",
    source="Ulyanov et al. (2018)",
    degradation="smaller",
    observed="enlarged",
    pairs=small_crops,
    doubts=no_doubts,
)
