"""Metric tables: every candidate over a folder of images."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from uplapp.errors import UplappError
from uplapp.imaging.case import make_case
from uplapp.imaging.evaluation.candidates import Candidate, require_unique
from uplapp.imaging.evaluation.job import (
    Scores,
    build_metrics,
    labels_of,
    measure,
    require_degradation,
    require_fit,
)
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.physics import Degradation
from uplapp.imaging.restorers import Restorer, unwatched
from uplapp.imaging.tasks import TASKS

OnImage = Callable[[int], None]


@dataclass(frozen=True)
class Evaluation:
    """Means over images and seeds: one row per candidate, None where a metric is not defined.

    `sigma` is None where the degradation, in words, is no noise; `degraded` holds the means of what the
    candidates were given. A row has its method, checkpoint (None for a method), loss, label, whether measured
    data were put back, and the metrics.
    """

    task: str
    degradation: str
    sigma: float | None
    seeds: tuple[int, ...]
    images: int
    degraded: Scores
    rows: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def evaluate(
    task: str,
    candidates: Sequence[Candidate],
    folder: Path,
    degradation: Degradation | None = None,
    seeds: Sequence[int] = (0,),
    on_image: OnImage | None = None,
    backbone: str | None = None,
) -> Evaluation:
    """Degrade every image of `folder` once per seed, restore it by every candidate, average the metrics.

    Without a degradation the task's is used at its defaults. `backbone` is the network of LPIPS.
    A metric that cannot be had, or is not defined on every image, is None with a warning.
    """
    row = TASKS[task]
    degradation = degradation or row.degrade()
    require_degradation(task, degradation)
    restorers = _build(task, candidates)
    metrics, missing = build_metrics(backbone=backbone)
    scores: dict[str, list[Scores]] = {name: [] for name in (row.observed, *restorers)}
    images = 0
    for images, subject in enumerate(row.subjects(folder), start=1):
        for seed in seeds:
            case = make_case(subject, task, replace(degradation, seed=seed))  # type: ignore[type-var]
            for one in candidates:
                require_fit(one, case)
            scores[row.observed].append(measure(case.seen, case, metrics))
            for name, restorer in restorers.items():
                scores[name].append(measure(restorer.restore(case, unwatched), case, metrics))
        if on_image is not None:
            on_image(images)
    means = {name: _means(each) for name, each in scores.items()}
    rows = _rows(candidates, means)
    return Evaluation(
        task=task,
        degradation=degradation.text,
        sigma=getattr(degradation, "sigma", None),
        seeds=tuple(seeds),
        images=images,
        degraded=means[row.observed],
        rows=rows,
        warnings=[*missing, *_warnings(rows, list(metrics))],
    )


def _build(task: str, candidates: Sequence[Candidate]) -> dict[str, Restorer]:
    if not candidates:
        raise UplappError(f"there is no checkpoint of the task '{task}'; train one, or name a method")
    require_unique(candidates)
    return {one.name: one.build() for one in candidates}


def _rows(candidates: Sequence[Candidate], means: Mapping[str, Scores]) -> list[dict[str, Any]]:
    labels = labels_of(candidates)
    return [{**one.facts, "label": labels[one.name], **means[one.name]} for one in candidates]


def _warnings(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> list[str]:
    return [
        f"{metric} is not defined on every image for {row['checkpoint'] or row['method']}"
        for metric in metrics
        for row in rows
        if row[metric] is None
    ]


def _means(scores: Sequence[Scores]) -> Scores:
    return {name: _mean([score.get(name) for score in scores]) for name in METRICS}


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return math.fsum(defined) / len(defined) if len(defined) == len(values) else None
