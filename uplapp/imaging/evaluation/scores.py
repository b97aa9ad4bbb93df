"""The metrics of one picture against its case, and their means over many."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.metrics import METRICS, Metric

Scores = dict[str, float | None]


def build_metrics(
    names: Iterable[str] = METRICS,
    backbone: str | None = None,
    segmenters: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Metric], list[str]]:
    """Build metrics by name, and say why others of `names` cannot be had.

    `backbone` is the network of LPIPS, `segmenters` are those of the semantic score by their anatomy.
    """
    built: dict[str, Metric] = {}
    reasons = []
    options: dict[str, dict[str, Any]] = {"sis": {"segmenters": segmenters}}
    if backbone:
        options["lpips"] = {"backbone": backbone}
    for name in names:
        try:
            built[name] = METRICS.build(name, **options.get(name, {}))
        except UplappError as error:
            reasons.append(f"{name} is not measured: {error}")
    return built, reasons


def names_for(axes: int) -> list[str]:
    """List the metrics of images with so many axes."""
    return [name for name, entry in METRICS.items() if axes in entry.axes]


def measure(estimate: Tensor, case: Case, metrics: Mapping[str, Metric]) -> Scores:
    """Measure an image (C,*size) in [0,1] against the reference of its case.

    None stands where the image is too small, has other axes than a metric takes, lacks what it needs, or the
    value is infinite.
    """
    return {name: _value(name, metric, estimate, case) for name, metric in metrics.items()}


def measure_clean(case: Case, metrics: Mapping[str, Metric]) -> Scores:
    """Measure the clean image of a case by those metrics whose means are divided by its own."""
    clean = case.seen if case.reference is None else case.reference
    return measure(clean, case, {name: one for name, one in metrics.items() if METRICS[name].relative})


def mean_scores(scores: Sequence[Scores], clean: Sequence[Scores] = ()) -> Scores:
    """Give the mean of each metric, None where it is not defined on every image.

    What needs labels and the like is averaged over the images that have them. `clean` holds the scores of the
    clean images by relative metrics.
    """
    return {name: _mean(name, scores, clean) for name in METRICS}


def _mean(name: str, scores: Sequence[Scores], clean: Sequence[Scores]) -> float | None:
    entry, values = METRICS[name], [score.get(name) for score in scores]
    defined = [value for value in values if value is not None]
    if not defined or (len(defined) < len(values) and not entry.needs):
        return None
    mean = math.fsum(defined) / len(defined)
    whole = _mean(name, clean, ()) if entry.relative and clean else 1.0
    return mean / whole if whole else None


def _value(name: str, metric: Metric, estimate: Tensor, case: Case) -> float | None:
    entry = METRICS[name]
    if case.reference is None or estimate.ndim - 1 not in entry.axes or entry.lacks(case):
        return None
    try:
        with torch.inference_mode():
            value = metric(estimate[None], case if entry.needs else case.reference[None]).item()
    except UplappError:
        return None
    return value if value < float("inf") else None
