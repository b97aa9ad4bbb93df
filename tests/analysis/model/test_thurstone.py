"""The optimum: by hand, by a second optimiser, by symmetry."""

import choix
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import ndtri

from tests.analysis.made import counts
from tests.analysis.real import TONE_MAPPING, TONE_MAPPING_JOD
from uplapp.analysis.model.objective import PRIORS, SIGMA, Pairs, chunk_size, fit, fit_best, preference

ONE_SCALE = np.zeros(200, dtype=np.intp)


def best(wins, prior):
    return fit_best(np.asarray(wins, dtype=float), prior, ONE_SCALE[: len(wins)])


def random_wins(n=5, votes=20, seed=0, spread=1.0):
    generator = np.random.default_rng(seed)
    return counts(generator.normal(0, spread, n), votes, generator)


def ragged(seed, n=6, votes=40):
    """Pairs with unequal numbers of votes, and a third of those off the ring without any."""
    generator = np.random.default_rng(seed)
    wins = np.triu(counts(generator.normal(0, 0.7, n), votes, generator), 1)
    losses = np.triu(votes - wins, 1).T
    kept = np.triu(generator.random((n, n)) < 2 / 3, 1) | np.eye(n, k=1, dtype=bool)
    kept[0, -1] = True
    wins, losses = (np.rint(part * generator.random((n, n))) for part in (wins, losses))
    return np.where(kept, wins, 0) + np.where(kept.T, losses, 0)


def by_scipy(wins, prior):
    objective, row = PRIORS.build(prior, pairs=Pairs.of(wins[None])), np.zeros(1, dtype=int)

    def descent(scores):
        terms = objective(scores[None], row)
        return -terms.value[0], -terms.gradient[0]

    solution = minimize(descent, np.zeros(len(wins)), jac=True, method="BFGS", options={"gtol": 1e-8})
    return solution.x - solution.x.mean()


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
    wins = random_wins(votes=votes, seed=3, spread=0.6)
    assert best(wins, prior) == pytest.approx(by_scipy(wins, prior), abs=2e-5)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("seed", range(4))
def test_newton_ends_where_a_second_optimiser_does_on_unequal_and_missing_pairs(prior, seed):
    wins = ragged(seed)
    assert best(wins, prior) == pytest.approx(by_scipy(wins, prior), abs=2e-5)


@pytest.mark.parametrize(("prior", "anchor"), TONE_MAPPING_JOD)
def test_real_votes_give_the_known_scores_in_both_gauges(prior, anchor):
    scores = best(TONE_MAPPING, prior)
    scores = scores - (scores[0] if anchor != "mean" else 0)
    assert scores == pytest.approx(TONE_MAPPING_JOD[prior, anchor], abs=2e-6)  # 1e-3 asked


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(2, 8),
    votes=st.sampled_from([1, 3, 20, 1000, 10**6]),
    prior=st.sampled_from(list(PRIORS)),
)
def test_what_is_called_an_optimum_is_flat_and_curved_down(seed, n, votes, prior):
    wins = ragged(seed, n, votes)
    optimum = fit(wins[None], prior, np.zeros((1, n)), ONE_SCALE[:n])
    assume(optimum.converged[0])
    terms = PRIORS.build(prior, pairs=Pairs.of(wins[None]))(optimum.scores, np.zeros(1, dtype=int))
    curvature = np.ones((n, n)) - terms.hessian[0]
    assert np.linalg.eigvalsh(curvature).min() > 0
    assert np.abs(np.linalg.solve(curvature, terms.gradient[0])).max() < 1e-7  # JOD that a step would go


@settings(max_examples=25)
@given(order=st.permutations(range(5)), seed=st.integers(0, 20), prior=st.sampled_from(list(PRIORS)))
def test_relabelling_conditions_permutes_the_scores(order, seed, prior):
    wins = random_wins(seed=seed)
    assert best(wins[np.ix_(order, order)], prior) == pytest.approx(
        best(wins, prior)[list(order)], abs=1e-7, nan_ok=True
    )


@settings(max_examples=25)
@given(seed=st.integers(0, 50), prior=st.sampled_from(list(PRIORS)))
def test_swapping_winners_and_losers_flips_every_sign(seed, prior):
    wins = random_wins(seed=seed)
    assert best(wins.T, prior) == pytest.approx(-best(wins, prior), abs=1e-7, nan_ok=True)


@given(factor=st.sampled_from([2, 10, 1000]))
def test_multiplying_all_votes_leaves_scores_without_a_prior(factor):
    wins = random_wins()
    assert best(factor * wins, "none") == pytest.approx(best(wins, "none"), abs=1e-8)


def test_many_votes_drown_the_prior():
    wins = random_wins(votes=100) * 10_000
    assert best(wins, "distance") == pytest.approx(best(wins, "none"), abs=1e-3)


@settings(max_examples=25)
@given(constant=st.floats(-50, 50), seed=st.integers(0, 20), prior=st.sampled_from(list(PRIORS)))
def test_a_constant_in_all_starting_scores_changes_nothing(constant, seed, prior):
    wins = random_wins(seed=seed)
    start = np.random.default_rng(seed).normal(0, 0.3, (1, 5))
    moved = fit(wins[None], prior, start + constant, ONE_SCALE[:5])
    assert moved.scores == pytest.approx(
        fit(wins[None], prior, start, ONE_SCALE[:5]).scores, abs=1e-7, nan_ok=True
    )


@settings(max_examples=25)
@given(constant=st.floats(-50, 50), seed=st.integers(0, 20), prior=st.sampled_from(list(PRIORS)))
def test_a_constant_in_all_true_scores_changes_nothing(constant, seed, prior):
    truth = np.random.default_rng(seed).normal(0, 1, 5)
    here, there = (counts(truth + c, 20, np.random.default_rng(seed)) for c in (0.0, constant))
    assert best(there, prior) == pytest.approx(best(here, prior), abs=1e-7, nan_ok=True)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("votes", [1000, 10**6])
def test_scores_come_back_from_as_many_votes_as_there_may_be(prior, votes):
    truth = np.array([1.2, 0.5, 0.1, -0.4, -1.4])
    fit = best(counts(truth, votes, np.random.default_rng(8)), prior)
    assert fit == pytest.approx(truth, abs=6 / np.sqrt(votes))  # a standard error is 1.1 / root of votes


@pytest.mark.parametrize("prior", PRIORS)
def test_two_hundred_conditions_in_a_chain_are_solved(prior):
    steps = np.random.default_rng(3).uniform(-0.5, 0.5, 199)
    wins = np.zeros((200, 200))
    at = np.arange(199)
    wins[at, at + 1] = np.rint(1e4 * preference(steps))
    wins[at + 1, at] = 1e4 - wins[at, at + 1]
    start = np.concatenate(([0.0], -np.cumsum(steps)))[None] * 0.9
    optimum = fit(wins[None], prior, start, ONE_SCALE)
    assert -np.diff(optimum.scores[0]) == pytest.approx(steps, abs=2e-3)


@pytest.mark.parametrize("conditions", [2, 50, 200, 5000])
def test_a_chunk_has_at_least_one_replicate_and_a_matrix_of_few_megabytes(conditions):
    assert chunk_size(conditions) == 1 or chunk_size(conditions) * conditions**2 <= 2**16


@pytest.mark.parametrize("prior", PRIORS)
def test_more_replicates_than_a_chunk_are_solved_like_each_alone(prior, monkeypatch):
    monkeypatch.setattr("uplapp.analysis.model.objective.CELLS", 50)  # two replicates of five conditions
    wins = np.stack([random_wins(seed=seed) for seed in range(5)])
    together = fit(wins, prior, np.zeros((5, 5)), ONE_SCALE[:5])
    alone = np.concatenate([fit(each[None], prior, np.zeros((1, 5)), ONE_SCALE[:5]).scores for each in wins])
    assert together.scores == pytest.approx(alone, abs=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
def test_no_replicates_are_no_trouble(prior):
    optimum = fit(np.empty((0, 4, 4)), prior, np.empty((0, 4)), ONE_SCALE[:4])
    assert optimum.scores.shape == (0, 4)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_batch_gives_what_each_replicate_gives_alone(prior):
    wins = np.stack([random_wins(seed=seed) for seed in range(4)])
    together = fit(wins, prior, np.zeros((4, 5)), ONE_SCALE[:5])
    assert together.converged.all()
    alone = np.stack([best(each, prior) for each in wins])
    assert together.scores == pytest.approx(alone, abs=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_fit_without_an_optimum_says_so_and_has_no_numbers(prior):
    optimum = fit(np.array([[[0.0, 10], [0, 0]]]), prior, np.zeros((1, 2)), ONE_SCALE[:2])
    assert not optimum.converged[0]
    assert np.isnan(optimum.scores).all()


def test_the_prior_holds_a_condition_that_always_won():
    wins = random_wins()
    wins[0, 1:], wins[1:, 0] = 20, 0
    scores = best(wins, "distance")
    assert np.isfinite(scores).all()
    assert scores.argmax() == 0


@pytest.mark.parametrize("seed", range(10))
def test_distant_conditions_end_on_the_highest_of_several_hills(seed):
    generator = np.random.default_rng(seed)
    wins = counts(generator.normal(0, 4, 6), 20, generator)
    objective = PRIORS.build("distance", pairs=Pairs.of(wins[None]))
    value = objective(best(wins, "distance")[None], np.zeros(1, dtype=int)).value
    rival = objective(by_scipy(wins, "distance")[None], np.zeros(1, dtype=int)).value
    assert value >= rival - 1e-5


def test_bradley_terry_by_choix_agrees_on_the_order_and_nearly_on_the_steps():
    wins = random_wins(n=6, votes=200, seed=5)
    logits = choix.ilsr_pairwise_dense(wins)
    scores = best(wins, "none")
    assert (np.argsort(logits) == np.argsort(scores)).all()
    assert np.corrcoef(logits, scores)[0, 1] > 0.995
