"""The cascaded refinement network: one module for each resolution, from a few pixels up."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.networks.unet import pad_to_multiple

LEAK = 0.2
# Widths of the modules in units of a sixth of the last one's, from the coarsest on.
LADDER = (16, 16, 16, 12, 6)


class CascadedRefinement(nn.Module):
    """Modules that each double the sides of the last one's features, from (B,C,H,W) in [0,1] to (B,C',H,W).

    A module sees the features, enlarged bilinearly, beside the input made as small by means of areas; then
    come twice a 3x3 convolution, normalisation over channels and pixels, and a leaky rectifier. An image of
    64x128 px begins at 4x8 px. Sides that are no multiple of 16 are padded by replication and cropped back.
    The published ladder begins with 1024 channels; `width` 48, the channels of the last module, with 1
    channel in and out, has 1,000,993 parameters.

    Source: Chen and Koltun (2017), section 3.
    """

    multiple = 2 ** (len(LADDER) - 1)
    receptive_radius = None  # it looks at the whole image

    def __init__(self, channels: int = 3, width: int = 48, channels_out: int | None = None) -> None:
        super().__init__()
        self.channels, self.channels_out = channels, channels_out or channels
        widths = [width * share // LADDER[-1] for share in LADDER]
        below = [0, *widths[:-1]]
        self.refinements = nn.ModuleList(
            _refinement(before + channels, after) for before, after in zip(below, widths, strict=True)
        )
        self.leave = nn.Conv2d(widths[-1], self.channels_out, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        padded = pad_to_multiple(image, self.multiple)
        features = None
        for level, refine in enumerate(self.refinements):
            small = functional.avg_pool2d(padded, self.multiple >> level)
            if features is not None:
                larger = functional.interpolate(features, scale_factor=2, mode="bilinear")
                small = torch.cat([larger, small.to(larger.dtype)], dim=1)
            features = refine(small)
        restored: Tensor = (self.leave(features) + 1) / 2
        return restored[..., :height, :width]


def _refinement(channels_in: int, channels_out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (channels_in, channels_out):
        # One group is a layer norm over channels and pixels, with a scale and a shift for each channel.
        layers += [
            nn.Conv2d(channels, channels_out, 3, padding=1),
            nn.GroupNorm(1, channels_out),
            nn.LeakyReLU(LEAK),
        ]
    return nn.Sequential(*layers)
