"""A whole training run: data in, a checkpoint with its card out."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from uplapp import __version__
from uplapp.imaging.checkpoints import Card, Checkpoints, write_checkpoint
from uplapp.imaging.evaluate import evaluate
from uplapp.imaging.recipe import RunSpec
from uplapp.imaging.restore import pick_device
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.train import Progress, log_to_csv, train


@dataclass(frozen=True)
class Places:
    """Where a run reads and writes; `validate` is a folder of clean images to score the result on."""

    data: Path
    runs: Path
    checkpoints: Path
    validate: Path | None = None


def make_checkpoint(spec: RunSpec, places: Places, source: str, on_step: Progress | None = None) -> Card:
    """Train `spec` (or go on with it), score it, write weights with card; `source` names the data."""
    data = TASKS.build(spec.task).load(places.data, spec.schedule.crop_px)
    device = pick_device()
    places.runs.mkdir(parents=True, exist_ok=True)
    log = log_to_csv(places.runs / f"{spec.name}.{spec.digest}.csv")

    def step(number: int, steps: int, loss: float) -> bool | None:
        log(number, steps, loss)
        return on_step(number, steps, loss) if on_step else None

    state = train(spec, data, places.runs, device, step)
    facts: dict[str, Any] = {
        "data": {"source": source, "files": len(data)},
        "hardware": describe_hardware(device),
        "versions": {"python": platform.python_version(), "uplapp": __version__}
        | {name: version(name) for name in ("torch", "numpy")},
    }
    card = write_checkpoint(places.checkpoints, spec, state.network, state.loss, scores={}, **facts)
    if places.validate is None:
        return card
    scores = score(card, places.checkpoints, places.validate)
    return write_checkpoint(places.checkpoints, spec, state.network, state.loss, scores=scores, **facts)


def score(card: Card, checkpoints: Path, images: Path) -> dict[str, Any]:
    """Mean metrics over a folder of images at the task's own degradation, with what they were measured on."""
    result = evaluate(Checkpoints((checkpoints,)), [card], images)
    means = {name: value for name, value in result.rows[0].items() if name not in ("checkpoint", "loss")}
    measured_on = {
        "images": f"{images.name} ({result.images})",
        "degradation": result.degradation,
        "seeds": result.seeds,
    }
    return {**measured_on, **means}


def describe_hardware(device: torch.device) -> str:
    """The device in words, with its threads where it is the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{platform.machine()} processor, {threads} thread{'s' * (threads > 1)}"
