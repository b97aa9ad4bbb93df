"""A whole training run: photographs in, a checkpoint with its card out."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from uplapp import __version__
from uplapp.imaging.checkpoints import Card, write_checkpoint
from uplapp.imaging.data import load_photographs
from uplapp.imaging.evaluate import evaluate
from uplapp.imaging.recipe import RunSpec
from uplapp.imaging.restore import pick_device
from uplapp.imaging.train import Progress, log_to_csv, train

VALIDATION_SIGMA = 25.0
VALIDATION_SEEDS = (0,)


@dataclass(frozen=True)
class Places:
    """Where a run reads and writes; `validate` is a folder of images to score the result on."""

    photographs: Path
    runs: Path
    checkpoints: Path
    validate: Path | None = None


def make_checkpoint(spec: RunSpec, places: Places, source: str, on_step: Progress | None = None) -> Card:
    """Train `spec` (or go on with it), score it, write weights with card; `source` names the photographs."""
    photographs = load_photographs(places.photographs, spec.schedule.crop_px)
    device = pick_device()
    places.runs.mkdir(parents=True, exist_ok=True)
    log = log_to_csv(places.runs / f"{spec.name}.csv")

    def step(number: int, steps: int, loss: float) -> bool | None:
        log(number, steps, loss)
        return on_step(number, steps, loss) if on_step else None

    network = train(spec, photographs, places.runs, device, step)
    facts: dict[str, Any] = {
        "data": {"photographs": source, "images": len(photographs)},
        "hardware": describe_hardware(device),
        "versions": {"python": platform.python_version(), "uplapp": __version__}
        | {name: version(name) for name in ("torch", "numpy")},
    }
    card = write_checkpoint(places.checkpoints, spec, network, scores={}, **facts)
    if places.validate is None:
        return card
    scores = score(card, places.checkpoints, places.validate)
    return write_checkpoint(places.checkpoints, spec, network, scores=scores, **facts)


def score(card: Card, checkpoints: Path, images: Path) -> dict[str, Any]:
    """Mean metrics over a folder of images at the validation noise, with what they were measured on."""
    result = evaluate(checkpoints, [card], images, VALIDATION_SIGMA, VALIDATION_SEEDS)
    means = {name: value for name, value in result.rows[0].items() if name not in ("checkpoint", "loss")}
    measured_on = {"images": f"{images.name} ({result.images})", "sigma": result.sigma, "seeds": result.seeds}
    return {**measured_on, **means}


def describe_hardware(device: torch.device) -> str:
    """The device in words, with its threads where it is the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{platform.machine()} processor, {threads} thread{'s' * (threads > 1)}"
