"""Compressed sensing: the image that agrees with measured k-space and is simple, min 1/2 |Ax - y|^2 + w R(x).

R is the total variation, or the sum of the magnitudes of wavelet coefficients. Source: Lustig et al. (2007);
the iteration is FISTA, Beck & Teboulle (2009).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.imaging.physics import Measurement, Sampling, crop_centre, require_sampling, root_sum_of_squares

Report = Callable[[float], None]  # hears the share that is done, and raises where a person stops
# shrink(image, weight, state) gives the proximal point of weight * R and the state of the next iteration.
Shrink = Callable[[Tensor, float, Any], tuple[Tensor, Any]]

ITERATIONS = 60
# Steps on the dual of total variation in each iteration; the dual is kept, so that few are enough.
DUAL_STEPS = 4
WAVELET, LEVELS = "db4", 4
# The best weights on slices of the heads that the networks were trained on, 2x to 8x random columns with a
# simulated phase, grow in proportion to the acceleration.
TV_WEIGHT, WAVELET_WEIGHT = 0.00075, 0.001


def silent(share: float) -> None:
    """Let the work go on without a listener."""


def tv(measurement: Measurement, report: Report = silent, weight: float | None = None) -> Tensor:
    """Find the magnitude (1,h,w) in [0,1] with the least total variation that agrees with the data.

    `weight` is a share of the largest |A^H y|; by default it grows with the acceleration.
    """
    return solve(measurement, shrink_variation, _weight(measurement, weight, TV_WEIGHT), ITERATIONS, report)


def wavelet(measurement: Measurement, report: Report = silent, weight: float | None = None) -> Tensor:
    """Find the magnitude (1,h,w) in [0,1] with the sparsest wavelets, shifted anew at each step.

    Options are as for `tv`.
    """
    return solve(
        measurement, _shrink_wavelets, _weight(measurement, weight, WAVELET_WEIGHT), ITERATIONS, report
    )


def solve(measurement: Measurement, shrink: Shrink, weight: float, iterations: int, report: Report) -> Tensor:
    """Find the magnitude (1,h,w) of FISTA's image.

    `report` hears the share that is done. The operator's maps take the phase of one coil too, which leaves an
    image that is nearly real.
    """
    sampling = require_sampling(measurement)
    start = sampling.adjoint(measurement.data)
    threshold = weight * float(start.abs().max())
    normal = normal_map(sampling)
    image = ahead = start
    momentum, state = 1.0, None
    for done in range(1, iterations + 1):
        previous, previous_momentum = image, momentum
        image, state = shrink(ahead - normal(ahead) + start, threshold, state)
        momentum = (1 + math.sqrt(1 + 4 * previous_momentum**2)) / 2
        ahead = image + (previous_momentum - 1) / momentum * (image - previous)
        report(done / iterations)
    return magnitude(image, measurement)


def magnitude(image: Tensor, measurement: Measurement) -> Tensor:
    """Give the magnitude (1,h,w) in [0,1] of a complex image (H,W): what all coils see of it, cropped."""
    coils = root_sum_of_squares(require_sampling(measurement).coil_images(image))[None]
    return crop_centre(coils, (measurement.seen.shape[-2], measurement.seen.shape[-1])).clamp(0, 1)


def normal_map(sampling: Sampling) -> Callable[[Tensor], Tensor]:
    """A^H A, without the shifts of the centred transform, which cancel, as columns do under a mask (W,)."""
    mask = sampling.mask.float()
    axes = (-1,) if mask.ndim == 1 else (-2, -1)
    mask = torch.fft.ifftshift(mask)

    def normal(image: Tensor) -> Tensor:
        kspace = torch.fft.fftn(sampling.coil_images(image), dim=axes)
        return sampling.combine(torch.fft.ifftn(kspace * mask, dim=axes))

    return normal


def _weight(measurement: Measurement, weight: float | None, per_acceleration: float) -> float:
    if weight is not None:
        return weight
    mask = require_sampling(measurement).mask
    return per_acceleration * mask.numel() / max(int(mask.count_nonzero()), 1)


def shrink_variation(image: Tensor, weight: float, dual: Tensor | None) -> tuple[Tensor, Tensor]:
    """Isotropic total variation of a complex image (H,W), its dual (2,H,W). Source: Chambolle (2004)."""
    dual = image.new_zeros(2, *image.shape) if dual is None else dual
    if weight <= 0:
        return image, dual
    for _ in range(DUAL_STEPS):
        dual = dual + gradient(image - weight * gradient_adjoint(dual)) / (8 * weight)
        dual = dual / root_sum_of_squares(dual, dim=0).clamp_min(1)
    return image - weight * gradient_adjoint(dual), dual


def gradient(image: Tensor) -> Tensor:
    """Differences (2,H,W) to the next row and column of an image (H,W), 0 at the last."""
    steps = image.new_zeros(2, *image.shape)
    torch.sub(image[1:], image[:-1], out=steps[0, :-1])
    torch.sub(image[:, 1:], image[:, :-1], out=steps[1, :, :-1])
    return steps


def gradient_adjoint(steps: Tensor) -> Tensor:
    """The adjoint (H,W) of `gradient`, minus the divergence."""
    image = torch.zeros_like(steps[0])
    image[:-1] -= steps[0, :-1]
    image[1:] += steps[0, :-1]
    image[:, :-1] -= steps[1, :, :-1]
    image[:, 1:] += steps[1, :, :-1]
    return image


def _shrink_wavelets(
    image: Tensor, weight: float, random: np.random.Generator | None
) -> tuple[Tensor, np.random.Generator]:
    """Threshold softly the details of a complex image (H,W) after a random shift, which hides the grid."""
    random = np.random.default_rng(0) if random is None else random
    shift = tuple(random.integers(2**LEVELS, size=2).tolist())
    shifted = torch.roll(image, shift, dims=(0, 1)).numpy()
    levels = min(LEVELS, pywt.dwtn_max_level(shifted.shape, WAVELET))
    rough, *details = pywt.wavedec2(shifted, WAVELET, mode="periodization", level=levels)
    kept = [tuple(_soft(band, weight) for band in bands) for bands in details]
    restored = pywt.waverec2([rough, *kept], WAVELET, mode="periodization")
    height, width = image.shape
    back = (-shift[0], -shift[1])
    return torch.roll(torch.from_numpy(restored[:height, :width]), back, dims=(0, 1)), random


def _soft(band: NDArray[Any], weight: float) -> NDArray[Any]:
    size = np.abs(band)
    kept: NDArray[Any] = band * (np.maximum(size - weight, 0) / np.maximum(size, np.finfo(size.dtype).tiny))
    return kept
