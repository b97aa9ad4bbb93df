"""Thurstone Case V scores in JOD, solved to the optimum for many replicates at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.objective import PRIORS, Array, Objective, Pairs, Terms

ITERATIONS = 100
LAST_STEP_JOD = 1e-6  # Newton squares it: what remains after this step is rounding
LONGEST_STEP_JOD = 4.0
CELLS = 1 << 17  # replicates of a chunk x pairs x pairs; its arrays stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Fit:
    """Scores (B,n) in JOD, mean 0 in each gauge group; a row that found no finite optimum is NaN."""

    scores: Array
    converged: NDArray[np.bool_]


def fit(
    counts: Array, prior: str = "distance", start: Array | None = None, groups: NDArray[np.intp] | None = None
) -> Fit:
    """Fit win counts (B,n,n), `counts[b, i, j]` = times i was chosen over j, from scores `start` (n,).

    `groups` (n,) labels the conditions that votes connect; each label gets mean 0 of its own.
    """
    batch, n, _ = counts.shape
    begin = np.zeros(n) if start is None else start
    labels = np.zeros(n, dtype=np.intp) if groups is None else groups
    size = max(1, CELLS // (n * (n - 1) // 2) ** 2)
    chunks = [counts[at : at + size] for at in range(0, batch, size)]
    fits = [_fit_chunk(chunk, prior, begin, labels) for chunk in chunks]
    return Fit(
        np.concatenate([part.scores for part in fits]), np.concatenate([part.converged for part in fits])
    )


def _fit_chunk(counts: Array, prior: str, start: Array, labels: NDArray[np.intp]) -> Fit:
    objective = PRIORS.build(prior, pairs=Pairs.of(counts))
    gauge = (labels[:, None] == labels).astype(float)
    found = maximise(objective, np.repeat(start[None], len(counts), axis=0), gauge)
    centred = found.scores - found.scores @ (gauge / gauge.sum(axis=1))
    return Fit(np.where(found.converged[:, None], centred, np.nan), found.converged)


def maximise(objective: Objective, start: Array, gauge: Array) -> Fit:
    """Climb by Newton steps from `start` (B,n); a step that leads down is halved, a finished row rests.

    `gauge` (n,n) holds 1 where two conditions share a mean that the objective leaves free.
    """
    point, step = start.copy(), np.zeros_like(start)
    best = np.full(len(start), -np.inf)
    converged = np.zeros(len(start), dtype=bool)
    climbing = np.arange(len(start))
    for _ in range(ITERATIONS):
        trial = point[climbing] + step[climbing]
        terms = objective(trial, climbing)
        up = terms.value >= best[climbing] - 1e-12 * np.abs(terms.value)  # rounding is no descent
        risen = climbing[up]
        point[risen], best[risen] = trial[up], terms.value[up]
        step[risen] = _newton_step(terms.take(up), gauge)
        step[climbing[~up]] /= 2
        converged[risen] = np.abs(step[risen]).max(axis=1) < LAST_STEP_JOD
        climbing = climbing[~converged[climbing]]
        if not climbing.size:
            break
    return Fit(point + step, converged)


def _newton_step(terms: Terms, gauge: Array) -> Array:
    """Solve for the step; where the Hessian leads down, take the curvature that cannot."""
    step = _solve(terms.hessian, terms.gradient, gauge)
    down = (step * terms.gradient).sum(axis=1) < 0
    if down.any():
        step[down] = _solve(terms.concave[down], terms.gradient[down], gauge)
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1.0, LONGEST_STEP_JOD / np.maximum(longest, LONGEST_STEP_JOD))


def _solve(hessian: Array, gradient: Array, gauge: Array) -> Array:
    ridge = 1e-12 * np.eye(len(gauge))  # keeps a contrast without any curvature solvable
    solution: Array = np.linalg.solve(gauge + ridge - hessian, gradient[:, :, None])[:, :, 0]
    return solution
