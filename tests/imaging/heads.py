"""Files of heads as MR and CT show them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.imaging.physics.phantoms import Ellipsoid, voxels

# A skull with a brain in it, off the axis, so that every side looks different.
SMALL_HEAD = (
    Ellipsoid((0.0, 0.1, -0.05), (0.4, 0.7, 0.5), 0.2, 1.0),
    Ellipsoid((0.0, 0.05, -0.05), (0.35, 0.6, 0.4), 0.6, -0.6),
)


def small_head(levels: int = 4, side: int = 24) -> dict[str, NDArray[Any]]:
    """The arrays of a file: slices from the feet up, 8 bits, with the distances that make voxels cubes."""
    head = voxels(SMALL_HEAD, (levels, side, side))
    mr, ct = ((255 * one.clamp(0, 1)).round().byte().numpy()[::-1] for one in (head.mr, head.attenuation))
    return {"mr": mr, "ct": ct}


def write_head(path: Path, **arrays: Any) -> Path:
    """Write a small head as .npz. `arrays` replace its own by name, and None leaves one out."""
    values = {**small_head(), **arrays}
    np.savez(path, **{name: value for name, value in values.items() if value is not None})
    return path
