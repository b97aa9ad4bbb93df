"""One slice of an MR scan as its file holds it."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice: its fully sampled picture, its k-space, or both.

    `magnitude` (1,h,w) in [0,1] is the reference, None where k-space was undersampled; `kspace`
    (coils,H,W), complex64, in units of the magnitude, is None where the file holds a picture. The image of
    the k-space is cropped to `size` (h,w) around its centre. `name` is the file's, `index` counts from 0.
    """

    name: str
    index: int
    size: tuple[int, int]
    magnitude: Tensor | None = None
    kspace: Tensor | None = None

    @property
    def undersampled(self) -> bool:
        """Whether the file lacks a part of k-space, so that there is nothing to compare with."""
        return self.magnitude is None


def crop_centre(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut the middle (...,h,w) of an image (...,H,W), at most `size`; odd margins are smaller at the top."""
    top, left = (max(side - part, 0) // 2 for side, part in zip(image.shape[-2:], size, strict=True))
    return image[..., top : top + size[0], left : left + size[1]]
