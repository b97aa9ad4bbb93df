"""The smallest difference that a study finds, beside simulated studies and by hand."""

from math import pi, sqrt

import pytest
from scipy import stats

from uplapp.analysis.asking.detectable import expectation, smallest_difference
from uplapp.analysis.asking.planning import Plan, plan
from uplapp.analysis.model.normal import SIGMA
from uplapp.errors import UplappError
from uplapp.values import Method


def test_two_conditions_by_hand():
    """Of N votes that go half each way a difference has the standard error sigma sqrt(pi / (2 N)).

    Here 10 observers with equal scores give 4 votes each.
    """
    se = SIGMA * sqrt(pi / (2 * 10 * 4))
    wanted = (stats.t.ppf(0.975, 9) + stats.norm.ppf(0.8)) * se
    assert smallest_difference(2, 4, 10, spread_jod=0) == pytest.approx(wanted)


@pytest.mark.parametrize(("conditions", "votes", "observers"), [(2, 4, 10), (4, 4, 20)])
def test_simulated_studies_find_it_about_as_often_as_it_says(conditions, votes, observers):
    jod = smallest_difference(conditions, votes, observers)
    guess = (("best", jod / 2), ("worst", -jod / 2), *((f"c{i}", 0.0) for i in range(conditions - 2)))
    method = Method(prior="none", bootstraps=100)
    found = plan(Plan(guess, votes), (observers,), experiments=60, method=method).table
    power = found.loc[found["comparison"] == "best - worst", "power"].item()
    assert 0.62 < power < 0.96  # 80%, give or take three standard errors of 60 studies


def test_more_observers_and_more_votes_find_smaller_differences():
    assert smallest_difference(4, 4, 40) < smallest_difference(4, 4, 20) < smallest_difference(4, 2, 20)


@pytest.mark.parametrize(("conditions", "votes", "observers"), [(1, 4, 20), (4, 0, 20), (4, 4, 1)])
def test_what_has_no_difference_is_refused(conditions, votes, observers):
    with pytest.raises(UplappError, match="needs 2 conditions, 2 observers"):
        smallest_difference(conditions, votes, observers)


def test_the_sentence_names_observers_and_jod():
    said = expectation(4, 24, 20)
    assert said.startswith(f"With 20 observers, differences above {smallest_difference(4, 4, 20):.2f} JOD")
