"""Frozen values that cross the borders between imaging, study, analysis and web."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = "reference"  # names the clean image where a trial shows it as one of its two sides

# What catch trials show whose sides both differ from the reference: people see that the spot changes more.
PARAMETRIC = "parametric"  # the interval from votes that are drawn from the fit
GRAIN, SPOT = f"{REFERENCE}+grain", f"{REFERENCE}+spot"

Array = NDArray[np.float64]
Rows = NDArray[np.intp]  # indices of rows
Mask = NDArray[np.bool_]

Kind = Literal["practice", "main", "catch", "repeat"]
KINDS: tuple[Kind, ...] = ("main", "practice", "catch", "repeat")
Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = ("left", "right")
Choice = Literal["left", "right", "not_sure", "both_bad", "none", "rated"]  # none: no answer in time
Watch = Callable[[int, int], None]  # hears (done, total) of long work, and may raise Cancelled to stop it


@dataclass(frozen=True)
class Condition:
    """One way to restore: its name in files and tables, its name on screen."""

    name: str
    label: str


@dataclass(frozen=True)
class Trial:
    """One comparison as an observer gets it: `left` and `right` name conditions, or are REFERENCE.

    In a catch trial whose sides both differ from the reference they are GRAIN and SPOT.
    Where only one flicker is on screen at a time, `first` is the side shown first.
    """

    position: int
    kind: Kind
    scene: str
    left: str
    right: str
    first: Side = "left"


@dataclass(frozen=True, eq=False)
class Votes:
    """Answers one by one, checked: one row of `table` per answer, in the order they were read.

    Columns: `observer`, `condition_A`, `condition_B`, `scene`, `kind` (categories), `is_A_selected` (1 for
    A, 0 for B, 0.5 for not sure), and others as they came, such as `response_ms`. A was shown on the left,
    or first. `excluded` holds (observer, reason) of those whose answers are left out; `manifest` is the hash
    of the study that was shown, where known. `has_kinds` is False where the source names no kinds of trials
    and all count as main. `steps` is how many steps a choice can have, such as 2 for slightly and much
    better: then `step` holds which, 0 where not sure. `anonymous` is True where nobody knows who voted, and
    all answers go by one name; `equal` where every observer counts the same.
    """

    table: "pd.DataFrame"
    source: str = "votes"
    simulated: bool = False
    notes: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    manifest: str = ""
    has_kinds: bool = False
    steps: int = 1
    anonymous: bool = False
    equal: bool = False


@dataclass(frozen=True, eq=False)
class Cells:
    """Who answered what in which scene, one entry (E,) per kind of answer that occurs, and how often.

    `observer`, `scene`, `first` (the condition A) and `second` (B) are indices; `outcome` is ordered from
    `steps` steps for A (0) over not sure to as many for B. `scenes` are their names, sorted.
    """

    scenes: tuple[str, ...]
    observer: Rows
    scene: Rows
    outcome: Rows
    first: Rows
    second: Rows
    times: Array
    steps: int = 1

    @property
    def share(self) -> Array:
        """Give the share (E,) of the vote that A has: 1, 0, or 0.5 where not sure."""
        return (1 + np.sign(self.steps - self.outcome)) / 2


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Who chose what: `wins[k, i, j]` is how often observer k chose condition i over j, shape (K,n,n).

    Half votes are ties. `observers` is sorted; a bare count matrix has `observers == ()` and K = 1.
    `answers[k, o, i, j]` (K,2m+1,n,n) keeps what `wins` adds up: i was A, j was B, and o is ordered from m
    steps for A (0) over not sure (m) to m steps for B (2m), m = 1 for plain votes; None for a matrix. `cells`
    keeps the scenes too. `notes`, `excluded`, `manifest` as in `Votes`. `origin` says in full sentences how a
    matrix became counts.
    """

    conditions: tuple[str, ...]
    observers: tuple[str, ...]
    wins: Array
    simulated: bool = False
    notes: tuple[str, ...] = ()
    answers: NDArray[Any] | None = None
    excluded: tuple[tuple[str, str], ...] = ()
    manifest: str = ""
    origin: str = ""
    cells: Cells | None = None


@dataclass(frozen=True)
class Method:
    """How comparisons become scores: names of PRIORS, INTERVALS, TIES, BOTH_BAD; the condition at 0 JOD.

    `anchor` is a condition or "mean"; `side_bias` fits how far the place shown first attracts votes.
    `resample` is a name of RESAMPLE: what would be others in another study, observers or scenes too.
    """

    prior: str = "distance"
    interval: str = "t"
    bootstraps: int = 2000
    seed: int = 0
    anchor: str = "mean"
    ties: str = "half"
    side_bias: bool = False
    resample: str = "observers"
    both_bad: str = "tie"


@dataclass(frozen=True)
class Difference:
    """Difference in JOD by which `a` lies above `b`, and whether it may be chance, NaN where undefined.

    Where one side won every vote between what is fixed, `bound` says where `a` lies ("above" or "below"),
    `bound_jod` how far at least or, negative, at most (one-sided 95%, if votes are independent), and
    `bound_share` the least share of votes for the better one; `bound_observers` is the least share of
    observers who favour it, counting each once.
    """

    a: str
    b: str
    difference: float
    se: float
    p: float
    p_adjusted: float
    significant: bool
    bound: str = ""
    bound_jod: float = np.nan
    bound_share: float = np.nan
    bound_observers: float = np.nan


@dataclass(frozen=True)
class Estimate:
    """A number in JOD with its standard error, NaN where undefined."""

    jod: float
    se: float


@dataclass(frozen=True, eq=False)
class TwoWay:
    """How far scores would vary with other observers and other scenes.

    `covariance` (n,n) in JOD^2 and degrees of freedom `freedom` (n,n) of the scores on the diagonal, and of
    the differences beside it; `extra_se` (2,) of side bias and "not sure". `scenes`, `cells`: how many.
    `degenerate` counts the replicates of scenes, and of cells, without a finite optimum.
    """

    covariance: Array
    freedom: Array
    extra_se: Array
    scenes: int
    cells: int
    degenerate: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class FirmReplicates:
    """Scores (B,n) of replicates that hold together inside the parts `labels` (n,), and not between them."""

    labels: Rows
    scores: Array


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores in JOD with 95% intervals, `jod`, `low`, `high` (n,), and how they were obtained.

    NaN marks what the votes leave undefined. `interval` is the kind that was possible, `method` what was
    asked. `observers` is None for a bare matrix; `wins` (n,n) are the pooled votes; `replicates` (B,n) are
    the bootstrap's scores; `degenerate` counts those without a finite optimum, which are left out. `side`
    is the pull of the place shown first, `tie` the half width of "not sure"; None where not fitted. `steps`
    says from where on an answer is step 1, step 2 and so on, where these were fitted. `two_way`
    is None where scenes were not resampled; `low`, `high` and `pairs` follow it where they were.

    Scores compare where `group` (n,) is equal: each group has a zero of its own. `bound` (n,) is the open
    side of a score, "above", "below" or, where not even that is known, "open"; "" where the votes fix it. The
    score lies beyond `bound_jod` (n,), one-sided at 95% if votes are independent. `firm` are the replicates
    of parts that have intervals where there are no `replicates`.
    """

    conditions: tuple[str, ...]
    jod: Array
    low: Array
    high: Array
    pairs: tuple[Difference, ...]
    interval: str
    method: Method
    observers: int | None
    comparisons: int
    identifiable: bool
    simulated: bool
    wins: Array
    replicates: Array
    degenerate: int
    warnings: tuple[str, ...]
    bound: tuple[str, ...]
    bound_jod: Array
    group: tuple[int, ...]
    side: Estimate | None = None
    tie: Estimate | None = None
    excluded: tuple[tuple[str, str], ...] = ()
    manifest: str = ""
    two_way: TwoWay | None = None
    steps: tuple[Estimate, ...] = ()
    firm: FirmReplicates | None = None

    @property
    def refused(self) -> bool:
        """Say whether whole observers could not be drawn again, though there are several."""
        return self.interval == PARAMETRIC and (self.observers or 0) > 1

    @property
    def on_one_scale(self) -> bool:
        """Say whether all conditions have finite scores with one zero."""
        return bool(np.isfinite(self.jod).all()) and len(set(self.group)) == 1
