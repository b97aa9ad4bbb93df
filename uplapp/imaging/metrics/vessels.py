"""Metrics of volumes with vessels: how many of them a restoration keeps, and the likeness of its tissue."""

from collections.abc import Callable

import torch
from skimage.morphology import skeletonize
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.losses import ssim_map
from uplapp.imaging.physics import threshold_of, vesselness

# What is brighter than this share of white in the clean volume counts as tissue.
TISSUE = 0.05

Overlap = Callable[[Tensor, Tensor], float]


def vessel_dice(estimate: Tensor, case: Case) -> Tensor:
    """Dice of the vessels of a restored volume (B,1,D,H,W) and the true ones, to (B,), 1 for equal masks.

    The vessels of a restoration are where its vesselness exceeds the value that, in the clean volume,
    encloses as many voxels as the true ones have.
    """
    return _overlaps(estimate, case, dice)


def vessel_cldice(estimate: Tensor, case: Case) -> Tensor:
    """ClDice of the vessels of a restored volume (B,1,D,H,W) and the true ones, to (B,).

    Vessels are found as for `vessel_dice`. Where the true centreline is known, it takes the place of the
    skeleton of the true mask.
    """
    line = case.extras.get("centreline")
    return _overlaps(estimate, case, lambda mask, true: cldice(mask, true, line))


def ssim_tissue(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean SSIM (B,1,D,H,W) to (B,) over the voxels that are no background: brighter than .05 when clean."""
    similarity = ssim_map(estimate, target)
    inside = target
    for axis in (2, 3, 4):
        margin = (target.shape[axis] - similarity.shape[axis]) // 2
        inside = inside.narrow(axis, margin, similarity.shape[axis])
    counted = (inside > TISSUE).to(similarity)
    return (similarity * counted).flatten(1).sum(dim=1) / counted.flatten(1).sum(dim=1)


def dice(mask: Tensor, true: Tensor) -> float:
    """Twice the share of two masks that they have in common, 1 where both are empty."""
    both, total = int((mask & true).sum()), int(mask.sum()) + int(true.sum())
    return 2 * both / total if total else 1.0


def cldice(mask: Tensor, true: Tensor, centreline: Tensor | None = None) -> float:
    """The harmonic mean of two shares: of the mask's skeleton within the true mask, and the other way round.

    Masks are (1,D,H,W). `centreline` is used as the true skeleton where it is given. Source: Shit et al.
    (2021), eq. 1 and 2; skeletons by Lee et al. (1994).
    """
    lines = skeleton(mask), skeleton(true) if centreline is None else centreline
    precision, sensitivity = _share(lines[0], true), _share(lines[1], mask)
    total = precision + sensitivity
    return 2 * precision * sensitivity / total if total else 0.0


def skeleton(mask: Tensor) -> Tensor:
    """Give the skeleton (1,D,H,W) of a mask, lines one voxel wide."""
    thinned = skeletonize(mask[0].cpu().numpy())  # type: ignore[no-untyped-call]
    return torch.from_numpy(thinned.astype(bool))[None]


def _share(part: Tensor, whole: Tensor) -> float:
    """The share of a mask that lies in another, 1 for an empty one."""
    count = int(part.sum())
    return int((part & whole).sum()) / count if count else 1.0


def _overlaps(estimate: Tensor, case: Case, overlap: Overlap) -> Tensor:
    true, lines = case.extras["vessels"].bool(), case.extras["vesselness"]
    if true.shape != estimate.shape[1:]:
        sizes = ["x".join(map(str, one.shape[1:])) for one in (true, estimate[0])]
        raise UplappError(f"the mask of vessels is {sizes[0]} voxels, the volume {sizes[1]}; make them equal")
    threshold = threshold_of(lines, int(true.sum()) / true.numel())
    spacing = case.space.spacing_mm if case.space else (1.0, 1.0, 1.0)
    masks = (vesselness(volume.cpu(), spacing) > threshold for volume in estimate)
    return torch.tensor([overlap(mask, true) for mask in masks])
