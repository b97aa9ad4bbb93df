"""Variety for training: other proportions and other contrasts of the heads in the data."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Plane = NDArray[np.float32]

TURN_DEGREES = 15.0
STRETCH, SHEAR = 0.25, 0.1
MOST_SHRUNK = 1.6
RECOLOURED_SHARE = 0.5
KNOTS = 5


def bend(plane: Plane, size: tuple[int, int], random: np.random.Generator) -> Plane:
    """Turn a slice (H,W) a little, stretch each side and shear it, and give its centre (H',W') on black.

    It is shrunk too, at most so far that all of it is seen. Cubic interpolation, clipped to [0,1].
    """
    return _look(plane, _draw_grid(plane.shape, size, random), "bicubic").clip(0, 1)


def bend_labelled(
    plane: Plane, labels: Plane, size: tuple[int, int], random: np.random.Generator
) -> tuple[Plane, Plane]:
    """Bend a slice and its labels (H,W) alike, the labels without values in between."""
    grid = _draw_grid(plane.shape, size, random)
    return _look(plane, grid, "bicubic").clip(0, 1), _look(labels, grid, "nearest")


def recolour(plane: Plane, random: np.random.Generator) -> Plane:
    """Change brightness, half of the time, by a random curve through black near the identity or far.

    A curve need not rise: fluid and white matter change places between T1 and T2.
    """
    if random.random() >= RECOLOURED_SHARE:
        return plane
    knots = np.linspace(0, 1, KNOTS)
    values = knots + random.random() * (random.random(KNOTS) - knots)
    values[0] = 0
    return np.interp(plane, knots, values).astype(np.float32)


def _draw_grid(shape: tuple[int, ...], size: tuple[int, int], random: np.random.Generator) -> Tensor:
    """Draw where each pixel of (H',W') comes from in a slice (H,W), as `grid_sample` reads it."""
    angle = np.deg2rad(random.uniform(-TURN_DEGREES, TURN_DEGREES))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shear = np.array([[1, random.uniform(-SHEAR, SHEAR)], [0, 1]])
    fitting = min(max(1, *np.divide(shape, size)), MOST_SHRUNK) ** random.random()
    pixels = fitting * turn @ shear @ np.diag(np.exp(random.uniform(-STRETCH, STRETCH, size=2)))
    # PyTorch measures x, then y, in halves of a side.
    halves = pixels * np.array(size)[::-1] / np.array(shape)[::-1, None]
    moved = torch.from_numpy(np.column_stack([halves, np.zeros(2)])).float()[None]
    return functional.affine_grid(moved, [1, 1, *size], align_corners=False)


def _look(plane: Plane, grid: Tensor, mode: str) -> Plane:
    sampled = functional.grid_sample(
        torch.from_numpy(plane)[None, None], grid, mode=mode, align_corners=False
    )
    return sampled[0, 0].numpy()
