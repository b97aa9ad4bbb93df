"""Where a restoration differs from its reference: FLIP of each pixel, in the colours of its publication."""

import io
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from uplapp.imaging.losses.flip import PIXELS_PER_DEGREE, flip_strips
from uplapp.imaging.magma import MAGMA

ERROR_MAP = "-error"  # ends the names of their files


@dataclass(frozen=True, eq=False)
class ErrorMap:
    """FLIP of each pixel in 255ths, (H,W) of uint8, and its mean in [0,1] before it was rounded."""

    levels: NDArray[np.uint8]
    mean: float


def draw_error_map(estimate: Tensor, target: Tensor, ppd: float = PIXELS_PER_DEGREE) -> ErrorMap:
    """FLIP of an image (C,H,W) in [0,1] against another, strip by strip to save memory."""
    levels = np.empty(target.shape[-2:], dtype=np.uint8)
    total = 0.0
    for rows, strip in flip_strips(estimate, target, ppd):
        levels[rows] = (strip * 255).round().byte().cpu().numpy()
        total += float(strip.sum(dtype=torch.float64))
    return ErrorMap(levels, total / levels.size)


def encode_error_map(error: ErrorMap) -> bytes:
    """A PNG file whose samples are the levels, with magma as their palette."""
    picture = Image.fromarray(error.levels)
    picture.putpalette(MAGMA.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def colour_of(share: float) -> str:
    """The colour of a FLIP value in [0,1], as in `#fcfdbf`."""
    return f"#{MAGMA[round(255 * share)].tobytes().hex()}"
