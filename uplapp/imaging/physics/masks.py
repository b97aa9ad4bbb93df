"""Which columns of k-space are sampled: the masks of fastMRI, line for line, and one of variable density.

All keep the central columns and draw from the legacy stream of numpy as fastMRI does, so that a seed
gives the published mask. Source: Zbontar et al. (2018), section 4.9; fastmri 0.3, data/subsample.py.
"""

from numbers import Integral

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.registry import Entry, Registry

Seed = int | tuple[int, ...]
# Published for 4x (.08) and 8x (.04): a third of the samples, a rule that is kept for other accelerations.
CENTRE_SHARE = 0.32
DENSE_COLUMNS = 8
LARGEST_SEED = 2**32 - 1


def centre_fraction(acceleration: int) -> float:
    """The fraction of all columns that lie in the fully sampled centre: .32 / acceleration.

    That is .08 at 4x and .04 at 8x, as published; elsewhere the centre keeps the same share of the samples.
    """
    return CENTRE_SHARE / acceleration


def random_columns(width: int, acceleration: int, centre_fraction: float, seed: Seed) -> Tensor:
    """A mask (W,) of bool: the centre, and each other column with the same probability.

    On average width / acceleration columns are sampled. Equal to fastMRI's RandomMaskFunc.
    A seed is an integer or several of them, each in [0, 2**32); what leaves no centre is refused.
    """
    low = _centre_width(width, acceleration, centre_fraction)
    probability = (width / acceleration - low) / (width - low)
    outer = _stream(seed).uniform(size=width) < probability
    return _join(outer, low)


def equispaced_columns(width: int, acceleration: int, centre_fraction: float, seed: Seed) -> Tensor:
    """A mask (W,) of bool: the centre, and each `acceleration`-th column from a random first one.

    The centre comes on top, so that more than width / acceleration columns are sampled. Equal to
    fastMRI's EquiSpacedMaskFunc. A seed is as for `random_columns`.
    """
    low = _centre_width(width, acceleration, centre_fraction)
    outer = np.zeros(width, dtype=np.bool_)
    outer[_stream(seed).randint(0, high=acceleration) :: acceleration] = True
    return _join(outer, low)


def variable_density_columns(width: int, acceleration: int, centre_fraction: float, seed: Seed) -> Tensor:
    """A mask (W,) of bool: width // acceleration columns, dense in the middle and thin outside.

    The eight central ones are always there, the others are drawn without replacement by
    exp(-((x - W/2) / (W/10))^2 / 2) + 1/16. Source: Seitzer et al. (2018). A seed is as for `random_columns`.
    """
    _centre_width(width, acceleration, centre_fraction)
    count = width // acceleration
    low = min(DENSE_COLUMNS, count)
    first = (width - low + 1) // 2
    weight = np.exp(-(((np.arange(width) - width / 2) / (width / 10)) ** 2) / 2) + 1 / 16
    weight[first : first + low] = 0
    drawn = _stream(seed).choice(width, count - low, replace=False, p=weight / weight.sum())
    columns = np.zeros(width, dtype=np.bool_)
    columns[drawn] = True
    return _join(columns, low)


MASKS: Registry[Entry] = Registry(
    "mask",
    {
        "random": Entry(random_columns, "random columns", "Zbontar et al. (2018)"),
        "equispaced": Entry(equispaced_columns, "equispaced columns", "Zbontar et al. (2018)"),
        "variable": Entry(variable_density_columns, "variable-density columns", "Seitzer et al. (2018)"),
    },
)


def require_acceleration(acceleration: int) -> None:
    """Refuse what is not an integer of 2 or more."""
    if not isinstance(acceleration, Integral) or acceleration < 2:
        raise UplappError(f"an acceleration of {acceleration} cannot be sampled; give an integer from 2 on")


def require_seed(seed: Seed) -> None:
    """Refuse what is neither an integer in [0, 2**32) nor several of them."""
    parts = seed if isinstance(seed, tuple) else (seed,)
    if not parts or not all(isinstance(part, Integral) and 0 <= part <= LARGEST_SEED for part in parts):
        raise UplappError(f"seed {seed} cannot be used; give integers from 0 to {LARGEST_SEED}")


def settled_seed(seed: Seed | list[int]) -> Seed:
    """Give a seed as values keep it: several integers, a list in JSON, are a tuple.

    What `require_seed` refuses is refused.
    """
    settled = tuple(seed) if isinstance(seed, list) else seed
    require_seed(settled)
    return settled


def seed_for(seed: Seed, name: str) -> tuple[int, ...]:
    """Join a seed and the letters of a name, so that each image has draws of its own."""
    return (*(seed if isinstance(seed, tuple) else (seed,)), *map(ord, name))


def generator_of(seed: Seed) -> torch.Generator:
    """Give a generator that all parts of a seed decide."""
    mixed = np.random.SeedSequence(seed).generate_state(2)
    return torch.Generator().manual_seed(int(mixed[0]) << 31 | int(mixed[1]) >> 1)


def _centre_width(width: int, acceleration: int, fraction: float) -> int:
    require_acceleration(acceleration)
    low = round(width * fraction)
    if not 1 <= low < width:
        raise UplappError(
            f"a k-space of {width} columns keeps {low} of them in its centre at {acceleration}x; "
            f"1 or more, but not all, are needed: give a wider image or another acceleration"
        )
    return low


def _stream(seed: Seed) -> np.random.RandomState:  # the masks are defined by the legacy stream
    require_seed(seed)
    return np.random.RandomState(seed)


def _join(outer: NDArray[np.bool_], low: int) -> Tensor:
    first = (len(outer) - low + 1) // 2
    outer[first : first + low] = True
    return torch.from_numpy(outer)
