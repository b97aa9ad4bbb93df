"""How far the place of the first-named condition attracts votes, whatever the scores are."""

import numpy as np
from scipy import stats

from uplapp.analysis.arrays import Array
from uplapp.analysis.model.answers import answer_objective, fit_best_answers
from uplapp.analysis.model.connectivity import strong_components
from uplapp.analysis.reading.comparisons import to_wins
from uplapp.values import Estimate, Method

LEVEL = 0.95
UNKNOWN = Estimate(np.nan, np.nan)


def side_bias(answers: Array) -> Estimate:
    """Estimate the side bias b of answers (K,3,n,n) in JOD, positive where A's place attracts votes.

    One fit without a prior, "not sure" as half votes; se from the sandwich over whole observers (Liang &
    Zeger 1986) times sqrt(K / (K - 1)), or from the information where there is one observer. NaN where the
    votes do not fix it, as when every pair was only ever shown in one order.
    """
    labels = strong_components(to_wins(answers).sum(axis=0))
    answers = answers * (labels[:, None] == labels)  # pairs with one winner say nothing, at infinite distance
    method = Method(prior="none", side_bias=True)
    if not answers.any():
        return UNKNOWN
    fit = fit_best_answers(answers.sum(axis=0), method, labels)
    if not fit.converged[0]:
        return UNKNOWN
    observers = len(answers)
    terms = answer_objective(answers, method)(np.repeat(fit.point, observers, axis=0), np.arange(observers))
    gauge = np.pad((labels[:, None] == labels).astype(float), (0, 2))
    covariance = np.linalg.inv(gauge - terms.hessian.sum(axis=0))
    if observers > 1:
        clusters = terms.gradient.T @ terms.gradient * observers / (observers - 1)
        covariance = covariance @ clusters @ covariance
    return Estimate(float(fit.side[0]), float(np.sqrt(covariance[-2, -2])))


def is_unknown(side: Estimate | None) -> bool:
    """Whether the votes leave the side bias open."""
    return side is None or bool(np.isnan(side.jod))


def is_off_zero(side: Estimate, observers: int) -> bool:
    """Whether a side bias is more than chance at the 5 % level, by Student's t over K observers."""
    freedom = observers - 1 if observers > 1 else np.inf
    return bool(abs(side.jod) > side.se * stats.t.ppf((1 + LEVEL) / 2, freedom))
