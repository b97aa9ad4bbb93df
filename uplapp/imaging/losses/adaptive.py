"""The general robust loss, whose shape and scale are learned with the network.

Source: Barron (2019), A General and Adaptive Robust Loss Function; the letters are his. Constants of the
latent parameters come from his published code.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.losses.checks import require_number, require_whole

ALPHA_LOWEST, ALPHA_RANGE = 1e-3, 1.998
SCALE_LOWEST, SCALE_HIGHEST = 1e-5, 1e5
# ln(e - 1): its softplus is 1, so that a latent of 0 is the scale it started with.
SOFTPLUS_OF_ONE = math.log(math.e - 1)
# Stands for minus infinity, where the formula still holds and float32 does not overflow.
ALPHA_FLOOR = -1e12
# Knots crowd at alpha 2, where ln Z has a term (2 - alpha) ln(2 - alpha), and at 0, where the tails widen.
KNOTS = 257
STEP, LAST_STEP = 0.01, 40.0


def robust_error(difference: Tensor, alpha: Tensor, scale: Tensor) -> Tensor:
    """Compute rho(x, alpha, c) of each difference, for any alpha up to 2 with -inf, 0 and 2 as limits.

    `alpha` and `scale` (> 0) broadcast to `difference`. It is x^2/2c^2 for alpha 2 and grows the slower the
    lower alpha is. Source: eq. 13.
    """
    alpha = alpha.clamp_min(ALPHA_FLOOR)
    b = (alpha - 2).abs().clamp_min(torch.finfo(difference.dtype).eps)
    growth = ((difference / scale).square() / b).log1p()
    # b/alpha * ((1 + z)^(alpha/2) - 1), written so that nothing divides by alpha.
    return b / 2 * growth * _relative_expm1(alpha / 2 * growth)


def log_partition(alpha: Tensor) -> Tensor:
    """The logarithm of Z(alpha), the integral of exp(-rho(x, alpha, 1)) over all x, for alpha in [0,2].

    Within 1e-7 of the integral in float64; the gradient is the spline's. Source: eq. 16.
    """
    knots, coefficients = _log_partition_spline(alpha.dtype, alpha.device)
    inside = alpha.clamp(0, 2)
    index = (torch.searchsorted(knots, inside.detach().contiguous(), right=True) - 1).clamp(0, KNOTS - 2)
    offset = inside - knots[index]
    cubic, square, linear, constant = coefficients[:, index].unbind()
    return ((cubic * offset + square) * offset + linear) * offset + constant


class AdaptiveLoss(nn.Module):
    """Mean negative log-likelihood of the differences of images of any shape (B,C,...), in [0,1].

    `channels` pairs of shape alpha in (0,2) and scale are parameters that the network's optimiser learns
    too; one pair serves images with any number of channels. Alpha starts at 1 and the scale at `scale`,
    in units of the image. A likelihood may exceed 1, so the loss falls below 0 as the scale shrinks.
    """

    def __init__(self, channels: int = 1, scale: float = 1.0) -> None:
        super().__init__()
        require_whole("channels", channels, 1)
        require_number("scale", scale, 2 * SCALE_LOWEST, SCALE_HIGHEST)
        self.start = scale
        self.latent_alpha = nn.Parameter(torch.zeros(channels))
        self.latent_scale = nn.Parameter(torch.zeros(channels))

    @property
    def alpha(self) -> Tensor:
        """The shape of each channel, (C,)."""
        return ALPHA_LOWEST + ALPHA_RANGE * self.latent_alpha.sigmoid()

    @property
    def scale(self) -> Tensor:
        """The scale c of each channel, (C,)."""
        growth = functional.softplus(self.latent_scale + SOFTPLUS_OF_ONE)
        return (self.start - SCALE_LOWEST) * growth + SCALE_LOWEST

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar, negative where the fit is close."""
        channels = len(self.latent_alpha)
        if channels not in (1, estimate.shape[1]):
            raise UplappError(
                f"the adaptive loss has {channels} channels and the image {estimate.shape[1]}; "
                "give as many as the image has, or 1"
            )
        alpha, scale = self.alpha, self.scale
        column = (-1, *[1] * (estimate.ndim - 2))
        errors = robust_error(estimate - target, alpha.view(column), scale.view(column))
        return errors.mean() + (scale.log() + log_partition(alpha)).mean()


def _relative_expm1(power: Tensor) -> Tensor:
    """Compute (exp(x) - 1) / x, also at 0."""
    small = power.abs() < 1e-3
    series = 1 + power / 2 * (1 + power / 3 * (1 + power / 4))
    safe = torch.where(small, 1, power)
    return torch.where(small, series, safe.expm1() / safe)


# Kept tables serve training too, which refuses tensors made in inference mode.
@lru_cache
@torch.inference_mode(False)
def _log_partition_spline(dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    knots, coefficients = _tabulate_log_partition()
    return torch.from_numpy(knots).to(device, dtype), torch.from_numpy(coefficients).to(device, dtype)


@lru_cache
def _tabulate_log_partition() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Knots (K,) in alpha and coefficients (4,K-1) of ln Z between them, highest power first."""
    knots = 2 - 2 * (1 - np.linspace(0, 1, KNOTS) ** 2) ** 4
    values = np.array([_integrate_log_partition(alpha) for alpha in knots])
    return knots, CubicSpline(knots, values).c


def _integrate_log_partition(alpha: float) -> float:
    """The logarithm of Z by the trapezoid rule in t, x = sinh t, which converges exponentially."""
    t = torch.arange(0, LAST_STEP, STEP, dtype=torch.float64)
    shape = torch.tensor(alpha, dtype=torch.float64)
    density = (-robust_error(t.sinh(), shape, torch.ones_like(shape))).exp() * t.cosh()
    return math.log(2 * STEP * (density.sum() - density[0] / 2).item())
