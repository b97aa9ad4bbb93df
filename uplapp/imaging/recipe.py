"""The recipe of a training run, made of names and numbers alone."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from uplapp.errors import UplappError

PRECISIONS = ("bfloat16", "float32")


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a network is trained; the rate ramps down along a cosine at the end."""

    steps: int = 9000
    batch: int = 8
    crop_px: int = 96
    learning_rate: float = 1e-3
    beta2: float = 0.99
    warm_up: int = 200
    ramp_down: float = 0.3
    precision: str = "bfloat16"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise UplappError(f"unknown precision '{self.precision}'; choose one of: {', '.join(PRECISIONS)}")

    def rate(self, step: int) -> float:
        """The learning rate of one step; the ramp is that of noise2noise."""
        left = (self.steps - step) / (self.ramp_down * self.steps)
        down = 0.5 - 0.5 * math.cos(math.pi * min(left, 1))
        return self.learning_rate * min(down, (step + 1) / self.warm_up)


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
