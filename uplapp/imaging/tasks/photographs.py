"""Photographs with noise, with missing pixels, too small: their files, training batches and tasks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage, UplappError
from uplapp.imaging.case import Batch, Case, Subject
from uplapp.imaging.files.pictures import LUMA, SUFFIXES, list_images, read_image, tensor_to_array
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.samples import PHOTOGRAPHS
from uplapp.imaging.physics import (
    AsItIs,
    Degradation,
    MaskImage,
    Measurement,
    Missing,
    MissingPixels,
    SmallerImage,
    add_gaussian_noise,
    of_pixels,
    of_visible,
)
from uplapp.imaging.tasks.task import Loaded, Task, Words, no_doubts

Photograph = NDArray[np.uint8]
SIGMA_MAX = 40.0  # training draws noise up to it, in 8-bit units
HALF = 0.5  # of white: a mask that was saved as JPEG has greys
NO_MASK = (
    "{name} comes without a mask, and all of its pixels are opaque; "
    "give the picture of a mask, white where a pixel is kept and black where it is missing"
)


def open_photograph(path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS) -> Subject:
    """Read one picture, a grey one as grey."""
    if index:
        raise UplappError(f"{path.name} is restored as a photograph, which has no slice {index}")
    picture = read_image(path, reading=reading)

    def measure(degradation: Degradation | AsItIs | None) -> Measurement:
        return of_pixels(picture.pixels) if degradation is None else degradation.measure(picture.pixels)

    return Subject(
        path.name,
        picture.pixels,
        measure,
        picture_name(path),
        picture.bits,
        understood=picture.understood,
    )


def photographs(folder: Path, reading: Reading = AS_IT_SAYS) -> Iterator[Subject]:
    """Read the pictures of a folder, one after the other."""
    return (open_photograph(path, None, reading) for path in list_images(folder))


def load_photographs(folder: Path, smallest_px: int, reading: Reading = AS_IT_SAYS) -> Loaded[Photograph]:
    """Load every image under `folder` in order of name as RGB (H,W,3).

    Sides under `smallest_px` are refused.
    """
    return Loaded(_load_photograph(path, smallest_px, reading) for path in list_images(folder))


def _load_photograph(
    path: Path, smallest_px: int, reading: Reading
) -> tuple[str, Photograph, tuple[str, ...]]:
    picture = read_image(path, reading=reading)
    image = tensor_to_array(picture.with_channels(3))
    if min(image.shape[:2]) < smallest_px:
        raise UplappError(
            f"{path} is {image.shape[1]}x{image.shape[0]} px; training needs {smallest_px} px or more a side"
        )
    return path.name, image, picture.understood


def draw_crops(
    photographs: Sequence[Photograph], count: int, side_px: int, random: np.random.Generator
) -> Tensor:
    """Draw a batch (B,3,H,W) in [0,1] of random crops, flipped, turned and with channels permuted."""
    crops = [
        _draw_crop(photographs[index], side_px, random)
        for index in random.integers(len(photographs), size=count)
    ]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def _draw_crop(photograph: Photograph, side_px: int, random: np.random.Generator) -> Photograph:
    top, left = (random.integers(side - side_px + 1) for side in photograph.shape[:2])
    crop = photograph[top : top + side_px, left : left + side_px]
    turned = np.rot90(crop, int(random.integers(4)))
    mirrored = turned[:, ::-1] if random.integers(2) else turned
    return np.ascontiguousarray(mirrored[..., random.permutation(3)])


def noisy_crops(
    data: Sequence[Photograph],
    count: int,
    side_px: int,
    random: np.random.Generator,
    grey_share: float = 0.0,
) -> Batch:
    """Draw noisy and clean crops (B,3,H,W), each with its own sigma, uniform in [0, SIGMA_MAX].

    Of these about `grey_share` are grey: luma in all channels, under noise that is the same in all of them.
    """
    clean = draw_crops(data, count, side_px, random)
    sigma = torch.from_numpy(random.uniform(0, SIGMA_MAX, size=(count, 1, 1, 1))).float()
    generator = torch.Generator().manual_seed(int(random.integers(2**62)))
    noise = add_gaussian_noise(torch.zeros_like(clean), sigma, generator)
    if grey_share > 0:
        grey = torch.from_numpy(random.random(count) < grey_share)
        clean[grey] = torch.einsum("c,bchw->bhw", torch.tensor(LUMA), clean[grey])[:, None]
        noise[grey] = noise[grey, :1]
    noisy = clean + noise
    return Batch(noisy, clean, of_pixels(noisy))


def doubts(draws: Sequence[Mapping[str, Any]], case: Case) -> tuple[str, ...]:
    """Say how a photograph differs from the training: more noise, or grey where all was in colour."""
    sentences = []
    if case.seen.shape[0] == 1 and not any(draw.get("grey_share") for draw in draws):
        sentences.append(
            "trained on colour, and this picture is grey: its noise is the same in every channel"
        )
    noise = case.measurement.noise
    if noise is not None and noise * 255 > SIGMA_MAX:
        sentences.append(f"trained on noise up to sigma {SIGMA_MAX:g}, and this is sigma {noise * 255:g}")
    return tuple(sentences)


DENOISING = Task(
    label="Photo denoising",
    source="Lehtinen et al. (2018)",
    axes=2,
    channels_in=3,
    channels_out=3,
    degradation="noise",
    observed="noisy",
    words=Words("Photograph", "Upload a picture, 8 or 16 bit"),
    suffixes=SUFFIXES,
    open=open_photograph,
    subjects=photographs,
    load=load_photographs,
    pairs=noisy_crops,
    samples=PHOTOGRAPHS,
    doubts=doubts,
    reading=("white", "megapixels"),
)


def open_with_gaps(path: Path, index: int | None = None, reading: Reading = AS_IT_SAYS) -> Subject:
    """Read one picture of which pixels may be missing.

    Used as it is, it lacks what a mask hides, or else what is not opaque.
    """
    subject = open_photograph(path, index, reading)

    def measure(how: Degradation | AsItIs | None) -> Measurement:
        if not isinstance(how, MaskImage):
            return subject.measure(how)
        picture = read_image(path, reading=reading)
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
