"""The network that refines reconstructions for the eye."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.networks.layers import BatchNorm, ReflectedConvolution, padded

SLOPE = 0.1
SCALES = 3
SMALLEST_PX = 12  # leaves 3 px at the coarsest scale, which can be reflected
SMALLEST_SPAN = 1e-6


class Refinement(nn.Module):
    """Adds gamma x_V to an image (B,C,H,W), which is scaled to [-1,1] before and back after.

    x_V is what a U-Net of `width`, twice and four times `width` channels makes of the scaled image: two 4x4
    convolutions a scale, reflection padding, batch norm, leaky ReLU, nearest upsampling with a convolution.
    The learned gamma starts at 0, so that an untrained network changes nothing. `width` 32 with one channel
    has 919,522 parameters. Of a complex image the magnitude is refined and the phase kept.
    Source: Seitzer et al. (2018), section 2.2; orthogonal weights as in their code.
    """

    multiple = 2 ** (SCALES - 1)
    receptive_radius = None  # the scale is that of the whole image
    own_scale = True

    def __init__(self, channels: int = 1, width: int = 32) -> None:
        super().__init__()
        self.channels = channels
        widths = [width * 2**scale for scale in range(SCALES)]
        self.down = nn.ModuleList(_pair(*ends) for ends in pairwise([channels, *widths]))
        below = widths[::-1]
        self.doubled = nn.ModuleList(_layer(*ends) for ends in pairwise(below))
        self.up = nn.ModuleList(_pair(2 * fine, fine) for fine in below[1:])
        self.head = nn.Conv2d(width, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(()))
        gain = nn.init.calculate_gain("relu")
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.orthogonal_(part.weight, gain)

    def forward(self, image: Tensor) -> Tensor:
        """Refine a batch without clipping the output."""
        if image.is_complex():
            return torch.polar(self(image.abs()).clamp_min(0), image.angle())
        return self.refine(image)[0]

    def refine(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Give the refined batch, and x_V before it is multiplied by gamma."""
        lowest, highest = (
            extreme(image, dim=(1, 2, 3), keepdim=True) for extreme in (torch.amin, torch.amax)
        )
        half = ((highest - lowest) / 2).clamp_min(SMALLEST_SPAN)
        height, width = image.shape[-2:]
        scaled = padded((image - lowest) / half - 1, self.multiple, SMALLEST_PX)
        addition = self._unet(scaled)[..., :height, :width]
        return image + self.gamma * addition * half, addition

    def _unet(self, features: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for encoder in self.down:
            if skips:
                features = functional.max_pool2d(features, 2)
            features = encoder(features)
            skips.append(features)
        skips.pop()
        for doubled, decoder in zip(self.doubled, self.up, strict=True):
            fine = doubled(functional.interpolate(features, scale_factor=2, mode="nearest"))
            features = decoder(torch.cat([skips.pop(), fine], dim=1))
        addition: Tensor = self.head(features)
        return addition


def _layer(channels_in: int, channels_out: int) -> nn.Sequential:
    """A convolution without bias, batch norm, leaky ReLU."""
    return nn.Sequential(
        ReflectedConvolution(channels_in, channels_out), BatchNorm(channels_out), nn.LeakyReLU(SLOPE)
    )


def _pair(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(_layer(channels_in, channels_out), _layer(channels_out, channels_out))
