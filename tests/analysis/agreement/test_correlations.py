"""Correlations of many replicates at once equal scipy's, one at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from uplapp.analysis.agreement.agreement import correlations, ordered_share

ORACLES = {
    "spearman": lambda x, y: stats.spearmanr(x, y).statistic,
    "kendall": lambda x, y: stats.kendalltau(x, y).statistic,
    "pearson": lambda x, y: stats.pearsonr(x, y).statistic,
}


def metrics_and_scores(seed: int, places: int = 12):
    """Three metrics, one with many ties, and four replicates."""
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(3, places)), generator.normal(size=(4, places))
    x[1] = np.round(x[1])
    return x, y, generator.integers(1, 4, (4, places))


@pytest.mark.parametrize(("place", "kind"), list(enumerate(ORACLES)))
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_agrees_with_scipy(place, kind, seed):
    x, y, _ = metrics_and_scores(seed)
    expected = np.array([[ORACLES[kind](metric, scores) for metric in x] for scores in y])
    assert correlations(x, y, np.ones_like(y))[place] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("place", "kind"), list(enumerate(ORACLES)))
def test_a_weight_is_a_place_that_many_times(place, kind):
    x, y, times = metrics_and_scores(7)
    expected = [
        [ORACLES[kind](np.repeat(metric, n), np.repeat(scores, n)) for metric in x]
        for scores, n in zip(y, times, strict=True)
    ]
    values = correlations(x, y, times.astype(float))[place]
    assert values == pytest.approx(np.array(expected), abs=1e-12)


def test_five_places_can_be_done_by_hand():
    """Ranks 2 1 3 5 4 against 1 2 3 4 5: squared differences add up to 4, two of ten pairs are turned."""
    x, y = np.array([[20.0, 10, 30, 50, 40]]), np.array([[1.0, 2, 3, 4, 5]])
    spearman, kendall, pearson = correlations(x, y, np.ones((1, 5)))[:, 0, 0]
    assert spearman == pytest.approx(1 - 6 * 4 / (5 * 24))
    assert kendall == pytest.approx((8 - 2) / 10)
    assert pearson == pytest.approx(spearman)


@pytest.mark.parametrize("constant", [0.3, 31.7, 0.0])
def test_what_does_not_vary_has_no_correlation(constant):
    values = correlations(np.full((1, 7), constant), np.arange(7.0)[None], np.ones((1, 7)))
    assert np.isnan(values).all()


def test_chunks_do_not_show():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 300)), generator.normal(size=(60, 300))
    at_once = correlations(x, y, np.ones_like(y))
    assert at_once[:, 59:] == pytest.approx(correlations(x, y[59:], np.ones((1, 300))))


@given(st.integers(0, 1000))
def test_ranks_do_not_care_how_a_metric_is_stretched(seed):
    x, y, _ = metrics_and_scores(seed)
    plain, stretched = (correlations(some, y, np.ones_like(y))[:2] for some in (x, np.exp(3 * x)))
    assert plain == pytest.approx(stretched)


def test_the_share_of_pairs_counts_ties_half():
    pairs = np.ones((3, 3)) - np.eye(3)
    x, y = np.array([[1.0, 1.0, 2.0], [3.0, 2.0, 1.0]]), np.array([0.0, 1.0, 2.0])
    assert ordered_share(x, y, pairs) == pytest.approx([2.5 / 3, 0.0])


def test_only_chosen_pairs_count_and_none_is_undefined():
    pairs = np.zeros((3, 3))
    x, y = np.array([[1.0, 2.0, 0.0]]), np.array([0.0, 1.0, 2.0])
    assert np.isnan(ordered_share(x, y, pairs)).all()
    pairs[0, 1] = pairs[1, 0] = 1
    assert ordered_share(x, y, pairs) == pytest.approx([1.0])
