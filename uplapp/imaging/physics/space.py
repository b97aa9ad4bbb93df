"""The place of a volume in the world: its voxels' sides, and the way back to the file it came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Affine = tuple[tuple[float, ...], ...]
NO_AFFINE: Affine = tuple(tuple(float(row == column) for column in range(4)) for row in range(4))


@dataclass(frozen=True)
class Space:
    """The axes of a volume (D,H,W) in the array of its file.

    `spacing_mm` are the distances of voxels along D, H, W. `order` gives for each of these the axis of the
    file's array, `flipped` whether it runs the other way; `affine` is the file's, `zero` what 0 stands for
    there, and `unit` how much larger than that 1 is.
    """

    spacing_mm: tuple[float, ...] = (1.0, 1.0, 1.0)
    order: tuple[int, ...] = (0, 1, 2)
    flipped: tuple[bool, ...] = (False, False, False)
    affine: Affine = NO_AFFINE
    unit: float = 1.0
    zero: float = 0.0

    def arrange(self, stored: Array) -> Array:
        """Give the volume (D,H,W) of an array of the file."""
        turned = np.flip(stored.transpose(self.order), self._axes)
        return np.ascontiguousarray(turned)

    def restore(self, volume: Array) -> Array:
        """Give the array of the file for a volume (D,H,W), in the same unit as the volume."""
        stored = np.flip(volume, self._axes).transpose(np.argsort(self.order))
        return np.ascontiguousarray(stored)

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(axis for axis, flipped in enumerate(self.flipped) if flipped)
