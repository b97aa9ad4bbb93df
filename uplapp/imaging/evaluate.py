"""Metric tables: every checkpoint of a task over a folder of images."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Card, Checkpoints
from uplapp.imaging.degradations import Degradation
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.restore import restore
from uplapp.imaging.tasks import TASKS, Task

OnImage = Callable[[int, int], None]
Scores = dict[str, float | None]
ON_SCREEN = ("psnr", "ssim", "ms_ssim", "flip", "l1", "l2")


@dataclass(frozen=True)
class Evaluation:
    """Means over images and seeds: one row a checkpoint, None where a metric is not defined.

    `sigma` is None where the degradation, in words, is no noise; `degraded` holds the means of what the
    checkpoints were given.
    """

    task: str
    degradation: str
    sigma: float | None
    seeds: tuple[int, ...]
    images: int
    degraded: Scores
    rows: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def measure(estimate: Tensor, target: Tensor, metrics: Iterable[str] = METRICS) -> Scores:
    """Metrics of one image (C,H,W) in [0,1]; None where the image is too small or the value infinite."""
    values: Scores = {}
    for name in metrics:
        try:
            with torch.inference_mode():
                value = METRICS.build(name)(estimate[None], target[None]).item()
        except UplappError:
            value = float("inf")
        values[name] = value if value < float("inf") else None
    return values


def evaluate(
    checkpoints: Checkpoints,
    cards: Sequence[Card],
    folder: Path,
    degradation: Degradation | None = None,
    seeds: Sequence[int] = (0,),
    on_image: OnImage | None = None,
) -> Evaluation:
    """Degrade every image of `folder` once a seed, restore it by every checkpoint, average the metrics.

    The degradation is that of the task at its defaults unless one is given.
    """
    if not cards:
        raise UplappError("there is no checkpoint of this task; train one first")
    task: Task = TASKS.build(cards[0].spec.task)
    degradation = degradation or task.degradation()
    networks = {card.name: checkpoints.load(card) for card in cards}
    scores: dict[str, list[Scores]] = {name: [] for name in (task.observed, *networks)}
    images = list(task.read_images(folder))
    for number, (name, clean) in enumerate(images):
        for seed in seeds:
            degraded = replace(degradation, seed=seed).for_image(name).apply(clean)
            scores[task.observed].append(measure(degraded, clean))
            for checkpoint, network in networks.items():
                scores[checkpoint].append(measure(restore(network, degraded), clean))
        if on_image is not None:
            on_image(number + 1, len(images))
    means = {name: _means(found) for name, found in scores.items()}
    rows = [{"checkpoint": card.name, "loss": card.spec.loss, **means[card.name]} for card in cards]
    return Evaluation(
        task=cards[0].spec.task,
        degradation=degradation.text,
        sigma=getattr(degradation, "sigma", None),
        seeds=tuple(seeds),
        images=len(images),
        degraded=means[task.observed],
        rows=rows,
        warnings=_warn(rows),
    )


def _warn(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{metric} is not defined on every image for {row['checkpoint']}"
        for row in rows
        for metric in METRICS
        if row[metric] is None
    ]


def _means(scores: Sequence[Scores]) -> Scores:
    return {name: _mean([score[name] for score in scores]) for name in METRICS}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None
