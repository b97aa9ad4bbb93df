"""Values by hand, derivatives by differences."""

import numpy as np
import pytest
from scipy.stats import norm

from tests.analysis.made import counts
from uplapp.analysis.distances import FLOOR, Groups
from uplapp.analysis.objective import PRIORS, SIGMA, Pairs, preference

SIZES = [(3, 4, 0.5), (6, 30, 1.0), (6, 3, 3.0), (9, 400, 0.3)]


def drawn(n, votes, spread, batch=3, seed=0):
    generator = np.random.default_rng(seed)
    wins = np.stack([counts(generator.normal(0, spread, n), votes, generator) for _ in range(batch)])
    wins[0, 0, 1] = wins[0, 1, 0] = 0  # one replicate lacks a pair
    return wins, generator.normal(0, spread, (batch, n))


def slopes(function, scores, h=1e-5):
    steps = h * np.eye(scores.shape[1])
    return np.stack([(function(scores + s) - function(scores - s)) / (2 * h) for s in steps], axis=1)


def test_one_jod_is_a_preference_of_three_in_four():
    assert preference(np.array([1.0, 0.0, -1.0])) == pytest.approx([0.75, 0.5, 0.25], abs=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(("n", "votes", "spread"), SIZES)
def test_the_gradient_is_the_slope_of_the_value(prior, n, votes, spread):
    wins, scores = drawn(n, votes, spread)
    objective, rows = PRIORS.build(prior, pairs=Pairs.of(wins)), np.arange(len(wins))
    found = objective(scores, rows).gradient
    numeric = slopes(lambda x: objective(x, rows).value, scores)
    assert np.abs(found - numeric).max() < 1e-7 * (1 + np.abs(numeric).max())


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize(("n", "votes", "spread"), SIZES)
def test_the_hessian_is_the_slope_of_the_gradient(prior, n, votes, spread):
    wins, scores = drawn(n, votes, spread)
    objective, rows = PRIORS.build(prior, pairs=Pairs.of(wins)), np.arange(len(wins))
    found = objective(scores, rows).hessian
    numeric = slopes(lambda x: objective(x, rows).gradient, scores)
    assert np.abs(found - numeric).max() < 1e-7 * (1 + np.abs(numeric).max())


def test_three_of_four_votes_at_one_jod_by_hand():
    objective = PRIORS.build("none", pairs=Pairs.of(np.array([[[0.0, 3], [1, 0]]])))
    value = objective(np.array([[1.0, 0.0]]), np.zeros(1, dtype=int)).value[0]
    assert value == pytest.approx(3 * np.log(0.75) + np.log(0.25), abs=1e-4)


def published_prior(wins, scores):
    """The prior as printed: loops over ordered pairs, no logs, no grouping."""
    n = len(scores)
    votes = wins + wins.T
    ordered = [(i, j) for i in range(n) for j in range(n) if i != j and votes[i, j] > 0]
    phi = [norm.cdf((scores[i] - scores[j]) / SIGMA) for i, j in ordered]
    columns = []
    for i, j in ordered:
        m, total = wins[i, j], votes[i, j]
        m = 1 if m == 0 else (total - 1 if m == total else m)
        column = np.array([p**m * (1 - p) ** (total - m) for p in phi])
        columns.append(column / column.sum())
    return np.log(np.sum(columns, axis=0) + FLOOR).sum()


@pytest.mark.parametrize(("n", "votes", "spread"), SIZES[:3])
@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_prior_is_half_of_the_published_sum_over_ordered_pairs(n, votes, spread, row):
    wins, scores = drawn(n, votes, spread)
    rows = np.arange(3)
    with_prior = PRIORS.build("distance", pairs=Pairs.of(wins))(scores, rows).value[row]
    without = PRIORS.build("none", pairs=Pairs.of(wins))(scores, rows).value[row]
    assert with_prior - without == pytest.approx(published_prior(wins[row], scores[row]) / 2, rel=1e-9)


def test_columns_with_equal_votes_share_a_group():
    wins = np.array([[[0, 3, 7, 10], [7, 0, 5, 0], [3, 5, 0, 0], [0, 0, 0, 0]]], dtype=float)
    pairs = Pairs.of(wins)
    found = Groups.of(
        pairs.wins, pairs.votes
    )  # 3:7 twice, 5:5 once, 10:0 counts as 9:1; two pairs have no votes
    table = sorted(zip(found.wins[0], found.votes[0], found.pairs[0], strict=True))
    assert [row for row in table if row[2]] == [(1, 10, 1), (3, 10, 2), (5, 10, 1)]
