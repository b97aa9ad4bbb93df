"""Receiver coils: what each of them sees, and how their images become one."""

import math

import torch
from torch import Tensor

# In half fields of view from the centre; the corners lie at 1.41, and a coil near one would see only that.
COIL_RADIUS = 2.0


def simulated_maps(coils: int, height: int, width: int) -> Tensor:
    """Sensitivities (coils,H,W), complex64, of coils evenly spaced on a circle around the image.

    Each falls off as 1 / distance and turns its phase with the direction, as a short wire does; the sum of
    their squares is 1 in every pixel. One coil has magnitude 1 everywhere.
    """
    angle = 2 * math.pi * torch.arange(coils, dtype=torch.float64)[:, None, None] / coils
    across = _positions(width)[None, None, :] - COIL_RADIUS * torch.cos(angle)
    down = _positions(height)[None, :, None] - COIL_RADIUS * torch.sin(angle)
    distance = torch.hypot(across, down)
    maps = torch.polar(1 / distance, torch.atan2(across, -down) - angle)
    normalised: Tensor = maps / root_sum_of_squares(maps, dim=0)
    return normalised.to(torch.complex64)


def root_sum_of_squares(coil_images: Tensor, dim: int = -3) -> Tensor:
    """One magnitude image (...,H,W) of the images of all coils (...,coils,H,W), real or complex.

    The gradient is finite where all coils are 0. Source: Roemer et al. (1990).
    """
    # torch's own norm of complex numbers takes thirty times as long.
    parts = [coil_images.real, coil_images.imag] if coil_images.is_complex() else [coil_images]
    energy = torch.stack([part.square().sum(dim) for part in parts]).sum(0)
    return energy.clamp_min(torch.finfo(energy.dtype).tiny).sqrt()


def _positions(count: int) -> Tensor:
    """Centres of pixels, in half fields of view from the middle."""
    return (2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1
