"""Every model runs the whole path from answers to scores, intervals and tests."""

import numpy as np
import pytest
from scipy import stats

from uplapp.analysis.model import PRIORS, TIES, AnswerFit, draw_answers
from uplapp.analysis.reading.votes import to_wins
from uplapp.analysis.scoring.bootstrap import too_many
from uplapp.analysis.scoring.scores import analyse
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Comparisons, Method

SCORES, SIDE, TIE = np.array([0.7, 0.1, -0.2, -0.6]), 0.4, 0.35


def people(observers=16, votes=6, seed=0, side=SIDE, tie=TIE, answers=None):
    """Observers who answer by the threshold model with a pull of the first place."""
    if answers is None:
        truth = AnswerFit(SCORES[None], np.array([side]), np.array([[tie]]), np.ones(1, dtype=bool))
        questions = np.zeros((3, 4, 4))
        questions[0] = votes * (1 - np.eye(4))
        answers = draw_answers(truth, questions, observers, seed)
    names = tuple(f"o{k:02d}" for k in range(len(answers)))
    return Comparisons(tuple("abcd"), names, to_wins(answers), answers=answers)


@pytest.mark.parametrize("prior", PRIORS)
def test_known_scores_bias_and_zone_lie_in_their_intervals(prior):
    scores = analyse(people(), Method(prior, ties="threshold", side_bias=True, bootstraps=400))
    reach = stats.t.ppf(0.999, 15) / stats.t.ppf(0.975, 15)  # four looks at once
    middle, half = (scores.high + scores.low) / 2, (scores.high - scores.low) / 2
    assert (np.abs(middle - SCORES) < reach * half).all()
    assert abs(scores.side.jod - SIDE) < 4 * scores.side.se
    assert abs(scores.tie.jod - TIE) < 4 * scores.tie.se
    assert scores.identifiable
    assert scores.interval == "t"


@pytest.mark.parametrize("ties", TIES)
def test_the_fitted_bias_agrees_with_the_one_that_is_always_reported(ties):
    made = people(tie=0.0)
    with_bias, unasked = (analyse(made, Method("none", side_bias=on, ties=ties)) for on in (True, False))
    assert with_bias.side.jod == pytest.approx(unasked.side.jod, abs=1e-9)
    assert with_bias.side.se == pytest.approx(unasked.side.se, rel=0.1)


def test_a_bias_that_is_not_in_the_scores_is_warned_of():
    scores = analyse(people(), Method(bootstraps=50))
    (warning,) = [text for text in scores.warnings if "lean" in text]
    assert warning.startswith("answers lean to the first-named condition (A): side bias +0.")
    other = analyse(people(side=-SIDE), Method(bootstraps=50))
    assert any("lean to the second-named condition (B)" in text for text in other.warnings)


def test_a_bias_in_the_scores_needs_no_warning():
    scores = analyse(people(), Method(side_bias=True, bootstraps=50))
    assert not any("lean" in text for text in scores.warnings)


def test_a_matrix_has_no_sides_and_no_zone():
    made = people()
    bare = Comparisons(made.conditions, made.observers, made.wins)
    scores = analyse(bare, Method(bootstraps=50))
    assert (scores.side, scores.tie) == (None, None)


BAD = {
    "ties": (
        Method(ties="davidson"),
        UnknownName,
        "unknown ties 'davidson'; choose one of: half, ordered, threshold",
    ),
    "zone": (Method(ties="threshold"), UplappError, "ties 'threshold' needs the votes one by one"),
    "side": (Method(side_bias=True), UplappError, "side_bias needs the votes one by one"),
}


@pytest.mark.parametrize(("method", "kind", "sentence"), BAD.values(), ids=BAD)
def test_a_matrix_is_refused_what_needs_votes(method, kind, sentence):
    made = people()
    with pytest.raises(kind, match=sentence):
        analyse(Comparisons(made.conditions, made.observers, made.wins), method)


def test_one_observer_gets_parametric_answers():
    scores = analyse(people(observers=1, votes=40), Method(ties="threshold", side_bias=True, bootstraps=300))
    assert scores.interval == "parametric"
    assert (scores.low < scores.jod).all()
    assert 0 < scores.tie.se < 0.2
    assert 0 < scores.side.se < 0.2


def test_one_order_only_leaves_bias_and_scores_open():
    upper = np.zeros((16, 3, 4, 4))  # a against each of the others, and always named first
    upper[:, 0, 0, 1:], upper[:, 2, 0, 1:] = [[2, 3, 4]], [[3, 3, 3]]
    upper[:8, 0, 0, 1:] += 1
    made = people(answers=upper)
    plain, sided = (analyse(made, Method("none", side_bias=on, bootstraps=50)) for on in (False, True))
    assert plain.identifiable
    assert np.isnan(plain.side.jod)
    assert not sided.identifiable
    assert np.isnan(sided.jod).all()
    assert any("do not separate the side bias from the scores" in text for text in sided.warnings)


def test_a_study_in_which_nobody_was_unsure_has_no_zone():
    made = people(tie=0.0)
    threshold, plain = (analyse(made, Method(ties=ties, bootstraps=100)) for ties in ("threshold", "half"))
    assert threshold.tie.jod == 0
    assert np.isnan(threshold.tie.se)
    assert threshold.jod == pytest.approx(plain.jod, abs=1e-6)
    assert threshold.low == pytest.approx(plain.low, abs=1e-5)


def test_replicates_of_both_paths_come_from_the_same_observers():
    made = people(tie=0.0)
    threshold, plain = (
        analyse(made, Method("none", ties=ties, bootstraps=20)) for ties in ("threshold", "half")
    )
    assert threshold.replicates == pytest.approx(plain.replicates, abs=1e-6)


@pytest.mark.parametrize("method", [Method(), Method(ties="threshold")], ids=["wins", "answers"])
def test_whoever_watches_hears_of_progress_to_the_end(method):
    heard = []
    analyse(people(), method, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (method.bootstraps, method.bootstraps)
    assert heard == sorted(heard)


@pytest.mark.parametrize(("degenerate", "many"), [(0, False), (50, False), (51, True)])
def test_more_degenerate_replicates_than_one_tail_holds_are_too_many(degenerate, many):
    assert too_many(degenerate, Method(bootstraps=2000)) is many  # 2.5% of 2000 is 50
