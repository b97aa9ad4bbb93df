"""A report says what its parts say, and nothing is lost between them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.analysis.made import matrix, study, table
from uplapp.analysis.model import bradley_terry
from uplapp.analysis.observers.conduct import Triads, triads
from uplapp.analysis.observers.screening import screen
from uplapp.analysis.plots.scores import jod_chart
from uplapp.analysis.plots.triangle import triangle_chart
from uplapp.analysis.reading.votes import count, from_table, without
from uplapp.analysis.scoring import analyse, analyse_scenes, letters, scope
from uplapp.analysis.writing.latex import to_latex
from uplapp.analysis.writing.methods import methods
from uplapp.analysis.writing.report import report, to_csv, to_dict, to_json
from uplapp.analysis.writing.summary import summary
from uplapp.errors import BadVotes, UplappError
from uplapp.values import Method

QUICK = Method(bootstraps=30)


@pytest.fixture(scope="module")
def votes():
    return from_table(table(("p", "q", "r", "s", "t"), ("one", "two")))


def test_the_scores_are_those_of_the_kept_observers_and_everyone_those_of_all(votes):
    result = report(votes, QUICK, {"q": "late"})
    kept, everyone = analyse(count(without(votes, {"q": "late"})), QUICK), analyse(count(votes), QUICK)
    np.testing.assert_array_equal(result.scores.jod, kept.jod)
    np.testing.assert_array_equal(result.everyone.low, everyone.low)
    assert result.scores.excluded == (("q", "late"),)


def test_without_an_exclusion_there_is_no_second_ranking(votes):
    assert report(votes, QUICK).everyone is None


def test_scenes_are_scored_only_where_asked(votes):
    alone = analyse_scenes(votes, QUICK)
    result = report(votes, QUICK, per_scene=True)
    assert report(votes, QUICK).scenes == {}
    assert list(result.scenes) == list(alone)
    np.testing.assert_array_equal(result.scenes["two"].jod, alone["two"].jod)


@pytest.fixture(scope="module")
def opposed_votes():
    """Scenes that turn the order round: the sums of both are nearly even."""
    people = tuple("pqrstuvw")
    upright, turned = table(people, ("one",)), table(people, ("two",), names="cba", seed=1)
    turned[["condition_A", "condition_B"]] = turned[["condition_B", "condition_A"]].to_numpy()
    return from_table(pd.concat([upright, turned], ignore_index=True))


@pytest.fixture(scope="module")
def opposed(opposed_votes):
    return report(opposed_votes, QUICK)


def test_preferences_that_differ_by_scene_are_a_warning_with_the_way_out(opposed):
    (warning,) = [text for text in opposed.warnings if "differ by scene" in text]
    assert "--per-scene" in warning
    assert "--resample observers,scenes" in warning
    assert opposed.interaction.p < 0.05
    assert opposed.goodness.p > 0.05  # pooled votes hide it


def test_the_test_of_scenes_is_in_every_text(opposed):
    output = to_dict(opposed)
    assert output["scene_interaction"] == vars(opposed.interaction)
    assert list(opposed.warnings) == output["warnings"]
    ratio = f"likelihood ratio {opposed.interaction.ratio:.2f}"
    assert ratio in summary(opposed)
    assert ratio in methods(opposed)


@pytest.mark.parametrize("resample", ["observers", "observers,scenes"])
def test_every_output_says_of_whom_and_of_what_it_speaks(votes, resample):
    result = report(votes, replace(QUICK, resample=resample))
    said, unsaid = "other observers, these scenes", "other observers, other scenes"
    if resample == "observers,scenes":
        said, unsaid = unsaid, said
    chart = " ".join(str(make(result.scores).to_dict()) for make in (jod_chart, triangle_chart))
    outputs = (summary(result), methods(result), to_latex(result), to_csv(result), to_json(result), chart)
    assert [text for text in outputs if said not in text or unsaid in text] == []
    assert scope(result.scores) == said
    assert chart.count(f"{said}.") == 2


def test_votes_of_the_fitted_scores_speak_of_nobody_else():
    assert "these observers, these scenes" in summary(report(matrix((0, 6), (5, 0)), QUICK))


def test_resampled_scenes_allow_for_preferences_that_differ(opposed_votes):
    result = report(opposed_votes, replace(QUICK, resample="observers,scenes"))
    (warning,) = [text for text in result.warnings if "differ by scene" in text]
    assert "scenes were resampled too" in warning
    assert "Cameron" in methods(result)


def test_scenes_that_agree_get_no_warning(votes):
    result = report(votes, QUICK)
    assert result.interaction.p > 0.05
    assert not any("differ by scene" in text for text in result.warnings)


def test_without_scenes_there_is_no_word_of_them():
    result = report(from_table(table(("p", "q", "r"))), QUICK)
    assert result.interaction is None
    assert "scene_interaction" not in to_dict(result)
    assert "by scene" not in summary(result) + methods(result)


def test_every_part_is_of_the_same_votes(votes):
    result = report(votes, QUICK)
    assert result.letters == letters(result.scores)
    assert result.triads == triads(result.scores.wins)
    np.testing.assert_array_equal(result.bradley_terry, bradley_terry(result.scores.wins))
    assert result.screening.equals(screen(votes))
    assert result.observers_triads.complete <= 5 * 2
    assert (result.tally.scenes, result.tally.not_sure) == (2, 0)


def test_the_anchor_lies_at_zero_in_both_models(votes):
    result = report(votes, replace(QUICK, anchor="b"))
    place = result.scores.conditions.index("b")
    assert result.scores.jod[place] == result.bradley_terry[place] == 0


def test_answers_are_counted_by_kind(votes):
    rows = table(("p", "q", "r"))
    kinds = ["practice", "catch", "catch", *["main"] * (len(rows) - 3)]
    rows = rows.assign(kind=kinds)
    rows.loc[len(rows) - 1, "is_A_selected"] = "0.5"
    tally = report(from_table(rows), QUICK).tally
    assert tally.left_out == {"practice": 1, "catch": 2, "repeat": 0}
    assert (tally.not_sure, tally.scenes) == (1, 0)


def test_a_matrix_has_no_observers_to_screen():
    result = report(matrix((0, 3, 2), (1, 0, 2), (1, 2, 0)), QUICK)
    assert result.screening is result.everyone is result.observers_triads is result.tally.not_sure is None


def test_comparisons_of_observers_make_a_report_too():
    made = study(np.array([0.5, 0.0, -0.5]), 6, 8, seed=0)
    np.testing.assert_array_equal(report(made, QUICK).scores.jod, analyse(made, QUICK).jod)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"exclude": {"p": "late"}}, "leaving out observers"), ({"per_scene": True}, "scores of each scene")],
)
def test_a_matrix_refuses_what_only_votes_tell(options, words):
    with pytest.raises(UplappError, match=f"{words} needs the votes one by one"):
        report(matrix((0, 3), (1, 0)), QUICK, **options)


def test_scenes_without_names_cannot_be_told_apart():
    with pytest.raises(BadVotes, match="names no scenes"):
        report(from_table(table(("p", "q"))), QUICK, per_scene=True)


def test_whoever_watches_hears_of_every_replicate(votes):
    heard = []
    report(votes, replace(QUICK, side_bias=True), watch=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (30, 30)


def test_triads_add_up():
    assert Triads(3, 1) + Triads(2, 2) == Triads(5, 3)


def test_a_broken_column_beside_the_votes_costs_the_screening_and_not_the_ranking():
    result = report(from_table(table(("p", "q", "r")).assign(response_ms="soon")), QUICK)
    assert np.isfinite(result.scores.jod).all()
    assert result.screening is None
    assert "observers were not screened, as " in result.tally.notes[-1]
    assert "'response_ms'" in result.tally.notes[-1]
