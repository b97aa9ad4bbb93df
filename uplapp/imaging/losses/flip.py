"""LDR-FLIP, the difference a person sees when flipping between two images, in colour or of luminance alone.

Source: Andersson et al. (2020), FLIP: A Difference Evaluator for Alternating Images; the letters are
theirs. Every filter separates, so each is two banded matrix products.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from uplapp.imaging.losses.checks import require_grey_or_colour, require_number
from uplapp.imaging.losses.filters import Kernel, filter_rows_and_columns, gaussian

# 0.7 m from a screen 0.7 m and 3840 px wide.
PIXELS_PER_DEGREE = 0.7 * 3840 / 0.7 * math.pi / 180
PPD_RANGE = (1.0, 1000.0)
SRGB_KNEE = 0.04045
RGB_TO_XYZ = (
    (10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794),
    (2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897),
    (1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382),
)
WHITE = tuple(sum(row) for row in RGB_TO_XYZ)
# Contrast sensitivity: (weight, width) of the Gaussians of each channel of YCxCz.
CSF = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
CSF_WIDEST = 0.04
FEATURE_WIDTH_DEGREES = 0.082
Q_C, Q_F = 0.7, 0.5
P_C, P_T = 0.4, 0.95
LAB_DELTA = 6 / 29
# HyAB between Hunt-adjusted green and blue, to the power q_c: the largest colour difference.
C_MAX = 203.3017**Q_C
EPSILON = 1e-15
# A photograph of 4000 px across takes 2 GB of memory in strips of this height.
STRIP_PX = 256


def flip_map(estimate: Tensor, target: Tensor, ppd: float = PIXELS_PER_DEGREE) -> Tensor:
    """FLIP of each pixel, (B,C,H,W) sRGB in [0,1] with 1 or 3 channels to (B,H,W) in [0,1].

    Values outside [0,1] are clamped. `ppd` is pixels per degree of visual angle. The gradient flows
    to `estimate` alone and is finite everywhere.
    """
    return _compare(_perceive, estimate, target, ppd)


def flip_gray_map(estimate: Tensor, target: Tensor, ppd: float = PIXELS_PER_DEGREE) -> Tensor:
    """FLIP of the luminance of each pixel, (B,C,H,W) linear in [0,1] with 1 or 3 channels to (B,H,W).

    No sRGB curve, no Hunt adjustment, edges without points; the largest difference stays that of green and
    blue, so that it is FLIP of three equal channels without points. Otherwise as `flip_map`.
    """
    return _compare(_perceive_luminance, estimate, target, ppd)


def reach_px(ppd: float) -> int:
    """The radius of the widest contrast filter, beyond which nothing affects a pixel of the map."""
    require_number("ppd", ppd, *PPD_RANGE)
    return math.ceil(3 * math.sqrt(CSF_WIDEST / (2 * math.pi**2)) * ppd)


def flip_strips(estimate: Tensor, target: Tensor, ppd: float) -> Iterator[tuple[slice, Tensor]]:
    """Rows and their FLIP (h,W) of an image (C,H,W), without gradient, by strips that fit into memory.

    Each strip is computed with as much surround as FLIP sees, so that no seam shows.
    """
    height, reach = target.shape[-2], reach_px(ppd)
    for start in range(0, height, STRIP_PX):
        stop, first = min(start + STRIP_PX, height), max(start - reach, 0)
        part = slice(first, min(stop + reach, height))
        with torch.inference_mode():
            strip = flip_map(estimate[None, :, part], target[None, :, part], ppd)[0]
        yield slice(start, stop), strip[start - first : stop - first]


class FlipLoss(nn.Module):
    """Mean FLIP of a batch (B,C,H,W), 1 or 3 channels, in [0,1]."""

    def __init__(self, ppd: float = PIXELS_PER_DEGREE) -> None:
        super().__init__()
        require_number("ppd", ppd, *PPD_RANGE)
        self.ppd = ppd

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar in [0,1]."""
        return flip_map(estimate, target, self.ppd).mean()


class FlipGrayLoss(nn.Module):
    """Mean FLIP of the luminance of a batch (B,C,H,W), 1 or 3 linear channels, in [0,1]."""

    def __init__(self, ppd: float = PIXELS_PER_DEGREE) -> None:
        super().__init__()
        require_number("ppd", ppd, *PPD_RANGE)
        self.ppd = ppd

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar in [0,1]."""
        return flip_gray_map(estimate, target, self.ppd).mean()


def _compare(
    perceive: Callable[[Tensor, float], tuple[Tensor, Tensor]], estimate: Tensor, target: Tensor, ppd: float
) -> Tensor:
    require_grey_or_colour(estimate)
    with torch.no_grad():
        colours_t, features_t = perceive(target, ppd)
    colours_e, features_e = perceive(estimate, ppd)
    difference_f = _feature_difference(features_e, features_t)
    return _colour_difference(colours_e, colours_t).clamp_min(EPSILON) ** (1 - difference_f)


def _perceive(image: Tensor, ppd: float) -> tuple[Tensor, Tensor]:
    """Compute the perceived image: Hunt-adjusted CIELAB after filtering, and its edges with its points."""
    rgb = image.clamp(0, 1).expand(-1, 3, -1, -1)
    opponent = _xyz_to_ycxcz(_mix(_srgb_to_linear(rgb), RGB_TO_XYZ))
    luma = (opponent[:, :1] + 16) / 116
    linear = _mix(_ycxcz_to_xyz(_filter_contrast(opponent, ppd)), _XYZ_TO_RGB).clamp(0, 1)
    return _hunt(_linear_to_lab(linear)), _detect_features(luma, ppd)


def _perceive_luminance(image: Tensor, ppd: float) -> tuple[Tensor, Tensor]:
    """The lightness of the filtered luminance, and its edges."""
    image = image.clamp(0, 1)
    luminance = image if image.shape[1] == 1 else _mix(image, RGB_TO_XYZ[1:2])
    achromatic = _contrast_kernels(ppd)[0][:1]
    filtered = filter_rows_and_columns(luminance, achromatic, achromatic, "replicate").clamp(0, 1)
    return 116 * _lightness_curve(filtered) - 16, _detect_features(luminance, ppd, detectors=1)


def _srgb_to_linear(rgb: Tensor) -> Tensor:
    curve = ((rgb.clamp_min(SRGB_KNEE) + 0.055) / 1.055) ** 2.4
    return torch.where(rgb > SRGB_KNEE, curve, rgb / 12.92)


def _mix(image: Tensor, matrix: Sequence[tuple[float, ...]]) -> Tensor:
    weights = torch.tensor(matrix, dtype=image.dtype, device=image.device)
    return torch.einsum("ij,bjhw->bihw", weights, image)


def _xyz_to_ycxcz(xyz: Tensor) -> Tensor:
    x, y, z = (channel / white for channel, white in zip(xyz.unbind(1), WHITE, strict=True))
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _ycxcz_to_xyz(ycxcz: Tensor) -> Tensor:
    luma, cx, cz = ycxcz.unbind(1)
    y = (luma + 16) / 116
    relative = (y + cx / 500, y, y - cz / 200)
    return torch.stack([channel * white for channel, white in zip(relative, WHITE, strict=True)], dim=1)


def _filter_contrast(opponent: Tensor, ppd: float) -> Tensor:
    kernels, weights = _contrast_kernels(ppd)
    doubled = torch.cat([opponent, opponent[:, 2:]], dim=1)
    a, rg, by_wide, by_narrow = filter_rows_and_columns(doubled, kernels, kernels, "replicate").unbind(1)
    return torch.stack([a, rg, weights[0] * by_wide + weights[1] * by_narrow], dim=1)


@lru_cache
def _contrast_kernels(ppd: float) -> tuple[tuple[Kernel, ...], tuple[float, ...]]:
    """The four Gaussians of the contrast sensitivity, and the shares of the two that make blue-yellow."""
    radius = reach_px(ppd)
    kernels, masses = [], []
    for amplitude, width in (term for channel in CSF for term in channel):
        sd_px = math.sqrt(width / (2 * math.pi**2)) * ppd
        kernels.append(gaussian(sd_px, radius))
        line = math.fsum(math.exp(-((x / sd_px) ** 2) / 2) for x in range(-radius, radius + 1))
        masses.append(amplitude * math.sqrt(math.pi / width) * line**2)
    blue_yellow = masses[2:]
    return tuple(kernels), tuple(mass / sum(blue_yellow) for mass in blue_yellow)


def _linear_to_lab(linear: Tensor) -> Tensor:
    x, y, z = _lightness_curve(_mix(linear, _RGB_TO_RELATIVE_XYZ)).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def _lightness_curve(relative: Tensor) -> Tensor:
    root = relative.clamp_min(LAB_DELTA**3) ** (1 / 3)
    return torch.where(relative > LAB_DELTA**3, root, relative / (3 * LAB_DELTA**2) + 4 / 29)


def _hunt(lab: Tensor) -> Tensor:
    lightness = lab[:, :1]
    return torch.cat([lightness, 0.01 * lightness * lab[:, 1:]], dim=1)


def _colour_difference(estimate: Tensor, target: Tensor) -> Tensor:
    """Compute the difference of lightness and any chroma, (B,1 or 3,H,W) to (B,H,W) in [0,1]."""
    difference = estimate - target
    chroma = (difference[:, 1:].square().sum(dim=1) + EPSILON).sqrt()
    powered = (difference[:, 0].abs() + chroma) ** Q_C
    knee = P_C * C_MAX
    low = powered * (P_T / knee)
    high = P_T + (1 - P_T) * (powered - knee) / (C_MAX - knee)
    return torch.where(powered < knee, low, high)


def _detect_features(luma: Tensor, ppd: float, detectors: int = 2) -> Tensor:
    """Magnitudes of edges, and of points with two detectors, (B,1,H,W) in [0,1] to (B,detectors,H,W)."""
    smooth, edge, point = _feature_kernels(ppd)
    stacked = luma.expand(-1, 2 * detectors, -1, -1)
    across = (edge, smooth, point, smooth)[: 2 * detectors]
    down = (smooth, edge, smooth, point)[: 2 * detectors]
    responses = filter_rows_and_columns(stacked, across, down, "replicate")
    across_squared, down_squared = responses.square()[:, 0::2], responses.square()[:, 1::2]
    return (across_squared + down_squared + EPSILON).sqrt()


@lru_cache
def _feature_kernels(ppd: float) -> tuple[Kernel, Kernel, Kernel]:
    sd_px = 0.5 * FEATURE_WIDTH_DEGREES * ppd
    radius = math.ceil(3 * sd_px)
    smooth = gaussian(sd_px, radius)
    offsets = range(-radius, radius + 1)
    edge = [-x * g for x, g in zip(offsets, smooth, strict=True)]
    point = [(x**2 / sd_px**2 - 1) * g for x, g in zip(offsets, smooth, strict=True)]
    return smooth, _balance(edge), _balance(point)


def _balance(weights: list[float]) -> Kernel:
    """Scale the positive weights to sum 1 and the negative ones to sum -1."""
    positive = math.fsum(weight for weight in weights if weight > 0)
    negative = -math.fsum(weight for weight in weights if weight < 0)
    return tuple(weight / (positive if weight > 0 else negative) for weight in weights)


def _feature_difference(estimate: Tensor, target: Tensor) -> Tensor:
    largest = (estimate - target).abs().amax(dim=1)
    return ((largest + EPSILON) / math.sqrt(2)) ** Q_F


_XYZ_TO_RGB = tuple(map(tuple, torch.linalg.inv(torch.tensor(RGB_TO_XYZ, dtype=torch.float64)).tolist()))
_RGB_TO_RELATIVE_XYZ = tuple(
    tuple(weight / white for weight in row) for row, white in zip(RGB_TO_XYZ, WHITE, strict=True)
)
