"""Bradley-Terry scores beside Thurstone's."""

import choix
import numpy as np
import pytest

from tests.analysis.made import counts, matrix
from uplapp.analysis.model.checks import bradley_terry
from uplapp.analysis.model.objective import fit_best
from uplapp.analysis.reading.published import PUBLISHED, published


def test_three_of_four_is_one_jod():
    assert bradley_terry(np.array([[0.0, 75], [25, 0]])) == pytest.approx([0.5, -0.5], abs=1e-7)


def test_an_anchor_lies_at_zero():
    assert bradley_terry(np.array([[0.0, 75], [25, 0]]), anchor=1) == pytest.approx([1, 0], abs=1e-7)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_choix_by_another_way_finds_the_same(seed):
    wins = counts(np.random.default_rng(seed).normal(0, 0.8, 6), 40, np.random.default_rng(seed))
    rows = [(i, j) for i, j in np.argwhere(wins > 0) for _ in range(int(wins[i, j]))]
    other = choix.opt_pairwise(6, rows, alpha=0, tol=1e-9)
    assert bradley_terry(wins) == pytest.approx((other - other.mean()) / np.log(3), abs=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tables_score_nearly_the_same_by_both_models(name):
    wins = published(name).wins.sum(axis=0)
    assert bradley_terry(wins) == pytest.approx(fit_best(wins, "none", np.zeros(6, dtype=int)), abs=0.01)


@pytest.mark.parametrize(
    "made",
    [matrix((0, 5), (0, 0)), matrix((0, 6, 0, 0), (3, 0, 0, 0), (0, 0, 0, 5), (0, 0, 4, 0))],
    ids=["one winner", "islands"],
)
def test_votes_that_do_not_fix_the_scores_give_none(made):
    assert np.isnan(bradley_terry(made.wins[0])).all()


def test_an_iteration_that_does_not_end_gives_none(monkeypatch):
    monkeypatch.setattr("uplapp.analysis.model.checks.MOST_ITERATIONS", 1)
    assert np.isnan(bradley_terry(np.array([[0.0, 75], [25, 0]]))).all()
