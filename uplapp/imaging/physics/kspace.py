"""K-space: the centred transform, coils that see an image with maps, and maps estimated from data."""

import math

import torch
from torch import Tensor

ROWS_AND_COLUMNS = (-2, -1)
# In half fields of view from the centre; the corners lie at 1.41, and a coil near one would see only that.
COIL_RADIUS = 2.0
# Where no coil sees anything a map has magnitude 0 instead of noise of magnitude 1.
SMALLEST_SIGNAL = 1e-6
# Phase and sensitivities change over a sixth of the field of view; measured on real and simulated k-space.
SMOOTH_CYCLES = 6.0


def to_kspace(image: Tensor) -> Tensor:
    """Compute the k-space (...,H,W), complex, of an image (...,H,W), real or complex.

    Orthonormal, so energy is kept; the zero frequency lies at (H // 2, W // 2).
    """
    centred = torch.fft.ifftshift(image, dim=ROWS_AND_COLUMNS)
    kspace = torch.fft.fft2(centred, dim=ROWS_AND_COLUMNS, norm="ortho")
    shifted: Tensor = torch.fft.fftshift(kspace, dim=ROWS_AND_COLUMNS)
    return shifted


def to_image(kspace: Tensor) -> Tensor:
    """Compute the complex image (...,H,W) of a k-space (...,H,W), the inverse of `to_kspace`."""
    centred = torch.fft.ifftshift(kspace, dim=ROWS_AND_COLUMNS)
    image = torch.fft.ifft2(centred, dim=ROWS_AND_COLUMNS, norm="ortho")
    shifted: Tensor = torch.fft.fftshift(image, dim=ROWS_AND_COLUMNS)
    return shifted


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


def estimate_maps(data: Tensor, mask: Tensor) -> Tensor:
    """Maps (coils,H,W), complex64, whose squares sum to 1, from measured k-space (coils,H,W).

    The centre that the mask (W,) or (H,W) samples without a gap is weighted by a Hann window; each coil's
    smooth image is divided by the root of the sum of squares. The phase of the image stays in the maps, so
    that the image they belong to is nearly real; one coil's map is that phase alone.
    Source: McKenzie et al. (2002), self-calibrating parallel imaging.
    """
    height, width = data.shape[-2:]
    rows, columns = sampled_centre(mask, (height, width))
    window = _hann(height, rows)[:, None] * _hann(width, columns)[None, :]
    return normalised(to_image(data * window.to(data.device)))


def smoothed_maps(coil_images: Tensor) -> Tensor:
    """Maps (coils,H,W) as `estimate_maps` gives them, of whole coil images: their phase and size, smooth.

    A Gaussian of SMOOTH_CYCLES across the image takes the place of the sampled centre.
    """
    window = [
        torch.exp(-((torch.arange(side) - side // 2) / SMOOTH_CYCLES).square() / 2)
        for side in coil_images.shape[-2:]
    ]
    weight = (window[0][:, None] * window[1][None, :]).to(coil_images.device)
    return normalised(to_image(to_kspace(coil_images) * weight))


def normalised(coil_images: Tensor) -> Tensor:
    """Divide coil images (coils,H,W) by the root of their sum of squares.

    0 stays 0.
    """
    size = root_sum_of_squares(coil_images)
    maps: Tensor = coil_images / size.clamp_min(SMALLEST_SIGNAL * float(size.max()))
    return maps


def sampled_centre(mask: Tensor, grid: tuple[int, int]) -> tuple[int, int]:
    """The sides (rows, columns) of the largest centred box that the mask samples without a gap.

    A mask of columns (W,) samples all rows; its box is as wide as high in cycles per pixel.
    """
    height, width = grid
    if mask.ndim == 1:
        columns = _run(mask)
        return min(height, max(1, round(columns * height / width))), columns
    half = 0
    while 2 * half + 1 < min(grid) and bool(_box(mask, half + 1).all()):
        half += 1
    return 2 * half + 1, 2 * half + 1


def _run(mask: Tensor) -> int:
    """The odd number of neighbours around the middle that are all sampled."""
    middle = len(mask) // 2
    half = 0
    while half < min(middle, len(mask) - middle - 1) and bool(
        mask[middle - half - 1 : middle + half + 2].all()
    ):
        half += 1
    return 2 * half + 1


def _box(mask: Tensor, half: int) -> Tensor:
    row, column = (side // 2 for side in mask.shape)
    return mask[row - half : row + half + 1, column - half : column + half + 1]


def _gaussian(side: int) -> Tensor:
    """A window (side,) of SMOOTH_CYCLES samples around the middle."""
    return torch.exp(-((torch.arange(side) - side // 2) / SMOOTH_CYCLES).square() / 2)


def _hann(side: int, width: int) -> Tensor:
    """A window (side,) that is 1 in the middle and falls to 0 just outside the `width` central samples."""
    away = (torch.arange(side) - side // 2).abs() / ((width + 1) / 2)
    return torch.cos(torch.pi / 2 * away.clamp(max=1)).square()
