"""The training loop: from a run's recipe to weights, resumable at any step."""

import csv
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.data import Photograph
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.tasks import TASKS, Denoising

Progress = Callable[[int, int, float], bool | None]


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

    def rate(self, step: int) -> float:
        """The learning rate of one step; the ramp is that of noise2noise."""
        left = (self.steps - step) / (self.ramp_down * self.steps)
        down = 0.5 - 0.5 * math.cos(math.pi * min(left, 1))
        return self.learning_rate * min(down, (step + 1) / self.warm_up)


@dataclass(frozen=True)
class RunSpec:
    """One training run, made of names and numbers alone; equal specs on one machine give equal weights."""

    task: str
    network: str
    loss: str
    seed: int = 0
    schedule: Schedule = field(default_factory=Schedule)
    network_options: Mapping[str, Any] = field(default_factory=dict)
    loss_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The stem of the files the run leaves: task, network, loss."""
        return f"{self.task}-{self.network}-{self.loss}"

    def to_json(self) -> dict[str, Any]:
        """The recipe as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "RunSpec":
        """The inverse of `to_json`."""
        return cls(**{**values, "schedule": Schedule(**values["schedule"])})


@dataclass
class TrainingState:
    """What a step changes: weights, the loss's own parameters, the optimiser, the steps done."""

    network: nn.Module
    loss: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0

    @classmethod
    def start(cls, spec: RunSpec, device: torch.device) -> "TrainingState":
        """A network with fresh weights drawn from the run's seed."""
        loss = LOSSES.build(spec.loss, **spec.loss_options)
        with torch.random.fork_rng():
            torch.manual_seed(spec.seed)
            network = NETWORKS.build(
                spec.network, **{"channels": TASKS.build(spec.task).channels, **spec.network_options}
            )
        network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        parameters = itertools.chain(network.parameters(), loss.to(device).parameters())
        optimiser = torch.optim.Adam(
            parameters, lr=spec.schedule.learning_rate, betas=(0.9, spec.schedule.beta2)
        )
        return cls(network, loss, optimiser)

    def save(self, path: Path, spec: RunSpec) -> None:
        """Write the whole state in one replace, so that a kill leaves the old file or the new one."""
        partial = path.with_suffix(".partial")
        state = {
            "spec": spec.to_json(),
            "step": self.step,
            "network": self.network.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path, spec: RunSpec) -> None:
        """Go on from a saved state; one of another recipe is refused."""
        state = torch.load(path, weights_only=True)
        if RunSpec.from_json(state["spec"]) != spec:
            raise UplappError(f"{path} holds a run with another recipe; remove it or give another --runs folder")
        self.network.load_state_dict(state["network"])
        self.loss.load_state_dict(state["loss"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def train(
    spec: RunSpec,
    photographs: Sequence[Photograph],
    folder: Path,
    device: torch.device,
    on_step: Progress | None = None,
    save_every: int = 250,
) -> nn.Module:
    """Train or go on training `spec`, with state and log in `folder`; returns the network.

    Each batch is a function of seed and step, so a run that was killed ends with the weights of an
    unbroken one. `on_step(step, steps, loss)` may return False to stop: the state is saved, Cancelled raised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = folder / f"{spec.name}.state.pt"
    state = TrainingState.start(spec, device)
    if saved.exists():
        state.load(saved, spec)
    task = TASKS.build(spec.task)
    while state.step < spec.schedule.steps:
        value = take_step(state, spec, task, photographs, device)
        go_on = on_step is None or on_step(state.step, spec.schedule.steps, value) is not False
        if state.step % save_every == 0 or state.step == spec.schedule.steps or not go_on:
            state.save(saved, spec)
        if not go_on:
            raise Cancelled(f"{spec.name} stopped at step {state.step}; the same command goes on from there")
    return state.network


def take_step(
    state: TrainingState, spec: RunSpec, task: Denoising, photographs: Sequence[Photograph], device: torch.device
) -> float:
    """One batch forward and back; returns its loss."""
    schedule = spec.schedule
    random = np.random.default_rng([spec.seed, state.step])
    degraded, clean = task.draw_pairs(photographs, schedule.batch, schedule.crop_px, random)
    for group in state.optimiser.param_groups:
        group["lr"] = schedule.rate(state.step)
    value: Tensor = state.loss(_estimate(state.network, degraded.to(device), schedule.precision), clean.to(device))
    state.optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    state.optimiser.step()
    state.step += 1
    return value.item()


def _estimate(network: nn.Module, degraded: Tensor, precision: str) -> Tensor:
    with torch.autocast(degraded.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        estimate: Tensor = network(degraded.contiguous(memory_format=torch.channels_last))
    return estimate.float().contiguous()


def log_to_csv(path: Path, every: int = 100) -> Progress:
    """A progress callback that appends mean loss and seconds every so many steps."""
    recent: list[float] = []
    started = time.monotonic()

    def write(step: int, steps: int, loss: float) -> None:
        recent.append(loss)
        if step % every and step != steps:
            return
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            rows = csv.writer(file)
            if fresh:
                rows.writerow(["step", "loss", "seconds"])
            rows.writerow([step, f"{sum(recent) / len(recent):.6g}", f"{time.monotonic() - started:.1f}"])
        recent.clear()

    return write
