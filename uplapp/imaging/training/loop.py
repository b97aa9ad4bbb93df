"""The training loop: from a run's recipe to weights, resumable at any step."""

import inspect
import itertools
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uplapp import whole
from uplapp.errors import BadCheckpoint, Cancelled, UplappError
from uplapp.imaging.checkpoints.card import build_network
from uplapp.imaging.device import estimate
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipes.optimisers import OPTIMISERS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS, Task
from uplapp.imaging.training.log import Listener, Log, Progress
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation

# Fresh weights come from the global generator, which the threads of a process share.
DRAWING = threading.Lock()


class Diverged(UplappError):
    """A run whose loss is no number any more."""


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
        loss = build_loss(spec)
        with DRAWING, torch.random.fork_rng():
            torch.manual_seed(spec.seed)
            network = build_network(spec)
        network = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        parameters = itertools.chain(network.parameters(), loss.to(device).parameters())
        schedule = spec.schedule
        optimiser = OPTIMISERS.build(
            schedule.optimiser, parameters=parameters, lr=schedule.learning_rate, beta2=schedule.beta2
        )
        return cls(network, loss, optimiser)

    @property
    def gradients(self) -> list[Tensor]:
        """Those of all that is learned, in the order of the optimiser."""
        groups = self.optimiser.param_groups
        return [p.grad for group in groups for p in group["params"] if p.grad is not None]

    def save(self, path: Path, spec: RunSpec) -> None:
        """Write the whole state in one replace, so that a kill leaves the old file or the new one."""
        state = {
            "spec": spec.to_json(),
            "step": self.step,
            "network": self.network.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        with whole.replacing(path) as partial:
            torch.save(state, partial)

    def load(self, path: Path, spec: RunSpec) -> None:
        """Go on from a saved state; a damaged one, and one of another recipe, is refused."""
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            other = RunSpec.from_json(state["spec"])
        except Exception as error:  # torch.load raises whatever a broken file leads it to
            raise BadCheckpoint(f"{path} holds no state of a run; remove it to train anew") from error
        if other != spec:
            raise UplappError(f"{path} holds a run with another recipe; remove it or give another folder")
        self.network.load_state_dict(state["network"])
        self.loss.load_state_dict(state["loss"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]


def build_loss(spec: RunSpec) -> nn.Module:
    """The loss of a recipe; one that learns by channel gets those of the task unless the recipe says."""
    parameters = inspect.signature(LOSSES[spec.loss].build).parameters
    own = {"channels": TASKS.build(spec.task).channels} if "channels" in parameters else {}
    loss: nn.Module = LOSSES.build(spec.loss, **{**own, **spec.loss_options})
    return loss


def train(
    spec: RunSpec,
    data: Sequence[Any],
    folder: Path,
    team: Team,
    listener: Listener | None = None,
    validation: Validation | None = None,
    save_every: int = 250,
) -> TrainingState:
    """Train or go on training `spec` on what its task loaded, with state and log in `folder`; the last state.

    Each batch is a function of seed and step, so a run that was killed ends with the weights of an unbroken
    one. The listener may return False to stop: the state is saved, Cancelled raised. A loss that is no number
    raises Diverged. A run that starts from another trains that one first, unless its last state is in
    `folder`. Every process of a team calls this; the first one saves, validates and talks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = TrainingState.start(spec, team.device)
    if state_path(folder, spec).exists():
        state.load(state_path(folder, spec), spec)
    elif spec.start is not None:
        first = train(spec.start, data, folder, team, listener, validation, save_every)
        state.network.load_state_dict(first.network.state_dict())
    if state.step < spec.schedule.steps:
        reporter = _Reporter(spec, folder, listener, validation, save_every)
        # What cuDNN chooses by the clock would differ from run to run.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            _run(state, spec, data, team, reporter)
    return state


def state_path(folder: Path, spec: RunSpec) -> Path:
    """Where the state of a run lies: named by its recipe, so that no two runs share a file."""
    return folder / f"{spec.name}.{spec.digest}.state.pt"


def log_path(folder: Path, spec: RunSpec) -> Path:
    """Where the log of a run lies."""
    return folder / f"{spec.name}.{spec.digest}.csv"


def take_step(state: TrainingState, spec: RunSpec, task: Task, data: Sequence[Any], team: Team) -> float:
    """One batch forward and back, shared by the team; returns its loss, as a number or not."""
    schedule = spec.schedule
    random = np.random.default_rng([spec.seed, state.step])
    degraded, clean = map(team.share, task.draw_pairs(data, schedule.batch, schedule.crop_px, random))
    for group in state.optimiser.param_groups:
        group["lr"] = schedule.rate(state.step)
    # A loss is a mean over its batch: shares weighted by their size add up to the mean of the whole.
    weight = len(clean) / schedule.batch
    value: Tensor = state.loss(estimate(state.network, degraded, schedule.precision), clean) * weight
    state.optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    total = value.detach()
    team.add_up([total, *state.gradients])
    if not all(part.isfinite().all() for part in (total, *state.gradients)):
        return math.nan
    state.optimiser.step()
    state.step += 1
    return total.item()


@dataclass(frozen=True)
class _Reporter:
    spec: RunSpec
    folder: Path
    listener: Listener | None
    validation: Validation | None
    save_every: int

    def tell(self, state: TrainingState, loss: float, log: Log) -> bool:
        """Validate, log and tell of the step that was done; whether to go on."""
        steps = self.spec.schedule.steps
        look = self.validation
        due = look is not None and (state.step % look.every == 0 or state.step == steps)
        scores = look.look(state.network, state.loss, self.spec.schedule.precision) if look and due else None
        progress = Progress(self.spec.name, state.step, steps, loss, scores)
        log.add(progress)
        return self.listener is None or self.listener(progress) is not False

    def save(self, state: TrainingState, go_on: bool) -> None:
        """Save the state where it is time to."""
        if state.step % self.save_every == 0 or state.step == self.spec.schedule.steps or not go_on:
            state.save(state_path(self.folder, self.spec), self.spec)


def _run(state: TrainingState, spec: RunSpec, data: Sequence[Any], team: Team, reporter: _Reporter) -> None:
    task = TASKS.build(spec.task)
    log = Log(log_path(reporter.folder, spec), state.step) if team.leads else None
    while state.step < spec.schedule.steps:
        loss = take_step(state, spec, task, data, team)
        if not math.isfinite(loss):
            raise Diverged(
                f"{spec.name} diverged at step {state.step + 1}, its loss is {loss}; "
                f"give a lower learning rate than {spec.schedule.learning_rate:g}"
            )
        go_on = team.agree(log is None or reporter.tell(state, loss, log))
        if team.leads:
            reporter.save(state, go_on)
        if not go_on:
            raise Cancelled(f"{spec.name} stopped at step {state.step}; the same command goes on from there")
