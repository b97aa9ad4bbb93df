"""High-frequency error norm: how much of the edges of a magnitude image is wrong.

Source: Ravishankar and Bresler (2011), section IV, a Laplacian of a Gaussian of 15x15 px, deviation 1.5 px.
"""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.imaging.losses.checks import require_axes

SIDE_PX, SD_PX = 15, 1.5
SMALLEST_NORM = 1e-8


def hfen(estimate: Tensor, target: Tensor) -> Tensor:
    """The norm of the filtered difference over the norm of the filtered target, (B,C,H,W) in [0,1] to (B,).

    0 for equal images, 1 for a flat estimate. The last samples are repeated beyond the edges.
    """
    require_axes(estimate)
    wrong, present = (_edges(image).flatten(1).norm(dim=1) for image in (estimate - target, target))
    error: Tensor = wrong / present.clamp_min(SMALLEST_NORM)
    return error


def _edges(image: Tensor) -> Tensor:
    kernel = laplacian_of_gaussian().to(image)
    channels = image.reshape(-1, 1, *image.shape[-2:])
    padded = functional.pad(channels, [SIDE_PX // 2] * 4, mode="replicate")
    return functional.conv2d(padded, kernel[None, None]).view(image.shape)


@lru_cache
def laplacian_of_gaussian() -> Tensor:
    """The filter (15,15), float64, whose sum is 0: the second derivatives of a Gaussian of sum 1."""
    offset = torch.arange(SIDE_PX, dtype=torch.float64) - SIDE_PX // 2
    square = offset[:, None].square() + offset[None, :].square()
    gaussian = torch.exp(-square / (2 * SD_PX**2))
    kernel = (square - 2 * SD_PX**2) / SD_PX**4 * gaussian / gaussian.sum()
    return kernel - kernel.mean()
