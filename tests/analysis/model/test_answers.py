"""Ties as answers of their own, and the pull of the place: by hand, by a second optimiser, by symmetry."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import ndtri
from scipy.stats import norm

from uplapp.analysis.model.answers import (
    AnswerFit,
    answer_objective,
    draw_answers,
    fit_answers,
    fit_best_answers,
    fold,
)
from uplapp.analysis.model.curves import TIES, log_between
from uplapp.analysis.model.objective import PRIORS, SIGMA, fit_best
from uplapp.analysis.reading.votes import to_wins
from uplapp.values import Method

SCORES = np.array([0.8, 0.2, -0.3, -0.7])
ONE_SCALE = np.zeros(4, dtype=np.intp)
MODELS = [
    Method(prior, ties=ties, side_bias=side_bias)
    for prior in PRIORS
    for ties in TIES
    for side_bias in (False, True)
]


def name(method):
    return f"{method.prior} {method.ties} side={method.side_bias}"


def truth_of(scores=SCORES, side=0.3, tie=0.4):
    return AnswerFit(np.array([scores]), np.array([side]), np.array([[tie]]), np.ones(1, dtype=bool))


def random_answers(votes=5, replicates=1, seed=0, fit=None):
    questions = np.zeros((3, 4, 4))
    questions[0] = votes * (1 - np.eye(4))
    return draw_answers(fit or truth_of(), questions, replicates, seed)


def two(a_first, b_first):
    """Answers (A, not sure, B) of one pair, where the one and where the other was named first."""
    answers = np.zeros((3, 2, 2))
    answers[:, 0, 1], answers[:, 1, 0] = a_first, b_first
    return answers


def best(answers, ties, side_bias, prior="none"):
    method = Method(prior, ties=ties, side_bias=side_bias)
    return fit_best_answers(answers, method, ONE_SCALE[: answers.shape[-1]])


def test_the_tie_zone_of_two_conditions_by_hand():
    # d - t = sigma ndtri(.5), -d - t = sigma ndtri(.2)
    fit = best(two((50, 30, 20), (0, 0, 0)), "threshold", side_bias=False)
    assert fit.scores[0, 0] - fit.scores[0, 1] == pytest.approx(-SIGMA * ndtri(0.2) / 2, abs=1e-9)
    assert fit.tie[0] == pytest.approx(-SIGMA * ndtri(0.2) / 2, abs=1e-9)


def test_the_side_bias_of_two_conditions_by_hand():
    # d + b = sigma ndtri(.8), -d + b = sigma ndtri(.4)
    fit = best(two((80, 0, 20), (40, 0, 60)), "half", side_bias=True)
    assert fit.side[0] == pytest.approx(SIGMA * (ndtri(0.8) + ndtri(0.4)) / 2, abs=1e-9)
    assert -np.diff(fit.scores[0])[0] == pytest.approx(SIGMA * (ndtri(0.8) - ndtri(0.4)) / 2, abs=1e-9)


@pytest.mark.parametrize("method", MODELS, ids=name)
def test_slopes_and_curvatures_are_those_of_the_value(method):
    objective, row, step = answer_objective(random_answers(), method), np.zeros(6, dtype=int), 1e-5
    free = np.array([True] * 4 + [method.side_bias, method.ties != "half"])
    point = np.where(free, [0.5, 0.3, -0.2, -0.6, 0.1, 0.3], 0.0)
    terms = objective(point[None], row[:1])
    up, down = (objective(point + sign * step * np.eye(6), row) for sign in (1, -1))
    assert (up.value - down.value)[free] / (2 * step) == pytest.approx(terms.gradient[0, free], abs=1e-6)
    curvature = (up.gradient - down.gradient)[free][:, free] / (2 * step)
    assert curvature == pytest.approx(terms.hessian[0][free][:, free], abs=1e-5)


@pytest.mark.parametrize("ties", TIES)
@settings(max_examples=30)
@given(point=st.lists(st.floats(-6, 6), min_size=6, max_size=6), seed=st.integers(0, 50))
def test_the_votes_are_concave_in_scores_bias_and_zone_together(ties, point, seed):
    objective = answer_objective(random_answers(seed=seed), Method("none", ties=ties, side_bias=True))
    point[-1] = 0.0 if ties == "half" else abs(point[-1]) + 1e-3
    terms = objective(np.array([point]), np.zeros(1, dtype=int))
    highest = np.linalg.eigvalsh(terms.hessian[0])[-1]
    assert highest <= 1e-9 * np.abs(terms.hessian).max()


def by_scipy(answers):
    """Maximise the likelihood as it is printed, with plain probabilities and no derivatives."""
    first, second = np.nonzero(answers.sum(axis=0))

    def descent(point):
        u, tie = point[first] - point[second] + point[4], np.exp(point[5])
        chances = norm.cdf((u - tie) / SIGMA), norm.cdf((-u - tie) / SIGMA)
        logs = np.log([chances[0], 1 - sum(chances), chances[1]])
        return -(answers[:, first, second] * logs).sum() + point[:4].sum() ** 2

    return minimize(descent, np.r_[np.zeros(5), -1.0], method="BFGS", options={"gtol": 1e-5}).x


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_newton_ends_where_a_second_optimiser_does(seed):
    answers = random_answers(votes=20, seed=seed)[0]
    fit = best(answers, "threshold", side_bias=True).point[0]
    assert np.r_[fit[:5], np.log(fit[5])] == pytest.approx(by_scipy(answers), abs=2e-4)


@pytest.mark.parametrize("method", MODELS, ids=name)
def test_without_ties_or_bias_in_the_answers_every_model_is_the_plain_one(method):
    answers = random_answers(votes=40, fit=truth_of(side=0.0, tie=0.0))[0]
    answers = np.stack([answers[0] + answers[2].T, np.zeros((4, 4)), answers[2] + answers[0].T])
    optimum = fit_best_answers(answers, method, ONE_SCALE)
    assert optimum.scores[0] == pytest.approx(fit_best(to_wins(answers), method.prior, ONE_SCALE), abs=1e-6)
    assert (optimum.side[0], optimum.tie[0]) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("ties", TIES)
def test_known_scores_bias_and_zone_are_recovered(ties):
    truth = truth_of(tie=0.0) if ties == "half" else truth_of()
    best_fit = best(random_answers(votes=4000, fit=truth)[0], ties, side_bias=True)
    assert best_fit.point[0] == pytest.approx(truth.point[0] - np.r_[[SCORES.mean()] * 4, 0, 0], abs=0.05)


@pytest.mark.parametrize("ties", TIES)
def test_exchanging_the_places_turns_the_bias_round_and_leaves_the_scores(ties):
    answers = random_answers(votes=20)[0]
    here, there = (best(x, ties, side_bias=True) for x in (answers, answers[::-1].swapaxes(1, 2)))
    assert there.scores == pytest.approx(here.scores, abs=1e-9)
    turned = best(answers[::-1], ties, side_bias=True)  # every answer the other way
    assert turned.scores == pytest.approx(-here.scores, abs=1e-9)
    assert (turned.side[0], turned.tie[0]) == pytest.approx((-here.side[0], here.tie[0]), abs=1e-9)


def test_without_a_bias_in_the_model_it_does_not_matter_who_was_named_first():
    answers = random_answers(votes=20)[0]
    here, there = (best(x, "threshold", side_bias=False) for x in (answers, fold(answers)))
    assert there.point == pytest.approx(here.point, abs=1e-12)


@pytest.mark.parametrize("method", MODELS, ids=name)
def test_a_batch_gives_what_each_replicate_gives_alone(method):
    answers = random_answers(votes=8, replicates=4)
    together = fit_answers(answers, method, truth_of().repeat(4), ONE_SCALE)
    alone = np.concatenate([fit_best_answers(each, method, ONE_SCALE).point for each in answers])
    assert together.point == pytest.approx(alone, abs=1e-7)


def test_a_replicate_in_which_nobody_was_unsure_has_no_zone():
    answers = random_answers(votes=8, replicates=2)
    answers[0, 1] = 0
    fits = fit_answers(answers, Method("none", ties="threshold"), truth_of(side=0).repeat(2), ONE_SCALE)
    assert fits.converged.all()
    assert fits.tie[0] == 0
    assert fits.tie[1] > 0.1


def test_a_pair_that_was_only_shown_in_one_order_cannot_tell_bias_from_score():
    fit = best(two((60, 0, 40), (0, 0, 0)), "half", side_bias=True)
    assert not fit.converged[0]
    assert np.isnan(fit.point).all()


def test_nothing_but_not_sure_has_no_finite_zone():
    assert np.isnan(best(two((0, 9, 0), (0, 9, 0)), "threshold", side_bias=False).tie[0])


@pytest.mark.parametrize("middle", [-300.0, -30.0, 0.0, 30.0, 300.0])
def test_narrow_differences_of_phi_keep_their_digits_in_both_tails(middle):
    width = 1e-4
    expected = norm.logpdf(middle) + np.log(width)  # density times width; the next term is of order width^2
    curve = (middle**2 - 1) * width**2 / 24
    logs = log_between(np.array([middle - width / 2]), np.array([middle + width / 2]))
    assert logs[0] == pytest.approx(expected + curve, abs=1e-6)


def test_a_wide_zone_holds_nearly_everything():
    assert log_between(np.array([-40.0]), np.array([50.0]))[0] == pytest.approx(0, abs=1e-12)


def test_drawn_answers_keep_the_number_a_cell_and_follow_the_model():
    answers = random_answers(votes=1000)[0]
    again = draw_answers(truth_of(), answers, 20, seed=1)
    assert (again.sum(axis=1) == answers.sum(axis=0)).all()
    u = SCORES[0] - SCORES[1] + 0.3
    assert again[:, 0, 0, 1].mean() / 1000 == pytest.approx(norm.cdf((u - 0.4) / SIGMA), abs=0.01)
    assert again[:, 2, 0, 1].mean() / 1000 == pytest.approx(norm.cdf((-u - 0.4) / SIGMA), abs=0.01)
