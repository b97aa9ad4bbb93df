"""The figures of a sweep show what its settings come to."""

import pytest

from tests.analysis.swept import swept
from uplapp.analysis.plots.figures import picture
from uplapp.analysis.plots.sweep import CHARTS, INPUT_SHADES, INPUTS, sweep_charts
from uplapp.imaging.fitting import LATENTS


def values_of(chart):
    return [row for table in chart.to_dict()["datasets"].values() for row in table]


@pytest.fixture(scope="module")
def charts():
    return sweep_charts(swept())


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("starts", [1, 2])
def test_every_figure_can_be_drawn(name, starts):
    assert picture(sweep_charts(swept(starts))[name], "svg").startswith(b"<svg")


def test_unstable_settings_are_counted_by_pair(charts):
    assert {row["unstable"] for row in values_of(charts["unstable"])} == {0.25}


def test_time_is_averaged_by_channels(charts):
    by_k = {row["k"]: row["seconds"] for row in values_of(charts["time-by-channels"])}
    assert by_k[192] == pytest.approx(192 * 5 / 8 + 0.5)


def test_the_mean_of_the_starts_stands_against_one_in_stable_settings(charts):
    rows = {row["pair"]: row for row in values_of(charts["ensemble"])}
    assert rows["whole blur"]["psnr"] == pytest.approx(rows["whole blur"]["single_psnr"] + 0.5)
    assert rows["whole blur"]["single_psnr"] == pytest.approx(21 + (16 + 64 + 96) / 3 / 16)


def test_every_kind_of_input_has_a_colour():
    assert set(LATENTS) == set(INPUTS)
    assert len(set(INPUT_SHADES)) == len(INPUTS)
