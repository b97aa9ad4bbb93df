"""The chart of fits: one panel each, the held-out error only where there is one."""

import json
import math

import pytest

from uplapp.analysis.plots.fitting import fit_chart

NONE = (math.nan, math.nan)


def panels(**curves):
    return json.loads(fit_chart(curves).to_json())


def lengths(drawn):
    """How many rows each table of a chart has."""
    return sorted(len(rows) for rows in drawn["datasets"].values())


@pytest.mark.parametrize(("held_out", "lines"), [((0.4, 0.3), 2), (NONE, 1)])
def test_a_fit_has_a_line_for_each_error_it_has(held_out, lines):
    drawn = panels(one=((1, 2), (0.2, 0.1), held_out))
    (panel,) = drawn["concat"]
    assert len(panel["layer"]) == lines
    assert set(lengths(drawn)) == {2}
    assert ("held out" in drawn["title"]["subtitle"]) == (lines == 2)


def test_every_fit_has_a_panel_and_an_error_of_zero_is_left_out_of_a_logarithmic_axis():
    drawn = panels(one=((1, 2), (0.2, 0.0), NONE), two=((1, 2), (0.2, 0.1), NONE))
    assert [panel["title"] for panel in drawn["concat"]] == ["one", "two"]
    assert lengths(drawn) == [1, 2]
    assert drawn["concat"][0]["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"
