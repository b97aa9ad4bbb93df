"""The voxels of a file as they are stored, whatever its format, with what was understood of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage

Array = NDArray[Any]
MAX_VOXELS = 2**26  # 512 x 512 x 256


@dataclass(frozen=True, eq=False)
class Stored:
    """Real voxels (X,Y) or (X,Y,Z), with the affine of their place in mm, right, front and up.

    `window` is what the file asks to be black and white; `inverted` samples are brighter where lower.
    With `as_rows` the second axis points down and slices are shown as the file has them, else they are
    turned by the affine. `series` slices lie at one place, one after the other in time, and are no volume.
    `header` is that of a NIfTI-1 file. An affine that is not finite raises BadImage.
    """

    name: str
    values: Array
    affine: Array = field(default_factory=lambda: np.eye(4))
    spacing_mm: tuple[float, ...] = (1.0, 1.0, 1.0)
    window: tuple[float, float] | None = None
    inverted: bool = False
    as_rows: bool = False
    series: bool = False
    header: Any = None
    understood: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not np.isfinite(self.affine).all():
            raise BadImage(f"{self.name} has a place in space that is not finite; give one, or none")
