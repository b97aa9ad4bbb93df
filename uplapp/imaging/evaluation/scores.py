"""Metrics of one case, as plain numbers."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.metrics import METRICS, Metric

Scores = dict[str, float | None]


def build_metrics(
    names: Iterable[str] = METRICS, backbone: str | None = None
) -> tuple[dict[str, Metric], list[str]]:
    """Build metrics by name, and say why others of `names` cannot be had; `backbone` is that of LPIPS."""
    built: dict[str, Metric] = {}
    reasons = []
    for name in names:
        options = {"backbone": backbone} if name == "lpips" and backbone else {}
        try:
            built[name] = METRICS.build(name, **options)
        except UplappError as error:
            reasons.append(f"{name} is not measured: {error}")
    return built, reasons


def measure(estimate: Tensor, case: Case, metrics: Mapping[str, Metric]) -> Scores:
    """Measure an image (C,*size) in [0,1] against the reference of its case.

    None stands where the image is too small, has other axes than a metric takes, lacks what it needs, or the
    value is infinite.
    """
    return {name: _value(name, metric, estimate, case) for name, metric in metrics.items()}


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
