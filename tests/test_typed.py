"""One reader turns tables of TOML or JSON into frozen dataclasses."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplapp.errors import BadStudy, UplappError
from uplapp.typed import OneOf, Range, allowing, read

HOUSE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Inner:
    name: str
    sizes: tuple[int, ...] = allowing(Range(0), default=())


@dataclass(frozen=True)
class Steps:
    steps: int = 1

    def __post_init__(self) -> None:
        if self.steps == 13:
            raise UplappError("steps cannot be 13")


@dataclass(frozen=True)
class Outer:
    title: str
    rate: float = allowing(Range(0, 1, above=True), default=0.5)
    loud: bool = False
    side: Literal["left", "right"] = "left"
    colour: str = allowing(OneOf(("red", "blue")), default="red")
    inner: Inner | None = None
    rows: tuple[Inner, ...] = ()
    named: Mapping[str, Steps] = field(default_factory=dict)
    free: Mapping[str, Any] = field(default_factory=dict)
    start: "Outer | None" = None


def outer(**values: Any) -> Outer:
    return read(Outer, {"title": "a", **values}, "here.toml", BadStudy)


TOML = """
title = "a"
rate = 1
side = "right"
[inner]
name = "x"
sizes = [3, 4]
[[rows]]
name = "y"
[named.l1]
steps = 5
[free]
k = [1, "two"]
[start]
title = "b"
"""
VALUE = Outer(
    "a",
    1.0,
    False,
    "right",
    "red",
    Inner("x", (3, 4)),
    (Inner("y"),),
    {"l1": Steps(5)},
    {"k": [1, "two"]},
    Outer("b"),
)


def test_toml_and_json_give_the_same_value():
    assert read(Outer, tomllib.loads(TOML), "here", BadStudy) == VALUE
    assert read(Outer, json.loads(json.dumps(tomllib.loads(TOML))), "here", BadStudy) == VALUE


def test_what_is_written_as_json_is_read_back():
    assert read(Outer, json.loads(json.dumps(asdict(VALUE))), "here", BadStudy) == VALUE


def test_a_whole_number_becomes_the_float_of_its_field():
    assert type(outer(rate=1).rate) is float


WRONG = {
    "no table": ({"inner": 3}, "inner must be a table"),
    "no table in a mapping": ({"named": {"l1": 3}}, "named.l1 must be a table"),
    "no mapping": ({"named": [3]}, "named must be a table"),
    "unknown key": ({"inner": {"name": "x", "nmae": 1}}, "inner: unknown key 'nmae'; allowed: name, sizes"),
    "missing key": ({"inner": {}}, "inner: 'name' is missing"),
    "text for a number": ({"rate": "fast"}, "rate = 'fast' must be a number"),
    "truth for a number": ({"named": {"l1": {"steps": True}}}, "steps = True must be a whole number"),
    "float for a whole number": ({"named": {"l1": {"steps": 1.0}}}, "steps = 1.0 must be a whole number"),
    "number for a truth": ({"loud": 1}, "loud = 1 must be true or false"),
    "NaN": ({"rate": math.nan}, "rate = nan must be a number"),
    "infinity": ({"rate": math.inf}, "rate = inf must be a number"),
    "beyond every float": ({"rate": 10**400}, "must be a number"),
    "outside its range": ({"rate": 0}, "rate = 0 must be more than 0 and at most 1"),
    "none of the choices": ({"side": "up"}, "side = 'up' must be one of: left, right"),
    "none of the names": ({"colour": "green"}, "colour = 'green' must be one of: red, blue"),
    "no list": ({"rows": "abc"}, "rows = 'abc' must be a list"),
    "mixed list": (
        {"inner": {"name": "x", "sizes": [1, "b"]}},
        r"sizes = \[1, 'b'\] must be a list of whole",
    ),
    "list outside its range": ({"inner": {"name": "x", "sizes": [-1]}}, r"sizes = \[-1\] must be at least 0"),
    "row with a name": ({"rows": [{"name": "y", "sizes": 1}]}, "rows 'y': sizes = 1 must be a list"),
    "row without a name": ({"rows": [{}]}, r"rows\[0\]: 'name' is missing"),
    "refused by the value": ({"named": {"l1": {"steps": 13}}}, "named.l1: steps cannot be 13"),
    "null": ({"title": None}, "title = None must be a text"),
}


@pytest.mark.parametrize(("values", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_is_refused_with_place_key_value_and_rule(values, sentence):
    with pytest.raises(BadStudy, match=rf"^here\.toml: .*{sentence}"):
        outer(**values)


def test_tables_nested_without_end_are_refused():
    table: dict[str, Any] = {"title": "a"}
    for _ in range(2000):
        table = {"title": "a", "start": table}
    with pytest.raises(BadStudy, match="nested deeper"):
        read(Outer, table, "here.toml", BadStudy)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(BadStudy) as caught:
        outer(rate="x" * 10_000)
    assert len(str(caught.value)) < 200


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda values: (
            st.lists(values)
            | st.dictionaries(st.sampled_from(["title", "rows", "inner", "name", "named"]), values)
        ),
    )
)
def test_any_json_gives_a_value_or_the_error_of_the_caller(values):
    try:
        made = read(Outer, values, "here", BadStudy)
    except BadStudy:
        return
    assert isinstance(made, Outer)


LIMITS = {
    "both ends": (Range(0, 2), [0, 1, 2], [-1, 3]),
    "without its low end": (Range(0, 2, above=True), [1, 2], [0]),
    "without its high end": (Range(0, 2, below=True), [0, 1], [2]),
    "without an end": (Range(1), [1, 10**9], [0]),
}


@pytest.mark.parametrize(("limits", "inside", "outside"), LIMITS.values(), ids=LIMITS.keys())
def test_a_range_holds_its_ends_unless_it_says_otherwise(limits, inside, outside):
    assert [value in limits for value in [*inside, *outside]] == [True] * len(inside) + [False] * len(outside)
