"""Magnitude images of MR and their Rician noise: drawn, taken off the mean again, estimated.

M = |A + n1 + i n2| with n1, n2 ~ N(0, sigma^2): above A on average, most so where there is no signal.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage, special
from torch import Tensor

from uplapp.described import option
from uplapp.errors import UplappError
from uplapp.imaging.physics.masks import LARGEST_SEED, Seed, generator_of, seed_for, settled_seed
from uplapp.imaging.physics.measurement import Choice, Identity, Measurement

Values = NDArray[np.float64]
# Beyond this ratio of signal to noise the closed form for strong signals holds to 1e-5.
LARGEST_RATIO, RATIO_STEP = 30.0, 0.005
ESTIMATE_ROUNDS = 12
SMOOTHING_PX, ESTIMATE_VOXELS = 1.5, 500_000
# The median of |x| of a standard normal variable.
MEDIAN_OF_NORMAL = 0.6745


@dataclass(frozen=True)
class Magnitude(Identity):
    """The map of a scan whose magnitude was kept: the data are the image, their noise is Rician."""

    kind: ClassVar[str] = "magnitude"


@dataclass(frozen=True)
class RicianNoise:
    """Noise on the real and imaginary parts of MR, of which the magnitude is kept.

    Its deviation is `level` times the largest value that a volume can have, which is 1. `seed` draws it,
    together with the name of the volume. Source: Gudbjartsson and Patz (1995).
    """

    heading: ClassVar[str] = "Rician noise"
    strength: ClassVar[str] = "level"
    operator: ClassVar[str] = "magnitude"
    choice: ClassVar[Choice | None] = Choice("Add Rician noise", "Already noisy")

    level: float = option(
        0.05,
        "Level, share of the maximum",
        "Add noise of this share of the volume's maximum first, more than 0 and at most 1.",
        low=0,
        high=1,
        slider=(0.01, 0.2),
        step=0.01,
    )
    seed: Seed = option(  # noqa: RUF009 (a field, made as `dataclasses.field` makes it)
        0, "Seed", "Draws the noise, together with the name of the file.", low=0, high=LARGEST_SEED
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", settled_seed(self.seed))
        require_level(self.level)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        return f"Rician noise of {100 * self.level:g}%"

    def for_image(self, name: str) -> "RicianNoise":
        """Give the degradation with noise drawn for the image called `name`."""
        return replace(self, seed=seed_for(self.seed, name))

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (C,*size) in [0,1]."""
        return of_magnitude(add_rician_noise(clean, self.level, generator_of(self.seed)), self.level)


def of_magnitude(seen: Tensor, noise: float | None = None) -> Measurement:
    """Build the measurement of a magnitude image (C,*size). `noise` is as in `Measurement`."""
    return Measurement(seen, Magnitude(), seen, noise)


def require_level(level: float) -> None:
    """Refuse a level of noise that is 0, negative, above 1 or no number."""
    if not (isinstance(level, int | float) and math.isfinite(level) and 0 < level <= 1):
        raise UplappError(
            f"Rician noise of level {level} cannot be drawn; give a share of the maximum above 0, at most 1"
        )


def add_rician_noise(image: Tensor, sigma: float | Tensor, generator: torch.Generator) -> Tensor:
    """Give the magnitude sqrt((x + n1)^2 + n2^2) of an image in [0,1], n of deviation `sigma`, unclipped.

    `sigma` may be a tensor that broadcasts against the image.
    """
    real, imaginary = (
        torch.randn(image.shape, generator=generator, device=generator.device).to(image) for _ in range(2)
    )
    return torch.hypot(image + sigma * real, sigma * imaginary)


def rician_mean(ratio: NDArray[np.floating]) -> Values:
    """The mean of M / sigma for signals of A / sigma. Source: Koay and Basser (2006), eq. 2."""
    t = np.square(ratio) / 4
    mean: Values = math.sqrt(math.pi / 2) * ((1 + 2 * t) * special.i0e(t) + 2 * t * special.i1e(t))
    return mean


def rician_variance(ratio: NDArray[np.floating]) -> Values:
    """The variance of M / sigma for signals of A / sigma, from .43 without signal to 1."""
    variance: Values = 2 + np.square(ratio) - np.square(rician_mean(ratio))
    return variance


def signal_of_mean(mean: NDArray[np.floating], sigma: float) -> NDArray[np.float32]:
    """The signal A whose magnitude has such a mean under noise of deviation `sigma`, 0 where it has none.

    This takes off a mean over many voxels what Rician noise adds to it.
    """
    ratios, means = _table()
    scaled = np.asarray(mean, dtype=np.float64) / sigma
    strong = np.sqrt(np.maximum(np.square(scaled) - 1, 0))
    signal = np.where(scaled < means[-1], np.interp(scaled, means, ratios), strong)
    return (signal * sigma).astype(np.float32)


def estimate_rician_noise(seen: Tensor) -> float:
    """Estimate the deviation of the noise of a magnitude image (C,*size), by its finest differences.

    Their median absolute value is corrected, place by place, for the smaller variance where there is little
    signal. Source: Coupe et al. (2010), with a difference along every axis for the wavelet.
    """
    volume = seen[0].float().numpy()
    detail = volume
    for axis in range(volume.ndim):
        detail = np.diff(detail, axis=axis) / math.sqrt(2)
    inside = tuple(slice(0, side) for side in detail.shape)
    means = ndimage.gaussian_filter(volume, SMOOTHING_PX)[inside]
    counted = means > 0
    every = counted.sum() // ESTIMATE_VOXELS + 1
    detail, means = np.abs(detail[counted][::every]), means[counted][::every]
    sigma = float(np.median(detail)) / MEDIAN_OF_NORMAL if detail.size else 0.0
    for _ in range(ESTIMATE_ROUNDS):
        if sigma <= 0:
            break
        deviation = np.sqrt(rician_variance(signal_of_mean(means, sigma) / sigma))
        sigma = float(np.median(detail / deviation)) / MEDIAN_OF_NORMAL
    return sigma


@lru_cache
def _table() -> tuple[Values, Values]:
    ratios = np.arange(0, LARGEST_RATIO, RATIO_STEP)
    return ratios, rician_mean(ratios)
