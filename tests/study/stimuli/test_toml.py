import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplapp.study.stimuli.package import to_toml

VALUES = st.one_of(
    st.text(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e6, 1e6), st.lists(st.text())
)
KEYS = st.text("abcdefghij_", min_size=1, max_size=6)
TABLE = st.dictionaries(KEYS, VALUES, max_size=4)


@given(TABLE, st.dictionaries(KEYS.map("t_{}".format), TABLE | st.lists(TABLE, min_size=1, max_size=3)))
def test_what_is_written_reads_back_as_it_was(own, tables):
    raw = {**own, **tables}
    assert tomllib.loads(to_toml(raw)) == raw


@pytest.mark.parametrize("text", ["\x7f", "\U0001f600", 'a "quote" \\ and\nlines', "[[x]]"])
def test_texts_that_other_formats_stumble_over_survive(text):
    assert tomllib.loads(to_toml({"title": text})) == {"title": text}


def test_tables_in_tables_keep_their_place():
    raw = {"rating": {"reference": "hidden", "criteria": [{"name": "noise"}, {"name": "sharpness"}]}}
    assert tomllib.loads(to_toml(raw)) == raw


def test_what_is_none_is_left_out():
    assert to_toml({"a": None, "b": 1}) == "b = 1\n"
