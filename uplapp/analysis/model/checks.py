"""Checks beside the scores: do scores on one line explain the votes, and what does another model say?"""

from dataclasses import dataclass

import choix
import numpy as np
from scipy.special import chdtrc, xlogy

from uplapp.analysis.model.connectivity import components, strong_components
from uplapp.analysis.model.objective import fit_best, preference
from uplapp.values import Array

ODDS_OF_ONE_JOD = 3.0  # 75 to 25
MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class GoodnessOfFit:
    """Likelihood ratio G^2 with its degrees of freedom and p, NaN where the votes do not decide."""

    g2: float
    df: int
    p: float


def goodness_of_fit(counts: Array) -> GoodnessOfFit:
    """Test pooled win counts (n,n) against the saturated model, at the maximum-likelihood scores (no prior).

    G^2 = 2 sum m ln(m / (n Phi)), df = compared pairs - (conditions - components), p from chi squared: a
    small p says that no scores on one line explain these votes. It takes all votes as independent; votes
    of one observer are not where observers differ, and p is then too small. NaN where the votes do not fix
    the scores; p is NaN too where the scores have as many degrees of freedom as the votes.
    """
    parts, votes = components(counts), counts + counts.T
    df = int(np.triu(votes > 0, 1).sum()) - (len(counts) - len(set(parts)))
    scores = fit_best(counts, "none", parts)
    if (strong_components(counts) != parts).any() or np.isnan(scores).any():
        return GoodnessOfFit(np.nan, df, np.nan)
    expected = votes * preference(scores[:, None] - scores)
    g2 = 2 * float(
        xlogy(counts, np.divide(counts, expected, where=votes > 0, out=np.ones_like(counts))).sum()
    )
    return GoodnessOfFit(max(0.0, g2), df, float(chdtrc(df, max(0.0, g2))) if df else np.nan)


def goodness_within(scenes: Array) -> GoodnessOfFit:
    """Test win counts of each scene (S,n,n) against scores of that scene alone: the sum of G^2 and of df.

    What differs from scene to scene is no lack of fit; `interaction` tests that. Of one scene it is
    `goodness_of_fit`. Of more, a scene counts with the pairs whose distance its votes fix.
    """
    if len(scenes) == 1:
        return goodness_of_fit(scenes[0])
    groups = [strong_components(counts) for counts in scenes]
    tests = [
        goodness_of_fit(counts * (group[:, None] == group))
        for counts, group in zip(scenes, groups, strict=True)
    ]
    g2, df = sum(test.g2 for test in tests), sum(test.df for test in tests)
    return GoodnessOfFit(g2, df, float(chdtrc(df, g2)) if df else np.nan)


def bradley_terry(counts: Array, anchor: int | None = None) -> Array:
    """Fit pooled win counts (n,n) to scores (n,) in JOD by maximum likelihood (Bradley & Terry 1952).

    One JOD is a preference of 75 %, so log odds are divided by ln 3. The mean, or condition `anchor`, is 0.
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
