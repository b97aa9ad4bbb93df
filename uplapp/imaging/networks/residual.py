"""Networks that say what to take off an image or a volume: DnCNN, and residual blocks at full resolution."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import BatchNorm
from uplapp.imaging.networks.resnet import ResNet

CONVOLUTIONS: Mapping[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
LEAK = 0.1
BLOCKS_2D, WIDTH_2D = 5, 24
BLOCKS_3D, WIDTH_3D = 8, 48


def convolution_of(axes: int) -> Any:
    """Give the class of convolutions for images (2) or volumes (3)."""
    if axes not in CONVOLUTIONS:
        raise UplappError(f"axes is {axes}; networks work on images of 2 or volumes of 3")
    return CONVOLUTIONS[axes]


class DnCnn(nn.Module):
    """A chain of `depth` 3x3 convolutions with batch norm, from (B,C,*size) in [0,1] to (B,C,*size).

    It estimates the noise, which is taken off. `axes` is 2 for images, 3 for volumes. The published 17 layers
    of 64 channels have 1,664,321 parameters on volumes of one channel, a small form of 8 layers of 32 has
    168,033. Source: Zhang et al. (2017), section III.
    """

    multiple = 1

    def __init__(self, channels: int = 3, depth: int = 17, width: int = 64, axes: int = 2) -> None:
        super().__init__()
        if depth < 2:
            raise UplappError(f"depth is {depth}; a chain has 2 layers or more")
        convolution = convolution_of(axes)
        self.channels, self.receptive_radius = channels, depth
        self.enter = convolution(channels, width, 3, padding=1)
        self.middle = nn.ModuleList(
            convolution(width, width, 3, padding=1, bias=False) for _ in range(depth - 2)
        )
        self.norms = nn.ModuleList(BatchNorm(width) for _ in range(depth - 2))
        self.leave = convolution(width, channels, 3, padding=1)
        for layer in (self.enter, *self.middle):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(self.leave.weight)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        features = torch.relu(self.enter(image - 0.5))
        for convolve, normalise in zip(self.middle, self.norms, strict=True):
            features = torch.relu(normalise(convolve(features)))
        restored: Tensor = image - self.leave(features).to(image.dtype)
        return restored


class FullResNet(nn.Module):
    """Residual blocks at full resolution whose result joins a volume (B,C,D,H,W) in [0,1].

    There is no normalisation, and a leaky rectifier lest a part of the network dies. `width` 48 with 8
    `blocks` has 998,737 parameters on volumes of one channel. Sources: He et al. (2016); Lim et al. (2017).
    """

    multiple = 1

    def __init__(self, channels: int = 1, width: int = WIDTH_3D, blocks: int = BLOCKS_3D) -> None:
        super().__init__()
        self.channels, self.receptive_radius = channels, 2 + 2 * blocks
        self.enter = nn.Conv3d(channels, width, 3, padding=1)
        self.first = nn.ModuleList(nn.Conv3d(width, width, 3, padding=1) for _ in range(blocks))
        self.second = nn.ModuleList(nn.Conv3d(width, width, 3, padding=1) for _ in range(blocks))
        self.leave = nn.Conv3d(width, channels, 3, padding=1)
        for layer in (self.enter, *self.first, *self.second):
            nn.init.kaiming_normal_(layer.weight, a=LEAK, nonlinearity="leaky_relu")
            nn.init.zeros_(layer.bias)
        for layer in (*self.second, self.leave):
            # Each block begins near the identity, and the network as one.
            nn.init.normal_(layer.weight, std=1e-3)

    def forward(self, volume: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        features = self.enter(volume - 0.5)
        for first, second in zip(self.first, self.second, strict=True):
            features = features + second(leaky(first(features)))
        restored: Tensor = volume + self.leave(leaky(features)).to(volume.dtype)
        return restored


def resnet(
    channels: int = 3,
    width: int | None = None,
    blocks: int | None = None,
    channels_out: int | None = None,
    axes: int = 2,
) -> nn.Module:
    """Build the residual network for images, at a quarter of their sides, or for volumes at full resolution.

    `width` is 24 and `blocks` 5 for images, 48 and 8 for volumes, whose channels in and out are the same.
    """
    if axes == 2:
        return ResNet(channels, width or WIDTH_2D, blocks or BLOCKS_2D, channels_out)
    if axes != 3 or channels_out not in (None, channels):
        raise UplappError("a residual network for volumes gives as many channels as it takes")
    return FullResNet(channels, width or WIDTH_3D, blocks or BLOCKS_3D)


def leaky(features: Tensor) -> Tensor:
    """Apply the leaky rectifier of slope .1."""
    return nn.functional.leaky_relu(features, LEAK)
