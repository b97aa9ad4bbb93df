"""Noise that is added to images."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from uplapp.errors import UplappError


@dataclass(frozen=True)
class GaussianNoise:
    """White Gaussian noise of `sigma` in 8-bit units, unclipped; equal seeds give equal noise."""

    sigma: float = 25.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma >= 0):
            raise UplappError(f"noise of sigma {self.sigma} cannot be drawn; give 0 or more, in 8-bit units")

    @property
    def text(self) -> str:
        """What is done, in the words of a legend."""
        return f"sigma {self.sigma:g}"

    def for_image(self, name: str) -> "GaussianNoise":
        """The same: noise is drawn by the seed alone."""
        return self

    def apply(self, image: Tensor) -> Tensor:
        """The noisy observation of an image (C,H,W) in [0,1]."""
        return add_gaussian_noise(image, self.sigma, torch.Generator().manual_seed(self.seed))


def add_gaussian_noise(image: Tensor, sigma: float | Tensor, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of `sigma` in 8-bit units to an image in [0,1]; the result is not clipped.

    `sigma` may be a tensor that broadcasts against the image. The noise is drawn on the generator's
    device, so that a seed gives the same noise wherever the image is.
    """
    noise = torch.randn(image.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return image + (noise * (sigma / 255)).to(image)
