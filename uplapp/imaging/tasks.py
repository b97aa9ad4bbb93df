"""What there is to restore: a degradation, and how training pairs are made with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from uplapp.imaging.data import Photograph, draw_crops
from uplapp.imaging.degradations.noise import add_gaussian_noise
from uplapp.registry import Entry, Registry


@dataclass(frozen=True)
class Denoising:
    """Photographs with white Gaussian noise, unclipped, RGB in [0,1]; sigma in 8-bit units."""

    channels: int = 3
    sigma_max: float = 40.0

    def degrade(self, image: Tensor, sigma: float, seed: int) -> Tensor:
        """The noisy observation of an image (...,C,H,W); equal seeds give equal noise."""
        return add_gaussian_noise(image, sigma, torch.Generator().manual_seed(seed))

    def draw_pairs(
        self, photographs: Sequence[Photograph], count: int, side_px: int, random: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """Noisy and clean crops (B,3,H,W), each with a sigma of its own, uniform in [0, sigma_max]."""
        clean = draw_crops(photographs, count, side_px, random)
        sigma = torch.from_numpy(random.uniform(0, self.sigma_max, size=(count, 1, 1, 1))).float()
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        return add_gaussian_noise(clean, sigma, generator), clean


TASKS: Registry[Entry] = Registry(
    "task",
    {"denoise": Entry(Denoising, "Photo denoising", "Lehtinen et al. (2018)")},
)
