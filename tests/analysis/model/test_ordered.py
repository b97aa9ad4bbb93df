"""Ordered steps of answers, by hand, by a second optimiser, and where they must agree with plain votes."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import ndtri
from scipy.stats import norm

from uplapp.analysis.model import ORDERED, PRIORS, SIGMA, AnswerFit, coarse, draw_answers, fit_best
from uplapp.analysis.model.answers import answer_objective, fit_answers, fit_best_answers
from uplapp.analysis.reading.votes import to_wins
from uplapp.values import Method

SCORES = np.array([0.8, 0.2, -0.3, -0.7])
THRESHOLDS = np.array([0.3, 1.1, 2.0])
ONE_SCALE = np.zeros(4, dtype=np.intp)
STEPS = Method("none", ties=ORDERED)


def truth_of(side=0.0, thresholds=THRESHOLDS):
    return AnswerFit(SCORES[None], np.array([side]), np.array([thresholds]), np.ones(1, dtype=bool))


def random_answers(votes=30, replicates=1, seed=0, truth=None):
    truth = truth or truth_of()
    questions = np.zeros((2 * truth.thresholds.shape[1] + 1, 4, 4))
    questions[0] = votes * (1 - np.eye(4))
    return draw_answers(truth, questions, replicates, seed)


def test_the_steps_of_two_equal_conditions_by_hand():
    # 20 answers of each kind: |e| < t_1 in a fifth, |e| < t_2 in three fifths
    answers = np.zeros((5, 2, 2))
    answers[:, 0, 1] = 20
    fit = fit_best_answers(answers, STEPS, ONE_SCALE[:2])
    assert fit.scores[0] == pytest.approx([0, 0], abs=1e-9)
    assert fit.thresholds[0] == pytest.approx(SIGMA * ndtri([0.6, 0.8]), abs=1e-8)


def by_scipy(answers):
    """Maximise the likelihood as it is printed, with plain probabilities and no derivatives."""
    first, second = np.nonzero(answers.sum(axis=0))

    def descent(point):
        u, thresholds = point[first] - point[second] + point[4], np.cumsum(np.exp(point[5:]))
        ends = np.concatenate([[-np.inf], -thresholds[::-1], thresholds, [np.inf]])
        below = norm.cdf((ends[:, None] - u) / SIGMA)
        chances = np.diff(below, axis=0)[::-1]
        return -(answers[:, first, second] * np.log(chances)).sum() + point[:4].sum() ** 2

    start = np.r_[np.zeros(5), -1.0, -0.5, -0.5]
    found = minimize(descent, start, method="BFGS", options={"gtol": 1e-5}).x
    return np.r_[found[:5], np.cumsum(np.exp(found[5:]))]


def test_newton_ends_where_a_second_optimiser_does():
    answers = random_answers(truth=truth_of(side=0.3))[0]
    fit = fit_best_answers(answers, Method("none", ties=ORDERED, side_bias=True), ONE_SCALE)
    assert fit.point[0] == pytest.approx(by_scipy(answers), abs=2e-4)


def test_another_program_finds_the_same_scores_and_thresholds():
    # statsmodels 0.15, OrderedModel (probit), every answer entered a second time with its sides exchanged
    answers = np.zeros((5, 3, 3))
    answers[:, 0, 1], answers[:, 0, 2], answers[:, 1, 2] = (
        (9, 14, 6, 5, 2),
        (20, 10, 3, 4, 1),
        (8, 11, 7, 6, 4),
    )
    fit = fit_best_answers(answers, STEPS, ONE_SCALE[:3])
    assert fit.scores[0] == pytest.approx([0.763174468, -0.108145154, -0.655029314], abs=1e-7)
    assert fit.thresholds[0] == pytest.approx([0.340272708, 1.542123381], abs=1e-7)


@pytest.mark.parametrize("prior", PRIORS)
def test_with_one_step_and_nobody_unsure_it_is_the_plain_probit(prior):
    answers = random_answers(truth=truth_of(thresholds=np.zeros(1)))[0]
    fit = fit_best_answers(answers, Method(prior, ties=ORDERED), ONE_SCALE)
    assert fit.scores[0] == pytest.approx(fit_best(to_wins(answers), prior, ONE_SCALE), abs=1e-7)


def test_steps_that_nobody_took_change_nothing():
    answers = random_answers(truth=truth_of(thresholds=np.array([0.4])))[0]
    plain = fit_best_answers(answers, Method("none", ties="threshold"), ONE_SCALE)
    wide = np.zeros((7, 4, 4))
    wide[[2, 3, 4]] = answers
    fit = fit_best_answers(wide, STEPS, ONE_SCALE)
    assert fit.scores == pytest.approx(plain.scores, abs=1e-7)
    assert fit.thresholds[0, 0] == pytest.approx(plain.tie[0], abs=1e-7)
    assert np.isnan(fit.thresholds[0, 1:]).all()
    wide[:] = 0
    wide[[0, 3, 6]] = answers  # all steps taken are the last
    far = fit_best_answers(wide, STEPS, ONE_SCALE)
    assert far.scores == pytest.approx(plain.scores, abs=1e-7)
    assert far.thresholds[0] == pytest.approx([plain.tie[0]] * 3, abs=1e-7)


def test_a_model_without_steps_sees_plain_votes():
    answers = random_answers()[0]
    for ties in ("half", "threshold"):
        fits = [fit_best_answers(x, Method("none", ties=ties), ONE_SCALE) for x in (answers, coarse(answers))]
        assert fits[0].point == pytest.approx(fits[1].point, abs=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
def test_slopes_and_curvatures_are_those_of_the_value(prior):
    method = Method(prior, ties=ORDERED, side_bias=True)
    objective, size, step = answer_objective(random_answers(votes=5), method), 8, 1e-5
    row, point = np.zeros(size, dtype=int), np.array([0.5, 0.3, -0.2, -0.6, 0.1, 0.3, 0.6, 0.8])
    terms = objective(point[None], row[:1])
    up, down = (objective(point + sign * step * np.eye(size), row) for sign in (1, -1))
    assert (up.value - down.value) / (2 * step) == pytest.approx(terms.gradient[0], abs=1e-6)
    assert (up.gradient - down.gradient) / (2 * step) == pytest.approx(terms.hessian[0], abs=1e-5)


def test_known_scores_and_thresholds_are_recovered():
    fit = fit_best_answers(random_answers(votes=20_000)[0], STEPS, ONE_SCALE)
    assert fit.scores[0] == pytest.approx(SCORES - SCORES.mean(), abs=0.03)
    assert fit.thresholds[0] == pytest.approx(THRESHOLDS, abs=0.03)


def test_steps_make_scores_sharper_than_plain_votes():
    answers = random_answers(votes=40, replicates=60)
    start = fit_best_answers(answers[0], STEPS, ONE_SCALE).repeat(60)
    errors = []
    for ties in (ORDERED, "threshold", "half"):
        scores = fit_answers(answers, Method("none", ties=ties), start, ONE_SCALE).scores
        errors.append(np.sqrt(((scores - SCORES + SCORES.mean()) ** 2).mean()))
    assert errors[0] < errors[1] < 1.05 * errors[2]


def test_drawn_answers_follow_the_zones():
    drawn = random_answers(votes=100_000)[0]
    ends = np.r_[-np.inf, -THRESHOLDS[::-1], THRESHOLDS, np.inf]
    shares = np.diff(norm.cdf((ends - (SCORES[0] - SCORES[2])) / SIGMA))[::-1]
    assert drawn[:, 0, 2] / 100_000 == pytest.approx(shares, abs=0.01)
