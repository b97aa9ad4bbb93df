"""Results as strict JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from uplapp.plain import plain, to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.nan, None),
        (np.inf, None),
        (pd.NA, None),
        (np.float64(0.5), 0.5),
        (np.int64(3), 3),
        (np.True_, True),
        ((1, [np.nan]), [1, [None]]),
        (pd.DataFrame({"a": [1, 2], "b": [np.nan, "x"]}), [{"a": 1, "b": None}, {"a": 2, "b": "x"}]),
    ],
)
def test_what_json_does_not_know_becomes_plain(value, expected):
    assert plain(value) == expected
    assert json.loads(to_json({"value": value})) == {"value": expected}
