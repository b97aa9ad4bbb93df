"""The optimum: by hand, by a second optimiser, by symmetry."""

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import ndtri

from tests.analysis.made import counts
from uplapp.analysis.objective import PRIORS, SIGMA, Pairs
from uplapp.analysis.thurstone import fit, fit_best

ONE_SCALE = np.zeros(50, dtype=np.intp)


def best(wins, prior):
    return fit_best(np.asarray(wins, dtype=float), prior, ONE_SCALE[: len(wins)])


def drawn(n=5, votes=20, seed=0, spread=1.0):
    generator = np.random.default_rng(seed)
    return counts(generator.normal(0, spread, n), votes, generator)


def by_scipy(wins, prior):
    objective, row = PRIORS.build(prior, pairs=Pairs.of(wins[None])), np.zeros(1, dtype=int)

    def descent(scores):
        terms = objective(scores[None], row)
        return -terms.value[0], -terms.gradient[0]

    found = minimize(descent, np.zeros(len(wins)), jac=True, method="BFGS", options={"gtol": 1e-8})
    return found.x - found.x.mean()


@pytest.mark.parametrize("prior", PRIORS)
def test_two_conditions_lie_as_far_apart_as_their_share_says(prior):
    low, high = best([[0, 25], [75, 0]], prior)
    assert high - low == pytest.approx(SIGMA * ndtri(0.75), abs=1e-9)


@pytest.mark.parametrize("prior", PRIORS)
def test_three_of_four_along_a_chain_are_steps_of_one_jod(prior):
    scores = best([[0, 25, 0], [75, 0, 25], [0, 75, 0]], prior)
    assert scores == pytest.approx([-1, 0, 1], abs=1e-5)  # 1.4826 is 1 / ndtri(0.75) to five digits


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("votes", [5, 100, 10**6])
def test_newton_ends_where_a_second_optimiser_does(prior, votes):
    wins = drawn(votes=votes, seed=3, spread=0.6)
    assert best(wins, prior) == pytest.approx(by_scipy(wins, prior), abs=2e-5)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(order=st.permutations(range(5)), seed=st.integers(0, 20), prior=st.sampled_from(list(PRIORS)))
def test_relabelling_conditions_permutes_the_scores(order, seed, prior):
    wins = drawn(seed=seed)
    assert best(wins[np.ix_(order, order)], prior) == pytest.approx(
        best(wins, prior)[list(order)], abs=1e-7, nan_ok=True
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 50), prior=st.sampled_from(list(PRIORS)))
def test_swapping_winners_and_losers_flips_every_sign(seed, prior):
    wins = drawn(seed=seed)
    assert best(wins.T, prior) == pytest.approx(-best(wins, prior), abs=1e-7, nan_ok=True)


@given(factor=st.sampled_from([2, 10, 1000]))
@settings(deadline=None, derandomize=True)
def test_multiplying_all_votes_leaves_scores_without_a_prior(factor):
    wins = drawn()
    assert best(factor * wins, "none") == pytest.approx(best(wins, "none"), abs=1e-8)


def test_many_votes_drown_the_prior():
    wins = drawn(votes=100) * 10_000
    assert best(wins, "distance") == pytest.approx(best(wins, "none"), abs=1e-3)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_batch_gives_what_each_replicate_gives_alone(prior):
    wins = np.stack([drawn(seed=seed) for seed in range(4)])
    together = fit(wins, prior, np.zeros((4, 5)), ONE_SCALE[:5])
    assert together.converged.all()
    alone = np.stack([best(each, prior) for each in wins])
    assert together.scores == pytest.approx(alone, abs=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_fit_without_an_optimum_says_so_and_has_no_numbers(prior):
    found = fit(np.array([[[0.0, 10], [0, 0]]]), prior, np.zeros((1, 2)), ONE_SCALE[:2])
    assert not found.converged[0]
    assert np.isnan(found.scores).all()


def test_the_prior_holds_a_condition_that_always_won():
    wins = drawn()
    wins[0, 1:], wins[1:, 0] = 20, 0
    scores = best(wins, "distance")
    assert np.isfinite(scores).all()
    assert scores.argmax() == 0


def test_distant_conditions_end_on_the_highest_of_several_hills():
    generator = np.random.default_rng(1)
    for _ in range(10):
        wins = counts(generator.normal(0, 4, 6), 20, generator)
        objective = PRIORS.build("distance", pairs=Pairs.of(wins[None]))
        value = objective(best(wins, "distance")[None], np.zeros(1, dtype=int)).value
        rival = objective(by_scipy(wins, "distance")[None], np.zeros(1, dtype=int)).value
        assert value >= rival - 1e-5


def test_bradley_terry_by_choix_agrees_on_the_order_and_nearly_on_the_steps():
    wins = drawn(n=6, votes=200, seed=5)
    logits = choix.ilsr_pairwise_dense(wins)
    scores = best(wins, "none")
    assert (np.argsort(logits) == np.argsort(scores)).all()
    assert np.corrcoef(logits, scores)[0, 1] > 0.995
