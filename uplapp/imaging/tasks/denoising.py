"""Photographs with noise: the files, the batches that training draws, the row of the task."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, Case, Subject
from uplapp.imaging.files.pictures import LUMA, SUFFIXES, list_images, read_image, tensor_to_array
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.samples import PHOTOGRAPHS
from uplapp.imaging.physics import AsItIs, Degradation, Measurement, add_gaussian_noise, of_pixels
from uplapp.imaging.tasks.task import Task, Words

Photograph = NDArray[np.uint8]
SIGMA_MAX = 40.0  # training draws noise up to it, in 8-bit units


def open_photograph(path: Path, index: int | None = None) -> Subject:
    """Read one picture, a grey one as grey."""
    if index:
        raise UplappError(f"{path.name} is restored as a photograph, which has no slice {index}")
    picture = read_image(path)

    def measure(degradation: Degradation | AsItIs | None) -> Measurement:
        return of_pixels(picture.pixels) if degradation is None else degradation.measure(picture.pixels)

    return Subject(path.name, picture.pixels, measure, picture_name(path), picture.bits)


def photographs(folder: Path) -> Iterator[Subject]:
    """Read the PNG, JPEG and TIFF files of a folder, one after the other."""
    return (open_photograph(path) for path in list_images(folder))


def load_photographs(folder: Path, smallest_px: int) -> list[Photograph]:
    """Load every image under `folder` in order of name as RGB (H,W,3).

    Sides under `smallest_px` are refused.
    """
    photographs = []
    for path in list_images(folder):
        image = tensor_to_array(read_image(path).with_channels(3))
        if min(image.shape[:2]) < smallest_px:
            raise UplappError(
                f"{path} is {image.shape[1]}x{image.shape[0]} px; "
                f"training needs {smallest_px} px or more a side"
            )
        photographs.append(image)
    return photographs


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
    words=Words("Photograph", "Upload PNG, JPEG or TIFF, 8 or 16 bit"),
    suffixes=SUFFIXES,
    open=open_photograph,
    subjects=photographs,
    load=load_photographs,
    pairs=noisy_crops,
    samples=PHOTOGRAPHS,
    doubts=doubts,
)
