"""Charts hold the numbers, with units."""

import json

import numpy as np
import pytest

from tests.analysis.made import matrix, study
from uplapp.analysis.analyse import analyse
from uplapp.analysis.plots import jod_chart, win_chart
from uplapp.analysis.published import published
from uplapp.values import Method


def rows(chart):
    return [row for table in json.loads(chart.to_json())["datasets"].values() for row in table]


def test_the_jod_chart_holds_every_score_and_interval():
    scores = analyse(published("denoising"), Method(bootstraps=50))
    drawn = {row["condition"]: row for row in rows(jod_chart(scores)) if "condition" in row}
    for name, jod, low in zip(scores.conditions, scores.jod, scores.low, strict=True):
        assert (drawn[name]["jod"], drawn[name]["jod_low"]) == pytest.approx((jod, low))


def test_the_axis_says_its_unit_and_where_zero_is():
    made = study(np.array([0.5, 0, -0.5]), 4, 6, seed=0)
    text = jod_chart(analyse(made, Method(bootstraps=20, anchor="b"))).to_json()
    assert "score in JOD (b = 0)" in text
    assert "75 %" in text


def test_the_win_chart_holds_percent_of_votes_of_compared_pairs_only():
    found = rows(win_chart(analyse(matrix((0, 3, 0), (1, 0, 2), (0, 2, 0)), Method(bootstraps=20))))
    percent = {(row["chosen"], row["over"]): row["percent"] for row in found}
    assert percent == {("a", "b"): 75, ("b", "a"): 25, ("b", "c"): 50, ("c", "b"): 50}


@pytest.mark.parametrize("chart", [jod_chart, win_chart])
def test_a_chart_becomes_a_picture_without_a_browser(chart):
    import vl_convert

    svg = vl_convert.vegalite_to_svg(chart(analyse(published("mri"), Method(bootstraps=20))).to_json())
    assert "MS-SSIM" in svg


def test_simulated_observers_are_named_in_the_picture():
    made = study(np.array([0.5, 0, -0.5]), 4, 6, seed=0)
    simulated = type(made)(made.conditions, made.observers, made.wins, simulated=True)
    assert "SIMULATED" in jod_chart(analyse(simulated, Method(bootstraps=20))).to_json()
