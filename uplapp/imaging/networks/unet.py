"""The U-Net of noise2noise, as the perceptual-metric comparison trains it."""

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
            nn.Sequential(_convolution(below + skip, wide), nn.ReLU(), _convolution(wide, wide), nn.ReLU())
            for below, skip in zip(incoming, skips, strict=True)
        )
        self.leave = nn.Sequential(
            _convolution(wide + channels, 4 * width // 3),
            nn.ReLU(),
            _convolution(4 * width // 3, 2 * width // 3),
            nn.ReLU(),
            _convolution(2 * width // 3, channels, gain=1.0),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        centred = pad_to_multiple(image, self.multiple) - 0.5
        skips = [centred]
        features = functional.relu(self.enter(centred))
        for encoder in self.encoders:
            features = functional.max_pool2d(functional.relu(encoder(features)), 2)
            skips.append(features)
        features = functional.relu(self.bottleneck(skips.pop()))
        for decoder in self.decoders:
            features = decoder(_join_upsampled(features, skips.pop()))
        restored: Tensor = self.leave(_join_upsampled(features, skips.pop()))
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


def _join_upsampled(features: Tensor, skip: Tensor) -> Tensor:
    doubled = functional.interpolate(features, scale_factor=2, mode="nearest")
    # Under autocast a float32 skip would carry all channels to float32 and back, a third of a step.
    return torch.cat([doubled, skip.to(doubled.dtype)], dim=1)
