"""Verdicts that another seed may turn round."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.analysis.made import study
from uplapp.analysis.scoring import analyse, near_level
from uplapp.analysis.writing.report import report
from uplapp.values import Difference, Method

METHOD = Method("none", bootstraps=500)


@pytest.fixture(scope="module")
def scores():
    return analyse(study(np.array([0.4, 0.0]), 10, 8, seed=1), METHOD)


def with_p(scores, p):
    """Scores of two conditions whose difference has this p."""
    ratio = stats.t(9).isf(p / 2)
    return replace(scores, pairs=(Difference("a", "b", 0.2 * ratio, 0.2, p, p, p < 0.05),))


@pytest.mark.parametrize(("p", "near"), [(0.03, False), (0.049, True), (0.051, True), (0.08, False)])
def test_only_a_p_beside_the_level_is_near(scores, p, near):
    assert bool(near_level(with_p(scores, p))) is near


def test_more_replicates_settle_a_verdict(scores):
    few, many = (replace(with_p(scores, 0.046), replicates=np.zeros((size, 2))) for size in (100, 20_000))
    assert near_level(few)
    assert not near_level(many)


def test_the_seeds_of_a_verdict_that_is_not_near_agree():
    made = [study(np.array([0.35, 0.0]), 8, 6, seed=seed) for seed in range(40)]
    both = [[analyse(each, replace(METHOD, seed=seed)) for seed in (0, 1)] for each in made]
    clear = [pair for pair in both if not any(map(near_level, pair))]
    turned = [one for one, other in clear if one.pairs[0].significant != other.pairs[0].significant]
    assert len(clear) > 20
    assert len(turned) <= 1


def test_a_report_says_which_verdicts_are_near():
    made = [study(np.array([0.35, 0.0]), 8, 6, seed=seed) for seed in range(40)]
    near = [result for result in (report(each, METHOD) for each in made) if near_level(result.scores)]
    assert near
    assert all(any("another seed" in text for text in result.warnings) for result in near)


def test_two_replicates_settle_nothing(scores):
    assert near_level(replace(with_p(scores, 0.2), replicates=np.zeros((2, 2))))
