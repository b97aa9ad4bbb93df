"""The test of lack of fit."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize

from tests.analysis.made import counts, matrix
from uplapp.analysis.model.checks import goodness_of_fit, goodness_within
from uplapp.analysis.model.objective import SIGMA, fit_best, preference
from uplapp.analysis.reading.published import published


# Lack of fit of Engman & Nilsson's tables (2020), to the two digits it was known before this module.
@pytest.mark.parametrize(("name", "p"), [("denoising", 0.88), ("mri", 0.62)])
def test_published_tables_fit_one_line(name, p):
    fit = goodness_of_fit(published(name).wins.sum(axis=0))
    assert fit.df == 10  # 15 pairs, 5 distances
    assert stats.chi2.sf(fit.g2, 10) == pytest.approx(p, abs=0.005)
    assert fit.p == pytest.approx(p, abs=0.02)  # 112 votes per pair are nearly chi squared


def test_a_circle_of_preferences_by_hand():
    # the symmetric optimum is all scores equal; each pair is 75:25 against 50:50
    fit = goodness_of_fit(matrix((0, 75, 25), (25, 0, 75), (75, 25, 0)).wins[0])
    assert fit.df == 1
    assert fit.g2 == pytest.approx(2 * 3 * (75 * np.log(1.5) + 25 * np.log(0.5)))


def test_of_many_votes_it_is_chi_squared():
    fit = goodness_of_fit(matrix((0, 520, 480), (480, 0, 520), (520, 480, 0)).wins[0])
    assert 0.001 < fit.p < 0.1
    assert fit.p == pytest.approx(stats.chi2.sf(fit.g2, 1))


def test_of_few_votes_it_is_scaled_to_their_moments():
    votes = matrix((0, 4, 2, 3), (2, 0, 4, 3), (4, 2, 0, 1), (3, 3, 5, 0)).wins[0]
    fit = goodness_of_fit(votes)
    scores = fit_best(votes, "none", np.zeros(4, dtype=int))
    mean, second = -3.0, -6.0
    for i, j in combinations(range(4), 2):
        law, won = stats.binom(6, preference(scores[i] - scores[j])), np.arange(7)
        far = 2 * (stats.binom.logpmf(won, 6, won / 6) - law.logpmf(won))
        mean += (own := law.expect(lambda k, far=far: far[k.astype(int)]))
        second += law.expect(lambda k, far=far: far[k.astype(int)] ** 2) - own**2
    assert mean > fit.df
    assert fit.p == pytest.approx(stats.gamma.sf(fit.g2, mean**2 / second, scale=second / mean))


def test_too_few_votes_for_the_worse_condition_have_no_test():
    fit = goodness_of_fit(matrix((0, 2, 1), (1, 0, 2), (2, 1, 0)).wins[0])
    assert (fit.df, np.isnan(fit.p), np.isfinite(fit.g2)) == (1, True, True)


@pytest.mark.parametrize("votes", [6, 8])
def test_few_votes_in_many_scenes_do_not_add_up_to_a_lack_of_fit(votes):
    generator = np.random.default_rng(votes)
    scores = np.array([0.5, 0.2, -0.1, -0.5])
    p = [
        goodness_within(np.array([counts(scores, votes, generator) for _ in range(20)])).p for _ in range(30)
    ]
    assert np.mean(np.array(p) < 0.05) <= 0.17  # of chi squared .39 and .33


def test_votes_exactly_on_one_line_have_no_lack_of_fit():
    scores = np.array([0.7, 0.1, -0.8])
    fit = goodness_of_fit(1000 * preference(scores[:, None] - scores) * (1 - np.eye(3)))
    assert fit.g2 == pytest.approx(0, abs=1e-8)
    assert fit.p == pytest.approx(1, abs=1e-3)


def test_a_tree_of_pairs_has_nothing_left_to_test():
    fit = goodness_of_fit(matrix((0, 8, 0), (2, 0, 6), (0, 4, 0)).wins[0])
    assert fit.g2 == pytest.approx(0, abs=1e-8)
    assert (fit.df, np.isnan(fit.p)) == (0, True)


def test_islands_are_tested_together_and_each_costs_a_zero_point():
    circle = np.array([[0, 75, 25], [25, 0, 75], [75, 25, 0.0]])
    both = np.kron(np.eye(2), circle)
    one, two = goodness_of_fit(circle), goodness_of_fit(both)
    assert (two.df, two.g2) == (2, pytest.approx(2 * one.g2))


def test_votes_that_do_not_fix_the_scores_are_not_tested():
    fit = goodness_of_fit(matrix((0, 9, 9), (0, 0, 5), (0, 4, 0)).wins[0])
    assert np.isnan([fit.g2, fit.p]).all()


def test_it_is_the_likelihood_ratio_of_binomial_votes():
    wins = counts(np.array([0.5, 0.0, -0.4, 0.2]), 30, np.random.default_rng(1))
    first, second = np.triu_indices(4, 1)
    m, n = wins[first, second], 30
    from_scipy = stats.binom.logpmf(m, n, m / n).sum() - max_log_likelihood(m, n, first, second)
    assert goodness_of_fit(wins).g2 == pytest.approx(2 * from_scipy, abs=1e-5)


CIRCLE = np.array([[0, 75, 25], [25, 0, 75], [75, 25, 0.0]])


def test_circles_that_run_round_the_other_way_in_another_scene_are_lack_of_fit():
    pooled, within = goodness_of_fit(CIRCLE + CIRCLE.T), goodness_within(np.array([CIRCLE, CIRCLE.T]))
    assert pooled.g2 == pytest.approx(0, abs=1e-8)
    assert within.g2 == pytest.approx(2 * goodness_of_fit(CIRCLE).g2)
    assert within.df == 2


def test_scores_that_differ_by_scene_are_no_lack_of_fit():
    scores = np.array([0.7, 0.1, -0.8])
    line = 100 * preference(scores[:, None] - scores) * (1 - np.eye(3))
    assert goodness_within(np.array([line, line.T])).g2 == pytest.approx(0, abs=1e-8)


def test_in_one_scene_it_is_the_usual_test():
    assert goodness_within(CIRCLE[None]) == goodness_of_fit(CIRCLE)


def test_of_a_scene_only_pairs_count_whose_distance_its_votes_fix():
    unanimous = np.array([[0, 9, 9], [0, 0, 5], [0, 4, 0.0]])
    assert goodness_within(np.array([CIRCLE, unanimous])) == goodness_of_fit(CIRCLE)


def max_log_likelihood(m, n, first, second):
    """Least negative log-likelihood of four scores, without our solver."""

    def descent(free):
        q = np.r_[free, 0.0]
        return -stats.binom.logpmf(m, n, stats.norm.cdf((q[first] - q[second]) / SIGMA)).sum()

    return -minimize(descent, np.zeros(3), method="BFGS").fun


def test_under_the_model_about_one_study_in_twenty_lacks_fit():
    generator = np.random.default_rng(0)
    p = [goodness_of_fit(counts(np.array([0.6, 0.1, -0.2, -0.5]), 60, generator)).p for _ in range(400)]
    assert 0.025 < np.mean(np.array(p) < 0.05) < 0.08  # 400 looks at .05: two and a half standard errors
