"""What an answer says of the difference between two conditions: zones of a line, and their probabilities.

With d = q_A - q_B and the side bias b, in JOD, the impression u + e, u = d + b, has a normal error e with
standard deviation sigma. It falls between thresholds -t_m < ... < -t_1 < t_1 < ... < t_m: "not sure" is the
zone between -t_1 and t_1, step k for A lies above t_k and below t_{k+1}, for B below -t_k. With m = 1 this is
the threshold model of Glenn & David (1960), the probit counterpart of Rao & Kupper (1967); with more steps
the cumulative probit of Agresti (1992). Answers are ordered from step m for A (0) over "not sure" (m) to
step m for B (2m).
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtr

from uplapp.analysis.model.normal import HALF_LOG_TAU, SIGMA
from uplapp.registry import Entry, Registry
from uplapp.values import Array, Comparisons, Votes

ORDERED, AUTO = "ordered", "auto"


@dataclass(frozen=True, eq=False)
class Curve:
    """Log-likelihood (B,C) of each cell, with its derivatives along u and along the thresholds.

    `u`, `uu` are (B,C), `ut` (B,m,C); `t` (B,m) and `tt` (B,m,m) are added up over the cells.
    """

    value: Array
    u: Array
    t: Array
    uu: Array
    ut: Array
    tt: Array


def half(u: Array, t: Array, votes: Array) -> Curve:
    """Count "not sure" as half a vote each way, of `votes` (B,3,C). Thresholds have no influence."""
    first, tie, second = np.moveaxis(votes, 1, 0)
    up, down, x = first + tie / 2, second + tie / 2, u / SIGMA
    log_p, log_q = log_ndtr(x), log_ndtr(-x)
    a, b = _ratio(x, log_p), _ratio(x, log_q)
    bend = -(up * a * (a + x) + down * b * (b - x)) / SIGMA**2
    rows, steps = t.shape
    nothing = np.zeros((rows, steps)), np.zeros((rows, steps, u.shape[1])), np.zeros((rows, steps, steps))
    return Curve(up * log_p + down * log_q, (up * a - down * b) / SIGMA, nothing[0], bend, *nothing[1:])


def zones(u: Array, t: Array, votes: Array) -> Curve:
    """Take `votes` (B,2m+1,C) as impressions u (B,C) between thresholds t (B,m), which grow along m."""
    ends, steps = _ends(u, t), t.shape[1]
    kinds = np.moveaxis(votes, 1, 0)
    logs = [_log_zone(ends, place, some) for place, some in enumerate(kinds)]
    value = sum(some * log for some, log in zip(kinds, logs, strict=True))
    slope, rows, bend, both = [], [], [], []
    up = _ratio(ends[0], logs[0])  # density at an end over the probability of the answer below it
    before: Array | float = 0.0  # second derivative along an end and the one before
    for place, end in enumerate(ends):
        down, last = _ratio(end, logs[place + 1]), place + 1 == len(ends)
        nearer, further = kinds[place] * up, kinds[place + 1] * down
        slope.append(nearer - further)
        bend.append(further * (end - down) - nearer * (end + up))
        up = down if last else _ratio(ends[place + 1], logs[place + 1])
        mixed = 0.0 if last else further * up
        rows.append(bend[-1] + before + mixed)
        both.append(mixed)
        before = mixed
    return _along(value, slope, rows, bend, both, steps)


def _ends(u: Array, t: Array) -> Array:
    """Ends (2m,B,C) between neighbouring answers in standard deviations, increasing along the first axis."""
    thresholds = np.concatenate([t[:, ::-1], -t], axis=1).T
    ends: Array = (u - thresholds[:, :, None]) / SIGMA
    return ends


def _log_zone(ends: Array, place: int, votes: Array) -> Array:
    """Logarithm (B,C) of the probability of an answer, 0 where a zone without width has no votes."""
    log: Array
    if place == 0:
        log = log_ndtr(ends[0])
    elif place == len(ends):
        log = log_ndtr(-ends[-1])
    else:
        log = np.where(votes > 0, log_between(ends[place - 1], ends[place]), 0.0)
    return log


def _along(
    value: Array, slope: list[Array], rows: list[Array], bend: list[Array], both: list[Any], steps: int
) -> Curve:
    """Turn derivatives along the ends, each (B,C), into those along u and the thresholds (B,m).

    `rows` are each end's second derivatives, added up over its neighbours; `both` those with the next end.
    """
    ends = [(steps - 1 - k, steps + k) for k in range(steps)]  # of threshold k, on the sides of A and of B
    t = np.stack([(slope[b] - slope[a]).sum(axis=-1) for a, b in ends], axis=1) / SIGMA
    ut = np.stack([rows[b] - rows[a] for a, b in ends], axis=1) / SIGMA**2
    tt = np.zeros((len(value), steps, steps))
    for k, (a, b) in enumerate(ends):
        twice = bend[a] + bend[b] - (0.0 if k else 2 * both[a])  # "not sure" has one threshold at both ends
        tt[:, k, k] = twice.sum(axis=-1) / SIGMA**2
        if k + 1 < steps:
            cross = both[a - 1] + both[b]
            tt[:, k, k + 1] = tt[:, k + 1, k] = cross.sum(axis=-1) / SIGMA**2
    return Curve(value, reduce(np.add, slope) / SIGMA, t, reduce(np.add, rows) / SIGMA**2, ut, tt)


TIES: Registry[Any] = Registry(
    "ties",
    {
        "half": Entry(half, "half a vote each way", "as pwcmp: Perez-Ortiz & Mantiuk 2017, arXiv 1712.03686"),
        "threshold": Entry(zones, "an answer of its own (threshold model)", "Glenn & David 1960"),
        ORDERED: Entry(zones, "with the steps of answers, as much or slightly better", "Agresti 1992"),
    },
)


def suited_ties(ties: str, source: Votes | Comparisons) -> str:
    """Choose a name of TIES for "auto": ordered where answers have steps, else half votes."""
    if ties != AUTO:
        return ties
    if isinstance(source, Votes):
        return ORDERED if source.steps > 1 else "half"
    answers = source.answers
    return ORDERED if answers is not None and answers.shape[1] > 3 else "half"


def coarse(answers: Array) -> Array:
    """Forget the steps of answers (...,2m+1,n,n): A chosen, not sure, B chosen, (...,3,n,n)."""
    steps = answers.shape[-3] // 2
    if steps == 1:
        return answers
    parts = answers[..., :steps, :, :], answers[..., steps : steps + 1, :, :], answers[..., steps + 1 :, :, :]
    together: Array = np.concatenate([part.sum(axis=-3, keepdims=True) for part in parts], axis=-3)
    return together


def chances(u: Array, t: Array) -> Array:
    """Probabilities (C,2m+1) of the answers, given u (C,) and thresholds t (m,)."""
    ends = ndtr(_ends(u[None], t[None])[:, 0])
    edges = np.concatenate([np.zeros((1, u.size)), ends, np.ones((1, u.size))])
    shares = np.maximum(np.diff(edges, axis=0), 0.0).T
    whole: Array = shares / shares.sum(axis=1, keepdims=True)
    return whole


def log_between(x: Array, y: Array) -> Array:
    """Compute ln(Phi(y) - Phi(x)) for x < y without cancellation, in either tail."""
    flip = x + y > 0  # in the lower half, neither logarithm is near 0
    low, high = np.where(flip, -y, x), np.where(flip, -x, y)
    top = log_ndtr(high)
    rest: Array = top + np.log(-np.expm1(np.minimum(log_ndtr(low) - top, -1e-300)))
    return rest


def _ratio(x: Array, log_probability: Array) -> Array:
    ratio: Array = np.exp(-0.5 * x * x - HALF_LOG_TAU - log_probability)
    return ratio
