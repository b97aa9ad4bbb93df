"""Differences and their tests."""

import numpy as np
import pytest
from scipy.stats import norm

from uplapp.analysis.significance import differences, holm


def test_holm_by_hand():
    # sorted .01 .02 .04, times 3 2 1 -> .03 .04 .04
    assert holm(np.array([0.04, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])


def test_holm_never_exceeds_one_and_skips_what_is_undefined():
    assert holm(np.array([0.9, np.nan, 0.8])) == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)


def test_z_comes_from_the_replicates_covariance():
    generator = np.random.default_rng(0)
    replicates = generator.normal([1.0, 0.0], 0.3, (4000, 2))
    (pair,) = differences(("a", "b"), np.array([1.0, 0.0]), replicates, np.zeros(2, dtype=int))
    assert pair.se == pytest.approx(np.std(replicates[:, 0] - replicates[:, 1], ddof=1), rel=1e-12)
    assert pair.p == pytest.approx(2 * norm.sf(1 / pair.se), rel=1e-9)
    assert pair.significant


def test_conditions_without_a_common_scale_have_no_difference():
    replicates = np.random.default_rng(0).normal(size=(50, 3))
    pairs = differences(tuple("abc"), np.zeros(3), replicates, np.array([0, 0, 2]))
    assert [np.isnan(pair.difference) for pair in pairs] == [False, True, True]
    assert not any(pair.significant for pair in pairs[1:])


@pytest.mark.parametrize("replicates", [np.empty((0, 2)), np.ones((50, 2))], ids=["none", "all alike"])
def test_replicates_without_spread_test_nothing(replicates):
    (pair,) = differences(("a", "b"), np.array([1.0, 0.0]), replicates, np.zeros(2, dtype=int))
    assert np.isnan([pair.se, pair.p, pair.p_adjusted]).all()
    assert not pair.significant
