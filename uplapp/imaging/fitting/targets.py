"""The measurements that networks are fitted to, and what is held out of them to know when to stop."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.physics.kspace import root_sum_of_squares, to_image, to_kspace
from uplapp.imaging.physics.measurement import (
    Measurement,
    Sampling,
    crop_centre,
    require_sampling,
    zero_filled,
)
from uplapp.imaging.physics.pixels import put_visible_back

CENTRE_KEPT_PX = 16  # the middle of k-space holds most of the image and is never held out


class Target(Protocol):
    """A measurement as a fit sees it.

    A network makes images (...,channels,*size) for it.
    """

    @property
    def channels(self) -> int:
        """The channels of the images that the network makes."""

    @property
    def size(self) -> tuple[int, int]:
        """The size (H,W) of the images that the network makes."""

    @property
    def bounded(self) -> bool:
        """Whether these images lie in [0,1]."""

    @property
    def scale(self) -> float | None:
        """The norm that these images begin with, None where the network's own will do."""

    def loss(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the data that are fitted."""

    def held_out_error(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the data that are not fitted."""

    def picture(self, image: Tensor) -> Tensor:
        """Give the restored picture (...,C,h,w) in [0,1]."""

    def to(self, device: torch.device) -> "Target":
        """Give the target on a device."""


@dataclass(frozen=True, eq=False)
class PixelTarget:
    """Pixels seen through a real operator: all, some, or fewer. `fitted` and `held` weigh the data."""

    measurement: Measurement
    fitted: Tensor
    held: Tensor
    bounded: bool = True
    scale: float | None = None

    @property
    def channels(self) -> int:
        """The channels of the picture."""
        return self.measurement.seen.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """The size (H,W) of the picture."""
        return self.measurement.seen.shape[-2], self.measurement.seen.shape[-1]

    def loss(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the data that are fitted, for images (...,C,H,W)."""
        return _mean_square(self._residual(image), self.fitted)

    def held_out_error(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the data that are held out."""
        return _mean_square(self._residual(image), self.held)

    def picture(self, image: Tensor) -> Tensor:
        """Give the image, clipped, with the visible pixels put back where others are missing."""
        return put_visible_back(image, self.measurement).clamp(0, 1)

    def to(self, device: torch.device) -> "PixelTarget":
        """Give the target on a device."""
        return PixelTarget(self.measurement.to(device), self.fitted.to(device), self.held.to(device))

    def _residual(self, image: Tensor) -> Tensor:
        return self.measurement.operator.forward(image) - self.measurement.data


@dataclass(frozen=True, eq=False)
class KspaceTarget:
    """Sampled k-space: two channels, real and imaginary, for each coil, on the grid of k-space.

    The measured samples replace the network's in the picture. Source: Darestani & Heckel (2021).
    """

    measurement: Measurement
    fitted: Tensor
    held: Tensor
    bounded: bool = False

    @property
    def channels(self) -> int:
        """Two channels for each coil."""
        return 2 * self.measurement.data.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """The grid (H,W) of k-space."""
        return self.measurement.data.shape[-2], self.measurement.data.shape[-1]

    @property
    def scale(self) -> float:
        """The norm of the zero-filled image."""
        return float(zero_filled(self.measurement.data).norm())

    def loss(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the samples that are fitted, for images (...,C,H,W)."""
        return _mean_square(self._residual(image), self.fitted)

    def held_out_error(self, image: Tensor) -> Tensor:
        """Give the mean squared error (...) of the samples that are held out."""
        return _mean_square(self._residual(image), self.held)

    def picture(self, image: Tensor) -> Tensor:
        """Give the magnitude (...,1,h,w) of all coils with the measured samples put back."""
        mask = require_sampling(self.measurement).mask
        kspace = torch.where(mask, self.measurement.data, to_kspace(_as_complex(image)))
        magnitude = root_sum_of_squares(to_image(kspace))[..., None, :, :]
        shown = self.measurement.seen.shape
        return crop_centre(magnitude, (shown[-2], shown[-1])).clamp(0, 1)

    def to(self, device: torch.device) -> "KspaceTarget":
        """Give the target on a device."""
        return KspaceTarget(self.measurement.to(device), self.fitted.to(device), self.held.to(device))

    def _residual(self, image: Tensor) -> Tensor:
        return to_kspace(_as_complex(image)) - self.measurement.data


def make_target(measurement: Measurement, held_out: float = 0.0, seed: int = 0) -> Target:
    """Make the target of a measurement, of which a share in [0,1) is held out, drawn by the seed.

    Nothing is held out of the middle of k-space. A measurement of nothing is refused.
    """
    data, operator = measurement.data, measurement.operator
    mask = getattr(operator, "mask", None)
    measured = torch.ones(1, *data.shape[-2:]) if mask is None else mask.expand(1, *data.shape[-2:]).float()
    if not bool(measured.any()):
        raise BadImage("nothing of the image was measured, the mask hides everything; show a part of it")
    draw = torch.rand(measured.shape, generator=torch.Generator().manual_seed(seed))
    held = measured * (draw < held_out)
    if isinstance(operator, Sampling):
        crop_centre(held, (CENTRE_KEPT_PX, CENTRE_KEPT_PX)).zero_()
        return KspaceTarget(measurement, measured - held, held)
    return PixelTarget(measurement, measured - held, held)


def _as_complex(image: Tensor) -> Tensor:
    """Join channels (...,2C,H,W) of real and imaginary parts to (...,C,H,W)."""
    return torch.complex(image[..., 0::2, :, :], image[..., 1::2, :, :])


def _mean_square(residual: Tensor, weights: Tensor) -> Tensor:
    """Give the mean (...) of |residual|^2 (...,C,H,W) where the weights (1,H,W) are 1. NaN where none is."""
    square = torch.view_as_real(residual).square().sum(-1) if residual.is_complex() else residual.square()
    return (square * weights).sum((-3, -2, -1)) / (weights.sum() * residual.shape[-3])
