"""How precisely differences are known."""

import numpy as np
import pytest
from scipy import stats

from tests.analysis.made import matrix, study
from uplapp.analysis.asking.next_pair import Posterior, enough, posterior, widest_neighbour, widths
from uplapp.analysis.scoring import analyse
from uplapp.errors import UplappError
from uplapp.values import Method

SCORES = np.array([1.0, 0.0, 0.4])
QUICK = Method(bootstraps=200)


def test_the_widest_neighbour_of_a_posterior_by_hand():
    # ranks b, a, c: variances of the neighbours' differences 1 + 4 - 2 * 0.5 = 4 and 1 + 9 = 10
    spread = np.array([[1.0, 0.5, 0], [0.5, 4, 0], [0, 0, 9]])
    belief = Posterior(np.array([0.0, 1.0, -1.0]), spread)
    assert widest_neighbour(belief) == pytest.approx(2 * 1.959964 * np.sqrt(10))


def test_a_width_holds_as_many_standard_errors_as_the_test_asks_for():
    scores = analyse(study(SCORES, 8, 10, seed=0), QUICK)
    first, second = np.triu_indices(3, 1)
    expected = [2 * stats.t.ppf(0.975, 7) * pair.se for pair in scores.pairs]
    assert widths(scores, first, second) == pytest.approx(expected)


def test_a_bare_matrix_has_normal_widths():
    scores = analyse(matrix((0, 12), (8, 0)), QUICK)
    assert widest_neighbour(scores) == pytest.approx(2 * 1.959964 * scores.pairs[0].se, rel=1e-6)


@pytest.mark.parametrize("interval", ["t", "percentile"])
def test_more_observers_narrow_the_widest_neighbour(interval):
    few, many = (
        widest_neighbour(
            analyse(study(SCORES, observers, 10, seed=0), Method(interval=interval, bootstraps=200))
        )
        for observers in (8, 32)
    )
    assert 0.3 < many / few < 0.7  # half, but for t and chance


def test_more_votes_narrow_the_posterior():
    votes = study(SCORES, 8, 10, seed=0).wins.sum(axis=0)
    assert widest_neighbour(posterior(4 * votes)) == pytest.approx(
        0.5 * widest_neighbour(posterior(votes)), rel=0.02
    )


def test_what_the_votes_do_not_fix_is_infinitely_wide():
    always = study(np.array([30.0, 0.3, 0.0]), 8, 10, seed=0)
    scores = analyse(always, QUICK)
    assert np.isinf(widths(scores, np.array([0, 0, 1]), np.array([1, 2, 2]))).tolist() == [True, True, False]
    assert not enough(scores, 100)


def test_scores_without_a_common_scale_are_never_enough():
    islands = matrix((0, 3, 0, 0), (2, 0, 0, 0), (0, 0, 0, 2), (0, 0, 3, 0))
    assert widest_neighbour(analyse(islands, QUICK)) == np.inf


def test_enough_compares_the_widest_neighbour_with_the_target():
    scores = analyse(study(SCORES, 8, 10, seed=0), QUICK)
    width = widest_neighbour(scores)
    assert (enough(scores, width + 1e-9), enough(scores, width - 1e-9)) == (True, False)


@pytest.mark.parametrize("target", [0, -1, np.nan])
def test_a_target_that_no_width_can_meet_is_refused(target):
    with pytest.raises(UplappError, match="must be above 0"):
        enough(posterior(np.zeros((2, 2))), target)
