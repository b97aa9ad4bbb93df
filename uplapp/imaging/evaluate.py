"""Metric tables: every checkpoint of a task over a folder of images."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Card, load_network
from uplapp.imaging.images import list_images, read_image
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.restore import restore
from uplapp.imaging.tasks import TASKS

OnImage = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """Means over images and seeds: one row a checkpoint, None where a metric is not defined."""

    task: str
    sigma: float
    seeds: tuple[int, ...]
    images: int
    rows: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def measure(estimate: Tensor, target: Tensor) -> dict[str, float | None]:
    """Every metric of one image (C,H,W) in [0,1]; None where the image is too small or the value infinite."""
    values: dict[str, float | None] = {}
    for name in METRICS:
        try:
            with torch.inference_mode():
                value = METRICS.build(name)(estimate[None], target[None]).item()
        except UplappError:
            value = float("inf")
        values[name] = value if value < float("inf") else None
    return values


def evaluate(
    checkpoints: Path,
    cards: Sequence[Card],
    folder: Path,
    sigma: float = 25.0,
    seeds: Sequence[int] = (0,),
    on_image: OnImage | None = None,
) -> Evaluation:
    """Degrade every image of `folder` once a seed, restore it by every checkpoint, average the metrics."""
    if not cards:
        raise UplappError(f"{checkpoints} holds no checkpoint of this task; train one first")
    task = TASKS.build(cards[0].spec.task)
    networks = {card.name: load_network(checkpoints, card) for card in cards}
    scores: dict[str, list[dict[str, float | None]]] = {name: [] for name in networks}
    paths = list_images(folder)
    for number, path in enumerate(paths):
        clean = read_image(path).with_channels(task.channels)
        for (name, network), seed in itertools.product(networks.items(), seeds):
            scores[name].append(measure(restore(network, task.degrade(clean, sigma, seed)), clean))
        if on_image is not None:
            on_image(number + 1, len(paths))
    rows = [{"checkpoint": card.name, "loss": card.spec.loss, **_means(scores[card.name])} for card in cards]
    warnings = [
        f"{metric} is not defined on every image for {row['checkpoint']}"
        for row in rows
        for metric in METRICS
        if row[metric] is None
    ]
    return Evaluation(cards[0].spec.task, sigma, tuple(seeds), len(paths), rows, warnings)


def _means(scores: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    return {name: _mean([score[name] for score in scores]) for name in METRICS}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None
