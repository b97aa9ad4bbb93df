"""The fixed random tensors that untrained networks make images of."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import UnknownName

Size = tuple[int, int]
BLUR_SIGMA = 0.8  # of the 3x3 Gaussian, px
FEATURE_SIZE = 1.0  # px of the input for each cell of the simplex noise


def draw_latent(kind: str, channels: int, size: Size, seed: int) -> Tensor:
    """Draw a tensor (channels,h,w) in [0,1] of a kind in LATENTS.

    Source: Deep Decoder on MRI, section 3.1; the independent channels are those of Heckel & Hand (2019).
    """
    if kind not in LATENTS:
        raise UnknownName("kind of input", kind, LATENTS)
    return LATENTS[kind](channels, size, seed)


def _independent(channels: int, size: Size, seed: int) -> Tensor:
    """Each channel with uniform noise of its own."""
    return torch.rand(channels, *size, generator=torch.Generator().manual_seed(seed))


def _uniform(channels: int, size: Size, seed: int) -> Tensor:
    """Channels on the line from one map of uniform noise to another."""
    return _between(_independent(2, size, seed), channels)


def _blur(channels: int, size: Size, seed: int) -> Tensor:
    """Channels on the line from one map of blurred uniform noise to another."""
    maps = functional.pad(_independent(2, size, seed)[:, None], (1, 1, 1, 1), mode="replicate")
    profile = torch.exp(-0.5 * (torch.tensor([-1.0, 0.0, 1.0]) / BLUR_SIGMA).square())
    kernel = torch.outer(profile, profile) / profile.sum().square()
    return _between(functional.conv2d(maps, kernel[None, None])[:, 0], channels)


def _simplex(channels: int, size: Size, seed: int) -> Tensor:
    """A volume of simplex noise, whose slices are the channels."""
    import opensimplex

    steps = [np.arange(side) / FEATURE_SIZE for side in (size[1], size[0], channels)]
    volume = opensimplex.OpenSimplex(seed).noise3array(*steps)
    return torch.from_numpy((volume + 1) / 2).float()


def _between(ends: Tensor, channels: int) -> Tensor:
    share = torch.linspace(0, 1, channels)[:, None, None]
    return torch.lerp(ends[0], ends[1], share)


LATENTS: Mapping[str, Callable[[int, Size, int], Tensor]] = {
    "independent": _independent,
    "uniform": _uniform,
    "blur": _blur,
    "simplex": _simplex,
}
