"""A whole training run: data in, a checkpoint with its card out."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from uplapp import __version__
from uplapp.errors import BadCheckpoint
from uplapp.imaging.checkpoints import Card, Checkpoints, name_for, read_card, write_checkpoint
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.table import evaluate
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.log import Listener
from uplapp.imaging.training.loop import train
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation


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

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return self.spec.name


@dataclass(frozen=True)
class Supplies:
    """The data read for the training of one recipe."""

    data: Sequence[Any]
    validation: Validation | None

    @classmethod
    def read(cls, spec: RunSpec, places: Places) -> "Supplies":
        """Read the data of a task, and its validation pairs if there is a folder for them."""
        task = TASKS[spec.task]
        data = task.load(places.data, spec.last.schedule.crop_px)
        if places.validate is None:
            return cls(data, None)
        return cls(data, Validation.read(task, places.validate, every=places.validate_every))


def make_checkpoint(
    spec: RunSpec, places: Places, source: str, listener: Listener | None = None
) -> Card | None:
    """Train `spec` (or go on with it), score it, and write weights with their card.

    `source` names the data. Of several processes the first one writes; the others get None.
    """
    supplies, team = Supplies.read(spec, places), Team.gather()
    state = train(spec, supplies.data, places.runs, team, listener, supplies.validation, places.save_every)
    if not team.leads:
        return None
    facts: dict[str, Any] = {
        "data": {"source": source, "files": len(supplies.data)},
        "hardware": describe_hardware(team),
        "versions": {"python": platform.python_version(), "uplapp": __version__}
        | {name: version(name) for name in ("torch", "numpy")},
    }
    result = (places.checkpoints, spec, state.learner.network, state.learner.learned)
    card = write_checkpoint(*result, scores={}, **facts)
    if places.validate is None:
        return card
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
    result = evaluate(card.task, of_cards(Checkpoints((checkpoints,)), [card]), images)
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
