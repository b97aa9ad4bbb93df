"""The methods paragraph says what was done, with the report's own numbers, and nothing else."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.analysis.made import matrix, study, table
from uplapp import __version__
from uplapp.analysis.reading.published import SOURCE, published
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.writing.methods import REFERENCES, methods
from uplapp.analysis.writing.report import report
from uplapp.analysis.writing.wording import at_most
from uplapp.values import Comparisons, Method

QUICK = Method(bootstraps=30)
PEOPLE = ("p", "q", "r", "s", "t")
UNSURE = 3


@pytest.fixture(scope="module")
def votes():
    rows = table(PEOPLE, ("one", "two"))
    rows.loc[: UNSURE - 1, "is_A_selected"] = "0.5"
    rows.loc[UNSURE, "is_A_selected"] = "both_bad"
    return from_table(rows.assign(manifest="abc123"))


def paragraph(source, method=QUICK, **options):
    return methods(report(source, method, **options)).split("\n")[0]


def sentence(text, word):
    """The one sentence that speaks of a word."""
    sentences = [each for each in re.split(r"(?<=[a-z0-9)%B\"])\. (?=[A-Z0-9])", text) if word in each]
    assert len(sentences) == 1, (word, sentences)
    return sentences[0]


def test_the_numbers_are_those_of_the_report(votes):
    result = report(votes, QUICK)
    text, scores = methods(result), result.scores
    significant = sum(pair.significant for pair in scores.pairs)
    assert "5 observers made 120 pairwise comparisons of 3 conditions in 2 scenes. All 3 pairs" in text
    assert f'{UNSURE} answers (2.5%) were "not sure" and counted half a vote for each side.' in text
    assert f"{scores.side.jod:.2f} JOD (standard error {scores.side.se:.2f})".lstrip("-") in text
    assert f"adjusted for 3 tests (Holm 1979): {significant} of them" in text
    assert f"G2 = {result.goodness.g2:.2f}, {result.goodness.df} degrees of freedom" in text
    assert f"{result.triads.circular} of {result.triads.complete} triad of the pooled votes" in text
    assert f"uplapp {__version__}; the stimuli are those of manifest abc123." in text
    assert f"most {at_most(np.abs(result.bradley_terry - scores.jod).max(), 3)} JOD" in text


CHANGES = {
    "prior": ({"prior": "none"}, "They were estimated", "by maximum likelihood, without a prior"),
    "interval": (
        {"interval": "percentile"},
        "95% intervals",
        "are the percentiles (Hazen's) of 30 bootstrap",
    ),
    "bootstraps": ({"bootstraps": 41}, "95% intervals", "41 bootstrap replicates"),
    "seed": ({"seed": 7}, "95% intervals", "seed 7"),
    "anchor": ({"anchor": "b"}, "They were estimated", "the score of b was set to 0"),
    "ties": ({"ties": "threshold"}, '"not sure"', "taken as answers of their own: the zone around equality"),
    "side_bias": ({"side_bias": True}, "side bias", "A side bias was estimated together with the scores"),
    "resample": (
        {"resample": "observers,scenes"},
        "95% intervals are",
        "less that over observer-by-scene cells",
    ),
    "both_bad": ({"both_bad": "drop"}, "called both bad", "these are left out of the scores"),
}


@pytest.mark.parametrize(("changed", "about", "words"), CHANGES.values(), ids=CHANGES)
def test_each_option_changes_the_sentence_that_speaks_of_it(votes, changed, about, words):
    before, after = (sentence(paragraph(votes, m), about) for m in (QUICK, replace(QUICK, **changed)))
    assert words in after
    assert words not in before


def test_every_option_of_a_method_has_such_a_test():
    assert set(CHANGES) == set(vars(Method()))


def test_who_was_left_out_and_why_and_what_that_changed(votes):
    result = report(votes, QUICK, {"q": "failed 3 of 4 catch trials"})
    text = methods(result)
    moved = np.abs(result.everyone.jod - result.scores.jod).max()
    assert "4 observers made" in text
    assert "1 observer was excluded: q (failed 3 of 4 catch trials)." in text
    assert f"Excluding them moved no score by more than {at_most(moved)} JOD." in text
    assert "No observer was excluded" not in text


def test_nobody_excluded_is_said(votes):
    assert "No observer was excluded." in paragraph(votes)


def test_trials_that_never_enter_are_counted(votes):
    rows = table(PEOPLE)
    rows = rows.assign(kind=["practice", "repeat", "repeat", *["main"] * (len(rows) - 3)])
    assert "1 practice trial and 2 repeat trials did not enter the scores." in paragraph(from_table(rows))


def test_that_there_were_no_other_trials_is_said_only_where_the_file_tells_kinds():
    said = "There were no practice, catch or repeat trials."
    rows = table(PEOPLE)
    assert said in paragraph(from_table(rows.assign(kind="main")))
    assert "trials." not in paragraph(from_table(rows))


def test_a_matrix_says_that_it_knows_no_observers():
    text = paragraph(matrix((0, 6, 5), (4, 0, 6), (5, 4, 0)))
    assert "The scores come from a matrix of 30 pairwise comparisons of 3 conditions;" in text
    assert "intervals are parametric" in text
    assert "two-sided z test" in text
    unsaid = ("observer was", "side bias", "not sure", "practice", "bootstrap")
    assert [word for word in unsaid if word in text] == []


def test_simulated_observers_are_said_first():
    made = study(np.array([0.5, 0.0, -0.5]), 6, 8, seed=0)
    simulated = Comparisons(made.conditions, made.observers, made.wins, simulated=True)
    assert paragraph(simulated).startswith("SIMULATED OBSERVERS: no person answered")
    assert "SIMULATED" not in paragraph(made)


def test_one_is_singular():
    wins = np.array([[[0.0, 30.0], [20.0, 0.0]]])
    text = paragraph(Comparisons(("a", "b"), ("p",), wins))
    assert text.startswith(
        "1 observer made 50 pairwise comparisons of 2 conditions. The only pair was compared."
    )
    assert "1 difference between conditions was tested" in text
    assert "It was not significant at the 0.05 level." in text
    assert not re.search(r"\b1 \w+s\b(?<!was)", text)


def test_votes_that_fix_no_scores_are_not_praised():
    text = paragraph(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=5))
    assert "1 of 3 pairs were compared." in text
    assert "The votes do not fix the scores, which are therefore undefined." in text
    assert "No intervals could be computed" in text
    assert "Goodness of fit could not be tested." in text


def test_pairs_that_the_prior_decides_are_tested_by_their_signs():
    wins = np.zeros((8, 3, 3))
    wins[:, 0, 1], wins[:, 0, 2], wins[:, 1, 2], wins[:, 2, 1] = 3, 3, 2, 1
    wins[0, 1, 2], wins[0, 2, 1] = 1, 2
    text = paragraph(Comparisons(("a", "b", "c"), tuple("pqrstuvw"), wins))
    assert (
        "2 differences with at most one vote against the better condition, or without a standard error, "
        in text
    )
    assert "or by the sign of the direct votes" in text
    assert "The votes do not fix all scores: what they leave open is arbitrary." in text


def test_pairs_of_observers_who_could_not_be_drawn_again_are_tested_by_their_scores():
    wins = np.zeros((8, 3, 3))
    wins[:, 0, 1], wins[:, 0, 2], wins[:, 1, 2], wins[:, 2, 1] = 3, 3, 2, 1
    text = paragraph(Comparisons(("a", "b", "c"), tuple("pqrstuvw"), wins))
    assert "3 differences between conditions that were compared were tested by the score" in text


def test_too_few_observers_to_resample_are_said():
    wins = np.zeros((2, 3, 3))
    wins[0, 0, 1], wins[0, 1, 0], wins[1, 1, 2], wins[1, 2, 1] = 30, 20, 30, 20
    text = paragraph(Comparisons(("a", "b", "c"), ("p", "q"), wins))
    assert "Observers were not resampled, as too many such replicates had no finite scores." in text
    assert "intervals are parametric" in text


def test_intervals_that_too_few_votes_prevent_are_said_to_be_missing_for_that():
    text = paragraph(Comparisons(("a", "b"), ("p",), np.array([[[0.0, 3.0], [2.0, 0.0]]])))
    assert re.search(r"No intervals could be computed, as \d+ of 30 replicates had no finite scores\.", text)


def test_scenes_scored_alone_are_said_where_they_were(votes):
    assert "2 scenes were also scored alone." in paragraph(votes, per_scene=True)
    assert "scored alone" not in paragraph(votes)


def test_scenes_without_scores_or_with_poor_ones_are_named():
    rows = table([f"o{k}" for k in range(7)], ("fine", "few", "half", "none"))
    few = (rows["scene"] == "few") & (rows["observer"] > "o2")
    sides = rows[["condition_A", "condition_B"]]
    half = (rows["scene"] == "half") & sides.isin(["c"]).any(axis=1)
    rows.loc[half, "is_A_selected"] = (sides["condition_A"] == "c").astype(int).astype(str)
    split = (rows["scene"] == "none") & sides.isin(["c"]).any(axis=1)
    votes = from_table(rows[~few & ~split])
    text = paragraph(votes, per_scene=True)
    assert "4 scenes were also scored alone." in text
    assert "1 of 4 scenes got scores that are partly arbitrary, as their votes leave them open: half." in text
    assert "1 of 4 scenes had fewer than 6 observers, so their intervals may be too narrow: few." in text
    undecided = paragraph(votes, replace(QUICK, prior="none"), per_scene=True)
    assert "4 scenes were also scored alone. 1 of 4 scenes got scores of some conditions only" in undecided


def test_references_are_those_that_the_paragraph_cites(votes):
    text, listed = methods(report(votes, QUICK)).split("\n\nReferences\n")
    expected = [full for key, full in REFERENCES.items() if key in text]
    assert listed.splitlines() == expected
    assert 0 < len(expected) < len(REFERENCES)


@pytest.mark.parametrize("key", REFERENCES)
def test_a_reference_opens_with_its_first_author_and_holds_its_year(key):
    author, year = key.split(" ")[0], key.split(" ")[-1]
    assert REFERENCES[key].startswith(author)
    assert f"({year})" in REFERENCES[key]


def test_a_matrix_of_probabilities_says_how_it_became_counts_and_whose_it_is():
    text = paragraph(published("denoising"))
    assert f"The probabilities are those printed by {SOURCE}." in text
    assert "The counts are probabilities times 112 votes a pair, rounded to whole votes (half" in text
    assert "The column of a cell was taken as the winner." in text
