"""Case III: by hand, beside a slow fit, on simulated votes."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.special import chdtrc
from scipy.stats import kstest, norm

from uplapp.analysis.model.unequal import _negative, unequal_variances

SIGMA = 1.4826
SCORES = np.array([-1.2, -0.4, 0.1, 0.5, 1.0])
SPREADS = np.array([0.5, 1.0, 2.0, 1.0, 1.0])


def chances(spreads):
    width = SIGMA * np.sqrt((spreads[:, None] ** 2 + spreads**2) / 2)
    return norm.cdf((SCORES[:, None] - SCORES) / width)


def votes(spreads=SPREADS, each=200, seed=0):
    upper = np.triu(np.random.default_rng(seed).binomial(each, chances(spreads)), 1)
    return upper + np.tril(each - upper.T, -1).astype(float)


def test_votes_that_follow_case_five_exactly_have_equal_spreads_as_by_hand():
    counts = 1000 * chances(np.ones(5))
    np.fill_diagonal(counts, 0)
    fit = unequal_variances(counts)
    assert fit.spreads == pytest.approx(np.ones(5), abs=1e-3)
    assert fit.scores == pytest.approx(SCORES, abs=1e-3)
    assert (fit.df, fit.p) == (4, pytest.approx(1, abs=1e-6))
    assert fit.aic == pytest.approx(8, abs=1e-3)


def test_votes_that_follow_case_three_exactly_have_their_spreads_back():
    counts = 1000 * chances(SPREADS)
    np.fill_diagonal(counts, 0)
    fit = unequal_variances(counts)
    average = np.exp(np.log(SPREADS).mean())
    assert fit.spreads == pytest.approx(SPREADS / average, abs=0.01)
    assert fit.scores == pytest.approx(SCORES / average, abs=0.01)
    assert fit.p < 1e-6
    assert fit.aic < 0


def test_of_many_conditions_too_the_spreads_are_found_back():
    scores, spreads = np.linspace(-2, 2, 60), np.where(np.arange(60) % 3, 1.0, 2.0)
    width = SIGMA * np.sqrt((spreads[:, None] ** 2 + spreads**2) / 2)
    counts = 1000 * norm.cdf((scores[:, None] - scores) / width)
    np.fill_diagonal(counts, 0)
    average = np.exp(np.log(spreads).mean())
    assert unequal_variances(counts).spreads == pytest.approx(spreads / average, abs=0.01)


def test_the_slope_is_that_of_the_value():
    point = np.concatenate([SCORES, [0.1, -0.2, 0.3, 0.0, 0.2]])
    slow = approx_fprime(point, lambda x: _negative(x, votes())[0], 1e-7)
    assert _negative(point, votes())[1] == pytest.approx(slow, abs=1e-5)


def test_the_ratio_is_that_of_slow_fits():
    counts = votes(seed=3)

    def negative(q, squares):
        width = SIGMA * np.sqrt((squares[:, None] + squares) / 2)
        return -(counts * norm.logcdf((q[:, None] - q) / width)).sum()

    def unequal(x):  # the first spread is 1, the first score 0
        return negative(np.concatenate([[0], x[:4]]), np.concatenate([[1], np.exp(x[4:])]))

    wide = minimize(unequal, np.concatenate([SCORES[1:] - SCORES[0], np.zeros(4)]), method="BFGS").fun
    same = minimize(lambda x: negative(np.concatenate([[0], x]), np.ones(5)), SCORES[1:], method="BFGS").fun
    assert unequal_variances(counts).ratio == pytest.approx(2 * (same - wide), abs=1e-3)


def test_p_is_uniform_where_spreads_are_equal():
    found = [unequal_variances(votes(np.ones(5), seed=seed)).p for seed in range(40)]
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) < 0.05) < 0.16


def test_names_in_another_order_change_nothing():
    counts, order = votes(seed=1), np.array([3, 0, 4, 2, 1])
    plain, other = unequal_variances(counts), unequal_variances(counts[np.ix_(order, order)])
    assert other.ratio == pytest.approx(plain.ratio, abs=1e-3)
    assert other.spreads == pytest.approx(plain.spreads[order], abs=1e-2)


@pytest.mark.parametrize(
    "counts",
    [
        votes()[:3, :3],
        np.triu(np.ones((5, 5)), 1) * 10,
        np.diag(np.ones(4), 1) * 5 + np.diag(np.ones(4), -1) * 5,
    ],
    ids=["three conditions", "unanimous", "a chain"],
)
def test_votes_that_cannot_tell_have_no_fit(counts):
    assert unequal_variances(counts) is None


def test_few_votes_are_not_taken_for_unequal_spreads():
    # chi squared alone would find unequal spreads here (p < .05); ratios of so few votes are larger
    rng = np.random.default_rng(1)
    for _ in range(40):
        q = 0.7 * rng.normal(size=10)
        upper = np.triu(rng.binomial(12, norm.cdf((q[:, None] - q) / SIGMA)), 1)
        fit = unequal_variances(upper + np.tril(12 - upper.T, -1).astype(float))
        if fit is not None and fit.drawn:
            break
    assert chdtrc(fit.df, fit.ratio) < 0.05 < fit.p
