"""Names along an axis keep their order and their distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uplapp.analysis.plots.style import GAP_PX, HEIGHT_PX, SIDES, beside, spread

ROUNDING = 1e-6

places = st.lists(st.floats(0, 400), min_size=1, max_size=20).map(sorted).map(np.array)


def test_two_labels_at_one_place_move_apart_by_halves():
    assert spread(np.array([50.0, 50.0]), np.array([20.0, 20.0]), 0, 100) == pytest.approx([40, 60])


def test_labels_with_room_stay_where_they_are():
    assert spread(np.array([20.0, 80.0]), np.array([20.0, 30.0]), 0, 100) == pytest.approx([20, 80])


def test_labels_stay_inside():
    assert spread(np.array([0.0, 100.0]), np.array([20.0, 30.0]), 0, 100) == pytest.approx([10, 85])


@given(places, st.floats(1, 18))
def test_no_label_overlaps_the_next_and_all_stay_inside_where_there_is_room(centres, size):
    moved = spread(centres, np.full(len(centres), size), 0, 400)
    assert (np.diff(moved) >= size - ROUNDING).all()
    assert moved[0] >= size / 2 - ROUNDING
    assert moved[-1] <= 400 - size / 2 + ROUNDING


def test_no_labels_need_no_room():
    assert spread(np.array([]), np.array([]), 0, 1).size == 0


def test_a_lone_name_stands_at_the_right_and_at_the_left_near_the_edge():
    size = 200.0, 100.0
    assert beside(np.array([50.0]), np.array([50.0]), np.array([40.0]), size) == [SIDES.index((1, 0))]
    assert beside(np.array([190.0]), np.array([50.0]), np.array([40.0]), size) == [SIDES.index((-1, 0))]


def test_a_name_without_room_is_left_out():
    assert beside(np.array([20.0]), np.array([10.0]), np.array([40.0]), (40.0, 20.0)) == [None]


@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 150)), min_size=1, max_size=25))
def test_no_name_beside_a_point_hits_another(points):
    x, y = np.array(points).T
    sides = beside(x, y, np.full(len(x), 40.0), (300.0, 150.0))
    boxes = [
        (x[k] + SIDES[side][0] * (20 + GAP_PX), y[k] + SIDES[side][1] * (HEIGHT_PX / 2 + GAP_PX))
        for k, side in enumerate(sides)
        if side is not None
    ]
    apart = [
        abs(a[0] - b[0]) >= 40 - ROUNDING or abs(a[1] - b[1]) >= HEIGHT_PX - ROUNDING
        for k, a in enumerate(boxes)
        for b in boxes[:k]
    ]
    assert all(apart)
