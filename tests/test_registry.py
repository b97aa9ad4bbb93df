"""The tables behind menus, cards and tests."""

import pytest

from uplapp.errors import UnknownName, UplappError
from uplapp.registry import Entry, Registry

TABLE = Registry("colour", {"mix": Entry(lambda red, blue=0: (red, blue), "Mix", "nobody")})


def test_a_row_is_built_with_its_options():
    assert TABLE.build("mix", red=1) == (1, 0)
    assert list(TABLE) == ["mix"]
    assert len(TABLE) == 1
    assert "mix" in TABLE


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown colour 'mx'; choose one of: mix"):
        TABLE["mx"]
    assert "mx" not in TABLE


def test_an_unknown_option_is_refused_before_anything_is_built():
    with pytest.raises(UplappError, match="colour 'mix' has no option 'green'; its options are: red, blue"):
        TABLE.build("mix", red=1, green=2)


def test_of_a_very_long_name_the_beginning_is_told_and_then_what_is_allowed():
    text = str(UnknownName("colour", "x" * 5000, ["mix"]))
    assert text.endswith("x...'; choose one of: mix")
    assert len(text) < 120
