"""The spread between observers follows from how the votes of one observer go together."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from tests.analysis.made import NAMES, matrix, study, table
from uplapp.analysis.model import SIGMA
from uplapp.analysis.observers.spread import Cells, _interval, _moments, _signal, spread
from uplapp.analysis.reading.votes import count, from_table
from uplapp.analysis.scoring import analyse
from uplapp.errors import Cancelled
from uplapp.values import Comparisons, Method

JOD = np.array([0.6, 0.2, 0.0, -0.8])


def scored(made):
    return analyse(made, Method("none", bootstraps=2))


def of(made):
    return spread(made, scored(made))


def test_whoever_watches_can_stop_it():
    def stop():
        raise Cancelled("stopped")

    made = study(JOD, 6, 4, seed=1, spread_jod=0.4)
    with pytest.raises(Cancelled, match=r"^stopped$"):
        spread(made, scored(made), stop)


def slow_sums(cells, jod, condition):
    """Sum over pairs of single votes that share a condition, one by one."""
    own = [
        place for place, pair in enumerate(zip(cells.first, cells.second, strict=True)) if condition in pair
    ]
    left, weight = [], []
    for place in own:
        a, b = cells.first[place], cells.second[place]
        z = (jod[a] - jod[b]) / SIGMA
        weight.append(norm.pdf(z) / norm.cdf(z) / norm.cdf(-z) * (1 if a == condition else -1))
        share = cells.won[:, place].sum() / cells.cast[:, place].sum()
        left.append(cells.won[:, place] - cells.cast[:, place] * share)
    both = combinations(range(len(own)), 2)
    return 2 * sum(weight[v] * weight[w] * (left[v] * left[w]).sum() for v, w in both)


def test_single_votes_give_the_sum_over_pairs_of_votes():
    made = study(JOD, 7, 1, seed=2)
    cells, jod = Cells.of(made), scored(made).jod
    for condition in range(4):
        assert _moments(cells, jod, condition).covariance == pytest.approx(slow_sums(cells, jod, condition))


def test_the_signal_is_the_bivariate_normal_integral():
    made = study(JOD, 7, 2, seed=2)
    moments, variance = _moments(Cells.of(made), JOD, 1), np.array([0.3, 0.8, 0.0, 0.5])
    signal = _signal(moments, 1, variance) / moments.signal
    a, b = 0, 2
    width = np.sqrt(SIGMA**2 + variance[1] + variance[moments.other[[a, b]]])
    correlation = variance[1] / width.prod()
    z = moments.z[[a, b]]
    both = multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf(z)
    covariance = both - norm.cdf(z).prod()
    assert signal[a, b] * norm.pdf(z).prod() * variance[1] == pytest.approx(covariance, rel=1e-3)


def test_the_interval_by_hand_is_that_of_chi_squared():
    low, high = _interval(np.array([1.0]), np.array([1.0]), np.array([9.0]), np.array([1e9]), 1)
    assert (low[0], high[0]) == (
        pytest.approx(np.sqrt(9 / 19.0228), 1e-4),
        pytest.approx(np.sqrt(9 / 2.70039), 1e-4),
    )


@pytest.mark.parametrize("true_sd", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("votes", [2, 4])
def test_of_many_people_the_true_spread_is_found(true_sd, votes):
    made = of(study(JOD, 300, votes, seed=1, spread_jod=true_sd))
    assert made.overall == pytest.approx(true_sd, abs=0.3 if not true_sd else 0.12)
    assert made.overall_low <= true_sd + 0.02
    assert made.overall_high >= true_sd
    assert (made.low <= made.sd).all()
    assert (made.sd <= made.high).all()


def test_conditions_have_spreads_of_their_own():
    generator = np.random.default_rng(0)
    own = JOD + generator.normal(0, 1, (200, 4)) * [1.0, 0.0, 0.0, 0.0]
    first, second = np.triu_indices(4, 1)
    wins = np.zeros((200, 4, 4))
    wins[:, first, second] = generator.binomial(4, norm.cdf((own[:, first] - own[:, second]) / SIGMA))
    wins[:, second, first] = 4 - wins[:, first, second]
    made = of(Comparisons(NAMES[:4], tuple(f"o{k:03d}" for k in range(200)), wins))
    assert made.sd[0] == pytest.approx(1.0, abs=0.15)
    assert made.sd[1:].max() < 0.35


@settings(max_examples=4)
@given(st.permutations(range(8)))
def test_the_order_of_the_observers_does_not_matter(order):
    made = study(JOD, 8, 2, seed=4, spread_jod=0.5)
    shuffled = replace(made, wins=made.wins[order])
    np.testing.assert_allclose(of(shuffled).sd, of(made).sd, atol=1e-6)


def test_votes_that_differ_by_scene_alone_are_no_spread():
    votes = table(tuple("opqrstuv"), ("fog", "lake", "oak", "sea"), names="abcd")
    turned = votes["scene"].isin(["fog", "lake"])
    one = votes["condition_A"] < votes["condition_B"]
    votes["is_A_selected"] = np.where(one == turned, "1", "0")
    votes.loc[::7, "is_A_selected"] = "0"
    assert of(count(from_table(votes))).overall < 0.3


def test_two_conditions_share_what_is_known():
    made = of(study(np.array([0.3, -0.3]), 200, 6, seed=3, spread_jod=0.6))
    assert made.sd[0] == pytest.approx(made.sd[1])
    assert made.overall == pytest.approx(0.6, abs=0.12)


@pytest.mark.parametrize(
    "made", [matrix((0, 3), (4, 0)), study(JOD, 2, 4, seed=0)], ids=["matrix", "two people"]
)
def test_without_three_observers_nothing_is_said(made):
    assert of(made) is None
