"""Values by hand, derivatives by differences."""

import numpy as np
import pytest

from tests.analysis import slow
from tests.analysis.made import counts
from uplapp.analysis.model.objective import PRIORS, SIGMA, Pairs, laplacian

SIZES = [
    (3, 4, 0.5),
    (6, 30, 1.0),
    (6, 3, 3.0),
    (9, 400, 0.3),
    (5, 10**6, 0.5),
    (4, 10**6, 3.0),
    (3, 9, 30.0),
]


def random_batch(n, votes, spread, batch=3, seed=0):
    """Votes of a batch, one replicate without its first pair, and scores near those that votes came from."""
    generator = np.random.default_rng(seed)
    truths = generator.normal(0, spread, (batch, n))
    wins = np.stack([counts(truth, votes, generator) for truth in truths])
    wins[0, 0, 1] = wins[0, 1, 0] = 0
    return wins, truths + generator.normal(0, spread / np.sqrt(votes), (batch, n))


def slopes(function, scores, h):
    steps = h * np.eye(scores.shape[1])
    return np.stack([(function(scores + s) - function(scores - s)) / (2 * h) for s in steps], axis=1)


def built(prior, wins):
    return PRIORS.build(prior, pairs=Pairs.of(wins)), np.arange(len(wins))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(("n", "votes", "spread"), SIZES)
def test_the_gradient_is_the_slope_of_the_value(prior, n, votes, spread):
    wins, scores = random_batch(n, votes, spread)
    objective, rows = built(prior, wins)
    slope = objective(scores, rows).gradient
    numeric = slopes(lambda x: objective(x, rows).value, scores, h=3e-5)
    assert np.abs(slope - numeric).max() < 1e-7 * votes * n  # the slopes of single votes reach 1 / JOD


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(("n", "votes", "spread"), SIZES)
def test_the_hessian_is_the_slope_of_the_gradient(prior, n, votes, spread):
    wins, scores = random_batch(n, votes, spread)
    objective, rows = built(prior, wins)
    value = objective(scores, rows).hessian
    h = 1e-3 / np.sqrt(votes) if prior == "distance" else 1e-5  # the prior's hills are as wide as the errors
    numeric = slopes(lambda x: objective(x, rows).gradient, scores, h)
    assert np.abs(value - numeric).max() < 1e-5 * np.abs(value).max()


@pytest.mark.parametrize("prior", PRIORS)
def test_the_part_that_is_never_positive_is_not(prior):
    wins, scores = random_batch(6, 30, 2.0)
    objective, rows = built(prior, wins)
    assert np.linalg.eigvalsh(objective(scores, rows).concave).max() < 1e-9


@pytest.mark.parametrize("prior", PRIORS)
def test_replicates_asked_for_in_any_order_keep_their_own_terms(prior):
    wins, scores = random_batch(5, 12, 1.0, batch=4)
    objective, rows = built(prior, wins)
    together, some = objective(scores, rows), np.array([3, 1])
    apart = objective(scores[some], some)
    assert apart.gradient == pytest.approx(together.gradient[some])
    assert apart.hessian == pytest.approx(together.hessian[some])


@pytest.mark.parametrize("prior", PRIORS)
def test_replicates_with_the_same_scores_get_what_each_gets_alone(prior):
    wins, scores = random_batch(5, 12, 1.0, batch=3)
    objective, rows = built(prior, wins)
    together = objective(np.repeat(scores[:1], 3, axis=0), rows)
    alone = [objective(scores[:1], rows[[k]]) for k in rows]
    assert together.value == pytest.approx([terms.value[0] for terms in alone])
    assert together.hessian == pytest.approx(np.concatenate([terms.hessian for terms in alone]))


def test_three_of_four_votes_at_one_jod_by_hand():
    objective, row = built("none", np.array([[[0.0, 3], [1, 0]]]))
    value = objective(np.array([[1.0, 0.0]]), row).value[0]
    assert value == pytest.approx(3 * np.log(0.75) + np.log(0.25), abs=1e-4)


def test_one_pair_is_sure_of_its_distance_so_the_prior_adds_a_constant_by_hand():
    wins = np.array([[[0.0, 3], [1, 0]]])
    scores = np.array([[0.7, 0.0]])
    with_prior, without = (built(prior, wins)[0](scores, np.zeros(1, dtype=int)) for prior in PRIORS)
    # Two ordered pairs, two columns, each the mirror image of the other: pi = 1 for both; half of the sum.
    assert with_prior.value - without.value == pytest.approx(np.log(1.1))
    assert with_prior.gradient == pytest.approx(without.gradient)


@pytest.mark.parametrize(("n", "votes", "spread"), SIZES)
@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_prior_is_half_of_the_published_sum_over_ordered_pairs(n, votes, spread, row):
    wins, scores = random_batch(n, votes, spread)
    with_prior, without = (built(prior, wins)[0](scores, np.arange(3)).value[row] for prior in PRIORS)
    published = slow.prior(wins[row], scores[row]) / 2
    assert with_prior - without == pytest.approx(published, abs=1e-9 + 1e-13 * abs(without))


def test_uncompared_pairs_take_no_part():
    wins = counts(np.array([0.5, 0.0, -0.5]), 20, np.random.default_rng(0))
    wins[0, 2] = wins[2, 0] = 0
    pairs = Pairs.of(wins[None])
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 1], [1, 2])


def test_a_laplacian_by_hand():
    pairs = Pairs.of(np.ones((1, 3, 3)))
    matrix = laplacian(pairs, np.array([[1.0, 2.0, 4.0]]))  # pairs 01, 02, 12
    assert matrix[0].tolist() == [[3, -1, -2], [-1, 5, -4], [-2, -4, 6]]
    incidence = pairs.incidence()
    assert matrix[0] == pytest.approx(incidence.T @ np.diag([1, 2, 4]) @ incidence)


def test_a_jod_is_a_probit_over_sigma():
    assert pytest.approx(1 / 0.6744898, abs=5e-5) == SIGMA
