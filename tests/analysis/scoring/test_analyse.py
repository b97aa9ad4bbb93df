"""From comparisons to scores."""

import numpy as np
import pytest
from scipy.stats import norm

from tests.analysis.made import PUBLISHED_JOD, matrix, study
from uplapp.analysis.model import PRIORS
from uplapp.analysis.reading.published import PUBLISHED, published
from uplapp.analysis.scoring.bootstrap import INTERVALS
from uplapp.analysis.scoring.scores import analyse
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Comparisons, Method

SCORES = np.array([0.9, 0.3, 0.0, -0.4, -0.8])


@pytest.mark.parametrize(("name", "prior"), PUBLISHED_JOD)
def test_published_tables_give_the_published_scores(name, prior):
    scores = analyse(published(name), Method(prior, bootstraps=2))
    assert scores.jod == pytest.approx(PUBLISHED_JOD[name, prior], abs=1e-6)


@pytest.mark.parametrize(("name", "prior"), PUBLISHED_JOD)
def test_an_anchor_shifts_the_published_scores(name, prior):
    expected = np.array(PUBLISHED_JOD[name, prior])
    scores = analyse(published(name), Method(prior, bootstraps=2, anchor="l1"))
    assert scores.jod == pytest.approx(expected - expected[0], abs=2e-6)


@pytest.mark.parametrize(("name", "se_jod"), [("denoising", 0.068), ("mri", 0.10)])
def test_parametric_intervals_agree_with_the_fisher_information(name, se_jod):
    scores = analyse(published(name), Method("none"))
    assert np.mean(scores.high - scores.low) / (2 * 1.96) == pytest.approx(se_jod, rel=0.05)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_matrix_has_parametric_intervals_and_says_so(name):
    scores = analyse(published(name), Method(bootstraps=50))
    assert (scores.interval, scores.observers) == ("parametric", None)
    assert any("parametric in place of t" in warning for warning in scores.warnings)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("interval", INTERVALS)
def test_simulated_observers_are_recovered(prior, interval):
    scores = analyse(study(SCORES, 20, 12, seed=0, spread_jod=0.2), Method(prior, interval, bootstraps=400))
    assert scores.jod == pytest.approx(SCORES, abs=0.25)
    assert ((scores.low < SCORES) & (scores.high > SCORES)).sum() >= 4
    assert (scores.low < scores.jod).all()
    assert (scores.jod < scores.high).all()


def test_adding_a_constant_to_the_true_scores_changes_nothing():
    here, there = (analyse(study(SCORES + shift, 6, 5, seed=3), Method(bootstraps=50)) for shift in (0, 8))
    assert here.jod == pytest.approx(there.jod, abs=1e-9)


def test_the_names_of_observers_do_not_matter():
    made = study(SCORES, 6, 5, seed=3)
    renamed = Comparisons(made.conditions, tuple(f"x{name}" for name in made.observers), made.wins)
    assert (analyse(made, Method(bootstraps=50)).low == analyse(renamed, Method(bootstraps=50)).low).all()


def test_relabelling_conditions_permutes_scores_and_intervals():
    made, order = study(SCORES, 6, 5, seed=3), [3, 0, 4, 1, 2]
    names = tuple(made.conditions[i] for i in order)
    moved = Comparisons(names, made.observers, made.wins[:, order][:, :, order])
    here, there = analyse(made, Method(bootstraps=100)), analyse(moved, Method(bootstraps=100))
    assert there.jod == pytest.approx(here.jod[order], abs=1e-7)
    assert there.low == pytest.approx(here.low[order], abs=1e-6)


def test_one_observer_gets_a_ranking_with_parametric_intervals():
    scores = analyse(study(SCORES, 1, 40, seed=0), Method(bootstraps=100))
    assert (scores.interval, scores.observers) == ("parametric", 1)
    assert scores.warnings[0].startswith("one observer has")
    assert (scores.low < scores.jod).all()


def test_pairs_that_were_never_compared_are_bridged_by_others():
    scores = analyse(matrix((0, 75, 0), (25, 0, 75), (0, 25, 0)), Method("none", bootstraps=50))
    assert scores.identifiable
    assert scores.jod == pytest.approx([1, 0, -1], abs=1e-5)


def always_won():
    return matrix((0, 9, 9, 9), (0, 0, 5, 6), (0, 4, 0, 5), (0, 3, 4, 0))


def two_islands():
    return matrix((0, 6, 0, 0), (3, 0, 0, 0), (0, 0, 0, 5), (0, 0, 4, 0))


def test_without_a_prior_a_condition_that_always_won_has_no_score_and_the_others_have():
    scores = analyse(always_won(), Method("none", bootstraps=100))
    assert not scores.identifiable
    assert [np.isnan(x).tolist() for x in (scores.jod, scores.low)] == [[True, False, False, False]] * 2
    assert scores.jod[1:].mean() == pytest.approx(0, abs=1e-9)
    assert any("a never lost against b, c, d" in warning for warning in scores.warnings)
    sure = {(pair.a, pair.b) for pair in scores.pairs if np.isfinite(pair.difference)}
    assert sure == {("b", "c"), ("b", "d"), ("c", "d")}


def test_with_a_prior_a_condition_that_always_won_is_finite_with_a_warning():
    scores = analyse(always_won(), Method("distance", bootstraps=100))
    assert not scores.identifiable
    assert np.isfinite(scores.jod).all()
    assert scores.jod.argmax() == 0
    assert scores.jod[1:].mean() == pytest.approx(0, abs=1e-9)
    assert np.isnan(scores.low).tolist() == np.isnan(scores.high).tolist() == [True, False, False, False]
    assert any("arbitrary ones, without intervals" in warning for warning in scores.warnings)


ANCHORED = {"inside": ("b", [False, True, True, True]), "alone": ("a", [False] * 4)}


@pytest.mark.parametrize(("anchor", "bounded"), ANCHORED.values(), ids=ANCHORED)
def test_an_interval_is_given_where_the_votes_fix_the_distance_to_the_anchor(anchor, bounded):
    scores = analyse(always_won(), Method(anchor=anchor, bootstraps=100))
    assert np.isfinite(scores.jod).all()
    assert np.isfinite(scores.low).tolist() == np.isfinite(scores.high).tolist() == bounded


def test_conditions_between_two_open_distances_have_intervals_around_their_mean():
    chain = matrix((0, 9, 9, 9), (0, 0, 5, 9), (0, 4, 0, 9), (0, 0, 0, 0))  # b and c won and lost
    scores = analyse(chain, Method(bootstraps=100))
    assert np.isfinite(scores.jod).all()
    assert scores.jod[1:3].mean() == pytest.approx(0, abs=1e-9)
    assert np.isfinite(scores.low).tolist() == [False, True, True, False]


@pytest.mark.parametrize("prior", PRIORS)
def test_islands_have_no_common_scale_whatever_the_prior(prior):
    scores = analyse(two_islands(), Method(prior, bootstraps=100))
    assert not scores.identifiable
    assert scores.group == (1, 1, 2, 2)
    assert not scores.on_one_scale
    assert scores.jod[:2].sum() == pytest.approx(0, abs=1e-9)
    assert scores.jod[2:].sum() == pytest.approx(0, abs=1e-9)
    assert any("a, b | c, d" in warning for warning in scores.warnings)
    sure = {(pair.a, pair.b) for pair in scores.pairs if np.isfinite(pair.difference)}
    assert sure == {("a", "b"), ("c", "d")}


def test_two_conditions_with_one_winner_have_scores_with_the_prior_alone():
    scores = analyse(matrix((0, 5), (0, 0)), Method(bootstraps=50))
    apart = 1.4826 * norm.ppf(5.5 / 6)  # half a vote more on either side
    assert scores.jod == pytest.approx([apart / 2, -apart / 2], abs=1e-6)
    assert np.isnan([scores.low, scores.high]).all()
    assert not scores.identifiable
    assert np.isnan(analyse(matrix((0, 5), (0, 0)), Method("none", bootstraps=50)).jod).all()


def test_degenerate_replicates_are_reported_with_what_they_do():
    scores = analyse(study(np.array([1.5, 0, -1.5]), 6, 4, seed=4), Method("none", bootstraps=500))
    assert 0 < scores.degenerate < 0.025 * 500
    assert len(scores.replicates) == 500 - scores.degenerate
    assert np.isfinite(scores.low).all()
    assert scores.warnings[-1] == f"{scores.degenerate} of 500 replicates had no finite scores"


def thin_bridge(*people):
    wins = np.array([[[0.0, 12, 0], [8, 0, 1], [0, 1, 0]]])
    return Comparisons(
        tuple("abc"), people, wins / max(1, len(people)) * np.ones((max(1, len(people)), 1, 1))
    )


@pytest.mark.parametrize("people", [(), ("p",)], ids=["matrix", "one observer"])
def test_a_bridge_of_two_votes_leaves_intervals_to_what_it_joins_alone(people):
    scores = analyse(thin_bridge(*people), Method("none", bootstraps=400))
    assert np.isfinite(scores.jod).all()
    assert scores.degenerate == pytest.approx(200, abs=40)  # two votes at even chances agree half the time
    assert len(scores.replicates) == 0
    assert np.isfinite([scores.low, scores.high]).all(axis=0).tolist() == [True, True, False]
    assert np.isfinite([pair.se for pair in scores.pairs]).tolist() == [True, False, False]
    alone = analyse(matrix((0, 12), (8, 0)), Method("none", bootstraps=400))
    assert scores.pairs[0].se == pytest.approx(alone.pairs[0].se, rel=0.1)
    assert scores.warnings[-1] == (
        f"{scores.degenerate} of 400 replicates had no finite scores, so there are no intervals and no "
        "standard errors but within a, b"
    )
    assert not any("parametric" in warning for warning in scores.warnings)


def test_observers_and_votes_that_both_fail_are_both_counted():
    wins = np.array([[[0.0, 6, 0], [4, 0, 1], [0, 0, 0]], [[0.0, 6, 0], [4, 0, 0], [0, 1, 0]]])
    scores = analyse(Comparisons(tuple("abc"), ("p", "q"), wins), Method("none", bootstraps=400))
    assert np.isnan([scores.low, scores.high]).all()
    assert len(scores.replicates) == 0
    counts = [int(word) for word in scores.warnings[-1].split() if word.isdigit()]
    assert counts == [pytest.approx(200, abs=40), 400, scores.degenerate, 400]  # p alone or q alone: half
    assert scores.warnings[-1].endswith("so there are no intervals and no standard errors")


def test_replicates_that_do_not_vary_give_no_interval():
    wins = np.array([[[0.0, 2], [1, 0]], [[0.0, 2], [1, 0]]])  # two people, the same votes
    scores = analyse(Comparisons(("a", "b"), ("p", "q"), wins), Method("none", bootstraps=100))
    assert np.isnan(scores.low).all()
    assert any("do not vary" in warning for warning in scores.warnings)


def test_half_votes_count_half():
    scores = analyse(matrix((0, 1.5), (1.5, 0)), Method(bootstraps=20))
    assert scores.jod == pytest.approx([0, 0], abs=1e-9)
    assert scores.comparisons == 3


BAD = {
    "prior": ({"prior": "gamma"}, UnknownName, "unknown prior 'gamma'; choose one of: distance, none"),
    "interval": ({"interval": "wald"}, UnknownName, "unknown interval 'wald'; choose one of"),
    "bootstraps": ({"bootstraps": 1}, UplappError, "bootstraps is 1; it must be from 2 to 20000"),
    "seed": ({"seed": -1}, UplappError, "seed is -1; it must be 0 or more"),
    "anchor": ({"anchor": "q"}, UplappError, "the anchor 'q' is no condition; choose 'mean' or one of: a"),
}


@pytest.mark.parametrize(("options", "kind", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_option_is_refused_before_any_fit(options, kind, sentence):
    with pytest.raises(kind, match=sentence.replace("(", r"\(")):
        analyse(study(SCORES, 3, 2, seed=0), Method(**options))


def test_an_unknown_published_study_lists_the_choices():
    with pytest.raises(UnknownName, match="denoising, mri"):
        published("knee")


def test_one_vote_of_a_second_observer_does_not_narrow_the_intervals_of_the_first():
    first = np.array([[0.0, 2, 2], [1, 0, 2], [1, 1, 0]])
    second = np.zeros((3, 3))
    second[0, 1] = 1
    alone = analyse(Comparisons(("a", "b", "c"), ("p",), first[None]), Method(bootstraps=500))
    both = analyse(
        Comparisons(("a", "b", "c"), ("p", "q"), np.stack([first, second])), Method(bootstraps=500)
    )
    assert both.interval == "parametric"
    assert (both.high - both.low > 0.7 * (alone.high - alone.low)).all()
    assert both.degenerate == 0  # of the votes that the intervals rest on
    assert len(both.replicates) == 500
    assert both.warnings[-1].startswith("in 1")
    assert "of 500 replicates of whole observers some conditions are not connected" in both.warnings[-1]
    assert (
        "instead, 0 of 500 replicates had no finite scores: the intervals are parametric" in both.warnings[-1]
    )
