"""Networks that see the measurement itself: steps of a network, each followed by the measured data.

They map a batch of measurements of k-space to magnitudes (B,1,H,W). Inside, images are complex.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from uplapp.imaging.networks.unet import UNet
from uplapp.imaging.physics import (
    Measurement,
    Sampling,
    require_sampling,
    root_sum_of_squares,
    to_image,
    to_kspace,
)

SMALLEST = 1e-8
# How far a prediction of k-space is off, in units of `seen`: measured data count by this against their noise.
PREDICTED_SD = 0.02


@dataclass(frozen=True, eq=False)
class Consistency:
    """Puts the data y of A into complex images x (B,H,W): x - t (N x - A^H y), with N = A^H A.

    `start` is A^H y. Where the noise is known, `trust` t = v / (1 + v) averages data and prediction by their
    variances; otherwise it is 1, and the data replace the prediction. The shifts of the centred transform
    cancel in N, and under a mask of columns so does the transform along them.
    Source: Schlemper et al. (2018), eq. 8.
    """

    sampling: Sampling
    start: Tensor
    data: Tensor
    trust: float

    @classmethod
    def of(cls, measurement: Measurement) -> "Consistency":
        """Prepare a batch of measurements of k-space (B,coils,H,W). Other measurements are refused."""
        sampling, noise = require_sampling(measurement), measurement.noise
        odds = (PREDICTED_SD / noise) ** 2 if noise else 0.0
        trust = odds / (1 + odds) if noise else 1.0
        return cls(sampling, sampling.adjoint(measurement.data), measurement.data, trust)

    def enforce(self, image: Tensor, scale: Tensor) -> Tensor:
        """Put the data into images (B,H,W) in units of `scale` (B,1,1)."""
        return image - self.trust * (self._normal(image) - self.start / scale)

    def magnitude(self, image: Tensor) -> Tensor:
        """Give the magnitude (B,1,H,W) of the coils of images (B,H,W), with the data put into each coil."""
        kspace = to_kspace(self.sampling.coil_images(image))
        kspace = kspace + self.trust * self.sampling.mask * (self.data - kspace)
        return root_sum_of_squares(to_image(kspace))[:, None]

    def _normal(self, image: Tensor) -> Tensor:
        mask = self.sampling.mask
        of_columns = mask.ndim < 2 or mask.shape[-2] == 1
        axes = (-1,) if of_columns else (-2, -1)
        kspace = torch.fft.fftn(self.sampling.coil_images(image), dim=axes)
        return self.sampling.combine(torch.fft.ifftn(kspace * torch.fft.ifftshift(mask, dim=axes), dim=axes))


class Cascade(nn.Module):
    """Steps from two channels (B,2,H,W) to two, each followed by data consistency.

    The image is divided by its root mean square, so that a network knows no unit. `residual` steps give what
    is added to their input.
    """

    sees_data: ClassVar[bool] = True
    channels, multiple, receptive_radius = 1, 1, None

    def __init__(self, steps: Iterable[nn.Module], residual: bool) -> None:
        super().__init__()
        self.steps, self.residual = nn.ModuleList(steps), residual

    def forward(self, measurement: Measurement) -> Tensor:
        """Reconstruct the magnitudes (B,1,H,W) of a batch of measurements, not clipped."""
        consistency = Consistency.of(measurement)
        start = consistency.start
        scale = torch.view_as_real(start).square().mean((-3, -2, -1)).sqrt().clamp_min(SMALLEST)
        scale = scale[:, None, None]
        image = start / scale
        for step in self.steps:
            made = _as_complex(step(_as_channels(image)))
            image = consistency.enforce(image + made if self.residual else made, scale)
        return consistency.magnitude(image * scale)


class RecNet(Cascade):
    """Blocks of three 3x3 convolutions with 32 channels, without residual: 31,302 parameters.

    Source: Seitzer et al. (2018), after Schlemper et al. (2018).
    """

    def __init__(self, channels: int = 1, blocks: int = 3, width: int = 32) -> None:
        super().__init__(
            (_convolutions(width, depth=3, activation=nn.LeakyReLU(0.01)) for _ in range(blocks)),
            residual=False,
        )


class ResidualCascade(Cascade):
    """D5C5: five blocks of five 3x3 convolutions that add to the image, 565,770 parameters at width 64.

    Source: Schlemper et al. (2018).
    """

    def __init__(self, channels: int = 1, blocks: int = 5, depth: int = 5, width: int = 64) -> None:
        super().__init__(
            (_convolutions(width, depth, nn.ReLU()) for _ in range(blocks)),
            residual=True,
        )


class UNetCascade(Cascade):
    """Small U-Nets that add to the image. They see all of it, as gaps in k-space are spread over all of it.

    Source: the idea of Sriram et al. (2020), end-to-end variational networks.
    """

    def __init__(self, channels: int = 1, blocks: int = 3, width: int = 28) -> None:
        super().__init__((_Centred(UNet(2, width)) for _ in range(blocks)), residual=True)


class _Centred(nn.Module):
    """A network of images around 1/2 for images around 0, which begins near 0 itself."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.gain = nn.Parameter(torch.tensor(0.1))

    def forward(self, image: Tensor) -> Tensor:
        made: Tensor = self.gain * (self.network(image + 0.5) - 0.5)
        return made


def _convolutions(width: int, depth: int, activation: nn.Module) -> nn.Sequential:
    """Stack `depth` 3x3 convolutions from two channels over `width` to two."""
    layers: list[nn.Module] = []
    for number in range(depth):
        last = number == depth - 1
        layers.append(nn.Conv2d(width if number else 2, 2 if last else width, 3, padding=1))
        if not last:
            layers.append(activation)
    return nn.Sequential(*layers)


def _as_channels(image: Tensor) -> Tensor:
    """Complex (B,H,W) as real and imaginary part (B,2,H,W), laid out with channels last."""
    return torch.view_as_real(image).movedim(-1, 1)


def _as_complex(image: Tensor) -> Tensor:
    return torch.view_as_complex(image.float().movedim(1, -1).contiguous())
