"""Newton's method for many replicates at once, with a curvature that is held near the top.

B replicates, n parameters in JOD. Curvature costs more than a slope, and near the top it hardly changes:
there a row keeps its own, and goes on as long as every step is much shorter than the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from uplapp.values import Array, Mask, Rows

ITERATIONS = 100
LAST_STEP_JOD = 1e-6  # Newton squares it: what remains after this step is rounding
NEXT_STEP_JOD = 1e-8  # of a step that shrank to a share x, the next shrinks to x^2
NEAR_JOD = 1e-4  # and only so near: a long step may have been along what is solved in one
STUCK_JOD = 1e-9  # a step that ends a climb even where there is no peak
LONGEST_STEP_JOD = 4.0
FLATTEST = 1e-4  # 1/JOD^2: an optimum flatter than a standard error of 100 JOD lies at infinity
HELD_JOD = 0.03  # after a step so short the curvature of the row is held
HELD_NEXT_JOD = 1e-9  # of a step with held curvature that shrank to a share x, the next shrinks to x too
SHRANK = 0.1  # a step that shrank less says that curvature or model changes


@dataclass(frozen=True, eq=False)
class Terms:
    """Value (B,), gradient (B,n), Hessian (B,n,n), and the Hessian's part that is never positive."""

    value: Array
    gradient: Array
    hessian: Array
    concave: Array

    def take(self, rows: Mask) -> "Terms":
        """Keep some replicates."""
        if rows.all():
            return self
        hessian = self.hessian[rows]
        concave = hessian if self.concave is self.hessian else self.concave[rows]
        return Terms(self.value[rows], self.gradient[rows], hessian, concave)

    def among(self, others: "Terms", rows: Mask) -> "Terms":
        """Join these, as `rows` (B,), with the `others`."""
        joined = []
        for own, other in zip(vars(self).values(), vars(others).values(), strict=True):
            joined.append(np.empty((rows.size, *own.shape[1:])))
            joined[-1][rows], joined[-1][~rows] = own, other
        return Terms(*joined)


Objective = Callable[[Array, Rows], Terms]  # (scores of some replicates, which ones) -> Terms


@dataclass(frozen=True, eq=False)
class Sloped:
    """An objective that also gives value (B,) and gradient (B,n) alone, for less work."""

    terms: Objective
    slope: Callable[[Array, Rows], tuple[Array, Array]]

    def __call__(self, scores: Array, rows: Rows) -> Terms:
        """Compute all terms."""
        return self.terms(scores, rows)


@dataclass(frozen=True, eq=False)
class Lead:
    """A first step (B,n) with the Hessian (B,n,n) that it came from, and which rows (B,) take it."""

    step: Array
    hessian: Array
    usable: Mask


@dataclass(frozen=True, eq=False)
class Fit:
    """Scores (B,n) in JOD, NaN in rows without a finite optimum."""

    scores: Array
    converged: Mask


class _Curvature:
    """The terms of an objective, in `rows` (B,) with the Hessian that they hold."""

    def __init__(self, objective: Objective, shape: tuple[int, ...], lead: Lead | None) -> None:
        self.objective, self.rows = objective, np.zeros(shape[0], dtype=bool)
        self.slope = objective.slope if isinstance(objective, Sloped) else None
        if lead is not None:
            self.hessian, self.rows = lead.hessian.copy(), lead.usable.copy()
        elif self.slope is not None:
            self.hessian = np.empty((*shape, shape[1]))

    def at(self, scores: Array, rows: Rows) -> Terms:
        """Compute the terms of some rows."""
        held = self.rows[rows]
        if self.slope is None or not held.any():
            return self.objective(scores, rows)
        hessian = self.hessian[rows[held]]
        near = Terms(*self.slope(scores[held], rows[held]), hessian, hessian)
        return near if held.all() else near.among(self.objective(scores[~held], rows[~held]), held)

    def keep(self, rows: Rows, hessian: Array, good: Mask) -> None:
        """Let rows whose curvature is `good` hold it, and no others."""
        if self.slope is not None:
            fresh = good & ~self.rows[rows]
            self.hessian[rows[fresh]] = hessian[fresh]
            self.rows[rows] = good


def maximise(
    objective: Objective,
    start: Array,
    gauge: Array,
    iterations: int = ITERATIONS,
    lead: Lead | None = None,
) -> Fit:
    """Climb by Newton steps from `start` (B,n), halving steps that lead down.

    A row that has arrived is left alone. `gauge` (n,n) holds 1 where two conditions share a mean that the
    objective leaves free. `lead` takes the place of the first step.
    """
    point, step = start.copy(), np.zeros_like(start)
    curvature = _Curvature(objective, start.shape, lead)
    if lead is not None:
        step[lead.usable] = lead.step[lead.usable]
        curvature.rows &= np.abs(step).max(axis=1) < HELD_JOD
    best = np.full(len(start), -np.inf)
    converged = np.zeros(len(start), dtype=bool)
    climbing = np.arange(len(start))
    for _ in range(iterations):
        trial = point[climbing] + step[climbing]
        terms = curvature.at(trial, climbing)
        up = terms.value >= best[climbing] - 1e-12 * np.abs(terms.value)  # rounding is no descent
        risen, terms = climbing[up], terms.take(up)
        before_best = best[risen]
        point[risen], best[risen] = trial[up], terms.value
        before = np.abs(step[risen]).max(axis=1)
        step[risen], domed = _newton_step(terms, gauge)
        step[climbing[~up]] /= 2
        curvature.rows[climbing[~up]] = False
        length, held = np.abs(step[risen]).max(axis=1), curvature.rows[risen]
        led = held & np.isinf(before_best)  # what the first step left says little of the next
        arrived = _is_last(length, before, domed, held) & ~led
        converged[risen[arrived]] = domed[arrived]
        shrinks = domed & (length < HELD_JOD) & ~(held & (length > SHRANK * before))
        curvature.keep(risen, terms.hessian, shrinks)
        climbing = np.setdiff1d(climbing, risen[arrived])
        if not climbing.size:
            break
    return Fit(point + step, converged)


def _is_last(length: Array, before: Array, domed: Mask, held: Mask) -> Mask:
    """Say whether only rounding remains after a step, from its length and the length of the one before."""
    shrank = np.divide(length, before, out=np.ones_like(length), where=before > 0)
    alike = length * shrank < HELD_NEXT_JOD
    squared = np.where(held, alike, length * shrank**2 < NEXT_STEP_JOD)
    short = (length < NEAR_JOD) & (shrank < SHRANK) & squared
    last: Mask = (domed & (short | (~held & (length < LAST_STEP_JOD)))) | (length < STUCK_JOD)
    return last


def _newton_step(terms: Terms, gauge: Array) -> tuple[Array, Mask]:
    """Solve for the step, with the concave curvature where the Hessian may lead down or to a saddle.

    Returns too where the objective curves down in every direction. Where it never curves up, that is asked of
    short steps alone: of long ones it would change nothing.
    """
    step = newton_solve(terms.hessian, terms.gradient, gauge)
    asked = np.ones(len(step), dtype=bool)
    if terms.concave is terms.hessian:
        asked = np.abs(step).max(axis=1) < HELD_JOD
    domed = np.zeros(len(step), dtype=bool)
    domed[asked] = is_domed(terms.hessian[asked], gauge)
    bent = asked & ~domed
    if bent.any() and terms.concave is not terms.hessian:
        step[bent] = newton_solve(terms.concave[bent], terms.gradient[bent], gauge)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, LONGEST_STEP_JOD / np.maximum(longest, LONGEST_STEP_JOD)), domed


def is_domed(hessian: Array, gauge: Array) -> Mask:
    """Mark where the objective curves down in every direction, as it does around a peak."""
    steepness = gauge - FLATTEST * np.eye(len(gauge)) - hessian
    try:
        np.linalg.cholesky(steepness)  # a tenth of the time of eigenvalues
    except np.linalg.LinAlgError:
        domed: Mask = np.linalg.eigvalsh(steepness)[:, 0] > 0
        return domed
    return np.ones(len(hessian), dtype=bool)


def newton_solve(hessian: Array, gradient: Array, gauge: Array) -> Array:
    """Solve for the steps (B,n) from Hessian and gradient, along which the means of `gauge` (n,n) stay."""
    curvature = np.abs(np.trace(hessian, axis1=1, axis2=2))
    ridge = (1e-12 * (1 + curvature))[:, None, None] * np.eye(len(gauge))  # a flat contrast stays solvable
    solution: Array = np.linalg.solve(gauge + ridge - hessian, gradient[:, :, None])[:, :, 0]
    return solution
