"""The U-Net of noise2noise, as the perceptual-metric comparison trains it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 5


class UNet(nn.Module):
    """An encoder and a decoder with skips, from an image (B,C,H,W) in [0,1] to an estimate like it.

    The skips are the input and the pooled maps. There is no normalisation, so the output of a pixel
    depends only on the pixels within `receptive_radius`. Sides that are no multiple of `2**LEVELS`
    are padded by replication and cropped back. `width` 48 with 3 channels has 991,203 parameters.

    Source: Lehtinen et al. (2018), Noise2Noise, table 2, with ReLU for LeakyReLU.
    """

    multiple = 2**LEVELS
    # The convolutions reach 127 px, the grid of the pools up to 31 px more.
    receptive_radius = 160

    def __init__(self, channels: int = 3, width: int = 48) -> None:
        super().__init__()
        self.channels = channels
        wide = 2 * width
        self.enter = _convolution(channels, width)
        self.encoders = nn.ModuleList(_convolution(width, width) for _ in range(LEVELS))
        self.bottleneck = _convolution(width, width)
        skips = [width] * (LEVELS - 1)
        incoming = [width] + [wide] * (LEVELS - 2)
        self.decoders = nn.ModuleList(
            nn.Sequential(
                _convolution(below + skip, wide),
                nn.ReLU(inplace=True),
                _convolution(wide, wide),
                nn.ReLU(inplace=True),
            )
            for below, skip in zip(incoming, skips, strict=True)
        )
        self.leave = nn.Sequential(
            _convolution(wide + channels, 4 * width // 3),
            nn.ReLU(inplace=True),
            _convolution(4 * width // 3, 2 * width // 3),
            nn.ReLU(inplace=True),
            _convolution(2 * width // 3, channels, gain=1.0),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        centred = pad_to_multiple(image, self.multiple) - 0.5
        skips = [centred]
        features = functional.relu(self.enter(centred), inplace=True)
        for encoder in self.encoders:
            features = functional.max_pool2d(functional.relu(encoder(features), inplace=True), 2)
            skips.append(features)
        features = functional.relu(self.bottleneck(skips.pop()), inplace=True)
        for decoder in self.decoders:
            features = _decode(decoder, features, skips.pop())
        restored = _decode(self.leave, features, skips.pop())
        return restored[..., :height, :width] + 0.5


def _convolution(channels_in: int, channels_out: int, gain: float = 2.0) -> nn.Conv2d:
    """A 3x3 convolution with He's initialisation (variance `gain` / fan in) and no bias at the start."""
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1)
    nn.init.normal_(layer.weight, std=(gain / (9 * channels_in)) ** 0.5)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Pad the ends of both sides of an image (B,C,H,W) by replication."""
    height, width = image.shape[-2:]
    return functional.pad(image, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def _decode(layers: nn.Module, features: Tensor, skip: Tensor) -> Tensor:
    """Run layers, the first a convolution, on features doubled by nearest neighbours and joined to a skip.

    Without gradients the doubled features are never made: their convolution is a transposed one of the
    features by a kernel of 4x4 sums of weights, which takes 4 products where the other takes 9.
    """
    first: Any
    first, *others = layers.children()
    if torch.is_grad_enabled():
        maps: Tensor = first(_join_upsampled(features, skip))
    else:
        count, weight = features.shape[1], first.weight
        maps = functional.conv2d(skip, weight[:, count:], first.bias, padding=1)
        maps += functional.conv_transpose2d(features, doubling(weight[:, :count]), stride=2, padding=1)
    for layer in others:
        maps = layer(maps)
    return maps


def doubling(weight: Tensor) -> Tensor:
    """Give the kernel (I,O,4,4) by which a transposed convolution of stride 2 doubles and filters.

    `weight` (O,I,3,3) is that of the filter. Doubling repeats each pixel 2x2 times.
    """
    turned = weight.transpose(0, 1).flip(-1, -2)
    square = weight.new_ones(1, 1, 2, 2)
    sums = functional.conv2d(turned.reshape(-1, 1, 3, 3), square, padding=1)
    return sums.reshape(*turned.shape[:2], 4, 4)


def _join_upsampled(features: Tensor, skip: Tensor) -> Tensor:
    doubled = functional.interpolate(features, scale_factor=2, mode="nearest")
    # Under autocast a float32 skip would carry all channels to float32 and back, a third of a step.
    return torch.cat([doubled, skip.to(doubled.dtype)], dim=1)
