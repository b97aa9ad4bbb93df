"""Plain and boosted comparisons of distorted versions with their source, on one scale (JPEG AIC-3).

d_i is the distortion of version i in JND as it is plainly seen, 0 at the source. Boosted by zoom,
amplification or flicker it is seen as h(d_i) = g_1 d_i + g_2 d_i^2 (Testolina et al. 2025). In a plain
comparison i is found more distorted than j with probability Phi((d_i - d_j) / sigma), in a boosted one with
Phi((h(d_i) - h(d_j)) / sigma), sigma = 1.4826, so that one JND is a preference of 75%. B replicates, n
versions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from uplapp.analysis.model import Pairs, Terms, components, fit_best, likelihood, maximise
from uplapp.values import Array, Mask, Rows

LINEAR, SQUARE = -2, -1  # places of g_1 and g_2 behind the distortions


@dataclass(frozen=True, eq=False)
class BoostFit:
    """Distortions (B,n) in plain JND, 0 at sources, and g_1, g_2 (B,2), NaN without a finite optimum."""

    jnd: Array
    mapping: Array
    converged: NDArray[np.bool_]

    @property
    def boosted(self) -> Array:
        """Distortions (B,n) as they are seen when they are boosted."""
        return boost(self.jnd, self.mapping)


def boost(jnd: Array, mapping: Array) -> Array:
    """Map plain distortions (B,n) to boosted ones, by mappings (B,2)."""
    linear, square = mapping[:, :1], mapping[:, 1:]
    boosted: Array = linear * jnd + square * jnd**2
    return boosted


def plain_of(boosted: Array, mapping: Array) -> Array:
    """Map boosted distortions (n,) to plain ones by one mapping (2,), NaN beyond where it turns back."""
    linear, square = mapping
    root = linear**2 + 4 * square * boosted
    with np.errstate(invalid="ignore", divide="ignore"):
        plain: Array = 2 * boosted / (linear + np.sqrt(root))  # the root that is 0 at 0
    return plain


def fit_boost(plain: Array, boosted: Array, sources: Mask, start: Array) -> BoostFit:
    """Fit win counts (B,n,n) of both kinds, the less distorted version won, from `start` (B,n+2).

    `sources` (n,) marks the versions at 0. Scores of start are distortions, then g_1 and g_2.
    """
    n = plain.shape[-1]
    free = np.append(~sources, [True, True])
    objective = boost_objective(plain, boosted, sources)
    peak = maximise(objective, start[:, free], np.zeros((free.sum(), free.sum())))
    point = np.zeros((len(start), n + 2))
    point[:, free] = peak.scores
    point[~peak.converged] = np.nan
    return BoostFit(point[:, :n], point[:, n:], peak.converged)


def boost_objective(plain: Array, boosted: Array, sources: Mask) -> "_Objective":
    """Build the log-likelihood of both kinds over the distortions of what is no source, g_1 and g_2."""
    return _Objective(plain, boosted, sources)


def rough_start(plain: Array, boosted: Array, sources: Mask) -> Array:
    """Start (n+2,) of one study: softened boosted distortions over the slope of the plain ones."""
    scales = [_softened(counts, sources) for counts in (plain, boosted)]
    seen = [(counts + counts.T).any(axis=0) for counts in (plain, boosted)]
    both = seen[0] & seen[1] & ~sources
    products = (scales[0] * scales[1])[both].sum(), (scales[0] ** 2)[both].sum()
    slope = products[0] / products[1] if products[1] > 0 else 1.0
    slope = slope if slope > 0 else 1.0
    jnd = np.where(seen[1], scales[1] / slope, scales[0])
    return np.concatenate([np.where(sources, 0.0, jnd), [slope, 0.0]])


def _softened(counts: Array, sources: Mask) -> Array:
    """Distortions (n,) of votes with half a vote more on either side of each pair."""
    softened = counts + 0.5 * (counts + counts.T > 0)
    labels = components(softened)
    scores = np.nan_to_num(fit_best(softened, "none", labels))
    zeros = np.zeros(len(counts))
    for label in np.unique(labels):
        own = labels == label
        zeros[own] = scores[own & sources].mean() if (own & sources).any() else scores[own].max()
    return zeros - scores


class _Objective:
    """Log-likelihood with its derivatives; the concave part leaves out the bend of the mapping."""

    def __init__(self, plain: Array, boosted: Array, sources: Mask) -> None:
        self.plain, self.boosted = (likelihood(Pairs.of(counts)) for counts in (plain, boosted))
        self.sources, self.n = sources, plain.shape[-1]

    def __call__(self, point: Array, rows: Rows) -> Terms:
        n, free = self.n, np.append(~self.sources, [True, True])
        full = np.zeros((len(point), n + 2))
        full[:, free] = point
        d, linear, square = full[:, :n], full[:, LINEAR, None], full[:, SQUARE, None]
        seen, larger = self.plain(-d, rows), self.boosted(-boost(d, full[:, n:]), rows)
        slope = np.zeros((len(point), n, n + 2))  # of the boosted distortions along all parameters
        diagonal = np.arange(n)
        slope[:, diagonal, diagonal] = linear + 2 * square * d
        slope[:, :, LINEAR], slope[:, :, SQUARE] = d, d**2
        pull = -larger.gradient  # along the boosted distortions
        gradient = (pull[:, None, :] @ slope)[:, 0]
        gradient[:, :n] -= seen.gradient
        concave = slope.swapaxes(1, 2) @ larger.hessian @ slope
        concave[:, :n, :n] += seen.hessian
        hessian = concave.copy()
        hessian[:, diagonal, diagonal] += 2 * square * pull
        for place, bend in ((LINEAR, pull), (SQUARE, 2 * d * pull)):
            hessian[:, :n, place] += bend
            hessian[:, place, :n] += bend
        both = np.ix_(np.arange(len(point)), free, free)
        return Terms(seen.value + larger.value, gradient[:, free], hessian[both], concave[both])
