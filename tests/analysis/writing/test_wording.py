"""Numbers in words never say more, or other, than the numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplapp.analysis.scoring import ALPHA
from uplapp.analysis.writing.wording import NOISE, at_most, chance, fixed, listed, one_line, plural


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0505, "p = 0.051"),
        (0.0502, "p = 0.0502"),
        (0.04996, "p = 0.04996"),
        (0.05, "p = 0.05"),
        (0.0312, "p = 0.031"),
        (0.0004, "p < 0.001"),
        (1.0, "p = 1"),
    ],
)
def test_a_p_value_is_short_and_on_its_side_of_the_level(p, text):
    assert chance(p) == text


@given(st.floats(0.001, 1))
def test_a_printed_p_value_has_the_verdict_of_the_p_value(p):
    assert (float(chance(p).removeprefix("p = ")) < ALPHA) == (p < ALPHA)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.004, "0.004"), (-0.0012, "-0.001"), (0.126, "0.13"), (0.0, "0.00"), (-1e-12, "0.00")],
)
def test_a_number_beside_zero_is_not_printed_as_zero(value, text):
    assert fixed(value) == text


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_printed_number_lies_where_the_number_lies(value, limit):
    side = float(fixed(value, 2, limit)) - limit
    assert abs(value - limit) <= NOISE or math.copysign(1, side) == math.copysign(1, value - limit)


@pytest.mark.parametrize(
    ("value", "text"), [(0.1201, "0.13"), (0.12, "0.12"), (0.0, "0.00"), (0.07, "0.07"), (0.999, "1.00")]
)
def test_a_bound_is_rounded_up(value, text):
    assert at_most(value) == text


@given(st.floats(0, 10), st.integers(0, 4))
def test_a_printed_bound_holds_and_is_no_wider_than_one_digit(value, digits):
    assert value - 1e-9 <= float(at_most(value, digits)) <= value + 10.0**-digits + 1e-9


def test_what_is_undefined_stays_so():
    assert fixed(math.nan) == "nan"


def test_a_line_break_in_a_name_breaks_no_line():
    assert one_line("über\n'x'\t\x1b") == "über\\n'x'\\t\\x1b"


def test_one_is_singular_and_lists_end_on_and():
    assert (plural(1, "observer"), plural(2, "observer")) == ("1 observer", "2 observers")
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a, b and c")
