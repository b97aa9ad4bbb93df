"""Bradley-Terry scores of the same votes, to lay beside Thurstone's; never mixed with them."""

import choix
import numpy as np

from uplapp.analysis.arrays import Array
from uplapp.analysis.model.connectivity import strong_components

ODDS_OF_ONE_JOD = 3.0  # 75 to 25
MOST_ITERATIONS = 1000


def bradley_terry(counts: Array, anchor: int | None = None) -> Array:
    """Fit pooled win counts (n,n) by maximum likelihood (Bradley & Terry 1952); returns (n,) in JOD.

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
