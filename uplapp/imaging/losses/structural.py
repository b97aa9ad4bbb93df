"""Structural similarity at one scale and at several."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.losses.checks import require_axes, require_sides
from uplapp.imaging.losses.filters import filter_axis, filter_rows_and_columns, gaussian

K1, K2 = 0.01, 0.03
WINDOW_PX = 11
WINDOW = gaussian(sd_px=1.5, radius_px=WINDOW_PX // 2)
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# The loss holds a contrast term here: at 1e-6 the slope of its power throws the weights of a new
# network so far that it never recovers.
CONTRAST_FLOOR = 1e-2


def ssim(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean SSIM of each image (B,C,H,W) or volume (B,C,D,H,W) in [0,1], to (B,).

    Gaussian window of 11 px per side, sigma 1.5, K1 .01, K2 .03, valid positions only. A side under 11 px
    is refused. Source: Wang, Bovik, Sheikh and Simoncelli (2004), eq. 13.
    """
    return ssim_map(estimate, target).flatten(1).mean(dim=1)


def ssim_map(estimate: Tensor, target: Tensor) -> Tensor:
    """SSIM at every valid position of the window, each side shorter by 10. See `ssim`."""
    require_axes(estimate, (4, 5))
    require_sides(estimate, WINDOW_PX)
    moments = _moments(estimate, target)
    return _luminance(moments) * _contrast(moments)


def ms_ssim(estimate: Tensor, target: Tensor, floor: float = 0.0) -> Tensor:
    """Mean multi-scale SSIM of each image, (B,C,H,W) in [0,1] to (B,).

    Five scales need sides over 160 px; a smaller image gets as many scales as leave 11 px, their
    weights renormalised to sum 1, so its values do not compare with those of large images. A term below
    `floor` counts as `floor`, and its gradient still points uphill. A side under 11 px is refused.
    Source: Wang, Simoncelli and Bovik (2003), eq. 7, a product for each channel.
    """
    require_axes(estimate)
    require_sides(estimate, WINDOW_PX)
    weights = _scale_weights(min(estimate.shape[-2:]))
    product = torch.ones((), dtype=estimate.dtype, device=estimate.device)
    for scale, weight in enumerate(weights):
        if scale:
            estimate, target = _halve(estimate), _halve(target)
        moments = _moments(estimate, target)
        similarity = _contrast(moments)
        if scale == len(weights) - 1:
            similarity = similarity * _luminance(moments)
        product = product * _hold(similarity.mean(dim=(2, 3)), floor) ** weight
    return product.mean(dim=1)


class StructuralLoss(nn.Module):
    """The loss 1 - SSIM, the mean over a batch (B,C,H,W) or (B,C,D,H,W) in [0,1]."""

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar in [0,2]."""
        return 1 - ssim(estimate, target).mean()


class MultiScaleStructuralLoss(nn.Module):
    """The loss 1 - MS-SSIM, the mean over a batch (B,C,H,W) in [0,1].

    See `ms_ssim` for small images.
    """

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar in [0,1]."""
        return 1 - ms_ssim(estimate, target, CONTRAST_FLOOR).mean()


class Moments(NamedTuple):
    """The local moments that SSIM is made of, at every position of the window."""

    squared_means: Tensor
    product_of_means: Tensor
    variances: Tensor
    covariance: Tensor


def _moments(estimate: Tensor, target: Tensor) -> Moments:
    """Compute the moments from four filtered maps, since both terms need only the variances' sum.

    The target's mean is filtered by itself: in training no gradient goes back through it.
    """
    maps = torch.cat([estimate, estimate.square() + target.square(), estimate * target], dim=1)
    mean_e, mean_squares, mean_product = _average(maps).chunk(3, dim=1)
    mean_t = _average(target)
    squared_means, product_of_means = mean_e.square() + mean_t.square(), mean_e * mean_t
    return Moments(
        squared_means, product_of_means, mean_squares - squared_means, mean_product - product_of_means
    )


def _luminance(moments: Moments) -> Tensor:
    return (2 * moments.product_of_means + K1**2) / (moments.squared_means + K1**2)


def _contrast(moments: Moments) -> Tensor:
    return (2 * moments.covariance + K2**2) / (moments.variances + K2**2)


def _average(maps: Tensor) -> Tensor:
    """The mean under the window at every valid position."""
    if maps.ndim == 4:
        return filter_rows_and_columns(maps, [WINDOW], [WINDOW], edge="valid")
    for axis in (2, 3, 4):
        maps = filter_axis(maps, WINDOW, axis, edge="valid")
    return maps


def _scale_weights(side_px: int) -> list[float]:
    """Take as many of the five weights as there are scales of 11 px and more.

    Halving rounds up.
    """
    scales = [weight for scale, weight in enumerate(SCALE_WEIGHTS) if -(-side_px >> scale) >= WINDOW_PX]
    return [weight / sum(scales) for weight in scales]


def _halve(image: Tensor) -> Tensor:
    odd = [side % 2 for side in image.shape[-2:]]
    return functional.avg_pool2d(image, 2, padding=odd)


def _hold(term: Tensor, floor: float) -> Tensor:
    """Replace a term under the floor by the floor.

    The gradient passes in either case.
    """
    return term + (floor - term).clamp_min(0).detach()
