"""The chance of votes so unlike those of all who saw a scene."""

import numpy as np
import pytest
from scipy import stats

from tests.analysis.made import NAMES, study
from uplapp.analysis.observers.chance import chances, lower_tail
from uplapp.analysis.observers.outliers import unlikeness
from uplapp.values import Comparisons

WON = [3, 3, 3, 1]  # of four votes each, for a


def four(wins=WON, votes=4):
    table = np.zeros((len(wins), 2, 2))
    table[:, 0, 1], table[:, 1, 0] = wins, votes - np.array(wins)
    return Comparisons(("a", "b"), tuple("pqrstuvw")[: len(wins)], table)


def test_of_one_pair_the_variance_is_that_of_votes_drawn_from_all_by_hand():
    """Ten of 16 votes are for a: four drawn from these vary by 4 x 10/16 x 6/16 x 12/15."""
    one = chances(four())
    odds = np.log10(10 / 6)
    assert one["trials_above"] == pytest.approx((np.array(WON) - 2.5) * odds, abs=1e-6)
    assert one["trials_variance"] == pytest.approx(np.full(4, 0.75 * odds**2), abs=1e-6)


def test_of_one_pair_moments_are_those_of_the_hypergeometric_distribution():
    one, law = chances(four()), stats.hypergeom(16, 10, 4)
    chance, odds = law.pmf(range(5)), np.log10(10 / 6)
    value = stats.binom.logpmf(range(5), 4, 10 / 16) / np.log(10)
    mean = chance @ value
    assert one["pairs_above"] == pytest.approx(value[WON] - mean, abs=1e-6)
    assert one["pairs_variance"] == pytest.approx(np.full(4, chance @ (value - mean) ** 2), abs=1e-6)
    assert one["pairs_third"] == pytest.approx(np.full(4, chance @ (value - mean) ** 3), abs=1e-6)
    assert one["trials_third"] == pytest.approx(
        np.full(4, law.stats("s") * law.var() ** 1.5 * odds**3), abs=1e-6
    )


def test_who_was_not_sure_changes_places_with_the_others():
    """Six observers of three answers each: the moments are those of shuffled answers."""
    answers = np.array([1, 1, 0.5, 1, 1, 1, 1, 0, 1, 0.5, 1, 1, 1, 1, 0, 0.5, 1, 1])
    table = np.zeros((6, 3, 2, 2))
    for k, own in enumerate(answers.reshape(6, 3)):
        table[k, :, 0, 1] = [(own == kind).sum() for kind in (1, 0.5, 0)]
    wins = table[:, 0] + table[:, 1] / 2
    wins += (table[:, 2] + table[:, 1] / 2).swapaxes(1, 2)
    one = chances(Comparisons(("a", "b"), tuple("pqrstu"), wins, answers=table))
    generator = np.random.default_rng(0)
    drawn = np.array([generator.permutation(answers)[:3].sum() for _ in range(20_000)])
    odds = np.log10(answers.mean() / (1 - answers.mean()))
    assert one["trials_variance"] == pytest.approx(np.full(6, drawn.var() * odds**2), rel=0.03)
    assert one["trials_above"].sum() == pytest.approx(0, abs=1e-6)


CROWDS = {"hard": 0.3, "middling": 1.0, "easy": 2.5}


@pytest.mark.parametrize("crowd", CROWDS)
def test_of_few_observers_careful_ones_are_as_unlikely_as_p_says(crowd):
    scores = CROWDS[crowd] * np.array([-0.6, -0.2, 0.2, 0.6])
    scenes = [chances(study(scores, 5, 3, seed)) for seed in range(120)]
    for measure in ("pairs", "trials"):
        p = np.concatenate(
            [
                lower_tail(*(one[f"{measure}_{name}"] for name in ("above", "variance", "third")))
                for one in scenes
            ]
        )
        assert 0.03 < np.nanmean(p < 0.05) < 0.07
        assert np.nanmean(p < 0.005) < 0.015


@pytest.mark.parametrize("seed", range(3))
def test_who_tosses_a_coin_is_found(seed):
    made = study(np.linspace(-1, 1, 6), 16, 4, seed)
    wins = made.wins.copy()
    wins[0] = study(np.zeros(6), 1, 4, seed + 100).wins[0]
    result = unlikeness(Comparisons(made.conditions, made.observers, wins))
    assert result.p_trials.argmin() == 0
    assert result.p_trials[0] < 0.001


def test_what_nobody_else_answered_says_nothing():
    wins = np.zeros((3, 3, 3))
    wins[:, 0, 1], wins[:, 1, 0] = [2, 1, 2], [1, 2, 1]
    wins[0, 1, 2], wins[0, 2, 1] = 3, 1
    alone = chances(Comparisons(tuple(NAMES[:3]), tuple("pqr"), wins))
    wins[0, 1, 2] = wins[0, 2, 1] = 0
    without = chances(Comparisons(tuple(NAMES[:3]), tuple("pqr"), wins))
    assert alone["trials_above"] == pytest.approx(without["trials_above"], abs=1e-6)
    assert alone["trials_variance"] == pytest.approx(without["trials_variance"], abs=1e-6)
