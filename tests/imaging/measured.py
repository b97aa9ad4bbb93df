"""A slice and a photograph for tests of restorers, and what was measured of them."""

import numpy as np
import torch
from skimage import data
from torch import Tensor

from uplapp.imaging.case import Case
from uplapp.imaging.physics import (
    Measurement,
    RicianNoise,
    Sampling,
    crop_centre,
    draw_tree,
    estimate_maps,
    of_magnitude,
    of_pixels,
    smooth_phase,
    zero_filled,
)
from uplapp.imaging.physics.kspace import simulated_maps
from uplapp.imaging.physics.masks import random_columns
from uplapp.imaging.physics.undersampling import sample

SIGMA = 25 / 255


def fading_slice() -> Tensor:
    """A picture (1,80,96) that fades to black before its rim, as a head does."""
    picture = torch.from_numpy(data.camera()).float() / 255
    small = torch.nn.functional.avg_pool2d(picture[None, :480, :480], 5)[:, :80, :96]
    rows, columns = (torch.hann_window(side, periodic=False).sqrt() for side in small.shape[1:])
    return small * rows[:, None] * columns[None, :]


def photograph(channels: int = 3, height: int = 96, width: int = 110) -> Tensor:
    """A part of a portrait (C,H,W) in [0,1]."""
    part = data.astronaut()[:height, 150 : 150 + width, :channels]
    return torch.from_numpy(np.moveaxis(part, -1, 0).astype(np.float32) / 255)


def noisy(picture: Tensor, sigma: float = SIGMA) -> Tensor:
    """A picture with white Gaussian noise, not clipped."""
    return picture + torch.randn(picture.shape, generator=torch.Generator().manual_seed(0)) * sigma


def simulate(image: Tensor, mask: Tensor, coils: int = 1) -> Measurement:
    """The measurement of a magnitude image (1,H,W) under a mask (W,) or (H,W), with a smooth phase."""
    size = (image.shape[-2], image.shape[-1])
    phase = smooth_phase(size, torch.Generator().manual_seed(4))
    maps = simulated_maps(coils, *size) if coils > 1 else None
    operator, samples = sample(torch.polar(image, phase[None]), mask, maps)
    return Measurement(zero_filled(samples)[None], operator, samples)


def record(kspace: Tensor, mask: Tensor, size: tuple[int, int]) -> Measurement:
    """The measurement of a k-space (coils,H,W) under a mask, of which the middle is seen."""
    samples = kspace * mask
    seen = crop_centre(zero_filled(samples)[None], size)
    return Measurement(seen, Sampling(mask, estimate_maps(samples, mask)), samples)


def slice_case(acceleration: int = 3, coils: int = 1) -> Case:
    """A slice whose k-space was sampled in part."""
    image = fading_slice()
    mask = random_columns(image.shape[-1], acceleration, 0.12, 0)
    return Case("slice", "mri", simulate(image, mask, coils), image)


def photograph_case(channels: int = 3, noise: float | None = SIGMA) -> Case:
    """A photograph with noise of SIGMA, whose measurement says that it is `noise`, or does not know it."""
    clean = photograph(channels)
    return Case("photograph", "denoise", of_pixels(noisy(clean), noise), clean)


def psnr(estimate: Tensor, truth: Tensor) -> float:
    """PSNR in dB for a range of 1."""
    return float(-10 * torch.log10((estimate - truth).square().mean()))


def volume_case(level: float = 0.1, noise: float | None = 0.1) -> Case:
    """Drawn vessels (1,20,32,36) with Rician noise, whose deviation is known or not."""
    clean = draw_tree("vessels", (20, 32, 36), 0).voxels
    seen = RicianNoise(level).measure(clean).seen
    return Case("vessels", "volume", of_magnitude(seen, noise), clean)
