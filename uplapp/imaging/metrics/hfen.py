"""High-frequency error norm: how much of the edges of a magnitude image is wrong.

Source: Ravishankar and Bresler (2011), section IV, a Laplacian of a Gaussian of 15x15 px, deviation 1.5 px;
of volumes one of 15x15x15.
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.imaging.losses.checks import require_axes
from uplapp.imaging.losses.filters import Kernel, filter_axis, gaussian

SIDE_PX, SD_PX = 15, 1.5
SMALLEST_NORM = 1e-8


def hfen(estimate: Tensor, target: Tensor) -> Tensor:
    """The norm of the filtered difference over the norm of the filtered target, (B,C,*size) to (B,).

    Images are (B,C,H,W), volumes (B,C,D,H,W), in [0,1]. The result is
    0 for equal images, 1 for a flat estimate. The last samples are repeated beyond
    the edges.
    """
    require_axes(estimate, (4, 5))
    wrong, present = (_edges(image).flatten(1).norm(dim=1) for image in (estimate - target, target))
    error: Tensor = wrong / present.clamp_min(SMALLEST_NORM)
    return error


def _edges(image: Tensor) -> Tensor:
    if image.ndim == 5:
        return _edges_of_volume(image)
    kernel = laplacian_of_gaussian().to(image)
    channels = image.reshape(-1, 1, *image.shape[-2:])
    padded = functional.pad(channels, [SIDE_PX // 2] * 4, mode="replicate")
    return functional.conv2d(padded, kernel[None, None]).view(image.shape)


def _edges_of_volume(volume: Tensor) -> Tensor:
    """Filter (B,C,D,H,W) axis by axis: second derivatives along each in turn, less the filter's mean."""
    smooth = gaussian(SD_PX, SIDE_PX // 2)
    offsets = range(-(SIDE_PX // 2), SIDE_PX // 2 + 1)
    curve = tuple(weight * (x**2 - SD_PX**2) / SD_PX**4 for x, weight in zip(offsets, smooth, strict=True))
    excess = 3 * math.fsum(curve) / SIDE_PX**3
    edges = -excess * _along_axes(volume, ((1.0,) * SIDE_PX,) * 3)
    for axis in range(3):
        edges = edges + _along_axes(volume, tuple(curve if other == axis else smooth for other in range(3)))
    return edges


def _along_axes(volume: Tensor, kernels: tuple[Kernel, ...]) -> Tensor:
    for axis, kernel in enumerate(kernels, start=2):
        volume = filter_axis(volume, kernel, axis, edge="replicate")
    return volume


@lru_cache
def laplacian_of_gaussian() -> Tensor:
    """The filter (15,15), float64, whose sum is 0: the second derivatives of a Gaussian of sum 1."""
    offset = torch.arange(SIDE_PX, dtype=torch.float64) - SIDE_PX // 2
    square = offset[:, None].square() + offset[None, :].square()
    gaussian = torch.exp(-square / (2 * SD_PX**2))
    kernel = (square - 2 * SD_PX**2) / SD_PX**4 * gaussian / gaussian.sum()
    return kernel - kernel.mean()
