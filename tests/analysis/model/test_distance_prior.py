"""The prior over distances: which pairs share a column, and sums in any number of parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis import slow
from tests.analysis.made import counts
from uplapp.analysis.model import climbing, distance_prior, prior_columns, prior_nodes
from uplapp.analysis.model.distance_prior import DistancePrior
from uplapp.analysis.model.objective import PRIORS, Pairs, fit
from uplapp.analysis.model.vote_groups import Groups, Scratch


def grouped(wins):
    pairs = Pairs.of(np.asarray(wins, dtype=float))
    return Groups.of(pairs.wins, pairs.votes)


def table(groups, row=0):
    columns = zip(groups.wins[row], groups.votes[row], groups.pairs[row], strict=True)
    return sorted(column for column in columns if column[2])


def study(n=7, batch=4, seed=0, votes=12):
    generator = np.random.default_rng(seed)
    wins = np.stack([counts(generator.normal(0, 1, n), votes, generator) for _ in range(batch)])
    wins *= generator.random(wins.shape) < 0.8
    return wins, generator.normal(0, 1, (batch, n))


def test_columns_with_equal_votes_share_a_group():
    groups = grouped([[[0, 3, 7, 10], [7, 0, 5, 0], [3, 5, 0, 0], [0, 0, 0, 0]]])
    # 3:7 twice, 5:5 once, 10:0 counts as 9:1; two pairs have no votes
    assert table(groups) == [(1, 10, 1), (3, 10, 2), (5, 10, 1)]


def test_a_single_vote_is_turned_round_so_it_does_not_matter_who_won():
    assert table(grouped([[[0, 1], [0, 0]]])) == table(grouped([[[0, 0], [1, 0]]])) == [(0, 1, 1)]


def test_half_votes_make_columns_of_their_own():
    assert table(grouped([[[0, 2.5, 3], [1.5, 0, 0.5], [1, 0.5, 0]]])) == [
        (0.5, 1, 1),
        (1, 4, 1),
        (1.5, 4, 1),
    ]


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), votes=st.integers(1, 40), batch=st.integers(1, 4))
def test_every_compared_pair_is_in_one_group(seed, votes, batch):
    wins, _ = study(batch=batch, seed=seed, votes=votes)
    groups, pairs = grouped(wins), Pairs.of(wins)
    assert groups.pairs.sum(axis=1).tolist() == (pairs.votes > 0).sum(axis=1).tolist()
    assert (groups.votes * groups.pairs).sum(axis=1) == pytest.approx(pairs.votes.sum(axis=1))
    assert (2 * groups.wins <= groups.votes).all()


@pytest.mark.parametrize(("cached", "held"), [(1, 1 << 21), (1 << 15, 1), (1, 50), (1 << 15, 100)])
def test_blocks_and_parts_of_any_size_add_up_to_the_same(monkeypatch, cached, held):
    wins, scores = study()
    whole = PRIORS.build("distance", pairs=Pairs.of(wins))(scores, np.arange(4))
    monkeypatch.setattr(distance_prior, "CACHED", cached)
    monkeypatch.setattr(distance_prior, "HELD", held)
    pieces = PRIORS.build("distance", pairs=Pairs.of(wins))(scores, np.arange(4))
    assert pieces.value == pytest.approx(whole.value, rel=1e-12)
    assert pieces.gradient == pytest.approx(whole.gradient, rel=1e-9, abs=1e-11)
    assert pieces.hessian == pytest.approx(whole.hessian, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [2], [3, 0]])
def test_blocks_hold_every_replicate_once(monkeypatch, rows):
    wins, _ = study()
    pairs = Pairs.of(wins)
    monkeypatch.setattr(distance_prior, "CACHED", 500)
    prior = DistancePrior.of(pairs.wins, pairs.votes, pairs.incidence())
    places = np.concatenate(list(prior.blocks(np.array(rows))))
    assert sorted(places.tolist()) == list(range(len(rows)))


@pytest.mark.parametrize("votes", [3, 1000, 10**6])
def test_the_prior_of_real_hills_is_the_published_sum(votes):
    generator = np.random.default_rng(votes)
    truth = generator.normal(0, 0.6, 6)
    wins = counts(truth, votes, generator)
    pairs = Pairs.of(wins[None])
    prior = DistancePrior.of(pairs.wins, pairs.votes, pairs.incidence())
    scores = truth + generator.normal(0, 0.3 / np.sqrt(votes), 6)
    peak = prior.at(pairs.probit(scores[None]), np.zeros(1, dtype=int)).value[0]
    assert peak == pytest.approx(slow.prior(wins, scores) / 2, rel=1e-7)


def test_memory_is_lent_again_and_grows_when_it_must():
    scratch = Scratch()
    first = scratch.take(2, 3)
    assert np.shares_memory(scratch.take(6), first)
    assert scratch.take(4, 5).shape == (4, 5)


def many(conditions=44):
    """Win counts of six replicates of more conditions than there are groups of pairs with equal votes."""
    generator = np.random.default_rng(5)
    return np.stack([counts(generator.normal(0, 0.5, conditions), 6, generator) for _ in range(6)])


@pytest.mark.parametrize("large", [1, 1 << 60])
@pytest.mark.parametrize("held", [1 << 21, 1000])
def test_factors_and_products_of_groups_change_no_number(monkeypatch, large, held):
    wins, scores = many(), np.random.default_rng(6).normal(0, 0.5, (6, 44))
    monkeypatch.setattr(distance_prior, "MANY_CONDITIONS", 100)
    plain = PRIORS.build("distance", pairs=Pairs.of(wins))(scores, np.arange(6))
    monkeypatch.setattr(distance_prior, "MANY_CONDITIONS", 1)
    monkeypatch.setattr(prior_columns, "LARGE", large)
    monkeypatch.setattr(distance_prior, "HELD", held)  # more parts than one: whole matrices
    quick = PRIORS.build("distance", pairs=Pairs.of(wins))(scores, np.arange(6))
    for name in ("value", "gradient", "hessian", "concave"):
        assert getattr(quick, name) == pytest.approx(getattr(plain, name), rel=1e-9, abs=1e-10)


def test_slopes_at_a_shared_point_are_those_of_each_replicate():
    pairs, scores = Pairs.of(many(9)), np.random.default_rng(6).normal(0, 0.5, (1, 9))
    prior = DistancePrior.of(pairs.wins, pairs.votes, pairs.incidence())
    probit = pairs.probit(np.repeat(scores, 6, axis=0))
    each = prior.at(probit, np.arange(6)).slope
    assert prior.shared_slope(pairs.probit(scores)) == pytest.approx(each, rel=1e-9, abs=1e-11)


def test_the_first_step_leads_replicates_to_the_peaks_they_find_alone():
    wins = many(12)
    labels, start = np.zeros(12, dtype=int), np.zeros((6, 12))
    alone = np.concatenate([fit(each[None], "distance", start[:1], labels).scores for each in wins])
    together = fit(np.repeat(wins, 3, axis=0), "distance", np.repeat(start, 3, axis=0), labels).scores
    assert together[::3] == pytest.approx(alone, abs=1e-7)


@pytest.mark.parametrize("held", [1 << 21, 50])
def test_value_and_slope_alone_are_those_with_the_curvature(monkeypatch, held):
    wins, scores = study()
    monkeypatch.setattr(distance_prior, "HELD", held)
    objective, rows = PRIORS.build("distance", pairs=Pairs.of(wins)), np.array([2, 0])
    whole, (value, gradient) = objective(scores[rows], rows), objective.slope(scores[rows], rows)
    assert value == pytest.approx(whole.value, rel=1e-12)
    assert gradient == pytest.approx(whole.gradient, rel=1e-10, abs=1e-11)


def test_a_held_curvature_leads_to_the_peak_that_fresh_ones_find(monkeypatch):
    wins, labels = many(12), np.zeros(12, dtype=int)
    start = np.zeros((6, 12))
    held = fit(wins, "distance", start, labels).scores
    monkeypatch.setattr(climbing, "HELD_JOD", 0.0)
    assert held == pytest.approx(fit(wins, "distance", start, labels).scores, abs=2e-8)


def test_nodes_stand_for_pairs_of_many_kinds(monkeypatch):
    generator, n = np.random.default_rng(7), 30
    scores = generator.normal(0, 0.6, (2, n))
    votes = np.triu(generator.poisson(8, (2, n, n)), 1)
    chosen = generator.binomial(votes, 0.6)
    pairs, rows = Pairs.of((chosen + (votes - chosen).swapaxes(1, 2)).astype(float)), np.arange(2)
    plain = PRIORS.build("distance", pairs=pairs)
    monkeypatch.setattr(prior_nodes, "WORTH", 1)
    monkeypatch.setattr(prior_nodes, "FULL", 0)
    nodes = DistancePrior.of(pairs.wins, pairs.votes, pairs.incidence())
    assert nodes._nodes(pairs.probit(scores), rows) is not None
    quick = PRIORS.build("distance", pairs=pairs)(scores, rows)
    value, gradient = PRIORS.build("distance", pairs=pairs).slope(scores, rows)
    assert gradient == pytest.approx(quick.gradient, rel=1e-10, abs=1e-9)
    assert value == pytest.approx(quick.value, rel=1e-12)
    monkeypatch.setattr(prior_nodes, "FULL", np.inf)
    whole = plain(scores, rows)
    for name in ("value", "gradient", "hessian", "concave"):
        assert getattr(quick, name) == pytest.approx(getattr(whole, name), rel=1e-10, abs=1e-9)
