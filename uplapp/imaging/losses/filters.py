"""Separable filters as matrix products: an image multiplied from both sides by banded matrices.

A matrix product runs near the processor's peak, forward and backward, where short depthwise
convolutions do not; edge replication is part of the matrix, so nothing is padded.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

# Outputs a product: a wider band matrix would be mostly zeros, more and narrower products mostly overhead.
BLOCK = 64

Kernel = tuple[float, ...]


def gaussian(sd_px: float, radius_px: int) -> Kernel:
    """A Gaussian of `sd_px` on `2 * radius_px + 1` samples, normalised to sum 1."""
    weights = [math.exp(-(x**2) / (2 * sd_px**2)) for x in range(-radius_px, radius_px + 1)]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def filter_rows_and_columns(
    images: Tensor, rows: Sequence[Kernel], columns: Sequence[Kernel], edge: str
) -> Tensor:
    """Filter channel c of (B,C,H,W) along W by `rows[c]` and along H by `columns[c]`.

    One kernel serves all channels. `edge` is "replicate" (the size stays) or "valid" (each side shrinks by
    the kernel's length - 1).
    """
    return _filter_columns(_filter_rows(images, tuple(rows), edge), tuple(columns), edge)


def filter_axis(images: Tensor, kernel: Kernel, axis: int, edge: str) -> Tensor:
    """Filter every line along one axis of a tensor of any shape by one kernel.

    `edge` is as for `filter_rows_and_columns`.
    """
    lines = images.movedim(axis, -1)
    blocks = _blocks((kernel,), lines.shape[-1], edge, images.dtype, images.device)
    parts = [lines[..., first:last] @ matrices[0].mT for first, last, matrices in blocks]
    return torch.cat(parts, dim=-1).movedim(-1, axis)


def _filter_rows(images: Tensor, kernels: tuple[Kernel, ...], edge: str) -> Tensor:
    blocks = _blocks(kernels, images.shape[-1], edge, images.dtype, images.device)
    parts = [images[..., first:last] @ matrices.mT for first, last, matrices in blocks]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-1)


def _filter_columns(images: Tensor, kernels: tuple[Kernel, ...], edge: str) -> Tensor:
    blocks = _blocks(kernels, images.shape[-2], edge, images.dtype, images.device)
    parts = [matrices @ images[..., first:last, :] for first, last, matrices in blocks]
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=-2)


# Kept matrices serve training too, which refuses tensors made in inference mode.
@lru_cache(maxsize=64)
@torch.inference_mode(False)
def _blocks(
    kernels: tuple[Kernel, ...], size: int, edge: str, dtype: torch.dtype, device: torch.device
) -> list[tuple[int, int, Tensor]]:
    """List (first, last, matrices): samples [first, last) of a line give the next block of outputs."""
    reach = max(len(kernel) for kernel in kernels) // 2
    shift, outputs = (reach, size) if edge == "replicate" else (0, size - 2 * reach)
    blocks = []
    for start in range(0, outputs, BLOCK):
        stop = min(start + BLOCK, outputs)
        first, last = max(start - shift, 0), min(stop - shift + 2 * reach, size)
        matrices = [_band_matrix(kernel, (start, stop), (first, last), shift) for kernel in kernels]
        blocks.append((first, last, torch.stack(matrices).to(device=device, dtype=dtype)))
    return blocks


def _band_matrix(kernel: Kernel, outputs: tuple[int, int], inputs: tuple[int, int], shift: int) -> Tensor:
    """Build the matrix that correlates the samples `inputs` of a line with `kernel`.

    Samples beyond the ends repeat the last one.
    """
    matrix = torch.zeros(outputs[1] - outputs[0], inputs[1] - inputs[0], dtype=torch.float64)
    lines = torch.arange(len(matrix))
    for offset, weight in enumerate(kernel):
        samples = (lines + outputs[0] - shift + offset).clamp(inputs[0], inputs[1] - 1) - inputs[0]
        matrix.index_put_((lines, samples), torch.tensor(weight, dtype=torch.float64), accumulate=True)
    return matrix
