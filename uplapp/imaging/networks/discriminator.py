"""The network that tells true images from restored ones."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import BatchNorm, ReflectedConvolution

PUBLISHED = (64, 128, 256, 512, 1024, 1024)
SLOPE = 0.2
# Kept of the last layers' maps: half of them are dropped.
KEPT, DROPPED_LAYERS = 0.5, 3
SMALLEST_MAP_PX = 3
WEIGHT_SD = 0.02


class Discriminator(nn.Module):
    """Maps images (B,C,H,W) to a map of logits for patches, high where they look true.

    4x4 convolutions of stride 2, the last one of stride 1, with `widths` channels; batch norm except after
    the first, leaky ReLU, dropout of whole maps after the last three, and a 4x4 convolution to the logits,
    all with reflection at the edges. With the published widths and one channel it has 27,941,697 parameters.
    Its statistics are always those of the batch. Source: Seitzer et al. (2018) and their code.
    """

    def __init__(self, channels: int = 1, widths: Sequence[int] = PUBLISHED) -> None:
        super().__init__()
        if len(widths) < 2 or min(widths) < 1:
            raise UplappError(f"widths of a discriminator are {list(widths)}; give two or more, from 1 up")
        self.smallest_px = SMALLEST_MAP_PX * 2 ** (len(widths) - 1)
        last = len(widths) - 1
        self.layers = nn.ModuleList(
            nn.Sequential(
                ReflectedConvolution(channels_in, channels_out, 1 if place == last else 2, bias=place == 0),
                BatchNorm(channels_out) if place else nn.Identity(),
                nn.LeakyReLU(SLOPE),
            )
            for place, (channels_in, channels_out) in enumerate(pairwise([channels, *widths]))
        )
        self.logits = ReflectedConvolution(widths[-1], 1, bias=True)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.normal_(part.weight, std=WEIGHT_SD)

    def forward(self, image: Tensor, generator: torch.Generator | None = None) -> list[Tensor]:
        """Give the maps after every layer, the logits last.

        The generator, of the image's device, draws the maps that are dropped; without one all are kept.
        """
        if min(image.shape[-2:]) < self.smallest_px:
            size = "x".join(map(str, image.shape[:-3:-1]))
            raise UplappError(
                f"crops of {size} px are too small for a discriminator of {len(self.layers)} layers; "
                f"each side needs {self.smallest_px} px or more"
            )
        maps, features = image, []
        for place, layer in enumerate(self.layers):
            maps = layer(maps)
            features.append(maps)
            if generator is not None and place >= len(self.layers) - DROPPED_LAYERS:
                kept = torch.empty(maps.shape[:2], device=maps.device).bernoulli_(KEPT, generator=generator)
                maps = maps * (kept / KEPT)[:, :, None, None].to(maps.dtype)
        return [*features, self.logits(maps)]


def realness(features: Sequence[Tensor], label: float) -> Tensor:
    """The cross entropy of the logits of a discriminator and one label for all patches."""
    logits = features[-1].float()
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def matching(restored: Sequence[Tensor], true: Sequence[Tensor]) -> Tensor:
    """The mean absolute difference of a discriminator's maps, averaged over layers and logits."""
    pairs = zip(restored, true, strict=True)
    return torch.stack([(a.float() - b.detach().float()).abs().mean() for a, b in pairs]).mean()
