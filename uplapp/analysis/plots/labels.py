"""Names along an axis that do not overlap."""

import numpy as np
from scipy.optimize import isotonic_regression

from uplapp.analysis.arrays import Array

Box = tuple[float, float, float, float]

SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1))  # right, left, above, below a point
GAP_PX, HEIGHT_PX = 6.0, 13.0


def spread(places: Array, sizes: Array, low: float, high: float) -> Array:
    """Move labels of `sizes` (n,) centred at sorted `places` (n,) as little as possible, until none overlap.

    They stay inside `low` to `high` where these leave room. Least squares under order: isotonic regression.
    """
    if not places.size:
        return places
    shifts = np.concatenate([[0.0], np.cumsum((sizes[1:] + sizes[:-1]) / 2)])
    free = isotonic_regression(places - shifts).x
    first, last = low + sizes[0] / 2, high - sizes[-1] / 2 - shifts[-1]
    moved: Array = np.clip(free, first, max(first, last)) + shifts
    return moved


def beside(x_px: Array, y_px: Array, lengths_px: Array, size: tuple[float, float]) -> list[int | None]:
    """Choose for each of n points the first of SIDES where its name hits no point, no name and no edge.

    Coordinates in px from the lower left corner of a picture of `size`. None where there is no such side.
    """
    taken = [_box(x, y, 0.0, 6.0, 0, 0) for x, y in zip(x_px, y_px, strict=True)]
    chosen: list[int | None] = []
    for x, y, length in zip(x_px, y_px, lengths_px, strict=True):
        boxes = [_box(x, y, length, HEIGHT_PX, across, up) for across, up in SIDES]
        free = [place for place, box in enumerate(boxes) if _inside(box, size) and not _hits(box, taken)]
        chosen.append(free[0] if free else None)
        taken += [boxes[free[0]]] if free else []
    return chosen


def _box(x: float, y: float, length: float, height: float, across: int, up: int) -> Box:
    """Left, bottom, right, top of a name beside a point."""
    left = x - length / 2 + across * (length / 2 + GAP_PX) - (3 if not length else 0)
    bottom = y - height / 2 + up * (height / 2 + GAP_PX)
    return left, bottom, left + (length or 6), bottom + height


def _hits(box: Box, others: list[Box]) -> bool:
    left, bottom, right, top = box
    return any(left < r and le < right and bottom < t and b < top for le, b, r, t in others)


def _inside(box: Box, size: tuple[float, float]) -> bool:
    left, bottom, right, top = box
    return left >= 0 and bottom >= 0 and right <= size[0] and top <= size[1]
