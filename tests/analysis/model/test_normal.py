"""The normal curve in logarithms, near and far."""

import numpy as np
import pytest
from scipy.special import log_ndtr

from uplapp.analysis.model.normal import SIGMA, Probit, preference

DISTANCES = [0.0, 0.3, -0.3, 1.0, -5.0, 20.0]


def test_one_jod_is_a_preference_of_three_in_four():
    assert preference(np.array([1.0, 0.0, -1.0])) == pytest.approx([0.75, 0.5, 0.25], abs=1e-5)


def test_one_jod_by_hand():
    probit = Probit.of(np.array([[-1.0]]))
    assert (probit.sign[0, 0], probit.near[0, 0], probit.far[0, 0]) == pytest.approx(
        (-1, np.log(0.75), np.log(0.25)), abs=1e-5
    )


@pytest.mark.parametrize("farthest", [0.0, 54.0, 56.0, 400.0, 1e5], ids=lambda far: f"up to {far:g} JOD")
def test_both_tails_are_scipys_however_far(farthest):
    distances = np.array([[*DISTANCES, farthest]])
    probit = Probit.of(distances)
    assert probit.near == pytest.approx(log_ndtr(np.abs(distances) / SIGMA), rel=1e-13, abs=1e-300)
    assert probit.far == pytest.approx(log_ndtr(-np.abs(distances) / SIGMA), rel=1e-13)


@pytest.mark.parametrize("side", ["near", "far"])
def test_the_derivatives_are_slopes(side):
    distances, h = np.abs(np.array([DISTANCES])) + 0.1, 1e-5
    below, here, above = (vars(Probit.of(distances + step)) for step in (-h, 0, h))
    first, second = (above[part] - below[part] for part in (side, f"d{side}"))
    assert here[f"d{side}"] == pytest.approx(first / (2 * h), rel=1e-6, abs=1e-9)
    assert here[f"dd{side}"] == pytest.approx(second / (2 * h), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("distance", [1e3, 1e5])
def test_far_away_the_losing_side_falls_like_a_parabola(distance):
    probit = Probit.of(np.array([[distance]]))
    assert probit.dfar[0, 0] == pytest.approx(-distance / SIGMA**2, rel=1e-5)
    assert probit.ddfar[0, 0] == pytest.approx(-1 / SIGMA**2, rel=1e-3)
    assert probit.dnear[0, 0] == probit.ddnear[0, 0] == 0
