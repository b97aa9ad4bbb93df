"""Thurstone Case V scores in JOD, solved to the optimum for many replicates at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.arrays import Array
from uplapp.analysis.model.objective import PRIORS, Objective, Pairs, Terms

ITERATIONS = 100
LAST_STEP_JOD = 1e-6  # Newton squares it: what remains after this step is rounding
NEXT_STEP_JOD = 1e-8  # of a step that shrank to a share x, the next shrinks to x^2
STUCK_JOD = 1e-9  # a step that ends a climb even where there is no peak
LONGEST_STEP_JOD = 4.0
FLATTEST = 1e-4  # 1/JOD^2: an optimum flatter than a standard error of 100 JOD lies at infinity
STARTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # times rough scores: far apart, the prior has several hills
CELLS = 1 << 16  # replicates solved together x conditions x conditions


@dataclass(frozen=True, eq=False)
class Fit:
    """Scores (B,n) in JOD, NaN in rows without a finite optimum."""

    scores: Array
    converged: NDArray[np.bool_]


def fit(counts: Array, prior: str, start: Array, labels: NDArray[np.intp]) -> Fit:
    """Fit win counts (B,n,n), `counts[b, i, j]` = times i was chosen over j, from scores `start` (B,n).

    `labels` (n,) says which conditions have a scale in common; the mean of each label is 0.
    """
    gauge = (labels[:, None] == labels).astype(float)
    size, scores, converged = chunk_size(len(labels)), np.empty(start.shape), np.zeros(len(start), dtype=bool)
    for at in range(0, len(counts), size):
        some = slice(at, at + size)
        peak = maximise(PRIORS.build(prior, pairs=Pairs.of(counts[some])), start[some], gauge)
        scores[some], converged[some] = peak.scores, peak.converged
    scores -= scores @ (gauge / gauge.sum(axis=1))
    return Fit(np.where(converged[:, None], scores, np.nan), converged)


def chunk_size(conditions: int) -> int:
    """Count the replicates that are solved together: fewer waste the batch, more leave the cache."""
    return max(1, CELLS // conditions**2)


def fit_best(counts: Array, prior: str, labels: NDArray[np.intp]) -> Array:
    """Fit one matrix (n,n) from several starts to the scores (n,) of the highest optimum, or NaN."""
    votes = counts + counts.T
    rough = fit((counts + 0.5 * (votes > 0))[None], "none", np.zeros((1, len(counts))), labels).scores[0]
    copies = np.repeat(counts[None], len(STARTS), axis=0)
    fits = fit(copies, prior, np.multiply.outer(STARTS, np.nan_to_num(rough)), labels)
    objective = PRIORS.build(prior, pairs=Pairs.of(copies))
    values = objective(np.nan_to_num(fits.scores), np.arange(len(STARTS))).value
    # Rounded, so that the first of equal optima wins on every machine.
    highest = np.argmax(np.where(fits.converged, np.round(values, 6), -np.inf))
    best: Array = fits.scores[highest]
    return best


def maximise(objective: Objective, start: Array, gauge: Array, iterations: int = ITERATIONS) -> Fit:
    """Climb by Newton steps from `start` (B,n), halving steps that lead down.

    A row that has arrived is left alone. `gauge` (n,n) holds 1 where two conditions share a mean that the
    objective leaves free.
    """
    point, step = start.copy(), np.zeros_like(start)
    best = np.full(len(start), -np.inf)
    converged = np.zeros(len(start), dtype=bool)
    climbing = np.arange(len(start))
    for _ in range(iterations):
        trial = point[climbing] + step[climbing]
        terms = objective(trial, climbing)
        up = terms.value >= best[climbing] - 1e-12 * np.abs(terms.value)  # rounding is no descent
        risen, terms = climbing[up], terms.take(up)
        point[risen], best[risen] = trial[up], terms.value
        before, domed = np.abs(step[risen]).max(axis=1), _is_domed(terms.hessian, gauge)
        step[risen] = _newton_step(terms, domed, gauge)
        step[climbing[~up]] /= 2
        arrived = _is_last(np.abs(step[risen]).max(axis=1), before, domed)
        converged[risen[arrived]] = domed[arrived]
        climbing = np.setdiff1d(climbing, risen[arrived])
        if not climbing.size:
            break
    return Fit(point + step, converged)


def _is_last(length: Array, before: Array, domed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say whether only rounding remains after a step, from its length and the length of the one before."""
    shrank = np.divide(length, before, out=np.ones_like(length), where=before > 0)
    squared = (shrank < 0.1) & (length * shrank**2 < NEXT_STEP_JOD)
    last: NDArray[np.bool_] = (domed & (squared | (length < LAST_STEP_JOD))) | (length < STUCK_JOD)
    return last


def _newton_step(terms: Terms, domed: NDArray[np.bool_], gauge: Array) -> Array:
    """Solve for the step, with the concave curvature where the Hessian may lead down or to a saddle."""
    step = _solve(terms.hessian, terms.gradient, gauge)
    if not domed.all():
        step[~domed] = _solve(terms.concave[~domed], terms.gradient[~domed], gauge)
    longest = np.abs(step).max(axis=1, keepdims=True)
    shortened: Array = step * np.minimum(1.0, LONGEST_STEP_JOD / np.maximum(longest, LONGEST_STEP_JOD))
    return shortened


def _is_domed(hessian: Array, gauge: Array) -> NDArray[np.bool_]:
    """Mark where the objective curves down in every direction, as it does around a peak."""
    steepness = gauge - FLATTEST * np.eye(len(gauge)) - hessian
    try:
        np.linalg.cholesky(steepness)  # a tenth of the time of eigenvalues
    except np.linalg.LinAlgError:
        domed: NDArray[np.bool_] = np.linalg.eigvalsh(steepness)[:, 0] > 0
        return domed
    return np.ones(len(hessian), dtype=bool)


def _solve(hessian: Array, gradient: Array, gauge: Array) -> Array:
    curvature = np.abs(np.trace(hessian, axis1=1, axis2=2))
    ridge = (1e-12 * (1 + curvature))[:, None, None] * np.eye(len(gauge))  # a flat contrast stays solvable
    solution: Array = np.linalg.solve(gauge + ridge - hessian, gradient[:, :, None])[:, :, 0]
    return solution
