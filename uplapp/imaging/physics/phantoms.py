"""Phantoms of ellipsoids, whose line integrals are known exactly.

Places and lengths are in halves of the side N of a slice, from the centre; see `projections` for the axes.
Source of the idea: Shepp and Logan (1974); Kak and Slaney (1988), section 3.1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from uplapp.imaging.physics.projections import Head, Projector

Place = tuple[float, float, float]  # slice, row, column
FINE = 3  # samples along each side of a voxel


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid that adds to the brightness of MR and to the attenuation wherever it is.

    `radii` lie along slice, row and column before the ellipsoid is turned by `turn` degrees, from
    rows towards columns.
    """

    centre: Place
    radii: Place
    mr: float
    attenuation: float
    turn: float = 0.0

    def to_sphere(self, vectors: Tensor) -> Tensor:
        """Turn and stretch vectors (...,3) as turns and stretches the ellipsoid into a sphere of radius 1."""
        cosine, sine = math.cos(math.radians(self.turn)), math.sin(math.radians(self.turn))
        rows, columns = vectors[..., 1], vectors[..., 2]
        turned = [vectors[..., 0], cosine * rows + sine * columns, cosine * columns - sine * rows]
        return torch.stack(turned, dim=-1) / torch.tensor(self.radii, dtype=vectors.dtype)


def chords(ellipsoid: Ellipsoid, points: Tensor, directions: Tensor) -> Tensor:
    """Give the lengths (...) inside an ellipsoid of rays through points (...,3) along unit directions."""
    start = ellipsoid.to_sphere(points - torch.tensor(ellipsoid.centre, dtype=points.dtype))
    along = ellipsoid.to_sphere(directions)
    square = along.square().sum(dim=-1)
    product = (start * along).sum(dim=-1)
    inside = product.square() - square * (start.square().sum(dim=-1) - 1)
    return 2 * inside.clamp_min(0).sqrt() / square


def line_integrals(ellipsoids: Sequence[Ellipsoid], projector: Projector) -> tuple[Tensor, Tensor]:
    """Give the exact integrals (D,N) of MR and attenuation along the rays of a projector, in samples."""
    points, directions = projector.rays()
    half = projector.size[-1] / 2
    lengths = [half * chords(one, points / half, directions) for one in ellipsoids]
    mr = sum(one.mr * each for one, each in zip(ellipsoids, lengths, strict=True))
    attenuation = sum(one.attenuation * each for one, each in zip(ellipsoids, lengths, strict=True))
    return torch.as_tensor(mr), torch.as_tensor(attenuation)


def voxels(ellipsoids: Sequence[Ellipsoid], size: tuple[int, int, int], name: str = "phantom") -> Head:
    """Give ellipsoids as volumes of `size` (D,N,N), each voxel the mean of FINE**3 points."""
    mr, attenuation = torch.zeros(size), torch.zeros(size)
    places = [_fine_places(side) * 2 / size[-1] for side in size]
    for level in range(size[0]):
        levels = places[0][FINE * level : FINE * (level + 1)]
        points = torch.stack(torch.meshgrid(levels, *places[1:], indexing="ij"), dim=-1)
        for one in ellipsoids:
            if abs(levels - one.centre[0]).min() > one.radii[0]:
                continue
            from_centre = one.to_sphere(points - torch.tensor(one.centre))
            inside = (from_centre.square().sum(dim=-1) <= 1).float()
            share = functional.avg_pool3d(inside[None], FINE)[0, 0]
            mr[level] += one.mr * share
            attenuation[level] += one.attenuation * share
    return Head(name, mr, attenuation)


def _fine_places(side: int) -> Tensor:
    """Give the places of FINE points in each sample of a side."""
    return (torch.arange(FINE * side) + 0.5) / FINE - 0.5 - side // 2


def _both_sides(one: Ellipsoid) -> tuple[Ellipsoid, Ellipsoid]:
    """Give an ellipsoid and its mirror image across the middle of the head."""
    level, row, column = one.centre
    mirrored = Ellipsoid((level, row, -column), one.radii, one.mr, one.attenuation, -one.turn)
    return one, mirrored


# A head as T2-weighted MR shows it, and its attenuation, where dense bone is 1 and water WATER: what an
# ellipsoid adds to what is around it. Fluid is bright in MR, bone and air are dark.
PHANTOM_HEAD: tuple[Ellipsoid, ...] = (
    Ellipsoid((0.0, 0.0, 0.0), (0.47, 0.82, 0.66), 0.55, 0.40),  # scalp
    Ellipsoid((0.0, 0.0, 0.0), (0.44, 0.78, 0.62), -0.50, 0.60),  # skull
    Ellipsoid((0.0, 0.0, 0.0), (0.39, 0.71, 0.555), 0.95, -0.60),  # fluid
    Ellipsoid((0.0, 0.0, 0.0), (0.37, 0.68, 0.53), -0.45, 0.02),  # grey matter
    *_both_sides(Ellipsoid((0.0, 0.02, -0.24), (0.26, 0.48, 0.2), -0.20, -0.01, 6.0)),  # white matter
    *_both_sides(Ellipsoid((-0.03, -0.04, -0.09), (0.08, 0.26, 0.05), 0.45, -0.01, 14.0)),  # ventricles
    *_both_sides(Ellipsoid((0.28, 0.1, -0.2), (0.06, 0.07, 0.1), -0.35, 0.55, 30.0)),  # petrous bones
    Ellipsoid((0.1, -0.54, 0.0), (0.08, 0.06, 0.12), -0.55, -0.42),  # a sinus
    Ellipsoid((0.02, 0.14, 0.0), (0.03, 0.035, 0.03), -0.3, 0.55),  # a calcified gland
    Ellipsoid((-0.12, 0.28, 0.27), (0.07, 0.09, 0.08), 0.4, 0.01),  # a lesion
)


def drawn_head(seed: int) -> tuple[Ellipsoid, ...]:
    """Draw a head like PHANTOM_HEAD whose size, place and ellipsoids differ with the seed."""
    random = np.random.default_rng(seed)
    size, shift = random.uniform(0.9, 1.05, 3), random.uniform(-0.03, 0.03, 3)
    return tuple(_varied(one, size, shift, random) for one in PHANTOM_HEAD)


def _varied(
    one: Ellipsoid, size: NDArray[np.float64], shift: NDArray[np.float64], random: np.random.Generator
) -> Ellipsoid:
    """Vary an ellipsoid. Scalp, skull and fluid keep their order, as their radii vary with the head alone."""
    own = random.uniform(0.85, 1.15, 3) if max(one.radii) < 0.5 else np.ones(3)
    level, row, column = (size * one.centre + shift).tolist()
    along, down, across = (size * own * one.radii).tolist()
    return replace(
        one,
        centre=(level, row, column),
        radii=(along, down, across),
        mr=one.mr * random.uniform(0.8, 1.2),
        attenuation=one.attenuation * random.uniform(0.9, 1.1),
        turn=one.turn + random.uniform(-5, 5),
    )
