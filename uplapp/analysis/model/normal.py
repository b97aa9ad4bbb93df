"""The normal curve of Thurstone's Case V (1927) on the scale of JOD, in logarithms."""

from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from uplapp.values import Array, Rows

SIGMA = 1.4826  # JOD: one unit of distance is a preference of 75%
HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)
FARTHEST = 37.0  # standard deviations: beyond, a tail of the normal is no normal double


@dataclass(frozen=True, eq=False)
class Probit:
    """ln Phi(|d|) and ln Phi(-|d|) of differences d (B,P), with derivatives along |d|, sign and |d|."""

    sign: Array
    near: Array
    far: Array
    dnear: Array
    dfar: Array
    ddnear: Array
    ddfar: Array
    distance: Array

    @classmethod
    def of(cls, differences: Array) -> "Probit":
        """Compute all of differences (B,P) in JOD, of any size."""
        x = np.abs(differences) / SIGMA
        tail, density = ndtr(-x), np.exp(-0.5 * x * x - HALF_LOG_TAU)
        far, down = _far(x) if x.max(initial=0.0) > FARTHEST else (np.log(tail), density / tail)
        up, sign = density / (1 - tail), np.where(differences < 0, -1.0, 1.0)
        bends = -up * (x + up) / SIGMA**2, -down * (down - x) / SIGMA**2
        return cls(sign, np.log1p(-tail), far, up / SIGMA, -down / SIGMA, *bends, x * SIGMA)

    def take(self, rows: Rows) -> "Probit":
        """Keep some replicates."""
        return Probit(*(part[rows] for part in vars(self).values()))

    def repeat(self, times: int) -> "Probit":
        """Let many replicates share one row, without copies."""
        return Probit(*(np.broadcast_to(part, (times, part.shape[1])) for part in vars(self).values()))


def _far(x: Array) -> tuple[Array, Array]:
    """Compute ln Phi(-x), and the density over Phi(-x), where these underflow: twice as slow."""
    return log_ndtr(-x), np.sqrt(2 / np.pi) / erfcx(x / np.sqrt(2))


def preference(difference: Array) -> Array:
    """Probability that the higher condition is chosen, from differences in JOD."""
    chosen: Array = ndtr(difference / SIGMA)
    return chosen
