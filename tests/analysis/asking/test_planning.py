"""How many observers a study needs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uplapp.analysis.asking.planning import Plan, Planned, advice, needed, plan, simulate, wilson
from uplapp.analysis.model import SIGMA, preference
from uplapp.analysis.scoring import analyse
from uplapp.errors import Cancelled, UnknownName, UplappError
from uplapp.values import Method

QUICK = Method(prior="none", bootstraps=50)
EXPERIMENTS, VOTES = 200, 8
DIFFERENCES_JOD = (0.0, 0.4)
OBSERVERS = (14, 30)


def two(difference_jod, spread_jod=0.0):
    return Plan((("a", difference_jod), ("b", 0.0)), VOTES, spread_jod)


def analytic(difference_jod, observers):
    """Power of a two-sided t test, 5%, of a probit difference whose variance is the binomial's."""
    x = difference_jod / SIGMA
    p = stats.norm.cdf(x)
    se = SIGMA * np.sqrt(p * (1 - p) / (observers * VOTES)) / stats.norm.pdf(x)
    reach = stats.t.ppf(0.975, observers - 1)
    upper, lower = (stats.nct.sf(reach, observers - 1, side * difference_jod / se) for side in (1, -1))
    return upper + (lower if difference_jod == 0 else 0)  # the wrong way round is found only between equals


@pytest.fixture(scope="module")
def powers():
    """Power by (difference in JOD, observers)."""
    tables = {d: plan(two(d), OBSERVERS, EXPERIMENTS, QUICK).table for d in DIFFERENCES_JOD}
    return {(d, row.observers): row.power for d, table in tables.items() for row in table.itertuples()}


class TestPower:
    @pytest.mark.parametrize("observers", OBSERVERS)
    @pytest.mark.parametrize("difference_jod", DIFFERENCES_JOD)
    def test_of_two_conditions_is_the_analytic_one(self, powers, difference_jod, observers):
        expected = analytic(difference_jod, observers)
        three_sigma = 3 * np.sqrt(expected * (1 - expected) / EXPERIMENTS)
        assert powers[difference_jod, observers] == pytest.approx(expected, abs=three_sigma)

    def test_rises_with_observers_and_with_the_difference(self, powers):
        assert powers[0.0, 14] < powers[0.4, 14] < powers[0.4, 30]

    def test_falls_where_observers_differ(self):
        agreed, split = (plan(two(0.5, spread), (14,), 100, QUICK).table["power"][0] for spread in (0, 0.8))
        assert split < agreed - 0.2

    def test_of_far_apart_conditions_with_many_votes_is_certain(self):
        power = plan(Plan((("a", 0.0), ("b", 2.0), ("c", 1.0)), 40, 0.1), (8,), 10, QUICK)
        assert (power.table["power"] == 1).all()
        assert power.overall[["all_neighbours", "best_first"]].to_numpy().tolist() == [[1, 1]]

    def test_does_not_count_what_is_found_the_wrong_way_round(self):
        # a difference too small to change a single vote, so that the three plans draw the same studies
        up, down, equal = (plan(two(d, 0.3), (8,), 100, QUICK).table["power"][0] for d in (1e-9, -1e-9, 0))
        assert up + down == pytest.approx(equal)
        assert min(up, down) > 0


class TestPlanned:
    def test_has_a_row_for_each_number_of_observers_and_pair(self):
        power = plan(Plan((("a", 0.0), ("b", 1.0), ("c", 0.4))), (8, 6), 3, QUICK).table
        assert power["observers"].tolist() == [6, 6, 6, 8, 8, 8]
        assert power["comparison"].tolist() == 2 * ["b - c", "c - a", "b - a"]
        assert power["difference_jod"].tolist() == pytest.approx(2 * [0.6, 0.4, 1.0])
        assert power["neighbours"].tolist() == 2 * [True, True, False]
        assert ((power["power_low"] <= power["power"]) & (power["power"] <= power["power_high"])).all()

    def test_widths_are_the_medians_of_the_analyses(self):
        def width(experiment):
            generator = np.random.default_rng((0, experiment))
            made = simulate(two(0.5), 10, generator)
            scores = analyse(made, Method(bootstraps=50, seed=int(generator.integers(2**31))))
            return 2 * stats.t.ppf(0.975, 9) * scores.pairs[0].se

        power = plan(two(0.5), (10,), 3, Method(bootstraps=50))
        assert power.table["width_jod"][0] == pytest.approx(np.median([width(k) for k in range(3)]))

    def test_all_neighbours_are_those_with_a_difference(self):
        power = plan(Plan((("a", 2.0), ("b", 0.0), ("c", 0.0)), 40, 0.1), (8,), 10, QUICK)
        assert power.table["power"][1] < 1
        assert power.overall["all_neighbours"][0] == 1

    def test_one_seed_gives_one_result(self):
        one, again, other = (plan(two(0.4, 0.3), (8,), 20, QUICK, seed) for seed in (1, 1, 2))
        pd.testing.assert_frame_equal(one.table, again.table)
        assert not one.table.equals(other.table)

    def test_studies_of_one_winner_find_it_and_are_infinitely_wide(self):
        power = plan(Plan((("a", 30.0), ("b", 0.0)), 2, 0.0), (6,), 5, QUICK)
        assert power.table["width_jod"][0] == np.inf
        assert power.table["power"][0] == power.overall["best_first"][0] == 1


class TestSimulate:
    def test_observers_choose_as_often_as_their_scores_say(self):
        wins = simulate(
            Plan((("a", 1.0), ("b", 0.0), ("c", -0.5)), 20, 0.0), 2000, np.random.default_rng(0)
        ).wins
        assert wins.sum(axis=0)[0, 1] / 40_000 == pytest.approx(0.75, abs=0.007)  # one JOD; 3 sigma
        assert wins.sum(axis=0)[0, 2] / 40_000 == pytest.approx(preference(1.5), abs=0.006)

    def test_a_spread_draws_choices_together_by_the_documented_factor(self):
        wins = simulate(two(1.0, spread_jod=0.8), 20_000, np.random.default_rng(0)).wins.sum(axis=0)
        recovered = SIGMA * stats.norm.ppf(wins[0, 1] / wins.sum())
        assert recovered == pytest.approx(SIGMA / np.sqrt(SIGMA**2 + 2 * 0.8**2), abs=0.03)

    @settings(max_examples=20)
    @given(votes=st.floats(0.4, 3.2), observers=st.integers(2, 30), n=st.integers(3, 6))
    def test_fractions_of_votes_go_round(self, votes, observers, n):
        wins = simulate(
            Plan(tuple((str(k), 0.0) for k in range(n)), votes), observers, np.random.default_rng(0)
        ).wins
        votes_cast = (wins + wins.swapaxes(1, 2))[:, *np.triu_indices(n, 1)]
        assert (
            votes_cast.sum()
            == np.floor(observers * (votes - int(votes)) * votes_cast.shape[1] + 1e-6)
            + int(votes) * votes_cast.size
        )
        assert np.ptp(votes_cast.sum(axis=0)) <= 1
        assert np.ptp(votes_cast.sum(axis=1)) <= 1
        assert set(np.unique(votes_cast)) <= {int(votes), int(votes) + 1}


def made_up(powers, best=0.9):
    """A plan of 10, 20 and 30 observers with these powers."""
    guess = Plan((("a", 0.5), ("b", 0.0)))
    share = np.array(powers)
    table = pd.DataFrame(
        {
            "observers": (10, 20, 30),
            "comparison": "a - b",
            "difference_jod": 0.5,
            "power": share,
            "power_low": share - 0.1,
            "power_high": share + 0.1,
            "width_jod": 1.0,
            "neighbours": True,
        }
    )
    overall = table[["observers"]].assign(
        all_neighbours=share, all_neighbours_low=share - 0.1, all_neighbours_high=share + 0.1, best_first=best
    )
    return Planned(guess, QUICK, 100, table, overall)


class TestAdvice:
    @pytest.mark.parametrize(
        ("powers", "expected"), [((0.2, 0.8, 0.9), 20), ((0.85, 0.8, 0.9), 10), ((0.2, 0.3, 0.79), None)]
    )
    @pytest.mark.parametrize("comparison", [None, "a - b"])
    def test_the_first_number_that_reaches_the_power_is_needed(self, powers, expected, comparison):
        assert needed(made_up(powers), comparison=comparison) == expected

    def test_says_how_many_are_enough(self):
        assert advice(made_up((0.2, 0.85, 0.9))) == (
            "20 observers are enough: they find every difference between neighbours in 85% of such studies "
            "(95% Monte-Carlo interval 75% to 95%)."
        )

    def test_says_what_keeps_a_study_from_finding_all(self):
        sentence = advice(made_up((0.2, 0.3, 0.4)))
        assert sentence.startswith("30 observers are not enough")
        assert sentence.endswith("short of 80%; the hardest is a - b (0.5 JOD), found in 40%.")

    def test_of_one_comparison_names_it(self):
        assert "the difference a - b in 85%" in advice(made_up((0.2, 0.85, 0.9)), comparison="a - b")

    def test_of_equal_guesses_says_that_there_is_nothing_to_find(self):
        power = plan(two(0.0), (6,), 3, QUICK)
        assert needed(power) is None
        assert advice(power) == "All conditions have the same guessed score: there is no difference to find."

    def test_an_unknown_comparison_is_refused(self):
        with pytest.raises(UnknownName, match="comparison 'b - a'"):
            needed(made_up((0.1, 0.2, 0.3)), comparison="b - a")


def test_the_monte_carlo_interval_is_wilsons():
    expected = stats.binomtest(7, 40).proportion_ci(method="wilson")
    assert wilson(np.array(7), 40) == pytest.approx((expected.low, expected.high))


def test_watch_counts_analyses_and_may_stop_them():
    steps = []

    def watch(done, total):
        steps.append((done, total))
        if done == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        plan(two(0.5), (6, 8), 2, QUICK, watch=watch)
    assert steps == [(1, 4), (2, 4), (3, 4)]


AB = (("a", 0.5), ("b", 0.0))
BAD = {
    "one condition": (Plan(AB[:1]), {}, "1 conditions are guessed"),
    "twice": (Plan((*AB, ("a", 1.0))), {}, "'a' has two guessed scores"),
    "no number": (Plan((*AB, ("c", np.nan))), {}, "guessed score of 'c' is nan"),
    "spread": (Plan(AB, 8, -0.1), {}, "spread is -0.1 JOD"),
    "endless spread": (Plan(AB, 8, np.inf), {}, "spread is inf JOD"),
    "no votes": (Plan(AB, 0.5), {}, "0.5 votes per pair; it must be a number from 1 up"),
    "endless votes": (Plan(AB, np.inf), {}, "inf votes per pair"),
    "one observer": (Plan(AB), {"observers": (1, 8)}, "numbers of observers are 1, 8"),
    "nobody": (Plan(AB), {"observers": ()}, "numbers of observers are none"),
    "no experiments": (Plan(AB), {"experiments": 0}, "experiments is 0"),
    "seed": (Plan(AB), {"seed": -1}, "seed is -1"),
}


@pytest.mark.parametrize(("guess", "options", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(guess, options, sentence):
    with pytest.raises(UplappError, match=sentence):
        plan(guess, **options)
