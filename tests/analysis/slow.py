"""The published objective once more, slowly: ordered pairs, no grouping, no derivatives, no batches."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_ndtr, logsumexp

SIGMA, FLOOR = 1.4826, 0.1


def prior(wins, scores):
    """Sum of ln(pi_c + 0.1) over the ordered pairs c (Perez-Ortiz & Mantiuk 2017)."""
    votes = wins + wins.T
    ordered = np.argwhere(votes > 0)
    x = (scores[ordered[:, 0]] - scores[ordered[:, 1]]) / SIGMA
    pi = np.zeros(len(ordered))
    for i, j in ordered:
        m, n = wins[i, j], votes[i, j]
        m = 1 if m == 0 else (n - 1 if m == n else m)
        column = m * log_ndtr(x) + (n - m) * log_ndtr(-x)
        pi += np.exp(column - logsumexp(column))
    return np.log(pi + FLOOR).sum()


def value(wins, scores, with_prior):
    """Log-likelihood over ordered pairs, with or without the prior."""
    x = (scores[:, None] - scores) / SIGMA
    votes = 2 * (wins * log_ndtr(x)).sum()
    return votes + prior(wins, scores) if with_prior else votes


def fit(wins, with_prior, start):
    """Scores with mean 0 by a derivative-free climb from `start`, each time from where the last one ended."""
    for _ in range(3):
        solution = minimize(lambda q: -value(wins, q, with_prior), start, method="BFGS")
        start = solution.x
    return start - start.mean()
