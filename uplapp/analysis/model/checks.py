"""Checks beside the scores: do scores on one line explain the votes, and what does another model say?"""

from dataclasses import dataclass

import choix
import numpy as np
from scipy.special import chdtrc, gammaln, xlogy

from uplapp.analysis.model.connectivity import components, strong_components
from uplapp.analysis.model.objective import fit_best, preference
from uplapp.values import Array, Rows

ODDS_OF_ONE_JOD = 3.0  # 75 to 25
MOST_ITERATIONS = 1000
LEAST_DISSENT = 1.75  # votes for the worse condition of a pair, on average, from which the test keeps its 5%
MOST_EXACT = 500  # votes per pair: of more the deviance is chi squared


@dataclass(frozen=True)
class GoodnessOfFit:
    """Likelihood ratio G^2 with its degrees of freedom and p, NaN where the votes do not decide."""

    g2: float
    df: int
    p: float


def goodness_of_fit(counts: Array) -> GoodnessOfFit:
    """Test pooled win counts (n,n) against the saturated model, at the maximum-likelihood scores (no prior).

    G^2 = 2 sum m ln(m / (n Phi)), df = compared pairs - (conditions - components). p is that of chi squared,
    scaled to the mean and variance that G^2 has with so many votes per pair: a small p says that no scores on
    one line explain these votes. It takes all votes as independent; votes of one observer are not where
    observers differ, and p is then too small. NaN where the votes do not fix the scores; p is NaN too where
    the scores have as many degrees of freedom as the votes, or where the worse condition of a pair expects
    fewer than LEAST_DISSENT votes on average.
    """
    return _total([_Fit.of(counts)])


def goodness_within(scenes: Array) -> GoodnessOfFit:
    """Test win counts of each scene (S,n,n) against scores of that scene alone: the sum of G^2 and of df.

    What differs from scene to scene is no lack of fit; `interaction` tests that. Of one scene it is
    `goodness_of_fit`. Of more, a scene counts with the pairs whose distance its votes fix.
    """
    if len(scenes) == 1:
        return goodness_of_fit(scenes[0])
    groups = [strong_components(counts) for counts in scenes]
    return _total(
        [_Fit.of(counts * (group[:, None] == group)) for counts, group in zip(scenes, groups, strict=True)]
    )


@dataclass(frozen=True)
class _Fit:
    """G^2 of a table, its df, mean and variance, compared pairs, and votes expected for the worse."""

    g2: float
    df: int
    mean: float
    variance: float
    pairs: int
    dissent: float

    @classmethod
    def of(cls, counts: Array) -> "_Fit":
        """Fit win counts (n,n). G^2 is NaN where the counts do not fix the scores, and 0 where df is 0."""
        parts, votes = components(counts), counts + counts.T
        first, second = np.nonzero(np.triu(votes, 1))
        free, pairs, cast = len(counts) - len(set(parts)), first.size, votes[first, second]
        df = pairs - free
        scores = fit_best(counts, "none", parts)
        if (strong_components(counts) != parts).any() or np.isnan(scores).any():
            return cls(np.nan, df, np.nan, np.nan, pairs, np.nan)
        share = preference(scores[first] - scores[second])
        if not df:
            return cls(0.0, 0, 0.0, 0.0, 0, 0.0)
        g2 = max(0.0, float(_deviance(counts[first, second], cast, share).sum()))
        dissent = float((cast * np.minimum(share, 1 - share)).sum())
        mean, variance = _moments(np.rint(cast).astype(int), share)
        # Each score that is fitted takes away a chi squared of one degree of freedom.
        return cls(g2, df, mean.sum() - free, variance.sum() - 2 * free, pairs, dissent)


def _total(fits: list[_Fit]) -> GoodnessOfFit:
    names = ("g2", "df", "mean", "variance", "pairs", "dissent")
    g2, df, mean, variance, pairs, dissent = (sum(getattr(fit, name) for fit in fits) for name in names)
    if not (df and mean > 0 and variance > 0 and dissent >= LEAST_DISSENT * pairs):
        return GoodnessOfFit(g2, df, np.nan)
    return GoodnessOfFit(g2, df, float(chdtrc(2 * mean**2 / variance, 2 * mean * g2 / variance)))


def _deviance(won: Array, votes: Array, share: Array) -> Array:
    """Twice the log-likelihood by which shares won / votes lie above the expected ones."""
    lost = votes - won
    above = xlogy(won, won) - xlogy(won, votes * share) + xlogy(lost, lost) - xlogy(lost, votes * (1 - share))
    deviance: Array = 2 * above
    return deviance


def _moments(votes: Rows, share: Array) -> tuple[Array, Array]:
    """Mean and variance (P,) of the deviance of binomial votes (P,), 1 and 2 of more than MOST_EXACT."""
    mean, variance = np.ones(votes.size), np.full(votes.size, 2.0)
    for number in np.unique(votes[votes <= MOST_EXACT]):
        some = votes == number
        won, chance = np.arange(number + 1.0)[:, None], share[some]
        ways = gammaln(number + 1) - gammaln(won + 1) - gammaln(number - won + 1)
        weight = np.exp(ways + xlogy(won, chance) + xlogy(number - won, 1 - chance))
        deviance = _deviance(won, np.full_like(won, number), chance)
        mean[some] = (weight * deviance).sum(axis=0)
        variance[some] = (weight * deviance**2).sum(axis=0) - mean[some] ** 2
    return mean, variance


def bradley_terry(counts: Array, anchor: int | None = None) -> Array:
    """Fit pooled win counts (n,n) to scores (n,) in JOD by maximum likelihood (Bradley & Terry 1952).

    One JOD is a preference of 75%, so log odds are divided by ln 3. The mean, or condition `anchor`, is 0.
    All NaN where the votes do not fix the scores, or the iteration did not end (Maystre & Grossglauser 2015).
    """
    undefined = np.full(len(counts), np.nan)
    if len(set(strong_components(counts))) > 1:
        return undefined
    try:
        with np.errstate(all="ignore"):  # what overflows never settles, and ends below
            log_odds = choix.ilsr_pairwise_dense(np.asarray(counts, dtype=float), max_iter=MOST_ITERATIONS)
    except (RuntimeError, ValueError):  # not converged, or a chain too lopsided for its arithmetic
        return undefined
    zero = log_odds.mean() if anchor is None else log_odds[anchor]
    jod: Array = (log_odds - zero) / np.log(ODDS_OF_ONE_JOD)
    return jod
