"""Pictures of catch trials that pixels do not tell: two changes of a reference whose order people see.

The grain changes every pixel by a step too fine for the eye. The spot changes few pixels, which flicker for
everybody to see. By any mean over pixels the grain is the greater change, so a program that compares pixels
answers wrong.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from uplapp.values import GRAIN, SPOT

GRAIN_STEP = 3  # grey values of 255: 1% of contrast from pixel to pixel, where the eye needs about 10%
VEIL_STEP = 1  # of the grain around a spot, so that no part of it equals the reference
RADIUS = 0.05  # of the shorter side
LEAST_RADIUS_PX = 3
PLACES = 32  # random places, of which the one nearest to middle grey is taken
SHARE = 0.6  # of the mean squared change of the grain that the spot may have
CONTRAST = (20.0, 60.0)  # grey values of the spot: plain to see, and within the range of a picture
MIDDLE = 127.5

Pixels = NDArray[np.uint8]


def disguised(reference: Pixels, name: str, seed: int) -> Pixels:
    """Change a reference (H,W) or (H,W,3) as GRAIN or SPOT says. The same seed makes the same picture."""
    return CHANGES[name](reference, np.random.default_rng([seed, len(name)]))


def grain(reference: Pixels, rng: np.random.Generator, step: int = GRAIN_STEP) -> Pixels:
    """Move each value up or down by `step`, at an end of the range inwards. Near white by 1.

    White is left by 1 alone, for there all pixels move the same way, which the eye would see.
    """
    signs = np.where(rng.random(reference.shape) < 0.5, -step, step)
    values = reference.astype(np.int16)
    moved = np.where(values < step, values + step, values + signs)
    result: Pixels = np.where(values > 255 - step, values - 1, moved).astype(np.uint8)
    return result


def spot(reference: Pixels, rng: np.random.Generator) -> Pixels:
    """Make a soft spot brighter or darker, within a fine grain, for less change than `grain` makes."""
    height, width = reference.shape[:2]
    radius = max(LEAST_RADIUS_PX, RADIUS * min(height, width))
    values = reference.reshape(height, width, -1).astype(np.float64)
    places = rng.random((PLACES, 2)) * 0.6 + 0.2
    windows = [_window(height, width, radius, *place) for place in places]
    levels = [float((window * values.mean(axis=2)).sum() / window.sum()) for window in windows]
    best = int(np.argmin(np.abs(np.subtract(levels, MIDDLE))))
    veiled = grain(reference, rng, VEIL_STEP).reshape(values.shape).astype(np.float64)
    room = SHARE * float(np.square(grain(reference, rng).astype(float) - reference).mean()) - VEIL_STEP**2
    contrast = np.clip(np.sqrt(max(0.0, room) / np.square(windows[best]).mean()), *CONTRAST)
    change: NDArray[np.float64] = contrast * windows[best] * (1 if levels[best] < MIDDLE else -1)
    return np.clip(np.rint(veiled + change[:, :, None]), 0, 255).astype(np.uint8).reshape(reference.shape)


def _window(height: int, width: int, radius: float, down: float, across: float) -> NDArray[np.float64]:
    """A raised cosine (H,W): 1 in the middle, 0 from `radius` px on."""
    rows, columns = np.ogrid[:height, :width]
    away = np.hypot(rows - round(down * (height - 1)), columns - round(across * (width - 1)))
    return np.where(away < radius, (1 + np.cos(np.pi * np.minimum(1.0, away / radius))) / 2, 0.0)


CHANGES: Mapping[str, Callable[[Pixels, np.random.Generator], Pixels]] = {GRAIN: grain, SPOT: spot}
