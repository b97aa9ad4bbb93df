"""The generator of DAGAN, with fewer channels than published."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import BatchNorm, padded

# The published ladder is 64, 128, 256 and five times 512.
WIDTHS = (24, 48, 96, 96, 96)
SLOPE = 0.2


class DaganGenerator(nn.Module):
    """Adds the tanh of a U-Net to a zero-filled image (B,C,H,W) in [0,1], which it sees in [-1,1].

    Each scale halves the image by a 4x4 convolution of stride 2 and doubles it by a transposed one, with
    batch norm and skips. The default widths with one channel have 1,033,873 parameters.
    Source: Yang et al. (2018), DAGAN, with a narrower ladder.
    """

    receptive_radius = None  # in effect the whole image
    own_scale = True

    def __init__(self, channels: int = 1, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        if not widths or min(widths) < 1:
            raise UplappError(f"widths of the generator are {list(widths)}; it needs one or more, from 1 up")
        self.channels, self.multiple = channels, 2 ** len(widths)
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 4, 2, 1, bias=place == 0),
                BatchNorm(channels_out) if place else nn.Identity(),
                nn.LeakyReLU(SLOPE),
            )
            for place, (channels_in, channels_out) in enumerate(pairwise([channels, *widths]))
        )
        above = [*reversed(widths[:-1]), widths[0]]
        incoming = [widths[-1], *(2 * width for width in reversed(widths[:-1]))]
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(channels_in, channels_out, 4, 2, 1, bias=False),
                BatchNorm(channels_out),
                nn.ReLU(),
            )
            for channels_in, channels_out in zip(incoming, above, strict=True)
        )
        self.head = nn.Conv2d(widths[0], channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        features, skips = padded(2 * image - 1, self.multiple, 2 * self.multiple), []
        for encoder in self.down:
            features = encoder(features)
            skips.append(features)
        features = skips.pop()
        for place, decoder in enumerate(self.up):
            features = decoder(torch.cat([features, skips.pop()], dim=1) if place else features)
        addition: Tensor = torch.tanh(self.head(features))[..., :height, :width]
        return image + addition / 2
