"""The training loop: from a run's recipe to weights, resumable at any step."""

import csv
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.checkpoints import build_network
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipe import RunSpec
from uplapp.imaging.tasks import TASKS, Task

Progress = Callable[[int, int, float], bool | None]


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
            network = build_network(spec)
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
        state = torch.load(path, map_location="cpu", weights_only=True)
        if RunSpec.from_json(state["spec"]) != spec:
            raise UplappError(f"{path} holds a run with another recipe; remove it or give another folder")
        self.network.load_state_dict(state["network"])
        self.loss.load_state_dict(state["loss"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def train(
    spec: RunSpec,
    data: Sequence[Any],
    folder: Path,
    device: torch.device,
    on_step: Progress | None = None,
    save_every: int = 250,
) -> TrainingState:
    """Train or go on training `spec` on what its task loaded, with its state in `folder`; returns the last state.

    Each batch is a function of seed and step, so a run that was killed ends with the weights of an
    unbroken one. `on_step(step, steps, loss)` may return False to stop: the state is saved, Cancelled raised.
    A run that starts from another trains that one first, unless its last state is in `folder`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = state_path(folder, spec)
    state = TrainingState.start(spec, device)
    if saved.exists():
        state.load(saved, spec)
    elif spec.start is not None:
        first = train(spec.start, data, folder, device, on_step, save_every)
        state.network.load_state_dict(first.network.state_dict())
    task = TASKS.build(spec.task)
    while state.step < spec.schedule.steps:
        value = take_step(state, spec, task, data, device)
        go_on = on_step is None or on_step(state.step, spec.schedule.steps, value) is not False
        if state.step % save_every == 0 or state.step == spec.schedule.steps or not go_on:
            state.save(saved, spec)
        if not go_on:
            raise Cancelled(f"{spec.name} stopped at step {state.step}; the same command goes on from there")
    return state


def state_path(folder: Path, spec: RunSpec) -> Path:
    """Where the state of a run lies: named by its recipe, so that no two runs share a file."""
    return folder / f"{spec.name}.{spec.digest}.state.pt"


def take_step(
    state: TrainingState,
    spec: RunSpec,
    task: Task,
    data: Sequence[Any],
    device: torch.device,
) -> float:
    """One batch forward and back; returns its loss."""
    schedule = spec.schedule
    random = np.random.default_rng([spec.seed, state.step])
    degraded, clean = task.draw_pairs(data, schedule.batch, schedule.crop_px, random)
    for group in state.optimiser.param_groups:
        group["lr"] = schedule.rate(state.step)
    value: Tensor = state.loss(
        _estimate(state.network, degraded.to(device), schedule.precision), clean.to(device)
    )
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
