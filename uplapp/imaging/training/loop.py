"""The training loop: from a run's recipe to weights, resumable at any step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uplapp.errors import BadCheckpoint, Cancelled, UplappError
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.learners import LEARNERS, Learner
from uplapp.imaging.training.log import Listener, Log, Progress
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation
from uplapp.whole import replacing


class Diverged(UplappError):
    """A run whose loss became NaN or infinite."""


@dataclass
class TrainingState:
    """The learner of the last stage of a run, and the steps done."""

    learner: Learner
    step: int = 0

    @classmethod
    def start(cls, spec: RunSpec, team: Team) -> "TrainingState":
        """Begin with fresh weights drawn from the run's seed."""
        stage = spec.last
        return cls(LEARNERS.build(stage.learner, spec=spec, team=team, **stage.options))

    def save(self, path: Path, spec: RunSpec) -> None:
        """Write the whole state in one replace, so that a kill leaves the old file or the new one."""
        with replacing(path) as partial:
            torch.save({"spec": spec.to_json(), "step": self.step, "learner": self.learner.state()}, partial)

    def load(self, path: Path, spec: RunSpec) -> None:
        """Go on from a saved state.

        A damaged state, or a state of another recipe, is refused.
        """
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            other = RunSpec.from_json(state["spec"])
        except Exception as error:  # torch.load raises whatever a broken file leads it to
            raise BadCheckpoint(f"{path} holds no state of a run; remove it to train anew") from error
        if other != spec:
            raise UplappError(f"{path} holds a run with another recipe; remove it or give another folder")
        self.learner.load(state["learner"])
        self.step = state["step"]


def train(
    spec: RunSpec,
    data: Sequence[Any],
    folder: Path,
    team: Team,
    listener: Listener | None = None,
    validation: Validation | None = None,
    save_every: int = 250,
) -> TrainingState:
    """Train or go on training `spec` on what its task loaded, with state and log in `folder`.

    Returns the last state. Each batch is a function of seed and step, so a run that was killed ends with the
    weights of an unbroken one. The listener may return False to stop: the state is saved, Cancelled raised.
    A value that is NaN or infinite raises Diverged. A stage after another trains that one first, unless its
    last state is in `folder`. Every process of a team calls this; the first one saves, validates and logs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = TrainingState.start(spec, team)
    if state_path(folder, spec).exists():
        state.load(state_path(folder, spec), spec)
    elif spec.before is not None:
        first = train(spec.before, data, folder, team, listener, validation, save_every)
        state.learner.network.load_state_dict(first.learner.network.state_dict())
    if state.step < spec.last.schedule.steps:
        reporter = _Reporter(spec, folder, listener, validation, save_every)
        # What cuDNN chooses by the clock would differ from run to run.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            _run(state, spec, data, team, reporter)
    return state


def state_path(folder: Path, spec: RunSpec) -> Path:
    """The path of a run's state, named by its recipe, so that no two runs share a file."""
    return folder / f"{spec.name}.{spec.digest}.state.pt"


def log_path(folder: Path, spec: RunSpec) -> Path:
    """The path of a run's log."""
    return folder / f"{spec.name}.{spec.digest}.csv"


def take_step(state: TrainingState, spec: RunSpec, data: Sequence[Any], team: Team) -> dict[str, float]:
    """Draw one batch, share it with the team and learn from it.

    Returns the values that the learner logs.
    """
    stage = spec.last
    random = np.random.default_rng([spec.seed, state.step])
    schedule = stage.schedule
    batch = TASKS[spec.task].pairs(data, schedule.batch, schedule.crop_px, random, **stage.draw)
    values = state.learner.step(batch.map(team.share), schedule.rate(state.step))
    if all(map(math.isfinite, values.values())):
        state.step += 1
    return values


@dataclass(frozen=True)
class _Reporter:
    spec: RunSpec
    folder: Path
    listener: Listener | None
    validation: Validation | None
    save_every: int

    def report(self, state: TrainingState, values: dict[str, float], log: Log) -> bool:
        """Validate, log and report the step that was done, and return whether to go on."""
        schedule = self.spec.last.schedule
        look = self.validation
        due = look is not None and (state.step % look.every == 0 or state.step == schedule.steps)
        scores = look.look(state.learner, schedule.precision) if look and due else None
        progress = Progress(self.spec.name, state.step, schedule.steps, values, scores)
        log.add(progress)
        return self.listener is None or self.listener(progress) is not False

    def save(self, state: TrainingState, go_on: bool) -> None:
        """Save the state where it is time to."""
        if state.step % self.save_every == 0 or state.step == self.spec.last.schedule.steps or not go_on:
            state.save(state_path(self.folder, self.spec), self.spec)


def _run(state: TrainingState, spec: RunSpec, data: Sequence[Any], team: Team, reporter: _Reporter) -> None:
    schedule = spec.last.schedule
    log = Log(log_path(reporter.folder, spec), state.step) if team.leads else None
    while state.step < schedule.steps:
        values = take_step(state, spec, data, team)
        if not all(map(math.isfinite, values.values())):
            raise Diverged(
                f"{spec.name} diverged at step {state.step + 1}, its loss is {next(iter(values.values()))}; "
                f"give a lower learning rate than {schedule.learning_rate:g}"
            )
        go_on = team.agree(log is None or reporter.report(state, values, log))
        if team.leads:
            reporter.save(state, go_on)
        if not go_on:
            raise Cancelled(f"{spec.name} stopped at step {state.step}; the same command goes on from there")
