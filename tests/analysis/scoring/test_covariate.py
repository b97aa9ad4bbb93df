"""Scores against a number of each condition, with intervals from the replicates."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import linregress

from tests.analysis.made import matrix, study, write
from uplapp.analysis.reading.covariate import read_covariate
from uplapp.analysis.scoring import analyse
from uplapp.analysis.scoring.covariate import against
from uplapp.errors import UplappError
from uplapp.values import Method

RATES = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 8.0, "e": 16.0}


@pytest.fixture(scope="module")
def scores():
    return analyse(study(np.linspace(-0.8, 0.8, 5), 12, 4, seed=3, spread_jod=0.3), Method(bootstraps=300))


def test_the_slope_is_that_of_least_squares(scores):
    made, other = against(scores, RATES, "rate"), linregress(list(RATES.values()), scores.jod)
    assert made.slope.value == pytest.approx(other.slope)
    assert made.explained == pytest.approx(other.rvalue**2)
    made, other = against(scores, RATES, "rate", log=True), linregress(np.arange(5), scores.jod)
    assert made.curve[[0, -1]] == pytest.approx(other.intercept + other.slope * np.array([0, 4]))


def test_its_standard_error_is_that_of_the_slopes_of_the_replicates(scores):
    slopes = [linregress(np.log2(list(RATES.values())), row).slope for row in scores.replicates]
    made = against(scores, RATES, "rate", log=True).slope
    assert made.se == pytest.approx(np.std(slopes, ddof=1) * np.sqrt(12 / 11))
    assert made.high - made.value == pytest.approx(2.200985 * made.se, rel=1e-5)  # t of 11 degrees of freedom


def test_of_two_conditions_slope_and_test_are_those_of_the_difference(scores):
    made, pair = against(scores, {"a": 0, "b": 1}, "b"), scores.pairs[0]
    assert made.slope.value == pytest.approx(-pair.difference)
    assert (made.slope.se, made.slope.p) == (pytest.approx(pair.se), pytest.approx(pair.p))


@pytest.mark.parametrize("factor", [0.1, 1000.0])
def test_other_units_change_the_slope_alone(scores, factor):
    made, other = (against(scores, {k: v * f for k, v in RATES.items()}, "x") for f in (1.0, factor))
    assert other.slope.value == pytest.approx(made.slope.value / factor)
    assert (other.slope.p, other.bend.p) == (pytest.approx(made.slope.p), pytest.approx(made.bend.p))


def test_scores_on_a_line_over_doublings_bend_without_the_logarithm(scores):
    assert against(scores, RATES, "rate").is_curved
    assert not against(scores, RATES, "rate", log=True).is_curved


def test_intervals_hold_the_true_slope():
    held = []
    for seed in range(40):
        some = analyse(study(np.linspace(-0.4, 0.4, 3), 8, 4, seed), Method("none", bootstraps=100))
        slope = against(some, {"a": -0.4, "b": 0, "c": 0.4}, "x").slope
        held.append(slope.low <= 1 <= slope.high)
    assert np.mean(held) > 0.85


def test_conditions_without_a_number_are_left_out(scores):
    made = against(scores, {"a": 1, "c": 2, "e": 4}, "rate")
    assert (made.conditions, made.left_out) == (("a", "c", "e"), ("b", "d"))
    assert made.bend is None


BAD = {
    "stranger": ({"z": 1.0, "a": 2.0}, False, "'z' has a rate and is no condition"),
    "alike": ({"a": 1.0, "b": 1.0}, False, "two conditions or more"),
    "zero": ({"a": 0.0, "b": 1.0}, True, "has no logarithm"),
}


@pytest.mark.parametrize(("values", "log", "sentence"), BAD.values(), ids=BAD)
def test_numbers_that_make_no_slope_are_one_sentence(scores, values, log, sentence):
    with pytest.raises(UplappError, match=sentence):
        against(scores, values, "rate", log)


def test_groups_without_a_common_scale_have_no_slope():
    some = analyse(matrix((0, 9, 0, 0), (7, 0, 0, 0), (0, 0, 0, 8), (0, 0, 9, 0)), Method(bootstraps=20))
    with pytest.raises(UplappError, match="common scale"):
        against(some, {"a": 1, "c": 2}, "x")


def test_without_replicates_there_is_a_slope_and_no_interval(scores):
    made = against(replace(scores, replicates=scores.replicates[:0]), RATES, "rate").slope
    assert np.isfinite(made.value)
    assert np.isnan([made.se, made.low, made.high, made.p]).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1,b=2.5", ("covariate", {"a": 1.0, "b": 2.5})),
        ("bit rate: x=y=1, b=2", ("bit rate", {"x=y": 1.0, "b": 2.0})),
    ],
)
def test_numbers_are_read_from_a_text(text, expected):
    assert read_covariate(text) == expected


def test_numbers_are_read_from_a_table(tmp_path):
    path = write(tmp_path, 'condition,bits\na,1\nb,\nc,"2,5"\n')
    assert read_covariate(str(path)) == ("bits", {"a": 1.0, "c": 2.5})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("condition,bits,more\na,1,2\n", "needs two"),
        ("condition,bits\na,x\n", "line 2: 'x' is not a number"),
        ("condition,bits\na,1\na,2\n", "line 3: 'a' has two numbers"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(UplappError, match=sentence):
        read_covariate(str(write(tmp_path, text)))
