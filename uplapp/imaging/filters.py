"""Separable filters as matrix products: both sides of an image multiplied by a banded matrix.

A matrix product runs near the processor's peak, forward and backward, where short depthwise
convolutions do not; edge replication is part of the matrix, so nothing is padded.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

Kernel = tuple[float, ...]


def gaussian(sd_px: float, radius_px: int) -> Kernel:
    """A Gaussian of `sd_px` on `2 * radius_px + 1` samples, normalised to sum 1."""
    weights = [math.exp(-(x**2) / (2 * sd_px**2)) for x in range(-radius_px, radius_px + 1)]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def filter_rows_and_columns(images: Tensor, rows: Sequence[Kernel], columns: Sequence[Kernel], edge: str) -> Tensor:
    """Filter channel c of (B,C,H,W) by `columns[c]` along H and by `rows[c]` along W.

    `edge` is "replicate" (the size stays) or "valid" (each side shrinks by the kernel's length - 1).
    """
    height, width = images.shape[-2:]
    down = _stack(tuple(columns), height, edge, images.dtype, images.device)
    across = _stack(tuple(rows), width, edge, images.dtype, images.device)
    return down @ images @ across.mT


@lru_cache(maxsize=64)
def _stack(kernels: tuple[Kernel, ...], size: int, edge: str, dtype: torch.dtype, device: torch.device) -> Tensor:
    matrices = [_band_matrix(kernel, size, edge) for kernel in kernels]
    return torch.stack(matrices).to(device=device, dtype=dtype)


def _band_matrix(kernel: Kernel, size: int, edge: str) -> Tensor:
    """The (outputs, size) matrix that correlates a line of `size` samples with `kernel`."""
    reach = len(kernel) // 2
    outputs, first = (size, -reach) if edge == "replicate" else (size - 2 * reach, 0)
    matrix = torch.zeros(outputs, size, dtype=torch.float64)
    lines = torch.arange(outputs)
    for offset, weight in enumerate(kernel):
        columns = (lines + first + offset).clamp(0, size - 1)
        matrix.index_put_((lines, columns), torch.tensor(weight, dtype=torch.float64), accumulate=True)
    return matrix
