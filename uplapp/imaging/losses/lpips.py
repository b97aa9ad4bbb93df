"""LPIPS v0.1, the distance of two images as a network trained on ImageNet sees them.

Source: Zhang, Isola, Efros, Shechtman and Wang (2018), eq. 1.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.backbones import Features
from uplapp.imaging.pretrained import linear_weights

# The network of each backbone, and the layers after which it is tapped: its rectifiers or Fire modules.
BACKBONES = {
    "alex": ("alexnet", (1, 4, 7, 9, 11)),
    "squeeze": ("squeezenet1_1", (1, 4, 7, 9, 10, 11, 12)),
    "vgg": ("vgg16", (3, 8, 15, 22, 29)),
}
# Inside the root, so that the gradient is finite where a layer is silent.
EPSILON = 1e-8


class Lpips(nn.Module):
    """LPIPS of each image by the backbone alex, squeeze or vgg (VGG-16).

    `weights` is a folder, see `feature_weights`; UplappError when they cannot be had or do not fit.
    """

    def __init__(self, backbone: str = "alex", weights: str | Path | None = None) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise UnknownName("backbone", backbone, BACKBONES)
        network, taps = BACKBONES[backbone]
        self.features = Features(network, taps, weights)
        linear = linear_weights(backbone, weights)
        if len(linear) != len(taps):
            raise UplappError(f"LPIPS by {backbone} has {len(taps)} layers, its linear weights {len(linear)}")
        for layer, weight in enumerate(linear):
            self.register_buffer(f"linear{layer}", weight.view(1, -1, 1, 1), persistent=False)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """(B,C,H,W) in [0,1], 1 or 3 channels, to (B,); the gradient flows to `estimate` alone."""
        with torch.no_grad():
            seen_t = [_unit(layer) for layer in self.features(target)]
        seen_e = [_unit(layer) for layer in self.features(estimate)]
        distances = [
            ((e - t).square() * self.get_buffer(f"linear{layer}").to(e.dtype)).sum(dim=1).mean(dim=(1, 2))
            for layer, (e, t) in enumerate(zip(seen_e, seen_t, strict=True))
        ]
        return torch.stack(distances).sum(dim=0)


class LpipsPlusSquares(nn.Module):
    """Mean squared error + `weight` * LPIPS of a batch (B,C,H,W), 1 or 3 channels, in [0,1].

    The default weight lets both terms start about equal. See `Lpips` for the other options.
    """

    def __init__(
        self, weight: float = 0.02, backbone: str = "alex", weights: str | Path | None = None
    ) -> None:
        super().__init__()
        self.weight = weight
        self.lpips = Lpips(backbone, weights)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """A scalar."""
        distance: Tensor = self.lpips(estimate, target).mean()
        return (estimate - target).square().mean() + self.weight * distance


def _unit(features: Tensor) -> Tensor:
    return features * (features.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()
