"""Metric tables: every checkpoint of a task over a folder of images."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints.card import Card, Checkpoints, label
from uplapp.imaging.metrics import METRICS, Metric
from uplapp.imaging.physics import Degradation
from uplapp.imaging.restorers.network import restore
from uplapp.imaging.tasks import TASKS, Task

OnImage = Callable[[int], None]
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


def build_metrics(
    names: Iterable[str] = METRICS, backbone: str | None = None
) -> tuple[dict[str, Metric], list[str]]:
    """Metrics by name, and why others of `names` cannot be had; `backbone` is that of LPIPS."""
    built: dict[str, Metric] = {}
    reasons = []
    for name in names:
        options = {"backbone": backbone} if name == "lpips" and backbone else {}
        try:
            built[name] = METRICS.build(name, **options)
        except UplappError as error:
            reasons.append(f"{name} is not measured: {error}")
    return built, reasons


def measure(estimate: Tensor, target: Tensor, metrics: Mapping[str, Metric]) -> Scores:
    """Metrics of one image (C,H,W) in [0,1]; None where the image is too small or the value infinite."""
    values: Scores = {}
    for name, metric in metrics.items():
        try:
            with torch.inference_mode():
                value = metric(estimate[None], target[None]).item()
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
    backbone: str | None = None,
) -> Evaluation:
    """Degrade every image of `folder` once a seed, restore it by every checkpoint, average the metrics.

    The degradation is that of the task at its defaults unless one is given, the `backbone` that of LPIPS.
    A metric that cannot be had, or is not defined on every image, is None with a warning.
    """
    task = _task_of(cards)
    degradation = degradation or task.degradation()
    if not isinstance(degradation, task.degradation):
        raise UplappError(f"{degradation.text} is not what the task '{cards[0].spec.task}' is measured under")
    networks = {card.name: checkpoints.load(card) for card in cards}
    metrics, missing = build_metrics(backbone=backbone)
    scores: dict[str, list[Scores]] = {name: [] for name in (task.observed, *networks)}
    images = 0
    for images, specimen in enumerate(task.read_images(folder), start=1):
        clean = specimen.clean
        for seed in seeds:
            degraded = specimen.observe(replace(degradation, seed=seed).for_image(specimen.name))
            scores[task.observed].append(measure(degraded, clean, metrics))
            for checkpoint, network in networks.items():
                scores[checkpoint].append(measure(restore(network, degraded), clean, metrics))
        if on_image is not None:
            on_image(images)
    means = {name: _means(found) for name, found in scores.items()}
    rows = _rows(cards, means)
    return Evaluation(
        task=cards[0].spec.task,
        degradation=degradation.text,
        sigma=getattr(degradation, "sigma", None),
        seeds=tuple(seeds),
        images=images,
        degraded=means[task.observed],
        rows=rows,
        warnings=[*missing, *_warn(rows, metrics)],
    )


def _task_of(cards: Sequence[Card]) -> Task:
    names = sorted({card.spec.task for card in cards})
    if not names:
        raise UplappError("there is no checkpoint of this task; train one first")
    if len(names) > 1:
        raise UplappError(f"the checkpoints are for the tasks {' and '.join(names)}; give those of one task")
    task: Task = TASKS.build(names[0])
    return task


def _rows(cards: Sequence[Card], means: Mapping[str, Scores]) -> list[dict[str, Any]]:
    labels = label(cards)
    return [
        {"checkpoint": card.name, "loss": card.spec.loss, "label": labels[card.name], **means[card.name]}
        for card in cards
    ]


def _warn(rows: Sequence[Mapping[str, Any]], metrics: Iterable[str]) -> list[str]:
    return [
        f"{metric} is not defined on every image for {row['checkpoint']}"
        for metric in metrics
        for row in rows
        if row[metric] is None
    ]


def _means(scores: Sequence[Scores]) -> Scores:
    return {name: _mean([score.get(name) for score in scores]) for name in METRICS}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None
