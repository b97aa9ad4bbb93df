"""The fixed random tensors that untrained networks make images of."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import UnknownName

Size = tuple[int, int]
Draw = Callable[[int, Size, int], Tensor]
BLUR_SIGMA = 0.8  # of the 3x3 Gaussian, px
FEATURE_SIZE = 1.0  # px of the input for each cell of the simplex noise


def draw_latent(kind: str, channels: int, size: Size, seed: int) -> Tensor:
    """Draw a tensor (channels,h,w) in [0,1] of a kind in LATENTS.

    Channels are drawn one by one, as by Heckel & Hand (2019). Interpolated ones lie on a line between two
    maps, as Deep Decoder on MRI, section 3.2, says; a pixel then has two numbers only, of which no network
    of this kind makes an image well (docs/untrained.md).
    """
    if kind not in LATENTS:
        raise UnknownName("kind of input", kind, LATENTS)
    return LATENTS[kind](channels, size, seed)


def _uniform(channels: int, size: Size, seed: int) -> Tensor:
    """Each channel with uniform noise of its own."""
    return torch.rand(channels, *size, generator=torch.Generator().manual_seed(seed))


def _blur(channels: int, size: Size, seed: int) -> Tensor:
    """Each channel with blurred uniform noise of its own."""
    maps = functional.pad(_uniform(channels, size, seed)[:, None], (1, 1, 1, 1), mode="replicate")
    profile = torch.exp(-0.5 * (torch.tensor([-1.0, 0.0, 1.0]) / BLUR_SIGMA).square())
    kernel = torch.outer(profile, profile) / profile.sum().square()
    return functional.conv2d(maps, kernel[None, None])[:, 0]


def _simplex(channels: int, size: Size, seed: int) -> Tensor:
    """A volume of simplex noise, whose slices are the channels."""
    import opensimplex

    steps = [np.arange(side) / FEATURE_SIZE for side in (size[1], size[0], channels)]
    volume = opensimplex.OpenSimplex(seed).noise3array(*steps)
    return torch.from_numpy((volume + 1) / 2).float()


def _interpolated(draw: Draw) -> Draw:
    """Channels on the line from one map to another, the report's words taken literally."""

    def between(channels: int, size: Size, seed: int) -> Tensor:
        start, end = draw(2, size, seed)
        return torch.lerp(start, end, torch.linspace(0, 1, channels)[:, None, None])

    return between


LATENTS: Mapping[str, Draw] = {
    "uniform": _uniform,
    "blur": _blur,
    "simplex": _simplex,
    "uniform_interpolated": _interpolated(_uniform),
    "blur_interpolated": _interpolated(_blur),
}
