"""How observers went about it, on tables small enough to count by eye."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from tests.analysis.made import write
from uplapp.analysis.observers.conduct import conduct, two_sided
from uplapp.analysis.reading.votes import read_votes
from uplapp.errors import BadVotes

HEADER = "observer,scene,condition_A,condition_B,is_A_selected,kind"


def of(tmp_path, *rows, more=""):
    return conduct(read_votes(write(tmp_path, "\n".join([HEADER + more, *rows]) + "\n")))


MAIN = "o,s,x,y,1,main"


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("reference,x,1", 0),
        ("x,reference,0", 0),
        ("x,reference,1", 1),
        ("reference,x,0", 1),
        ("reference,x,0.5", 1),
    ],
)
def test_a_catch_trial_is_passed_only_by_choosing_the_reference(tmp_path, answer, failed):
    table = of(tmp_path, MAIN, f"o,s,{answer},catch", "o,t,reference,y,1,catch")
    assert table.loc["o", ["catch_failed", "catch_shown"]].tolist() == [failed, 2]


def test_a_catch_trial_without_the_reference_counts_for_nothing(tmp_path):
    assert of(tmp_path, MAIN, "o,s,x,y,0,catch").loc["o", "catch_shown"] == 0


@pytest.mark.parametrize(
    ("again", "changed"),
    [("x,y,1", 0), ("y,x,0", 0), ("x,y,0", 1), ("y,x,1", 1), ("x,y,0.5", 1), ("y,x,.5", 1)],
)
def test_a_repeat_is_consistent_if_the_same_condition_wins_on_either_side(tmp_path, again, changed):
    table = of(tmp_path, MAIN, f"o,s,{again},repeat")
    assert table.loc["o", ["repeats_inconsistent", "repeats_shown"]].tolist() == [changed, 1]


def test_twice_not_sure_is_consistent(tmp_path):
    table = of(tmp_path, "o,s,x,y,0.5,main", "o,s,y,x,0.5,repeat")
    assert table.loc["o", "repeats_inconsistent"] == 0


@pytest.mark.parametrize("again", ["p,s,x,y,0,repeat", "o,t,x,y,0,repeat", "o,s,x,z,0,repeat"])
def test_a_repeat_is_held_against_the_same_observer_scene_and_pair_only(tmp_path, again):
    table = of(tmp_path, MAIN, "p,s,x,z,1,main", again)
    assert table["repeats_shown"].sum() == 0
    assert table["repeats_inconsistent"].isna().all()


def test_a_repeat_is_held_against_the_last_of_several_main_trials(tmp_path):
    table = of(tmp_path, MAIN, "o,s,x,y,0,main", "o,s,x,y,0,repeat")
    assert table.loc["o", "repeats_inconsistent"] == 0


def test_sides_count_decided_main_trials_alone(tmp_path):
    rows = [MAIN] * 6 + ["o,s,x,y,0,main", "o,s,x,y,0.5,main", "o,s,x,y,0,practice", "o,s,x,y,0,repeat"]
    table = of(tmp_path, *rows).loc["o"]
    assert table["first_share"] == pytest.approx(6 / 7)
    assert table["side_p"] == pytest.approx(2 * (1 + 7) / 2**7)  # 6 or 7 of 7 coins, or 1 or 0
    assert table["not_sure_share"] == pytest.approx(1 / 8)
    assert table["answers"] == 8


@given(st.integers(1, 60), st.integers(0, 60))
def test_the_side_test_is_the_exact_binomial_test(shown, chosen):
    chosen = min(chosen, shown)
    expected = binomtest(chosen, shown).pvalue
    assert two_sided(np.array([chosen]), np.array([shown]))[0] == pytest.approx(expected)


def test_times_are_of_main_trials_in_seconds(tmp_path):
    rows = [f"o,s,x,y,1,main,{ms}" for ms in (400, 900, 1100, 3000, "")]
    table = of(tmp_path, *rows, "o,s,x,y,1,practice,1", more=",response_ms").loc["o"]
    assert table["median_s"] == pytest.approx(1.0)
    assert table["fast_share"] == pytest.approx(1 / 4)


def test_a_time_that_is_no_number_is_refused_with_its_line(tmp_path):
    with pytest.raises(BadVotes, match=r"line 3, column 'response_ms': 'soon' is not a number from 0 up"):
        of(tmp_path, MAIN + ",5", MAIN + ",soon", more=",response_ms")


def test_broken_timing_is_what_the_player_flagged(tmp_path):
    flags = ["", "too_fast", "late_frames", "paused late_frames"]
    table = of(tmp_path, *(f"{MAIN},{flag},9" for flag in flags), more=",flags,missed_frames")
    assert table.loc["o", "broken_share"] == pytest.approx(2 / 4)


def test_answers_without_human_timing_are_a_share(tmp_path):
    flags = ["", "too_fast", "no_input", "paused even_pace untimely"]
    table = of(tmp_path, *(f"{MAIN},{flag}" for flag in flags), more=",flags")
    assert table.loc["o", "robotic_share"] == pytest.approx(2 / 4)
    assert np.isnan(of(tmp_path, MAIN).loc["o", "robotic_share"])


def test_of_a_disguised_catch_trial_the_grain_is_right(tmp_path):
    right = ["o,s,reference+grain,reference+spot,1,catch", "o,s,reference+spot,reference+grain,0,catch"]
    wrong = ["o,s,reference+grain,reference+spot,0,catch"]
    table = of(tmp_path, MAIN, *right, *wrong).loc["o"]
    assert table[["catch_failed", "catch_shown"]].tolist() == [1, 3]


def test_without_flags_missed_frames_tell(tmp_path):
    table = of(tmp_path, MAIN + ",0", MAIN + ",3", more=",missed_frames")
    assert table.loc["o", "broken_share"] == pytest.approx(1 / 2)


def test_what_a_file_does_not_hold_is_unknown_not_invented(tmp_path):
    table = of(tmp_path, MAIN).loc["o"]
    unknown = ["catch_failed", "repeats_inconsistent", "median_s", "fast_share", "broken_share"]
    assert table[unknown].isna().all()
    assert table[["catch_shown", "repeats_shown"]].tolist() == [0, 0]


def test_an_observer_without_main_trials_keeps_a_row(tmp_path):
    table = of(tmp_path, MAIN, "a,s,x,reference,1,catch")
    assert table.index.tolist() == ["a", "o"]
    assert table.loc["a", ["answers", "catch_failed"]].tolist() == [0, 1]
    assert np.isnan(table.loc["a", "first_share"])


def test_circles_are_counted_scene_by_scene(tmp_path):
    circle = ["o,s,x,y,1,main", "o,s,y,z,1,main", "o,s,z,x,1,main"]
    line = ["o,t,x,y,1,main", "o,t,y,z,1,main", "o,t,z,x,0,main"]
    assert of(tmp_path, *circle, *line).loc["o", "circular_share"] == pytest.approx(1 / 2)
    assert np.isnan(of(tmp_path, MAIN).loc["o", "circular_share"])


def test_both_bad_is_no_want_of_certainty(tmp_path):
    text = "observer,condition_A,condition_B,is_A_selected\no,x,y,both_bad\no,x,y,0.5\no,x,y,1\no,y,x,1\n"
    table = conduct(read_votes(write(tmp_path, text)))
    assert table["not_sure_share"].tolist() == [pytest.approx(1 / 4)]
