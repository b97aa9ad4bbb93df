"""X-ray geometry: line integrals of volumes about the body axis, and pairs of projections at one angle.

A volume (D,N,N) lies as a body does: D slices from head to feet, N rows of a slice from front to back. Sample
i of a side of n lies at i - n // 2, so that the axis goes through the sample N // 2 of rows and columns, as
in `skimage.transform.radon`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.described import check_options, option
from uplapp.errors import BadImage
from uplapp.imaging.physics.masks import generator_of
from uplapp.imaging.physics.measurement import Choice, Measurement

BEAMS: Mapping[str, str] = {"parallel": "parallel beam", "cone": "cone beam"}
# From the source to the axis, in widths of the detector at the axis: 75 cm for a field of 25 cm.
SOURCE_WIDTHS = 3.0
# A line integral is white where it is as long as this share of the width, at full brightness.
WHITE_SHARE = 0.6
FULL_TURN = 360.0
# The attenuation of water where that of dense bone, 1500 Hounsfield units, is 1.
WATER = 0.4
# Of a picture in a brain window: below this share of white there is air or fat too, above it bone.
AIR_BELOW, BONE_ABOVE = 0.1, 0.85


@dataclass(frozen=True)
class Projector:
    """Line integrals, in samples, through a volume of `size` (D,N,N) that is turned by `angle` degrees.

    A parallel beam turns each slice and adds up its rows: the view from the front at 0, from a side at 90. A
    cone beam comes from a point SOURCE_WIDTHS * N in front of the axis, level with the middle slice, and
    falls on a flat detector that is drawn through the axis. Samples between voxels are interpolated
    linearly, one for each row. What lies outside of the volume counts as air.
    """

    angle: float
    beam: str
    size: tuple[int, int, int]
    kind: ClassVar[str] = "projection"

    def forward(self, image: Tensor) -> Tensor:
        """Give the projections (...,D,N) of volumes (...,D,N,N)."""
        volumes = image.reshape(-1, *self.size)
        sums = self._parallel(volumes) if self.beam == "parallel" else self._cone(volumes)
        return sums.reshape(*image.shape[:-3], *self.size[:2])

    def adjoint(self, data: Tensor) -> Tensor:
        """Spread projections (...,D,N) back over volumes (...,D,N,N), by the gradient of `forward`."""
        with torch.inference_mode(False), torch.enable_grad():
            start = torch.zeros(*data.shape[:-2], *self.size, dtype=data.dtype, device=data.device)
            image = start.requires_grad_()
            (spread,) = torch.autograd.grad((self.forward(image) * data.clone()).sum(), image)
        return spread

    def rays(self) -> tuple[Tensor, Tensor]:
        """Give a point of each ray and its direction, (D,N,3) each: slice, row and column from the centre.

        The points lie on the detector at the axis; directions have length 1.
        """
        depth, _, side = self.size
        levels, across = _places(depth), _places(side)
        v, u = torch.meshgrid(levels, across, indexing="ij")
        cosine, sine = self._turn()
        points = torch.stack([v, -sine * u, cosine * u], dim=-1)
        along = torch.tensor([0.0, cosine, sine], dtype=points.dtype)
        if self.beam == "parallel":
            return points, along.expand_as(points)
        from_source = points + self._distance * along
        return points, from_source / from_source.norm(dim=-1, keepdim=True)

    @property
    def _distance(self) -> float:
        return SOURCE_WIDTHS * self.size[-1]

    def _turn(self) -> tuple[float, float]:
        radians = math.radians(self.angle)
        return math.cos(radians), math.sin(radians)

    def _parallel(self, volumes: Tensor) -> Tensor:
        """Turn all slices alike, as the channels of one image, and add up their rows."""
        cosine, sine = self._turn()
        # PyTorch measures from -1 at the first sample to 1 at the last; the axis need not lie at 0.
        axis = _halves(torch.zeros(1), self.size[-1]).item()
        turn = [
            [cosine, sine, axis * (1 - cosine - sine)],
            [-sine, cosine, axis * (1 - cosine + sine)],
        ]
        theta = torch.tensor(turn, dtype=volumes.dtype, device=volumes.device)[None]
        shape = [1, 1, *self.size[1:]]
        grid = functional.affine_grid(theta, shape, align_corners=True).expand(len(volumes), -1, -1, -1)
        turned: Tensor = functional.grid_sample(volumes, grid, align_corners=True)
        return turned.sum(dim=-2)

    def _cone(self, volumes: Tensor) -> Tensor:
        """Sample each ray where it crosses the planes in which the rows of a turned volume lie."""
        depth, _, side = self.size
        points, directions = (one.to(volumes) for one in self.rays())
        cosine, sine = self._turn()
        ahead = directions @ torch.tensor([0.0, cosine, sine]).to(volumes)
        # From plane to plane a ray goes 1 / ahead.
        planes = _places(side).to(volumes)[:, None, None, None]
        places = points + planes * (directions / ahead[..., None])
        sides = (side, side, depth)  # x, y, z
        grid = torch.stack([_halves(places[..., 2 - n], sides[n]) for n in range(3)], dim=-1)
        samples = functional.grid_sample(
            volumes[:, None], grid.expand(len(volumes), *grid.shape[:]), align_corners=True
        )
        return samples[:, 0].sum(dim=1) / ahead


def _places(side: int) -> Tensor:
    """Give the places of the samples of a side."""
    return torch.arange(side, dtype=torch.float64) - side // 2


def _halves(places: Tensor, side: int) -> Tensor:
    """Give places as PyTorch measures them: -1 at the first sample of a side, 1 at the last."""
    return 2 * (places + side // 2) / max(side - 1, 1) - 1


def attenuation_of_units(units: Tensor) -> Tensor:
    """Give the attenuation in [0,1] that Hounsfield units stand for: 0 for air, WATER for 0 units."""
    return (WATER * (1 + units / 1000)).clamp(0, 1)


def attenuation_of_window(grey: Tensor) -> Tensor:
    """Estimate the attenuation from a CT in [0,1] that was windowed for the brain.

    Such a window spans a few hundredths of the attenuation of water, so all that is grey counts as water, and
    what is white, where every bone saturates, as dense bone: pictures are X-ray-like and no X-ray.
    """
    tissue = (grey / AIR_BELOW).clamp(0, 1)
    bone = ((grey - BONE_ABOVE) / (1 - BONE_ABOVE)).clamp(0, 1)
    return WATER * tissue + (1 - WATER) * bone


@dataclass(frozen=True, eq=False)
class Head:
    """The MR and the attenuation of one head, aligned volumes (D,N,N) in [0,1], from head to feet."""

    name: str
    mr: Tensor
    attenuation: Tensor


@dataclass(frozen=True)
class Projection:
    """The MR of a head projected at an angle, as an X-ray picture of it would be.

    Projections are shown as line integrals (the logarithm of what reaches a detector): air is black, bone
    white, at full scale where a ray goes through WHITE_SHARE of the width at full brightness.
    """

    heading: ClassVar[str] = "Projection"
    strength: ClassVar[str] = "angle"
    operator: ClassVar[str] = "projection"
    choice: ClassVar[Choice | None] = None

    angle: float = option(
        0.0,
        "Angle, degrees",
        "Project at this angle about the body axis: 0 from the front, 90 from a side.",
        low=0,
        high=360,
        slider=(0, 355),
        step=5,
    )
    beam: str = option("parallel", "Beam", "The rays.", choices=BEAMS)
    seed: int = option(
        0,
        "Seed",
        "0 keeps the angle; any other draws one, together with the name of the file.",
        low=0,
        high=2**31,
        folded=True,
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        angle = f"at {self.angle:g} degrees" if self.seed == 0 else f"at an angle of seed {self.seed}"
        return f"{BEAMS[self.beam]} {angle}"

    def for_image(self, name: str) -> "Projection":
        """Give the projection of the head called `name`: at the angle, or at one that is drawn for it."""
        if self.seed == 0:
            return self
        generator = generator_of((self.seed, *map(ord, name)))
        return replace(self, angle=FULL_TURN * torch.rand(1, generator=generator).item(), seed=0)

    def turned(self, degrees: float) -> "Projection":
        """Give the projection from further around."""
        return replace(self, angle=(self.angle + degrees) % FULL_TURN)

    def measure(self, clean: Head) -> Measurement:
        """Project the MR of a head."""
        operator = self.projector(clean)
        integrals = operator.forward(clean.mr)
        return Measurement(as_picture(integrals)[None], operator, integrals)

    def picture(self, head: Head) -> Tensor:
        """Give the X-ray-like picture (1,D,N) of a head."""
        return as_picture(self.projector(head).forward(head.attenuation))[None]

    def projector(self, head: Head) -> Projector:
        """Build the line integrals through a head."""
        depth, rows, columns = head.mr.shape
        if rows != columns or head.attenuation.shape != head.mr.shape:
            sizes = " and ".join("x".join(map(str, one.shape)) for one in (head.mr, head.attenuation))
            raise BadImage(f"{head.name} has volumes of {sizes}; they need one size, with square slices")
        return Projector(self.angle, self.beam, (depth, rows, columns))


def as_picture(integrals: Tensor) -> Tensor:
    """Show line integrals (...,D,N), in samples, as pictures of their size in [0,1]."""
    return (integrals / (WHITE_SHARE * integrals.shape[-1])).clamp(0, 1)
