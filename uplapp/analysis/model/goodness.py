"""Whether scores on one line can explain the votes at all."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, xlogy

from uplapp.analysis.arrays import Array
from uplapp.analysis.model.connectivity import components, strong_components
from uplapp.analysis.model.objective import preference
from uplapp.analysis.model.thurstone import fit_best


@dataclass(frozen=True)
class GoodnessOfFit:
    """Likelihood ratio G^2 with its degrees of freedom and p; NaN where the votes cannot tell."""

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
