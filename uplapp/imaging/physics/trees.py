"""Synthetic trees: brain vessels and root systems with exact masks, drawn from a seed.

A tube walks at random and branches; the cubes of the radii of its branches add up to that of the stem, and
their angles are those that cost least. Source: Murray (1926), The physiological principle of minimum work.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.registry import Entry, Registry

Vector = NDArray[np.float64]
Random = np.random.Generator

STEP_PX = 0.5
SMALLEST_SIDE_PX = 16
MOST_STEPS = 40_000
DOWN = np.array([0.0, 1.0, 0.0])  # rows count from the top
# Tissue has a share of the brightness of what is drawn in it, and a texture of two sizes.
TISSUE, TEXTURE_PX, FAINTEST = (0.15, 0.3), (1.0, 4.0), 0.45
ROUGHNESS = 0.12
MARGIN_PX = 0.5  # over which the edge of a tube fades, by the share of a voxel that it fills


@dataclass(frozen=True)
class Habit:
    """How a kind of tree grows.

    Radii are in px. A branch begins after a length of `spacing` radii on average; the smaller one has a share
    within `shares` of the flow, which goes with the cube of the radius. `bend` turns the walk each step,
    `pull` draws it down. With `lateral` the stem goes straight on and its branches leave at a right angle.
    """

    stems: tuple[int, int]
    radius: tuple[float, float]
    thinnest: float
    spacing: float
    shares: tuple[float, float]
    bend: float
    pull: float = 0.0
    lateral: bool = False


HABITS: Registry[Entry] = Registry(
    "kind of tree",
    {
        "vessels": Entry(
            lambda: Habit((2, 4), (2.0, 3.5), 0.6, 6.0, (0.15, 0.5), 0.08), "Vessels", "Murray (1926)"
        ),
        "roots": Entry(
            lambda: Habit((1, 3), (2.0, 3.0), 0.6, 3.0, (0.02, 0.08), 0.06, 0.03, True),
            "Roots",
            "Murray (1926)",
        ),
    },
)


@dataclass(frozen=True, eq=False)
class Tree:
    """A drawn volume (1,D,H,W) in [0,1] with the masks of its tubes and of their centrelines."""

    voxels: Tensor
    vessels: Tensor
    centreline: Tensor


@dataclass(frozen=True, eq=False)
class _Tip:
    place: Vector
    heading: Vector
    radius: float


def draw_tree(kind: str, size: tuple[int, int, int], seed: int) -> Tree:
    """Draw a tree of a kind in HABITS in a volume (D,H,W). Equal seeds give equal trees."""
    habit: Habit = HABITS.build(kind)
    if min(size) < SMALLEST_SIDE_PX:
        raise UplappError(
            f"a tree of {'x'.join(map(str, size))} voxels is too small; each side needs {SMALLEST_SIDE_PX}"
        )
    random = np.random.default_rng(seed)
    filled = np.zeros(size, dtype=np.float32)
    line = np.zeros(size, dtype=bool)
    for place, radius in _grow(habit, size, random):
        _fill(filled, place, radius)
        line[tuple(np.rint(place).astype(int))] = True
    mask = (filled >= 0.5) | line
    tissue = _tissue(size, random)
    brightness = FAINTEST + (1 - FAINTEST) * _field(size, TEXTURE_PX[1], random)
    voxels = tissue + filled * (brightness - tissue)
    voxels /= voxels.max()
    return Tree(*(torch.from_numpy(np.ascontiguousarray(one))[None] for one in (voxels, mask, line)))


def split_radius(radius: float, share: float) -> tuple[float, float]:
    """Give the radii of two branches, the second with a share of the flow: r0^3 = r1^3 + r2^3."""
    return radius * (1 - share) ** (1 / 3), radius * share ** (1 / 3)


def split_angles(radius: float, first: float, second: float) -> tuple[float, float]:
    """Give the angles of two branches to their stem, in radians. Source: Murray (1926), eq. 3 and 4."""

    def angle(own: float, other: float) -> float:
        cosine = (radius**4 + own**4 - other**4) / (2 * radius**2 * own**2)
        return math.acos(min(max(cosine, -1.0), 1.0))

    return angle(first, second), angle(second, first)


def _grow(habit: Habit, size: tuple[int, int, int], random: Random) -> Iterator[tuple[Vector, float]]:
    """Walk along every tube, a place (D,H,W) and a radius at each step."""
    stems = int(random.integers(habit.stems[0], habit.stems[1] + 1))
    tips = [_stem(habit, size, random) for _ in range(stems)]
    steps = 0
    while tips and steps < MOST_STEPS:
        tip = tips.pop()
        place, heading, radius = tip.place, tip.heading, tip.radius
        length = random.exponential(habit.spacing * radius) + 2 * radius
        for _ in range(math.ceil(length / STEP_PX)):
            if not all(0 <= at <= side - 1 for at, side in zip(place, size, strict=True)):
                break
            yield place, radius
            steps += 1
            heading = _unit(heading + habit.bend * random.normal(size=3) + habit.pull * DOWN)
            place = place + STEP_PX * heading
        else:
            tips += _branches(habit, _Tip(place, heading, radius), random)


def _stem(habit: Habit, size: tuple[int, int, int], random: Random) -> _Tip:
    """Begin a tree: at the top if it is pulled down, else on any side of the volume."""
    sides = np.array(size)
    place = random.uniform(0.2, 0.8, size=3) * (sides - 1)
    radius = float(random.uniform(*habit.radius))
    axis = 1 if habit.pull else int(random.integers(3))
    end = 0 if habit.pull else int(random.integers(2))
    place[axis] = end * (sides[axis] - 1)
    heading = np.zeros(3)
    heading[axis] = 1 - 2 * end
    return _Tip(place, _unit(heading + 0.2 * random.normal(size=3)), radius)


def _branches(habit: Habit, stem: _Tip, random: Random) -> list[_Tip]:
    """Split a tube in two, and keep the branches that are thick enough."""
    radii = split_radius(stem.radius, float(random.uniform(*habit.shares)))
    angles = (0.0, math.pi / 2) if habit.lateral else split_angles(stem.radius, *radii)
    aside = _unit(np.cross(stem.heading, random.normal(size=3)))
    pairs = zip(radii, angles, (1, -1), strict=True)
    return [
        _Tip(stem.place, math.cos(angle) * stem.heading + side * math.sin(angle) * aside, radius)
        for radius, angle, side in pairs
        if radius >= habit.thinnest
    ]


def _fill(filled: NDArray[np.float32], place: Vector, radius: float) -> None:
    """Raise the share of each voxel that a ball around a place fills."""
    reach = radius + MARGIN_PX
    low = [max(math.ceil(at - reach), 0) for at in place]
    high = [min(math.floor(at + reach) + 1, side) for at, side in zip(place, filled.shape, strict=True)]
    box = tuple(slice(*ends) for ends in zip(low, high, strict=True))
    axes = [np.square(np.arange(a, b) - at) for a, b, at in zip(low, high, place, strict=True)]
    distance = np.sqrt(axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :])
    share = ((reach - distance) / (2 * MARGIN_PX)).clip(0, 1)
    np.maximum(filled[box], share, out=filled[box])


def _tissue(size: tuple[int, int, int], random: Random) -> NDArray[np.float32]:
    """Draw a textured background, black outside of an ellipsoid."""
    level = random.uniform(*TISSUE)
    rough = sum(_field(size, px, random) - 0.5 for px in TEXTURE_PX)
    places = np.meshgrid(*(np.linspace(-1, 1, side) for side in size), indexing="ij")
    from_centre = np.sqrt(
        sum(np.square(place / reach) for place, reach in zip(places, (1.4, 1, 1), strict=True))
    )
    inside = (10 * (1 - from_centre)).clip(0, 1)
    tissue: NDArray[np.float32] = (level * (1 + 4 * ROUGHNESS * rough) * inside).clip(0).astype(np.float32)
    return tissue


def _field(size: tuple[int, int, int], width_px: float, random: Random) -> NDArray[np.float32]:
    """Draw a smooth random field in [0,1]."""
    field = ndimage.gaussian_filter(random.standard_normal(size, dtype=np.float32), width_px, mode="wrap")
    low, high = field.min(), field.max()
    scaled: NDArray[np.float32] = (field - low) / (high - low)
    return scaled


def _unit(vector: Vector) -> Vector:
    unit: Vector = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
