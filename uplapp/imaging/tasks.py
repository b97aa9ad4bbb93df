"""What there is to restore: a degradation, the data it is trained on, and how pairs are made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.imaging.data import Photograph, draw_crops, load_photographs
from uplapp.imaging.degradations import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.degradations.noise import add_gaussian_noise
from uplapp.imaging.degradations.undersampling import smooth_phase, undersample
from uplapp.imaging.images import list_images, read_image
from uplapp.imaging.mr_data import (
    SMALLEST_SIDE_PX,
    Volume,
    draw_slices,
    list_volumes,
    read_volume,
    spread_slices,
)
from uplapp.imaging.networks.standardised import Standardised
from uplapp.registry import Entry, Registry

SIDE_STEP_PX = 32

Named = tuple[str, Tensor]


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

    def read_images(self, folder: Path) -> Iterator[Named]:
        """The clean images under `folder`, with the names by which they are degraded."""


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

    def read_images(self, folder: Path) -> Iterator[Named]:
        """PNG, JPEG and TIFF files as RGB."""
        return ((path.name, read_image(path).with_channels(self.channels)) for path in list_images(folder))


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

    def read_images(self, folder: Path) -> Iterator[Named]:
        """Slices of every volume, evenly spread."""
        for path in list_volumes(folder):
            yield from spread_slices(read_volume(path), self.slices_a_volume)


def _generator(random: np.random.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(int(random.integers(2**62)))


TASKS: Registry[Entry] = Registry(
    "task",
    {
        "denoise": Entry(Denoising, "Photo denoising", "Lehtinen et al. (2018)"),
        "mri": Entry(Reconstruction, "MR reconstruction", "Zbontar et al. (2018)"),
    },
)
