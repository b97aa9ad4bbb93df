"""Views of volumes: pictures of a slice or a projection, with square pixels, upright."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.physics import Space

PLANES = {"axial": 0, "coronal": 1, "sagittal": 2}
SLICE, PROJECTION = "slice", "mip"
# The picture that stands for a volume in a gallery.
PICTURE = f"{PROJECTION}:coronal"
SAME_SPACING = 1.01
WHITE = 255
ALLOWED = "slice:PLANE or slice:PLANE:INDEX or mip:PLANE with the planes axial, coronal, sagittal"


def view_of(volume: Tensor, view: str, spacing_mm: Sequence[float] = (1.0, 1.0, 1.0)) -> Tensor:
    """Give a picture (1,h,w) of a volume (1,D,H,W): by default the middle slice.

    `view` is slice:PLANE, slice:PLANE:INDEX or mip:PLANE, the maximum projection. Planes are named as if
    D ran from the feet to the head and H from the front to the back; D points up. Where the voxels of the
    plane are not square the wide ones are interpolated linearly. Anything else is refused.
    """
    kind, axis, index = _read(view or f"{SLICE}:axial", volume.shape[1:])
    if kind == PROJECTION:
        plane = volume.amax(dim=axis + 1)
    else:
        plane = volume.select(axis + 1, volume.shape[axis + 1] // 2 if index is None else index)
    steps = [step for other, step in enumerate(spacing_mm) if other != axis]
    upright = plane if axis == 0 else plane.flip(1)
    return _squared(upright, steps)


def picture_of(pixels: Tensor, space: Space | None) -> Tensor:
    """Give the picture (C,h,w) of an image, of a volume (1,D,H,W) in its place the coronal projection."""
    return pixels if space is None else view_of(pixels, PICTURE, space.spacing_mm)


def as_bytes(volume: Tensor) -> bytes:
    """Give the voxels of a volume (1,D,H,W) in [0,1] as bytes, 0 black and 255 white, W running fastest."""
    whole = volume[0].clamp(0, 1).mul(WHITE).round_().to(torch.uint8)
    return whole.numpy().tobytes()


def _read(view: str, sides: Sequence[int]) -> tuple[str, int, int | None]:
    kind, _, rest = view.partition(":")
    plane, _, number = rest.partition(":")
    if kind not in (SLICE, PROJECTION) or plane not in PLANES or (number and kind == PROJECTION):
        raise UplappError(f"the view '{view}' of a volume cannot be shown; give {ALLOWED}")
    axis = PLANES[plane]
    if not number:
        return kind, axis, None
    if not number.isdecimal() or int(number) >= sides[axis]:
        raise UplappError(f"the view '{view}' has no such slice; give one of 0 to {sides[axis] - 1}")
    return kind, axis, int(number)


def _squared(plane: Tensor, steps: Sequence[float]) -> Tensor:
    """Interpolate the side with the wider pixels."""
    if max(steps) <= SAME_SPACING * min(steps):
        return plane
    sides = [round(side * step / min(steps)) for side, step in zip(plane.shape[1:], steps, strict=True)]
    wide: Tensor = functional.interpolate(plane[None], sides, mode="bilinear", align_corners=False)[0]
    return wide
