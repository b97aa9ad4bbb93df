"""The recipe of a training run, made of names and numbers alone."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from uplapp.errors import UplappError
from uplapp.imaging.recipes.optimisers import OPTIMISERS

PRECISIONS = ("bfloat16", "float32")
FIRST_FORM = ("loss", "schedule", "loss_options", "start")  # what a card held before there were stages
# What a number of a schedule may be, in code and in words.
LIMITS: dict[str, tuple[Callable[[float], bool], str]] = {
    "steps": (lambda value: value >= 1, "1 or more"),
    "batch": (lambda value: value >= 1, "1 or more"),
    "crop_px": (lambda value: value >= 16, "16 or more"),
    "learning_rate": (lambda value: 0 < value < math.inf, "more than 0"),
    "beta2": (lambda value: 0 <= value < 1, "0 or more, less than 1"),
    "warm_up": (lambda value: value >= 0, "0 or more"),
    "ramp_down": (lambda value: 0 <= value <= 1, "0 to 1"),
}


@dataclass(frozen=True)
class Schedule:
    """The length and pace of a training.

    The rate ramps down along a cosine at the end. `warm_up` is in steps, `ramp_down` a share of them; a value
    without sense raises UplappError.
    """

    steps: int = 9000
    batch: int = 8
    crop_px: int = 96
    learning_rate: float = 1e-3
    beta2: float = 0.99
    warm_up: int = 200
    ramp_down: float = 0.3
    precision: str = "bfloat16"
    optimiser: str = "adam"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise UplappError(f"unknown precision '{self.precision}'; choose one of: {', '.join(PRECISIONS)}")
        OPTIMISERS[self.optimiser]
        for name, (allowed, words) in LIMITS.items():
            if not allowed(getattr(self, name)):
                raise UplappError(f"{name} of a schedule is {getattr(self, name)}; it needs {words}")

    def rate(self, step: int) -> float:
        """The learning rate of one step.

        The ramp is the one of noise2noise.
        """
        left = (self.steps - step) / max(self.ramp_down * self.steps, 1)
        down = 0.5 - 0.5 * math.cos(math.pi * min(left, 1))
        return self.learning_rate * min(down, (step + 1) / max(self.warm_up, 1))


@dataclass(frozen=True)
class Stage:
    """One stretch of training: the learner, the loss, the schedule and the batches.

    `learner` is a name in LEARNERS; `options` are the learner's, `draw` those by which the task draws.
    """

    loss: str
    schedule: Schedule = field(default_factory=Schedule)
    loss_options: Mapping[str, Any] = field(default_factory=dict)
    learner: str = "supervised"
    options: Mapping[str, Any] = field(default_factory=dict)
    draw: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Stage":
        """Build the stage that JSON values describe."""
        return cls(**{**values, "schedule": Schedule(**values.get("schedule", {}))})


@dataclass(frozen=True)
class RunSpec:
    """One training run, made of names and numbers alone.

    Equal specs on one machine give equal weights. Every stage goes on from the weights of the stage before
    it. `label` may stand for the loss in the name, and `reading` holds the fields of a Reading, which say how
    the files of data and validation are read.
    """

    task: str
    network: str
    stages: tuple[Stage, ...]
    seed: int = 0
    network_options: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stages:
            raise UplappError("a run has no stage; give one or more")

    @property
    def last(self) -> Stage:
        """The last stage, whose end is the result."""
        return self.stages[-1]

    @property
    def loss(self) -> str:
        """The name of the loss of the last stage."""
        return self.last.loss

    @property
    def before(self) -> "RunSpec | None":
        """The run that ends where the last stage begins, None where there is one stage."""
        return replace(self, stages=self.stages[:-1], label="") if len(self.stages) > 1 else None

    @property
    def name(self) -> str:
        """The stem of the run's files: task, network, loss or label."""
        return f"{self.task}-{self.network}-{self.label or self.loss}"

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that differ between any two recipes."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def to_json(self) -> dict[str, Any]:
        """Write the recipe as plain JSON values."""
        values = asdict(self)
        if not self.reading:  # so that digests of recipes from before there was one stay the same
            del values["reading"]
        return {**values, "stages": list(values["stages"])}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunSpec":
        """Read a recipe, also one of the first form, which had one loss and a `start` to go on from."""
        modern = cls.modern(values)
        return cls(**{**modern, "stages": tuple(map(Stage.from_json, modern["stages"]))})

    @staticmethod
    def modern(values: Mapping[str, Any]) -> dict[str, Any]:
        """Give the JSON values of a recipe of any form in the present form."""
        if "stages" in values:
            return dict(values)
        rest = {key: value for key, value in values.items() if key not in FIRST_FORM}
        return {**rest, "stages": list(_stages_of_first_form(values))}


def one_stage(task: str, network: str, loss: str, seed: int = 0, **rest: Any) -> RunSpec:
    """Build a run of a single stage.

    `rest` are fields of the run or of its stage.
    """
    of_stage = {one.name for one in fields(Stage)}
    stage = Stage(loss, **{key: value for key, value in rest.items() if key in of_stage})
    of_run = {key: value for key, value in rest.items() if key not in of_stage}
    return RunSpec(task, network, (stage,), seed, **of_run)


def _stages_of_first_form(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if values.get("start"):
        yield from _stages_of_first_form(values["start"])
    names = ("loss", "schedule", "loss_options")
    yield {name: values[name] for name in names if name in values}
