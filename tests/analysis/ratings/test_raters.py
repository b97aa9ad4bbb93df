"""Scores without the raters' bias: by hand, beside slow fits, beside sureal, on simulated raters."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from tests.analysis import rated
from uplapp.analysis.ratings.raters import (
    Sheet,
    fit_raters,
    jackknife_se,
    plain_likelihood,
    rater_likelihood,
)
from uplapp.errors import UnknownName

RESIDUALS = np.array([[1, -1, 1, -1], [-1, 1, -1, 1], [1, -1, -1, 1], [-1, 1, 1, -1]])


def sheet(ratings):
    observer, image = np.nonzero(np.isfinite(ratings))
    return Sheet.of(observer, image, ratings[observer, image])


def drawn(observers=8, images=20, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    scores, bias = rng.uniform(1, 5, images), rng.normal(0, 0.4, observers)
    spread = rng.uniform(0.5, 1.0, observers)
    ratings = scores + bias[:, None] + spread[:, None] * rng.normal(size=(observers, images))
    ratings[rng.random(ratings.shape) < missing] = np.nan
    return ratings, scores, bias - bias.mean(), spread


def negative(parameters, ratings):
    """Minus the log-likelihood of scores, bias and log inconsistency, with its slope."""
    people, images = ratings.shape
    scores, bias, log_v = np.split(parameters, [images, images + people])
    values = norm.logpdf(ratings, scores + bias[:, None], np.exp(log_v)[:, None])
    pull = (ratings - scores - bias[:, None]) * np.exp(-2 * log_v)[:, None]
    spread = pull * (ratings - scores - bias[:, None]) - 1 + 0 * ratings
    own = np.nansum(pull, axis=1) - 2 * bias.sum()
    slope = np.concatenate([np.nansum(pull, axis=0), own, np.nansum(spread, axis=1)])
    return -np.nansum(values) + bias.sum() ** 2, -slope


def restricted(log_v, ratings):
    """Minus the restricted log-likelihood, by matrices of all ratings at once."""
    people, images = ratings.shape
    design = np.column_stack(
        [np.kron(np.ones((people, 1)), np.eye(images)), np.kron(np.eye(people), np.ones((images, 1)))]
    )[:, :-1]
    weight = np.repeat(np.exp(-2 * log_v), images)
    information = design.T @ (weight[:, None] * design)
    fitted = design @ np.linalg.solve(information, design.T @ (weight * ratings.ravel()))
    square = (weight * (ratings.ravel() - fitted) ** 2).sum()
    return 0.5 * (square - np.log(weight).sum() + np.linalg.slogdet(information)[1])


def test_raters_who_are_equally_consistent_as_by_hand():
    bias = np.array([-0.5, 0.5, 0.25, -0.25])
    ratings = np.arange(1.0, 5.0) + bias[:, None] + RESIDUALS
    ml, reml = (fit_raters(sheet(ratings), name) for name in ("ml", "reml"))
    assert ml.scores == pytest.approx([1, 2, 3, 4])
    assert ml.bias == pytest.approx(bias)
    assert ml.inconsistency == pytest.approx([1, 1, 1, 1])
    # 16 ratings less 4 scores and 3 biases leave 9 of 16
    assert reml.inconsistency == pytest.approx([4 / 3] * 4)
    assert ml.bias_se == pytest.approx([1 / 2] * 4)
    assert ml.inconsistency_se == pytest.approx([8**-0.5] * 4)
    assert rater_likelihood(sheet(ratings)) == (pytest.approx(-8 * (np.log(2 * np.pi) + 1)), 4 + 2 * 4 - 1)


def test_mean_ratings_have_a_density_of_their_own_as_by_hand():
    table = pd.DataFrame({"image": ["a", "a", "b", "b"], "rating": [1.0, 3.0, 2.0, 2.0]})
    value, parameters = plain_likelihood(table)
    assert value == pytest.approx(2 * norm.logpdf(1, 2, 2**0.5))  # b adds nothing
    assert parameters == 4


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_the_peak_is_that_of_a_slow_fit_of_the_likelihood(seed):
    ratings = drawn(24, 20, seed=seed, missing=0.2)[0]
    fit = fit_raters(sheet(ratings), "ml")
    start = np.concatenate([np.nanmean(ratings, axis=0), np.zeros(24), np.log(np.full(24, 0.6))])
    slow = minimize(negative, start, args=(ratings,), method="L-BFGS-B", jac=True, tol=1e-14)
    assert fit.scores == pytest.approx(slow.x[:20], abs=1e-4)
    assert fit.bias == pytest.approx(slow.x[20:44], abs=1e-4)
    assert fit.inconsistency == pytest.approx(np.exp(slow.x[44:]), abs=1e-4)
    assert rater_likelihood(sheet(ratings))[0] == pytest.approx(-slow.fun, abs=1e-6)


def test_the_restricted_peak_is_that_of_a_slow_fit():
    ratings = drawn(6, 10, seed=5)[0]
    slow = minimize(restricted, np.log(np.full(6, 0.6)), args=(ratings,), method="BFGS")
    assert fit_raters(sheet(ratings)).inconsistency == pytest.approx(np.exp(slow.x), abs=1e-4)


@pytest.mark.parametrize("likelihood", ["reml", "ml"])
def test_simulated_raters_are_found_again(likelihood):
    ratings, scores, bias, spread = drawn(30, 300, seed=1)
    fit = fit_raters(sheet(ratings), likelihood)
    assert np.corrcoef(fit.inconsistency, spread)[0, 1] > 0.95
    assert fit.bias == pytest.approx(bias, abs=4 * fit.bias_se.max())
    apart = (fit.scores - scores) - (fit.scores - scores).mean()
    assert 0.8 < apart.std() / fit.scores_se.mean() < 1.2
    assert apart.std() < (ratings.mean(axis=0) - scores).std()


class TestProperties:
    def test_a_generous_rater_has_another_bias_and_nothing_else_moves(self):
        ratings = drawn()[0]
        generous = ratings + np.where(np.arange(8) == 2, 3.0, 0.0)[:, None]
        plain, moved = fit_raters(sheet(ratings)), fit_raters(sheet(generous))
        assert moved.scores - plain.scores == pytest.approx([3 / 8] * 20)
        assert moved.bias[2] - plain.bias[2] == pytest.approx(3 * 7 / 8)
        assert moved.inconsistency == pytest.approx(plain.inconsistency)

    def test_a_rater_who_tosses_a_coin_hardly_counts(self):
        ratings, scores, _, _ = drawn(10, 40, seed=4)
        ratings[0] = np.random.default_rng(9).integers(1, 6, 40)
        fit = fit_raters(sheet(ratings))
        assert fit.inconsistency.argmax() == 0
        apart = [np.std(found - scores) for found in (fit.scores, ratings.mean(axis=0))]
        assert apart[0] < 0.9 * apart[1]

    def test_the_jackknife_of_a_mean_is_its_standard_error(self):
        values = np.random.default_rng(0).normal(size=(9, 1))
        replicates = (values.sum() - values) / 8
        assert jackknife_se(replicates) == pytest.approx(values.std(ddof=1) / 3)


@pytest.mark.parametrize("people", [1, 2])
def test_so_few_raters_have_no_scores(people):
    fit = fit_raters(sheet(drawn(people)[0]))
    assert np.isnan(fit.scores).all()


def test_raters_without_a_common_image_have_no_scores():
    ratings = drawn(6, 10)[0]
    ratings[:3, 5:] = ratings[3:, :5] = np.nan
    assert np.isnan(fit_raters(sheet(ratings)).scores).all()


def test_a_rater_who_explains_himself_exactly_has_no_peak():
    ratings = np.arange(8.0) + rated.draw(4, 1, 0)[:, :1, 0] + np.zeros((4, 8))
    assert np.isnan(fit_raters(sheet(ratings), "ml").scores).all()


def test_an_unknown_likelihood_is_refused():
    with pytest.raises(UnknownName, match="likelihood"):
        fit_raters(sheet(drawn()[0]), "map")
