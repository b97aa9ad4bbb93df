"""The printed report: warnings first, and one screen however large the study."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from tests.analysis.made import study, table
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring import analyse
from uplapp.analysis.writing.methods import methods
from uplapp.analysis.writing.report import report, to_dict
from uplapp.analysis.writing.summary import summary
from uplapp.values import Comparisons, Method

QUICK = Method(prior="none", bootstraps=60)


def many(conditions: int) -> Comparisons:
    """Clearly different conditions with names of their own."""
    made = study(np.linspace(-2, 2, 26)[:conditions], observers=8, votes=6, seed=0)
    if conditions <= 26:
        return made
    names = tuple(f"c{k:02d}" for k in range(conditions))
    generator = np.random.default_rng(0)
    wins = generator.binomial(4, 0.5, (8, conditions, conditions)) + np.tril(
        np.full((conditions,) * 2, 6), -3
    )
    return Comparisons(names, made.observers, wins.astype(float))


@pytest.fixture(scope="module")
def large():
    return report(many(44), QUICK)


def test_the_report_of_44_conditions_fits_a_screen(large):
    lines = summary(large).splitlines()
    assert len(lines) <= 60
    assert sum(line.split()[1:2] == [f"c{k:02d}"] for line in lines for k in range(44)) == 44
    significant = sum(pair.significant for pair in large.scores.pairs)
    assert any(f"{significant} of 946 differences significant" in line for line in lines)
    assert any("more between conditions further apart in rank, in --json" in line for line in lines)


def test_of_more_conditions_the_best_and_the_last_are_shown():
    lines = summary(report(many(60), replace(QUICK, bootstraps=20))).splitlines()
    assert len(lines) <= 60
    ranks = [line.split()[0] for line in lines if len(line.split()) == 7]
    assert (ranks[1], ranks[-1]) == ("1", "60")
    assert any("more, in --csv" in line for line in lines)


def test_warnings_come_first(large):
    few = report(study(np.array([0.0, 0.5, 1.0]), observers=3, votes=6, seed=1), QUICK)
    text = summary(few)
    assert few.warnings
    assert text.splitlines()[0] == f"warning: {few.warnings[0]}"
    assert all(warning in text for warning in few.warnings)


def test_a_small_report_names_every_significant_difference():
    made = report(
        study(np.linspace(-2, 2, 6), observers=12, votes=4, seed=0), replace(QUICK, prior="distance")
    )
    text = summary(made)
    significant = [pair for pair in made.scores.pairs if pair.significant]
    assert significant
    assert text.count(" JOD, p ") == len(significant)
    assert "more" not in text


def test_the_scores_of_many_scenes_stay_in_the_files():
    scenes = tuple(f"s{k:02d}" for k in range(9))
    made = report(from_table(table(("p", "q"), scenes)), replace(QUICK, bootstraps=5), per_scene=True)
    text = summary(made)
    assert "the scores of 9 scenes are in --csv, --json and --figures" in text
    assert "JOD by scene" not in text


def test_of_two_rankings_the_conditions_that_moved_most_are_printed():
    everyone, kept = (
        analyse(many(26), QUICK),
        analyse(many(26), replace(QUICK, prior="distance", bootstraps=5)),
    )
    made = replace(report(many(26), QUICK), scores=kept, everyone=everyone)
    assert "14 conditions that moved less are left out" in summary(made)


def unequal_votes(spread: float) -> Comparisons:
    """Votes of one condition, b, that is judged with another spread than the rest."""
    scores, spreads = np.array([-1.0, -0.3, 0.1, 0.6, 1.1]), np.array([1, spread, 1, 1, 1])
    width = 1.4826 * np.sqrt((spreads[:, None] ** 2 + spreads**2) / 2)
    chances = norm.cdf((scores[:, None] - scores) / width)
    wins = np.round(200 * chances / 8) * (1 - np.eye(5))
    return Comparisons(tuple("abcde"), tuple(f"o{k}" for k in range(8)), np.repeat(wins[None], 8, axis=0))


def test_unequal_variances_are_told_where_they_fit_better_and_only_there():
    better, equal = (report(unequal_votes(spread), QUICK) for spread in (4.0, 1.0))
    for text in (summary(better), methods(better)):
        assert "Case III) fit better" in text
        assert "b is judged least consistently" in text
    assert "Case III" not in summary(equal) + methods(equal)
    assert to_dict(equal)["unequal_variances"]["p"] > 0.05
