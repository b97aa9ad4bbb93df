"""Fits as part of a job: what is heard of them, and the facts that are kept of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from uplapp.imaging.case import Case
from uplapp.imaging.fitting import Curve, Fitted, Stability, State, stability
from uplapp.imaging.metrics.error_maps import ErrorMap
from uplapp.imaging.restorers import FittedRestorer, Watch, proceed

# Hears the label of a candidate and the state of its fit, None once it has ended; returns False to end the
# fit with what it has.
Hear = Callable[[str, State | None], bool]
DEVIATION = "-deviation"  # ends the names of the files
FULL_SCALE = 0.1  # the deviation that is painted lightest, as more than a tenth of the range is useless
REASONS = {
    "iterations": "did all its {total:,} iterations",
    "held-out error": "stopped by itself at iteration {done:,} of {total:,}, its held-out error fell no more",
    "stopped": "was stopped by hand at iteration {done:,} of {total:,}",
}


@dataclass(frozen=True, eq=False)
class FitRecord:
    """How a fit of `total` iterations at most came to its pictures, one per start.

    `best` are the iterations whose pictures were kept, `deviation` is the standard deviation among the starts
    in shares of FULL_SCALE, None for one start as is `stability`.
    """

    best: tuple[int, ...]
    iterations: int
    total: int
    ended: str
    curve: Curve
    deviation: ErrorMap | None
    stability: Stability | None

    @property
    def sentence(self) -> str:
        """Why the fit ended, what was kept, and how far the starts agree. A name stands before it."""
        reason = REASONS[self.ended].format(done=self.iterations, total=self.total)
        first, last = min(self.best), max(self.best)
        kept = f"iteration {first:,}" if first == last else f"iterations {first:,} to {last:,}"
        starts = f" Its {len(self.best)} starts are {self.stability.sentence}." if self.stability else ""
        return f"{reason}; it keeps the picture of {kept}.{starts}"

    @property
    def facts(self) -> dict[str, Any]:
        """The facts about the fit for the provenance."""
        trust, deviation = self.stability, self.deviation
        against = {True: "reference", False: "mean of the starts"}
        return {
            "iterations": self.iterations,
            "iterations_at_most": self.total,
            "ended": self.ended,
            "kept": list(self.best),
            "deviation_mean": None if deviation is None else round(deviation.mean, 6),
            "deviation_full_scale": None if deviation is None else FULL_SCALE,
            "coefficient_of_variation": None if trust is None else round(trust.cv, 6),
            "measured_against": None if trust is None else against[trust.by_reference],
            "unstable": None if trust is None else trust.unstable,
        }


def run_fit(
    restorer: FittedRestorer, case: Case, label: str, watch: Watch, hear: Hear
) -> tuple[Tensor, FitRecord]:
    """Fit to a case. Give the mean picture (C,h,w) of the starts and the record.

    Where `watch` returns False the fit is thrown away (Cancelled), where `hear` does it keeps what it has.
    """
    done: tuple[float, str] = (0.0, "")
    total = 0

    def listen(state: State) -> bool:
        nonlocal done, total
        done, total = (state.iteration / state.total, state.text), state.total
        proceed(watch, *done, state.picture)
        return hear(label, state)

    fitted = restorer.fit(case, listen, lambda: proceed(watch, *done))
    hear(label, None)
    return fitted.mean, _record(fitted, total or fitted.iterations, case.reference)


def _record(fitted: Fitted, total: int, reference: Tensor | None) -> FitRecord:
    return FitRecord(
        best=fitted.best,
        iterations=fitted.iterations,
        total=total,
        ended=fitted.ended,
        curve=fitted.curve,
        deviation=_draw_deviation(fitted),
        stability=stability(fitted, reference),
    )


def _draw_deviation(fitted: Fitted) -> ErrorMap | None:
    """Paint the deviation, its root mean square over channels. The mean is in units of the image."""
    if len(fitted.pictures) < 2:
        return None
    deviation = fitted.deviation.square().mean(dim=0).sqrt()
    levels = (deviation / FULL_SCALE * 255).clamp(0, 255).round().to(torch.uint8)
    return ErrorMap(levels.numpy(), float(deviation.double().mean()))
