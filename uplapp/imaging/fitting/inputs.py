"""The fixed random inputs of networks that are not trained, and images and inputs cut into patches."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import UnknownName, UplappError

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


Grid = tuple[int, int]


def parse_grid(text: str) -> Grid:
    """Parse a grid of patches such as "4x5": rows, then columns."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UplappError(f"patches is '{text}'; it needs rows x columns, such as 1x1 or 4x5")
    return int(parts[0]), int(parts[1])


def patch_size(size: tuple[int, int], grid: Grid) -> tuple[int, int]:
    """Give the size (h,w) of one patch of an image (H,W), rounded up where the grid does not divide it."""
    if any(count > side for side, count in zip(size, grid, strict=True)):
        raise UplappError(
            f"an image of {size[1]}x{size[0]} px cannot be cut into {grid[0]}x{grid[1]} patches"
        )
    return -(-size[0] // grid[0]), -(-size[1] // grid[1])


def split(image: Tensor, grid: Grid) -> Tensor:
    """Cut (C,H,W) into patches (P,C,h,w), row by row.

    Where the grid does not divide the image its last row and column are repeated.
    """
    (height, width), (rows, columns) = patch_size((image.shape[-2], image.shape[-1]), grid), grid
    below, right = height * rows - image.shape[-2], width * columns - image.shape[-1]
    padded = functional.pad(image[None], (0, right, 0, below), mode="replicate")[0]
    parts = padded.reshape(-1, rows, height, columns, width).permute(1, 3, 0, 2, 4)
    return parts.reshape(rows * columns, -1, height, width)


def join(patches: Tensor, grid: Grid, size: tuple[int, int]) -> Tensor:
    """Put patches (P,C,h,w) together to an image (C,H,W) of the given size, the inverse of `split`."""
    rows, columns = grid
    channels, height, width = patches.shape[1:]
    parts = patches.reshape(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    image = parts.reshape(channels, rows * height, columns * width)
    return image[:, : size[0], : size[1]]
