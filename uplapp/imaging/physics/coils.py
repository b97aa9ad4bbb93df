"""Coil maps by the eigenvectors of calibration, and the choice of maps for a measurement.

The windows of k-space lie in a subspace that the centre shows; a map is what that subspace leaves as it is.
Source: Uecker et al. (2014), ESPIRiT.
"""

import math
from dataclasses import replace

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.physics.kspace import estimate_maps, root_sum_of_squares, sampled_centre
from uplapp.imaging.physics.measurement import Measurement, require_sampling
from uplapp.registry import Entry, Registry

# Samples along each side of a window, and of the centre that is used where more of it was sampled.
KERNEL, CALIBRATION = 6, 24
# A centre that is narrower than this leaves no windows to compare.
SMALLEST_CENTRE = 4
# From this width on maps of low resolution are as good, and better where noise is all there is.
WIDE_CENTRE = 12
# Singular values below this share of the largest are noise.
NOISE_SHARE = 0.02
# Below this eigenvalue nothing of the pixel is in the subspace: a map is 0 there.
LOWEST_EIGENVALUE = 0.3
# Squares of the matrix of each pixel; its largest eigenvalue outgrows the others in 2^SQUARES steps at once.
SQUARES = 4
# Pixels whose matrices are in memory at the same time, for 8 coils.
PIXELS_AT_ONCE = 16384


def with_maps(measurement: Measurement, kind: str | None = None) -> Measurement:
    """Give the measurement with maps of a kind in MAPS, estimated from its data.

    By default several coils with a narrow centre get those of ESPIRiT. Maps of low resolution are those that
    the measurement has, if it has any. A measurement without k-space, or whose mask leaves the centre out, is
    refused.
    """
    sampling, data = require_sampling(measurement), measurement.data
    grid = (data.shape[-2], data.shape[-1])
    require_centre(sampling.mask, grid)
    if kind is None:
        narrow = SMALLEST_CENTRE <= sampled_centre(sampling.mask, grid)[1] < WIDE_CENTRE
        kind = "espirit" if narrow and len(data) > 1 else "low_resolution"
    if kind == "low_resolution" and sampling.maps is not None:
        return measurement
    maps = MAPS.build(kind, data=data, mask=sampling.mask)
    return replace(measurement, operator=replace(sampling, maps=maps))


def has_wide_centre(mask: Tensor, grid: tuple[int, int]) -> bool:
    """Whether the centre that a mask (W,) or (H,W) samples shows maps and phase at low resolution."""
    return sampled_centre(mask, grid)[1] >= WIDE_CENTRE


def require_centre(mask: Tensor, grid: tuple[int, int]) -> None:
    """Refuse a mask (W,) or (H,W) that samples nothing, or not the middle of k-space."""
    if not bool(mask.any()):
        raise UplappError("the mask samples nothing, so there is nothing to restore; give measured k-space")
    middle = mask[..., grid[1] // 2]
    if not bool(middle if mask.ndim == 1 else middle[grid[0] // 2]):
        raise UplappError(
            "the mask leaves out the centre of k-space, from which maps of coils and phase are estimated; "
            "give k-space whose centre was sampled"
        )


def espirit_maps(
    data: Tensor, mask: Tensor, kernel: int = KERNEL, lowest: float = LOWEST_EIGENVALUE
) -> Tensor:
    """Maps (coils,H,W), complex64, from measured k-space (coils,H,W): squares sum to 1, or are all 0.

    The windows have up to `kernel` samples a side. Where the largest eigenvalue is below `lowest` the maps
    are 0. As those of `estimate_maps` they take the phase of the image, so that it is nearly real.
    """
    height, width = data.shape[-2:]
    windows = centre_windows(data, mask, kernel)
    weights = subspace_filter(windows).to(data.device)
    smooth = estimate_maps(data, mask)
    maps = torch.zeros_like(smooth)
    rows_at_once = max(1, PIXELS_AT_ONCE * 64 // (width * len(data) ** 2))
    for rows in torch.split(torch.arange(height, device=data.device), rows_at_once):
        maps[:, rows] = _eigenvectors(weights, smooth[:, rows], rows, (height, width), lowest)
    return maps


def centre_windows(data: Tensor, mask: Tensor, kernel: int) -> Tensor:
    """Windows (count,coils,rows,columns) of the sampled centre of k-space (coils,H,W), complex128.

    Along a side a window has `kernel` samples, or half of those of a small centre.
    """
    height, width = data.shape[-2:]
    rows, columns = sampled_centre(mask, (height, width))
    rows, columns = min(height if mask.ndim == 1 else rows, CALIBRATION), min(columns, CALIBRATION)
    if min(rows, columns) < SMALLEST_CENTRE:
        raise UplappError(
            f"the mask samples {rows} x {columns} points of the centre of k-space without a gap, and ESPIRiT "
            f"needs {SMALLEST_CENTRE} along each side; choose maps of low resolution"
        )
    top, left = height // 2 - rows // 2, width // 2 - columns // 2
    centre = data[:, top : top + rows, left : left + columns].to("cpu", torch.complex128)
    high, wide = (min(kernel, (side + 1) // 2) for side in (rows, columns))
    windows = centre.unfold(1, high, 1).unfold(2, wide, 1)
    return windows.movedim(0, 2).reshape(-1, len(data), high, wide)


def subspace_filter(windows: Tensor) -> Tensor:
    """The filter (coils,coils,2h-1,2w-1), complex64, of windows (count,coils,h,w): their mean projection.

    A k-space that lies in the subspace stays as it is: y_c[n] is the sum over coils c' and distances d of
    filter[c,c',d] y_c'[n + d - middle].
    """
    count, coils, high, wide = windows.shape
    _, strength, vectors = torch.linalg.svd(windows.reshape(count, -1), full_matrices=False)
    kept = vectors[strength > NOISE_SHARE * strength[0]]
    projection = (kept.T @ kept.conj()).reshape(coils, high, wide, coils, high, wide)
    weights = projection.new_zeros(coils, coils, 2 * high - 1, 2 * wide - 1)
    for row in range(high):
        for column in range(wide):
            # From this sample of a window to all others of it.
            first, left = high - 1 - row, wide - 1 - column
            weights[:, :, first : first + high, left : left + wide] += projection[:, row, column]
    mean: Tensor = weights / (high * wide)
    return mean.to(torch.complex64)


def _eigenvectors(
    weights: Tensor, smooth: Tensor, rows: Tensor, grid: tuple[int, int], lowest: float
) -> Tensor:
    """The maps (coils,rows,W) of some rows: the eigenvectors nearest to the smooth maps."""
    matrices = _transform(weights, rows, grid)
    power = matrices
    for _ in range(SQUARES):
        power = power @ power
        power = power / power.diagonal(dim1=-2, dim2=-1).real.sum(-1)[..., None, None].clamp_min(1e-30)
    # The powers have no negative eigenvalues, so that the phase is that of the smooth maps.
    vectors = power @ smooth.movedim(0, -1)[..., None]
    vectors = vectors / root_sum_of_squares(vectors, dim=-2)[..., None, :].clamp_min(1e-15)
    values = (vectors.conj() * (matrices @ vectors)).real.sum(dim=-2, keepdim=True)
    return torch.where(values >= lowest, vectors, 0)[..., 0].movedim(-1, 0)


def _transform(weights: Tensor, rows: Tensor, grid: tuple[int, int]) -> Tensor:
    """The matrices (rows,W,coils,coils) that the filter is in image space."""
    height, width = grid
    down = _waves(weights.shape[-2], rows - height // 2, height)
    across = _waves(weights.shape[-1], torch.arange(width, device=rows.device) - width // 2, width)
    half = torch.einsum("yd,abde->yabe", down, weights)
    return torch.einsum("yabe,xe->yxab", half, across)


def _waves(distances: int, place: Tensor, side: int) -> Tensor:
    """What a shift by each distance does to each place, (places,distances)."""
    distance = torch.arange(distances, device=place.device) - distances // 2
    turns = -2 * math.pi / side * place[:, None] * distance[None, :]
    return torch.polar(torch.ones_like(turns), turns)


MAPS: Registry[Entry] = Registry(
    "kind of maps",
    {
        "low_resolution": Entry(estimate_maps, "Low resolution", "McKenzie et al. (2002)"),
        "espirit": Entry(espirit_maps, "ESPIRiT", "Uecker et al. (2014)"),
    },
)
