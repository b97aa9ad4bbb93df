"""Vesselness: how much a place of a volume looks like a bright line, by the curvature of its surroundings.

Source: Sato et al. (1998), Three-dimensional multi-scale line filter.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

# Deviations of the Gaussians in widths of the finest voxel.
WIDTHS_PX = (1.0, 2.0)
# A mask of vessels holds this share of the voxels, those that look most like lines.
VESSEL_SHARE = 0.02

Array = NDArray[np.float32]


def vesselness(volume: Tensor, spacing_mm: Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
    """Give the vesselness (1,D,H,W), from 0, of a volume (1,D,H,W), in the volume's unit.

    It is the geometric mean of the two downward curvatures across a line, the largest over the widths of
    Gaussians, which are as wide in mm along every axis.
    """
    array = volume[0].numpy().astype(np.float32)
    lines = [_at_width(array, width, spacing_mm) for width in WIDTHS_PX]
    return torch.from_numpy(np.maximum.reduce(lines))[None]


def vessel_mask(lines: Tensor, share: float = VESSEL_SHARE) -> Tensor:
    """Give the mask of the share of voxels that look most like lines, of a vesselness (1,D,H,W)."""
    return lines > threshold_of(lines, share)


def threshold_of(lines: Tensor, share: float) -> float:
    """Find the vesselness that such a share of the voxels exceeds."""
    kept = max(round(share * lines.numel()), 1)
    return float(lines.flatten().kthvalue(max(lines.numel() - kept, 1)).values)


def _at_width(volume: Array, width_px: float, spacing_mm: Sequence[float]) -> Array:
    """Give the vesselness at one width, in units of which curvatures are measured."""
    width_mm = width_px * min(spacing_mm)
    smooth = ndimage.gaussian_filter(volume, [width_mm / step for step in spacing_mm], mode="nearest")
    steps = [step / width_mm for step in spacing_mm]
    first = [_slope(smooth, axis, steps[axis]) for axis in range(3)]
    second = [_curve(smooth, axis, steps[axis]) for axis in range(3)]
    mixed = [_slope(first[one], other, steps[other]) for one, other in ((1, 2), (0, 2), (0, 1))]
    _, middle, lowest = _eigenvalues(*second, *mixed)
    # Positive where the surface bends down across the line in both directions.
    across: Array = np.sqrt((-middle).clip(0) * (-lowest).clip(0))
    return across


def _slope(volume: Array, axis: int, step: float) -> Array:
    """Give the central difference, which unlike a derivative of the Gaussian holds for narrow ones too."""
    slope: Array = ndimage.correlate1d(volume, [-0.5 / step, 0, 0.5 / step], axis, mode="nearest")
    return slope


def _curve(volume: Array, axis: int, step: float) -> Array:
    curve: Array = ndimage.correlate1d(volume, np.array([1, -2, 1]) / step**2, axis, mode="nearest")
    return curve


def _eigenvalues(a: Array, b: Array, c: Array, d: Array, e: Array, f: Array) -> tuple[Array, Array, Array]:
    """Give the eigenvalues, from the largest, of symmetric matrices of diagonal a, b, c.

    Beside it stand d in rows b and c, e in a and c, f in a and b. Source: Smith (1961).
    """
    mean = (a + b + c) / 3
    spread = (np.square(a - mean) + np.square(b - mean) + np.square(c - mean)) / 6
    spread = np.sqrt(spread + (np.square(d) + np.square(e) + np.square(f)) / 3)
    spread = np.maximum(spread, np.float32(1e-12))
    p, q, r = ((one - mean) / spread for one in (a, b, c))
    u, v, w = (one / spread for one in (d, e, f))
    half = (p * (q * r - u * u) - w * (w * r - u * v) + v * (w * u - q * v)) / 2
    angle = np.arccos(half.clip(-1, 1)) / 3
    largest = mean + 2 * spread * np.cos(angle)
    lowest = mean + 2 * spread * np.cos(angle + np.float32(2 * np.pi / 3))
    return largest, 3 * mean - largest - lowest, lowest
