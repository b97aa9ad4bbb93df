"""LPIPS v0.1, the distance of two images as a network trained on ImageNet sees them.

Source: Zhang, Isola, Efros, Shechtman and Wang (2018), eq. 1.
"""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.losses.features import Features, linear_weights

# The network of each backbone; the layers after which it is tapped, its rectifiers or Fire modules, with
# their channels.
BACKBONES = {
    "alex": ("alexnet", {1: 64, 4: 192, 7: 384, 9: 256, 11: 256}),
    "squeeze": ("squeezenet1_1", {1: 64, 4: 128, 7: 256, 9: 384, 10: 384, 11: 512, 12: 512}),
    "vgg": ("vgg16", {3: 64, 8: 128, 15: 256, 22: 512, 29: 512}),
}
# Inside the root, so that the gradient is finite where a layer is silent.
EPSILON = 1e-8


class Lpips(nn.Module):
    """LPIPS of each image by the backbone alex, squeeze or vgg (VGG-16).

    `weights` is a folder, see `feature_weights`; UplappError when they cannot be had or do not fit.
    """

    linear: Tensor

    def __init__(self, backbone: str = "alex", weights: str | Path | None = None) -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise UnknownName("backbone", backbone, BACKBONES)
        network, taps = BACKBONES[backbone]
        self.features = Features(network, tuple(taps), weights)
        linear = linear_weights(backbone, weights)
        self.widths = [len(layer) for layer in linear]
        if self.widths != list(taps.values()):
            raise UplappError(f"the linear weights of LPIPS do not fit {backbone}: channels {self.widths}")
        self.register_buffer("linear", torch.cat(linear), persistent=False)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Compare images (B,C,H,W) in [0,1] of 1 or 3 channels and return (B,).

        The gradient flows to `estimate` alone.
        """
        with torch.no_grad():
            seen_t = self.features(target)
        distances = [
            _UnitDistance.apply(e, t, weights.to(e.dtype))  # type: ignore[no-untyped-call]
            for e, t, weights in zip(
                self.features(estimate), seen_t, torch.split(self.linear, self.widths), strict=True
            )
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
        if not 0 <= weight < math.inf:
            raise UplappError(f"the weight of LPIPS beside l2 is {weight}; it needs a number of 0 or more")
        self.weight = weight
        self.lpips = Lpips(backbone, weights)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar."""
        distance: Tensor = self.lpips(estimate, target).mean()
        return (estimate - target).square().mean() + self.weight * distance


class _UnitDistance(torch.autograd.Function):
    """Weighted squared distance of two layers, each pixel's channels scaled to length 1, mean over pixels.

    Its own backward, since autograd's takes twice the time. With e the channels of a pixel, n = 1/|e|,
    u = n e - unit target and w the weights, the gradient of w u^2 is 2 n (w u - n^2 (w u . e) e).
    """

    @staticmethod
    def forward(ctx: Any, estimate: Tensor, target: Tensor, weights: Tensor) -> Tensor:
        """Map (B,C,H,W) twice and (C,) to (B,)."""
        pixels, other = _pixels(estimate), _pixels(target)
        inverse = _inverse_length(pixels)
        difference = (pixels * inverse).sub_(other * _inverse_length(other))
        ctx.save_for_backward(pixels, inverse, difference, weights)
        ctx.shape = estimate.shape
        return (difference.square() @ weights).view(len(estimate), -1).mean(dim=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        """Map (B,) to the gradient by the estimate's features (B,C,H,W)."""
        pixels, inverse, difference, weights = ctx.saved_tensors
        batch, channels, height, width = ctx.shape
        gradient = difference * weights
        along = (gradient * pixels).sum(dim=1, keepdim=True) * inverse.square()
        gradient -= pixels * along
        gradient *= inverse * (slope * 2 / (height * width)).repeat_interleave(height * width)[:, None]
        return gradient.view(batch, height, width, channels).permute(0, 3, 1, 2), None, None


def _pixels(features: Tensor) -> Tensor:
    """Reshape (B,C,H,W) to (BHW,C), a view where channels lie last in memory."""
    return features.permute(0, 2, 3, 1).flatten(0, 2)


def _inverse_length(pixels: Tensor) -> Tensor:
    return (pixels.square().sum(dim=1, keepdim=True) + EPSILON).rsqrt()
