"""Visual information fidelity, in the pixel domain.

Source: Sheikh and Bovik (2006), Image Information and Visual Quality; constants of their pixel-domain code.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from uplapp.imaging.losses.checks import require_grey_or_colour, require_sides
from uplapp.imaging.losses.filters import filter_rows_and_columns, gaussian

# The constants hold for images in [0,255].
WHITE_LEVEL = 255
NOISE_VARIANCE = 2.0
WINDOWS_PX = (17, 9, 5, 3)
LUMA = (0.299, 0.587, 0.114)
# Of 41 px the window of the last scale finds one position.
SMALLEST_PX = 41
EPSILON = 1e-8


class Moments(NamedTuple):
    """Local variances and covariance of two images, each (B,1,H,W)."""

    estimate: Tensor
    target: Tensor
    both: Tensor


def vif(estimate: Tensor, target: Tensor) -> Tensor:
    """The share of the information in the target that the estimate keeps, (B,C,H,W) in [0,1] to (B,).

    1 for equal images, above 1 where contrast was raised. Colour is judged by its luma. A side under
    41 px is refused.
    """
    require_grey_or_colour(estimate)
    require_sides(estimate, SMALLEST_PX)
    estimate, target = _centred_luma(estimate), _centred_luma(target)
    kept = present = torch.zeros(len(target), dtype=target.dtype, device=target.device)
    for scale, window_px in enumerate(WINDOWS_PX):
        if scale:
            estimate, target = (_average(image, window_px)[..., ::2, ::2] for image in (estimate, target))
        moments = _moments(estimate, target, window_px)
        kept = kept + _information_kept(moments)
        present = present + (1 + moments.target / NOISE_VARIANCE).log10().sum(dim=(1, 2, 3))
    return (kept + EPSILON) / (present + EPSILON)


def _centred_luma(image: Tensor) -> Tensor:
    """Compute luma in [0,255] less its mean, which variances ignore but rounding does not."""
    if image.shape[1] == 3:
        weights = torch.tensor(LUMA, dtype=image.dtype, device=image.device).view(1, 3, 1, 1)
        image = (image * weights).sum(dim=1, keepdim=True)
    return WHITE_LEVEL * (image - image.mean(dim=(2, 3), keepdim=True))


def _average(maps: Tensor, window_px: int) -> Tensor:
    window = gaussian(window_px / 5, window_px // 2)
    return filter_rows_and_columns(maps, [window], [window], edge="valid")


def _moments(estimate: Tensor, target: Tensor, window_px: int) -> Moments:
    maps = torch.cat([estimate, target, estimate.square(), target.square(), estimate * target], dim=1)
    mean_e, mean_t, square_e, square_t, product = _average(maps, window_px).chunk(5, dim=1)
    variance_e = (square_e - mean_e.square()).clamp_min(0)
    variance_t = (square_t - mean_t.square()).clamp_min(0)
    return Moments(variance_e, variance_t, product - mean_e * mean_t)


def _information_kept(moments: Moments) -> Tensor:
    """Compute the information, in digits, (B,), that passes a channel with blur by `gain` and noise."""
    flat = (moments.target < EPSILON) | (moments.estimate < EPSILON)
    gain = torch.where(flat, 0, moments.both / (moments.target + EPSILON)).clamp_min(0)
    noise = (moments.estimate - gain * moments.both).clamp_min(EPSILON)
    digits = (1 + gain.square() * moments.target / (noise + NOISE_VARIANCE)).log10()
    return digits.sum(dim=(1, 2, 3))
