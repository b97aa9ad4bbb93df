"""Noise that is added to images."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from uplapp.described import option
from uplapp.errors import UplappError
from uplapp.imaging.physics.measurement import Choice, Measurement, of_pixels


@dataclass(frozen=True)
class GaussianNoise:
    """White Gaussian noise of `sigma` in 8-bit units, unclipped.

    Equal seeds give equal noise.
    """

    heading: ClassVar[str] = "Noise"
    strength: ClassVar[str] = "sigma"
    operator: ClassVar[str] = "pixels"
    choice: ClassVar[Choice | None] = Choice("Add Gaussian noise", "Already noisy")

    sigma: float = option(
        25.0, "Sigma, 8-bit units", "Add noise first.", low=0, high=255, slider=(0, 50), step=1
    )
    seed: int = option(0, "Seed", "Draws the noise.", low=0, high=2**31)

    def __post_init__(self) -> None:
        require_sigma(self.sigma)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        return f"sigma {self.sigma:g}"

    def for_image(self, name: str) -> "GaussianNoise":
        """Give the same degradation, since the noise depends on the seed alone."""
        return self

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (C,*size) in [0,1]."""
        noisy = add_gaussian_noise(clean, self.sigma, torch.Generator().manual_seed(self.seed))
        return of_pixels(noisy, self.sigma / 255)


def require_sigma(sigma: float) -> None:
    """Refuse a standard deviation that is negative or no number."""
    if not (math.isfinite(sigma) and sigma >= 0):
        raise UplappError(f"noise of sigma {sigma} cannot be drawn; give 0 or more, in 8-bit units")


def add_gaussian_noise(image: Tensor, sigma: float | Tensor, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of `sigma` in 8-bit units to an image in [0,1], without clipping.

    `sigma` may be a tensor that broadcasts against the image. The noise is drawn on the generator's
    device, so that a seed gives the same noise wherever the image is.
    """
    noise = torch.randn(image.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return image + (noise * (sigma / 255)).to(image)
