"""Frozen values that cross the borders between imaging, study, analysis and web."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

REFERENCE = "reference"  # names the clean image where a trial shows it as one of its two sides

Kind = Literal["practice", "main", "catch", "repeat"]
Side = Literal["left", "right"]
Choice = Literal["left", "right", "not_sure"]


@dataclass(frozen=True)
class Condition:
    """One way to restore: its name in files and tables, its name on screen."""

    name: str
    label: str


@dataclass(frozen=True)
class Trial:
    """One comparison as an observer gets it: `left` and `right` are condition names or REFERENCE.

    Where only one flicker is on screen at a time, `first` is the side shown first.
    """

    position: int
    kind: Kind
    scene: str
    left: str
    right: str
    first: Side = "left"


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Who chose what: `wins[k, i, j]` is how often observer k chose condition i over j, shape (K,n,n).

    Half votes are ties. `observers` is sorted; a bare count matrix has `observers == ()` and K = 1.
    `notes` say what was left out when the votes were read.
    """

    conditions: tuple[str, ...]
    observers: tuple[str, ...]
    wins: NDArray[np.float64]
    simulated: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """How far `a` lies above `b` in JOD, and whether that may be chance; NaN where votes cannot tell."""

    a: str
    b: str
    difference: float
    se: float
    p: float
    p_adjusted: float
    significant: bool


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores in JOD with 95 % intervals, `jod`, `low`, `high` (n,), and how they were obtained.

    NaN marks what the votes leave undefined. `observers` is None for a bare matrix; `wins` (n,n) are the
    pooled votes; `degenerate` counts the replicates without a finite optimum, which no interval contains.
    """

    conditions: tuple[str, ...]
    jod: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    pairs: tuple[Difference, ...]
    interval: str
    prior: str
    anchor: str
    observers: int | None
    comparisons: int
    identifiable: bool
    simulated: bool
    wins: NDArray[np.float64]
    bootstraps: int
    degenerate: int
    seed: int
    warnings: tuple[str, ...]
