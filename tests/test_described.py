"""Options that describe themselves: what they may be, how a person writes them, what is refused."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from uplapp.described import check_options, option, options_of
from uplapp.errors import UnknownName, UplappError


@dataclass(frozen=True)
class Kettle:
    """A value with an option of every kind, and a field that is none."""

    level: int = option(3, "Level", "How full.", low=1, high=8, slider=(2, 6), step=1)
    heat: float = option(0.5, "Heat", low=0)
    lid: bool = option(True, "Lid")
    leaf: str = option("green", "Leaf", choices={"green": "Green tea", "black": "Black tea"}, folded=True)
    limit: float | None = option(None, "Limit", low=0, high=1)
    seed: int | tuple[int, ...] = option(0, "Seed", low=0)
    recipe: Path | None = option(None, "Recipe")  # noqa: RUF009 (a field, made as `dataclasses.field` makes it)
    name: str = "kettle"


OPTIONS = {one.name: one for one in options_of(Kettle)}


def test_described_fields_alone_are_options_in_their_order():
    assert list(OPTIONS) == ["level", "heat", "lid", "leaf", "limit", "seed", "recipe"]
    assert options_of(Kettle(level=5)) == options_of(Kettle)
    assert options_of(len) == ()


def test_an_option_is_what_its_field_says():
    level, leaf = OPTIONS["level"], OPTIONS["leaf"]
    assert (level.label, level.help, level.default, level.slider, level.step) == (
        "Level",
        "How full.",
        3,
        (2, 6),
        1,
    )
    assert (leaf.folded, list(leaf.choices)) == (True, ["green", "black"])
    assert [one.kind for one in OPTIONS.values()] == [
        "whole",
        "number",
        "switch",
        "choice",
        "number",
        "whole",
        "file",
    ]
    assert [name for name, one in OPTIONS.items() if one.optional] == ["limit", "recipe"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("level", "a whole number from 1 to 8"),
        ("heat", "a number from 0 up"),
        ("lid", "true or false"),
        ("leaf", "one of: green, black"),
        ("limit", "a number from 0 to 1"),
        ("recipe", "a file"),
    ],
)
def test_what_is_allowed_is_said_in_words(name, words):
    assert OPTIONS[name].allowed == words


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("level", "8", 8),
        ("heat", "1e-3", 1e-3),
        ("heat", "2", 2.0),
        ("lid", "No", False),
        ("lid", " on ", True),
        ("leaf", "black", "black"),
        ("limit", "0.25", 0.25),
        ("limit", "none", None),
        ("limit", "", None),
        ("limit", "auto", None),
        ("recipe", "tea.txt", Path("tea.txt")),
        ("recipe", "none", None),
    ],
)
def test_a_value_is_read_as_a_person_writes_it(name, text, value):
    parsed = OPTIONS[name].parse(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("level", "9"),
        ("level", "0"),
        ("level", "2.5"),
        ("level", "many"),
        ("level", ""),
        ("heat", "-1"),
        ("heat", "nan"),
        ("heat", "inf"),
        ("lid", "perhaps"),
        ("limit", "1.5"),
    ],
)
def test_what_a_person_may_not_write_is_refused_with_what_is_allowed(name, text):
    with pytest.raises(UplappError, match=f"{name} is .*; it needs {OPTIONS[name].allowed}"):
        OPTIONS[name].parse(text)


@pytest.mark.parametrize(
    "changes",
    [
        {"level": 0},
        {"level": 2.0},
        {"level": True},
        {"level": None},
        {"heat": "hot"},
        {"heat": float("nan")},
        {"lid": 1},
        {"limit": 2},
        {"recipe": "tea.txt"},
    ],
)
def test_a_value_with_a_field_that_may_not_be_is_refused(changes):
    with pytest.raises(UplappError, match=f"{next(iter(changes))} is"):
        check_options(Kettle(**changes))


def test_an_unknown_choice_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown leaf 'white'; choose one of: black, green"):
        check_options(Kettle(leaf="white"))
    with pytest.raises(UnknownName):
        OPTIONS["leaf"].parse("white")


def test_a_value_whose_fields_all_fit_passes():
    check_options(Kettle(8, 1, False, "black", 0.5))
