"""The recipe of a training run, made of names and numbers alone."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from uplapp.errors import UplappError
from uplapp.imaging.recipes.optimisers import OPTIMISERS

PRECISIONS = ("bfloat16", "float32")
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
    """How long and how fast a network is trained; the rate ramps down along a cosine at the end.

    `warm_up` is in steps, `ramp_down` a share of them; a value without sense raises UplappError.
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
        """The learning rate of one step; the ramp is that of noise2noise."""
        left = (self.steps - step) / max(self.ramp_down * self.steps, 1)
        down = 0.5 - 0.5 * math.cos(math.pi * min(left, 1))
        return self.learning_rate * min(down, (step + 1) / max(self.warm_up, 1))


@dataclass(frozen=True)
class RunSpec:
    """One training run, made of names and numbers alone; equal specs on one machine give equal weights.

    A run with a `start` goes on from the weights of that run, under its own loss and schedule.
    """

    task: str
    network: str
    loss: str
    seed: int = 0
    schedule: Schedule = field(default_factory=Schedule)
    network_options: Mapping[str, Any] = field(default_factory=dict)
    loss_options: Mapping[str, Any] = field(default_factory=dict)
    start: "RunSpec | None" = None

    @property
    def name(self) -> str:
        """The stem of the files the run leaves: task, network, loss."""
        return f"{self.task}-{self.network}-{self.loss}"

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that tell this recipe from every other."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunSpec":
        """The inverse of `to_json`."""
        start = values.get("start")
        parts = {"schedule": Schedule(**values["schedule"]), "start": start and cls.from_json(start)}
        return cls(**{**values, **parts})
