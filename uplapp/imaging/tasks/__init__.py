"""What there is to restore: a degradation, the data it is trained on, and how pairs are made of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.errors import BadImage
from uplapp.imaging.files.pictures import list_images, read_image
from uplapp.imaging.files.readers import READERS, read_scan
from uplapp.imaging.files.slices import Scan
from uplapp.imaging.networks.standardised import Standardised
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.physics.noise import add_gaussian_noise
from uplapp.imaging.physics.undersampling import smooth_phase, undersample
from uplapp.imaging.tasks.denoising import Photograph, draw_crops, load_photographs
from uplapp.imaging.tasks.reconstruction import (
    SMALLEST_SIDE_PX,
    SUFFIXES,
    Volume,
    draw_slices,
    list_volumes,
    read_volume,
    spread,
    spread_slices,
)
from uplapp.registry import Entry, Registry

SIDE_STEP_PX = 32


@dataclass(frozen=True, eq=False)
class Specimen:
    """An image to measure on: `clean` (C,H,W) in [0,1], what a degradation drawn for `name` leaves of it."""

    name: str
    clean: Tensor
    observe: Callable[[Any], Tensor]

    @classmethod
    def of_image(cls, name: str, clean: Tensor) -> "Specimen":
        """An image that is degraded as it is."""
        return cls(name, clean, lambda degradation: degradation.apply(clean))


class Task(Protocol):
    """What training and measuring ask of a task; images are (C,H,W) in [0,1] with C `channels`."""

    @property
    def channels(self) -> int:
        """1 or 3."""

    @property
    def degradation(self) -> type[Degradation]:
        """What spoils the images; its defaults are those of published tables."""

    @property
    def observed(self) -> str:
        """What an image is called before it is restored."""

    def prepare(self, network: nn.Module) -> nn.Module:
        """The network as this task uses it."""

    def load(self, folder: Path, side_px: int) -> Sequence[Any]:
        """The data under `folder` that training draws squares of `side_px` from."""

    def draw_pairs(
        self, data: Sequence[Any], count: int, side_px: int, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Observations and what they should have been, (B,C,H,W) each, no side longer than `side_px`."""

    def read_images(self, folder: Path) -> Iterator[Specimen]:
        """What can be measured on under `folder`."""


@dataclass(frozen=True)
class Denoising:
    """Photographs with white Gaussian noise, unclipped, RGB in [0,1]; sigma in 8-bit units."""

    channels: int = 3
    degradation: type[Degradation] = GaussianNoise
    observed: str = "noisy"
    sigma_max: float = 40.0

    def prepare(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network

    def load(self, folder: Path, side_px: int) -> list[Photograph]:
        """Photographs of `side_px` or more a side."""
        return load_photographs(folder, side_px)

    def draw_pairs(
        self, data: Sequence[Photograph], count: int, side_px: int, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Noisy and clean crops (B,3,H,W), each with a sigma of its own, uniform in [0, sigma_max]."""
        clean = draw_crops(data, count, side_px, random)
        sigma = torch.from_numpy(random.uniform(0, self.sigma_max, size=(count, 1, 1, 1))).float()
        return add_gaussian_noise(clean, sigma, _generator(random)), clean

    def read_images(self, folder: Path) -> Iterator[Specimen]:
        """PNG, JPEG and TIFF files as RGB."""
        for path in list_images(folder):
            yield Specimen.of_image(path.name, read_image(path).with_channels(self.channels))


@dataclass(frozen=True)
class Reconstruction:
    """Magnitude slices from one in eight columns of their k-space, single coil, white is 1."""

    channels: int = 1
    degradation: type[Degradation] = Undersampling
    observed: str = "zero-filled"
    slices_a_volume: int = 8

    def prepare(self, network: nn.Module) -> nn.Module:
        """The network behind a layer that gives every image mean 0 and deviation 1."""
        return Standardised(network)

    def load(self, folder: Path, side_px: int) -> list[Volume]:
        """The NIfTI volumes of a folder; slices are padded or cropped to `side_px` when drawn."""
        return [read_volume(path) for path in list_volumes(folder)]

    def draw_pairs(
        self, data: Sequence[Volume], count: int, side_px: int, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Zero-filled and full slices (B,1,H,W), each with columns and a phase of its own.

        A batch has sides of its own too, up to `side_px`: how wide the aliases lie depends on them.
        """
        sides = range(min(SMALLEST_SIDE_PX, side_px), side_px + 1, SIDE_STEP_PX)
        height, width = random.choice(sides, size=2).tolist()
        clean = draw_slices(data, count, (height, width), random)
        seeds = random.integers(2**32, size=count).tolist()
        masks = torch.stack([Undersampling(seed=seed).columns(width) for seed in seeds])
        return undersample(clean, masks, smooth_phase(tuple(clean.shape), _generator(random))), clean

    def read_images(self, folder: Path) -> Iterator[Specimen]:
        """Slices of every scan, evenly spread: of NIfTI volumes under masks of their own, of other files
        under one drawn for the file, as fastMRI validates. A k-space that lacks a part is refused.
        """
        for path in list_volumes(folder, tuple(READERS)):
            if path.name.lower().endswith(SUFFIXES):
                slices = spread_slices(read_volume(path), self.slices_a_volume)
                yield from (Specimen.of_image(name, clean) for name, clean in slices)
            else:
                yield from _specimens(read_scan(path), self.slices_a_volume)


def _specimens(scan: Scan, count: int) -> Iterator[Specimen]:
    for part in (scan[index] for index in spread(scan.count, count)):
        if part.magnitude is None:
            raise BadImage(f"{part.name} lacks a part of its k-space, so there is nothing to measure against")
        yield Specimen(part.name, part.magnitude, part.observe)


def _generator(random: np.random.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(int(random.integers(2**62)))


TASKS: Registry[Entry] = Registry(
    "task",
    {
        "denoise": Entry(Denoising, "Photo denoising", "Lehtinen et al. (2018)"),
        "mri": Entry(Reconstruction, "MR reconstruction", "Zbontar et al. (2018)"),
    },
)
