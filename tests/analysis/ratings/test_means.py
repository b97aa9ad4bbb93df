"""Means within observers first, intervals over observers, paired tests, the hidden reference."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis import rated
from tests.analysis.rated import BY_HAND
from uplapp.analysis.ratings.means import differences, means, observer_means, spread
from uplapp.analysis.reading.ratings import from_table
from uplapp.analysis.scoring import holm
from uplapp.values import Method

QUICK = Method(bootstraps=200)


def made(observers=8, scenes=4, seed=0, change=lambda ratings: ratings):
    return from_table(rated.table(change(rated.draw(observers, scenes, seed))))


def by_condition(table):
    return table.set_index("condition")


def test_means_that_a_person_can_compute_by_hand():
    table = by_condition(means(from_table(BY_HAND), QUICK))
    # anna: a (3 + 5) / 2 = 4, b 1.5; bob: a 3, b 2; sd of (4, 3) is 0.5 * sqrt(2)
    assert table["mean"].to_dict() == {"reference": 4.5, "a": 3.5, "b": 1.75}
    assert table["sd"].to_dict() == pytest.approx(
        {"reference": 0.5 * 2**0.5, "a": 0.5 * 2**0.5, "b": 0.25 * 2**0.5}
    )
    assert table["ratings"].to_dict() == {"reference": 2, "a": 5, "b": 4}
    assert set(table["observers"]) == {2}


def test_differences_that_a_person_can_compute_by_hand():
    (row,) = differences(from_table(BY_HAND), QUICK).to_dict("records")
    # anna 4 - 1.5, bob 3 - 2: mean 1.75, se 0.75, t = 7/3 with one degree of freedom
    assert (row["a"], row["b"], row["difference"]) == ("a", "b", 1.75)
    assert row["p"] == row["p_adjusted"] == pytest.approx(1 - 2 / np.pi * np.arctan(7 / 3))
    assert not row["significant"]


def test_the_hidden_reference_is_compared_within_its_scenes():
    table = by_condition(means(from_table(BY_HAND), QUICK))
    # river only: anna a 3 - 5, b 2 - 5; bob a 3 - 4, b 2 - 4
    assert table.loc["a", "reference_difference"] == -1.5
    assert table.loc["b", "reference_difference"] == -2.5
    assert np.isnan(table.loc["reference", "reference_difference"])


def test_a_published_mean_with_its_spread_between_observers_comes_back():
    # Three readers with the mean and sd printed for ground truth in an MR study: 3.78 +- .45.
    readers = np.array([3.33, 3.78, 4.23])
    rows = [(f"r{k}", "GT", value) for k, value in enumerate(readers)]
    (row,) = means(
        from_table(pd.DataFrame(rows, columns=["observer", "condition", "rating"])), QUICK
    ).to_dict("records")
    assert (round(row["mean"], 2), round(row["sd"], 2)) == (3.78, 0.45)


class TestProperties:
    def test_a_generous_observer_shifts_means_by_his_share_and_no_difference(self):
        def generous(ratings):
            return ratings + np.where(np.arange(8) == 3, 2.0, 0.0)[:, None, None]

        plain, shifted = made(), made(change=generous)
        shift = by_condition(means(shifted, QUICK))["mean"] - by_condition(means(plain, QUICK))["mean"]
        assert shift.to_numpy() == pytest.approx([2 / 8] * 3)
        names = ["difference", "p", "p_adjusted", "low", "high"]
        pd.testing.assert_frame_equal(differences(plain, QUICK)[names], differences(shifted, QUICK)[names])

    def test_the_order_of_the_rows_does_not_matter(self):
        table = rated.table(rated.draw(6, 3, 1))
        mixed = table.sample(frac=1.0, random_state=3)
        pd.testing.assert_frame_equal(means(from_table(table), QUICK), means(from_table(mixed), QUICK))

    def test_an_observer_with_more_ratings_weighs_no_more(self):
        table = rated.table(rated.draw(4, 3, 2))
        eager = table[table["observer"] == "o01"]
        twice = means(from_table(pd.concat([table, eager], ignore_index=True)), QUICK)
        once = means(from_table(table), QUICK)
        pd.testing.assert_frame_equal(twice.drop(columns="ratings"), once.drop(columns="ratings"))

    def test_another_unit_scales_means_and_intervals_and_keeps_p(self):
        plain, wide = (made(change=lambda ratings, by=by: by * ratings) for by in (1.0, 10.0))
        columns = ["mean", "low", "high", "sd"]
        assert (10 * means(plain, QUICK)[columns]).to_numpy() == pytest.approx(
            means(wide, QUICK)[columns].to_numpy()
        )
        assert differences(plain, QUICK)["p"].to_numpy() == pytest.approx(differences(wide, QUICK)["p"])


class TestOutsideReferences:
    def test_p_is_that_of_scipys_paired_t_test(self):
        ratings = made(observers=9, seed=4)
        own = observer_means(ratings, "quality")
        table = differences(ratings, QUICK)
        expected = [
            stats.ttest_rel(own[a], own[b]).pvalue for a, b in zip(table["a"], table["b"], strict=True)
        ]
        assert table["p"].to_numpy() == pytest.approx(expected)
        assert table["p_adjusted"].to_numpy() == pytest.approx(holm(np.array(expected)))

    def test_percentile_intervals_are_those_of_scipys_bootstrap(self):
        own = observer_means(made(observers=20, seed=5), "quality")
        means = spread(own.to_numpy(float), Method(interval="percentile", bootstraps=20_000))
        for place, name in enumerate(own.columns):
            reference = stats.bootstrap(
                (own[name],), np.mean, n_resamples=20_000, method="percentile", random_state=1
            )
            low, high = reference.confidence_interval
            # Both are Monte Carlo: a quantile of 20,000 draws is off by some hundredths of a standard error.
            assert (means.low[place], means.high[place]) == pytest.approx((low, high), abs=0.02)

    def test_t_intervals_come_near_the_textbooks(self):
        own = observer_means(made(observers=7, seed=6), "quality")["a"]
        means = spread(own.to_numpy(float)[:, None], Method(bootstraps=20_000))
        low, high = stats.t.interval(0.95, 6, own.mean(), stats.sem(own))
        assert (means.low[0], means.high[0]) == pytest.approx((low, high), rel=0.02)


@pytest.mark.parametrize(
    ("interval", "observers", "least", "most"),
    # measured with 1000 rounds: t .945 at 3, .948 at 6, .945 at 12; percentile .74, .86, .91
    [
        ("t", 3, 0.93, 0.965),
        ("t", 6, 0.93, 0.965),
        ("t", 12, 0.93, 0.965),
        ("percentile", 3, 0.70, 0.78),
        ("percentile", 12, 0.88, 0.93),
    ],
)
def test_intervals_cover_as_often_as_they_say(interval, observers, least, most):
    truth, hits = np.array(rated.means()), []
    for seed in range(1000):
        own = rated.draw(observers, 6, seed).mean(axis=2)
        bounds = spread(own, Method(interval=interval, bootstraps=300, seed=seed))
        hits += list((bounds.low <= truth) & (truth <= bounds.high))
    assert least < np.mean(hits) < most


def test_one_observer_has_means_and_no_interval():
    table = means(made(observers=1), QUICK)
    assert table["mean"].notna().all()
    assert table[["low", "high", "sd"]].isna().all(axis=None)
    assert differences(made(observers=1), QUICK)[["p", "p_adjusted"]].isna().all(axis=None)


def test_observers_who_agree_exactly_say_nothing_about_chance():
    ratings = made(change=lambda ratings: ratings * 0 + np.array([1, 2, 3])[:, None])
    assert means(ratings, QUICK)[["low", "high"]].isna().all(axis=None)
    table = differences(ratings, QUICK)
    assert table["p"].isna().all()
    assert not table["significant"].any()


def test_criteria_are_kept_apart_in_the_order_of_the_file():
    both = [rated.table(rated.draw(5, 2, seed), name) for seed, name in enumerate(("structure", "details"))]
    ratings = from_table(pd.concat(both, ignore_index=True))
    rows = means(ratings, QUICK)
    assert list(dict.fromkeys(rows["criterion"])) == ["structure", "details"]
    alone = means(from_table(both[1]), QUICK)
    pd.testing.assert_frame_equal(rows[rows["criterion"] == "details"].reset_index(drop=True), alone)
    assert list(differences(ratings, QUICK).groupby("criterion")["p"].count()) == [3, 3]


def test_an_observer_who_never_saw_a_condition_is_not_counted_there():
    table = rated.table(rated.draw(5, 2, 0))
    some = table[(table["observer"] != "o00") | (table["condition"] == "a")]
    rows = by_condition(means(from_table(some), QUICK))
    assert rows["observers"].to_dict() == {"c": 4, "b": 4, "a": 5}
    pairs = differences(from_table(some), QUICK).set_index(["a", "b"])["observers"]
    assert pairs.to_dict() == {("a", "b"): 4, ("a", "c"): 4, ("b", "c"): 4}


def test_conditions_that_were_never_rated_in_one_scene_are_not_compared():
    rows = [
        {"observer": who, "condition": name, "scene": scene, "criterion": "q", "rating": level + shift}
        for shift, who in enumerate("abc")
        for name, scene, level in (("A", "hard", 1), ("B", "easy", 4))
    ]
    table = differences(from_table(pd.DataFrame(rows)), QUICK)
    assert table["difference"].isna().all()
    assert not table["significant"].any()


def test_a_scene_that_only_one_of_two_conditions_has_does_not_move_their_difference():
    both = [
        {"observer": who, "condition": name, "scene": "s", "criterion": "q", "rating": level + shift}
        for shift, who in enumerate("abc")
        for name, level in (("A", 2), ("B", 3 + shift % 2))
    ]
    extra = [{**row, "scene": "easy", "rating": 9} for row in both if row["condition"] == "A"]
    plain, with_extra = (differences(from_table(pd.DataFrame(rows)), QUICK) for rows in (both, both + extra))
    pd.testing.assert_frame_equal(plain, with_extra)
