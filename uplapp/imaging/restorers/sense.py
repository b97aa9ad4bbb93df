"""SENSE: the image of several coils from a part of their k-space, by conjugate gradients.

Source: Pruessmann et al. (2001); the weight of the imaginary part is Bydder & Robson (2005), for maps that
take the phase of the image.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from uplapp.imaging.physics import Measurement, has_wide_centre, require_sampling
from uplapp.imaging.restorers.compressed_sensing import Report, magnitude, normal_map, silent

ITERATIONS = 100
TOLERANCE = 1e-3
# Chosen on training slices with 1 and 4 simulated coils, 2x to 8x; where maps are poor more of it does harm.
WEIGHT, IMAGINARY = 0.01, 0.05


def sense(
    measurement: Measurement,
    report: Report = silent,
    weight: float = WEIGHT,
    imaginary: float | None = None,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Find the magnitude (1,h,w) in [0,1] of argmin |Ax - y|^2 + weight |x|^2 + imaginary |Im x|^2.

    The iteration stops where the residual is `tolerance` of what it was. By default the imaginary part has
    no weight if one coil with a narrow centre says too little of the phase.
    """
    sampling, data = require_sampling(measurement), measurement.data
    if imaginary is None:
        shown = len(data) > 1 or has_wide_centre(sampling.mask, (data.shape[-2], data.shape[-1]))
        imaginary = IMAGINARY if shown else 0.0
    normal = normal_map(sampling)

    def equation(image: Tensor) -> Tensor:
        regular = torch.complex(weight * image.real, (weight + imaginary) * image.imag)
        return normal(image) + regular

    image = conjugate_gradients(equation, sampling.adjoint(data), tolerance, report)
    return magnitude(image, measurement)


def conjugate_gradients(
    matrix: Callable[[Tensor], Tensor],
    right: Tensor,
    tolerance: float = TOLERANCE,
    report: Report = silent,
    most: int = ITERATIONS,
) -> Tensor:
    """Solve matrix(x) = right, from x = 0, for a map that is symmetric and positive over the real numbers.

    `report` hears the share of the way, in digits, from the residual at the start to `tolerance` of it.
    Source: Hestenes & Stiefel (1952).
    """
    solution, residual = torch.zeros_like(right), right
    direction, energy = residual, _energy(residual)
    goal, share = tolerance**2 * energy, 0.0
    for done in range(1, most + 1):
        if energy <= goal:
            break
        image = matrix(direction)
        step = energy / _inner(direction, image)
        solution, residual = solution + step * direction, residual - step * image
        energy, previous = _energy(residual), energy
        direction = residual + energy / previous * direction
        share = max(share, done / most, _share(energy, goal, tolerance))
        report(share)
    if share < 1:
        report(1.0)
    return solution


def _share(energy: float, goal: float, tolerance: float) -> float:
    """The share of the digits that are won, in [0,1]."""
    if energy <= goal:
        return 1.0
    return max(0.0, 1 - math.log(goal / energy) / math.log(tolerance**2))


def _inner(first: Tensor, second: Tensor) -> float:
    return float(torch.vdot(first.flatten(), second.flatten()).real)


def _energy(image: Tensor) -> float:
    return _inner(image, image)
