"""Training runs: a recipe trained step by step, resumable at any step, and written as a checkpoint."""

import hashlib
import math
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from uplapp import __version__
from uplapp.errors import BadCheckpoint, Cancelled, UplappError
from uplapp.imaging.case import Batch
from uplapp.imaging.checkpoints import Card, Checkpoints, is_grey, name_for, read_card, write_checkpoint
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import evaluate
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.task import Loaded
from uplapp.imaging.training import LEARNERS, Learner
from uplapp.imaging.training.batches import batches, lesson_of
from uplapp.imaging.training.learners import Choosing
from uplapp.imaging.training.log import Listener, Log, Progress
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation
from uplapp.settings import Settings
from uplapp.whole import replacing


@dataclass(frozen=True)
class Places:
    """The folders of a run, and how often it validates and saves.

    `validate` is a folder of clean images: the first of them are looked at every `validate_every` steps, and
    all of them score the result. The state is saved every `save_every` steps.
    """

    data: Path
    runs: Path
    checkpoints: Path
    validate: Path | None = None
    validate_every: int = 500
    save_every: int = 250


@dataclass(frozen=True)
class Run:
    """A recipe, where its files lie, and what its card says the data are."""

    spec: RunSpec
    places: Places
    source: str
    title: str = ""

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return self.spec.name


@dataclass(frozen=True)
class Supplies:
    """The data read for the training of one recipe."""

    data: Sequence[Any]
    validation: Validation | None

    @property
    def understood(self) -> tuple[str, ...]:
        """In sentences, what the files were taken for. A loader that returns a plain list says nothing."""
        return self.data.understood if isinstance(self.data, Loaded) else ()

    @classmethod
    def read(cls, spec: RunSpec, places: Places) -> "Supplies":
        """Read the data of a task, and its validation pairs if there is a folder for them.

        A learner with a lesson reads its own, and its result is scored at the end.
        """
        task, lesson = TASKS[spec.task], lesson_of(spec)
        if lesson is not None:
            return cls(lesson.load(places.data, **spec.last.options), None)
        data = task.load_all(places.data, spec.last.schedule.crop_px, spec.reading)
        if places.validate is None:
            return cls(data, None)
        every, grey = places.validate_every, is_grey(spec)
        return cls(data, Validation.read(task, places.validate, every=every, reading=spec.reading, grey=grey))


def make_checkpoint(
    spec: RunSpec,
    places: Places,
    source: str,
    listener: Listener | None = None,
    title: str = "",
    say: Callable[[str], object] = lambda sentence: None,
) -> Card | None:
    """Train `spec` (or go on with it), score it, and write weights with their card.

    `source` names the data, `title` the checkpoint on screen. `say` is called with each sentence on what the
    data were taken for. Of several processes the first one writes; the others get None.
    """
    supplies, team = Supplies.read(spec, places), Team.gather()
    for sentence in supplies.understood if team.leads else ():
        say(sentence)
    state = train(spec, supplies.data, places.runs, team, listener, supplies.validation, places.save_every)
    if not team.leads:
        return None
    lesson = lesson_of(spec)
    known = lesson.facts(supplies.data) if lesson else {"files": len(supplies.data)}
    facts: dict[str, Any] = {
        "title": title,
        "data": {"source": source, **known},
        "hardware": describe_hardware(team),
        "versions": {"python": platform.python_version(), "uplapp": __version__}
        | {name: version(name) for name in ("torch", "numpy")},
    }
    if isinstance(state.learner, Choosing):
        state.learner.finish()
        facts["base"] = state.learner.base
    result = (places.checkpoints, spec, state.learner.network, state.learner.learned)
    card = write_checkpoint(*result, scores={}, **facts)
    if places.validate is None:
        return card
    if lesson is not None:
        scores = lesson.score(state.learner.network, places.validate, **spec.last.options)
    else:
        scores = score(card, places.checkpoints, places.validate)
    return write_checkpoint(*result, scores=scores, **facts)


def train_start(run: Run, listener: Listener | None = None) -> None:
    """Train the stages before the last of a run, if there are any, so that others may go on from them too."""
    if run.spec.before is not None:
        spec, places = run.spec.before, run.places
        supplies = Supplies.read(spec, places)
        train(
            spec, supplies.data, places.runs, Team.gather(), listener, supplies.validation, places.save_every
        )


def finished(run: Run) -> Card | None:
    """Find the card of a run's checkpoint if it is whole, of an equal recipe, and scored if it can be."""
    stem = run.places.checkpoints / name_for(run.places.checkpoints, run.spec)
    try:
        card = read_card(Path(f"{stem}.json"))
        weights = Path(f"{stem}.safetensors").read_bytes()
    except (OSError, BadCheckpoint):
        return None
    whole = hashlib.sha256(weights).hexdigest() == card.sha256
    scored = bool(card.scores) or run.places.validate is None
    return card if card.spec == run.spec and whole and scored else None


def score(card: Card, checkpoints: Path, images: Path) -> dict[str, Any]:
    """Measure mean metrics over a folder at the task's own degradation, and describe the measurement."""
    folders = (checkpoints, *Settings.from_env().models)
    reading = TASKS[card.task].reading_of(card.recipe.reading)
    result = evaluate(card.task, of_cards(Checkpoints(folders), [card]), images, reading=reading)
    means = {name: value for name, value in result.rows[0].items() if name in METRICS}
    measured_on = {
        "images": f"{images.name} ({result.images})",
        "degradation": result.degradation,
        "seeds": result.seeds,
        "consistency": result.rows[0]["consistency"],
        # A card is published; why a metric could not be had may name folders of this computer.
        "warnings": [warning.partition(": ")[0] for warning in result.warnings],
    }
    return {**measured_on, **means}


def describe_hardware(team: Team) -> str:
    """Describe the device in words, with threads for a processor, and the number of devices."""
    if team.device.type == "cuda":
        words = torch.cuda.get_device_name(team.device)
    else:
        threads = torch.get_num_threads()
        words = f"{platform.machine()} processor, {threads} thread{'s' * (threads > 1)}"
    return words if team.size == 1 else f"{team.size} x {words}"


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
        lesson_of(spec)  # refuses what the learner does not teach
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


def take_step(state: TrainingState, spec: RunSpec, batch: Batch, team: Team) -> dict[str, float]:
    """Share a batch with the team and learn from it.

    Returns the values that the learner logs.
    """
    values = state.learner.step(batch.map(team.share), spec.last.schedule.rate(state.step))
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
        if scores is not None and isinstance(state.learner, Choosing):
            state.learner.hear(scores)
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
    with batches(spec, data, state.step, team.device) as drawn:
        for batch in drawn:
            values = take_step(state, spec, batch, team)
            if not all(map(math.isfinite, values.values())):
                loss, rate = next(iter(values.values())), schedule.learning_rate
                raise Diverged(
                    f"{spec.name} diverged at step {state.step + 1}, its loss is {loss}; "
                    f"give a lower learning rate than {rate:g}"
                )
            go_on = team.agree(log is None or reporter.report(state, values, log))
            if team.leads:
                reporter.save(state, go_on)
            if not go_on:
                raise Cancelled(
                    f"{spec.name} stopped at step {state.step}; the same command goes on from there"
                )
