"""Screening: the table names who to look at and why, and decides nothing."""

import re

import numpy as np
import pandas as pd
import pytest

from uplapp.analysis.model import preference
from uplapp.analysis.observers.screening import FAR, compare_exclusion, notes, screen, side_by_side
from uplapp.analysis.reading.votes import count, from_table
from uplapp.analysis.scoring import analyse
from uplapp.errors import UnknownName
from uplapp.values import Method, Votes

TRUE = {"w": -0.9, "x": -0.2, "y": 0.3, "z": 0.8}
FEW = Method(bootstraps=50)


def made(observers: int, seed: int = 0, votes: int = 4, changes: dict | None = None) -> Votes:
    """People who agree on TRUE, on random sides, two seconds per answer.

    `changes[name](table)` spoils one.
    """
    generator = np.random.default_rng(seed)
    rows = [
        (f"o{k:02d}", "s", *generator.permutation(pair))
        for k in range(observers)
        for pair in [(a, b) for a in TRUE for b in TRUE if a < b] * votes
    ]
    table = pd.DataFrame(rows, columns=["observer", "scene", "condition_A", "condition_B"])
    apart = table["condition_A"].map(TRUE) - table["condition_B"].map(TRUE)
    chosen = generator.random(len(table)) < preference(apart.to_numpy())
    times_ms = np.exp(generator.normal(np.log(2000), 0.3, len(table)))
    table = table.assign(
        is_A_selected=np.where(chosen, "1", "0"), kind="main", flags="", response_ms=times_ms.round(1)
    )
    parts = [(changes or {}).get(name, lambda x: x)(part) for name, part in table.groupby("observer")]
    return from_table(pd.concat(parts, ignore_index=True))


def row(table: pd.DataFrame, observer: str) -> pd.Series:
    return table.set_index("observer").loc[observer]


def turned(part: pd.DataFrame) -> pd.DataFrame:
    return part.assign(is_A_selected=part["is_A_selected"].map({"1": "0", "0": "1"}))


def with_trials(kind: str, answer: str, count: int):
    """Add `count` trials that repeat the observer's last main pair, or show the reference against it."""

    def change(part: pd.DataFrame) -> pd.DataFrame:
        extra = part.iloc[[-1] * count].assign(kind=kind)
        extra = extra.assign(condition_B="reference") if kind == "catch" else extra
        same = part["is_A_selected"].iloc[-1]
        said = {"other": {"1": "0", "0": "1"}[same], "same": same}.get(answer, answer)
        return pd.concat([part, extra.assign(is_A_selected=said)])

    return change


def asked_again(changed: int, shown: int):
    """Repeat the last main pair `shown` times, `changed` of them answered otherwise."""
    other, same = with_trials("repeat", "other", changed), with_trials("repeat", "same", shown - changed)
    return lambda part: pd.concat([other(part), same(part).iloc[len(part) :]])


SPOILED = {
    "upside down": (turned, r"votes unlike the others' \(by pair \d.*; votes unlike the others' \(by answer"),
    "catches": (with_trials("catch", "1", 5), r"failed 5 of 5 catch trials"),
    "repeats": (asked_again(8, 8), r"changed 8 of 8 repeated answers"),
    "one side": (lambda part: part.assign(is_A_selected="1"), r"left or first side in 100% of answers"),
    "hasty": (
        lambda part: part.assign(response_ms=300.0),
        r"faster than the others \(median 0.30 s\); 100% of answers in less than 0.5 s",
    ),
    "late frames": (lambda part: part.assign(flags="late_frames"), r"late frames in 100% of answers"),
    "a program": (lambda part: part.assign(flags="no_input"), r"no human timing in 100% of answers"),
    "not sure": (lambda part: part.assign(is_A_selected="0.5"), r"not sure in 100% of answers"),
}


@pytest.mark.parametrize(("change", "words"), SPOILED.values(), ids=SPOILED)
def test_each_way_to_spoil_a_session_is_said_in_words(change, words):
    table = screen(made(12, changes={"o05": change}))
    assert pd.Series([row(table, "o05")["looks"]]).str.contains(words).all()


@pytest.mark.parametrize(("others", "looked"), [(0, True), (3, False)])
def test_changed_repeats_are_held_against_those_of_the_others(others, looked):
    """Four of six is much where nobody else changes any, and little where all change three of six."""
    people = {f"o{k:02d}": asked_again(others, 6) for k in range(10)} | {"o05": asked_again(4, 6)}
    figures = row(screen(made(10, changes=people)), "o05")
    assert ("changed 4 of 6 repeated answers" in figures["looks"]) == looked


def test_a_careful_group_gives_no_reason_to_look():
    assert screen(made(8, seed=1))["looks"].tolist() == [""] * 8


@pytest.mark.parametrize(("kind", "answer", "number"), [("catch", "0", 5), ("repeat", "other", 3)])
def test_passed_catches_and_a_few_changed_repeats_are_no_reason(kind, answer, number):
    table = screen(made(8, seed=1, changes={"o05": with_trials(kind, answer, number)}))
    assert row(table, "o05")[f"{'catch' if kind == 'catch' else 'repeats'}_shown"] == number
    assert row(table, "o05")["looks"] == ""


def test_side_bias_is_judged_among_all_observers():
    """p of 19 of 24 is .007: a reason alone, none as the smallest of twelve."""

    def leaning(part: pd.DataFrame) -> pd.DataFrame:
        return part.assign(is_A_selected=["1"] * 19 + ["0"] * 5)

    figures = row(screen(made(12, changes={"o03": leaning})), "o03")
    assert figures["side_p"] == pytest.approx(0.0066, abs=1e-3)
    assert "side" not in figures["looks"]


def by_better_side(part: pd.DataFrame) -> pd.DataFrame:
    """Show the better condition on the left in every trial."""
    swap = part["condition_A"].map(TRUE) < part["condition_B"].map(TRUE)
    a, b = (
        part["condition_A"].where(~swap, part["condition_B"]),
        part["condition_B"].where(~swap, part["condition_A"]),
    )
    other = part["is_A_selected"].map({"1": "0", "0": "1"})
    return part.assign(condition_A=a, condition_B=b, is_A_selected=part["is_A_selected"].where(~swap, other))


def test_sides_are_judged_by_what_the_scores_predict_for_the_orders_shown():
    """The better one always on the left: everybody chooses that side more often, and nobody is biased."""
    people = {f"o{k:02d}": by_better_side for k in range(8)}
    table = screen(made(8, votes=10, changes=people))
    assert table["first_share"].min() > 0.6
    assert table["side_expected"].between(0.7, 0.8).all()
    assert not table["looks"].str.contains("side").any()
    people["o03"] = lambda part: by_better_side(part).assign(is_A_selected="1")
    biased = row(screen(made(8, votes=10, changes=people)), "o03")
    assert re.search("side in 100% of answers, where 7.% is expected", biased["looks"])


def test_two_groups_that_saw_different_scenes_are_not_unlike_each_other():
    """Opposite preferences in two scenes, one for each group: the votes of all together set a group apart."""
    votes = made(14, seed=4, changes={f"o{k:02d}": turned for k in range(9, 14)})
    scene = np.where(votes.table["observer"].astype(str) < "o09", "s", "t")
    apart = from_table(votes.table.assign(scene=scene))
    assert screen(votes)["looks"].str.contains("unlike").sum() > 0
    assert not screen(apart)["looks"].str.contains("unlike").any()


def test_who_saw_the_hard_scene_is_not_unlike_who_saw_the_easy_one():
    """Votes of a scene where conditions are alike are less likely, and no less so than its scores predict."""
    generator = np.random.default_rng(1)
    votes = made(14, votes=8)
    hard = votes.table["observer"].astype(str) >= "o11"
    coins = np.where(generator.random(len(votes.table)) < 0.5, "1", "0")
    table = votes.table.assign(
        scene=np.where(hard, "t", "s"),
        is_A_selected=np.where(hard, coins, votes.table["is_A_selected"].map({1: "1", 0: "0"})),
    )
    assert not screen(from_table(table))["looks"].str.contains("unlike").any()


def test_careful_observers_of_different_scenes_are_rarely_far_by_more_than_chance():
    far, looked = 0, 0
    for seed in range(12):
        votes = made(14, seed=seed, changes={f"o{k:02d}": turned for k in range(9, 14)})
        scene = np.where(votes.table["observer"].astype(str) < "o09", "s", "t")
        table = screen(from_table(votes.table.assign(scene=scene)))
        far += (table[["dist_pairs", "dist_trials"]] > FAR).any(axis=None)
        looked += table["looks"].str.contains("unlike").any()
    assert looked <= 2 < far


def test_a_slight_lean_is_no_reason_however_sure():
    def leaning(part: pd.DataFrame) -> pd.DataFrame:
        return part.assign(is_A_selected=(["1"] * 56 + ["0"] * 44) * (len(part) // 100))

    figures = row(screen(made(6, votes=300, changes={"o03": leaning})), "o03")
    assert figures["side_p"] < 1e-5
    assert "side" not in figures["looks"]


def test_the_rows_are_all_observers_by_name():
    votes = made(5)
    shuffled = from_table(votes.table.sample(frac=1, random_state=3).reset_index(drop=True))
    pd.testing.assert_frame_equal(screen(shuffled), screen(votes))
    assert screen(votes)["observer"].tolist() == [f"o{k:02d}" for k in range(5)]


def test_three_observers_are_told_that_there_is_no_distance():
    table = screen(made(3))
    assert table["dist_pairs"].isna().all()
    assert "distances need 4 observers whom the votes of the others can judge" in notes(table)


def test_notes_say_what_the_file_does_not_hold():
    votes = made(5)
    bare = from_table(votes.table[["observer", "condition_A", "condition_B", "is_A_selected"]])
    said = notes(screen(bare))
    assert "the votes do not record response times or the display's timing" in said
    assert "there are no catch trials" in said
    assert "there are no repeats" in said


def test_notes_name_who_cannot_be_judged():
    votes = made(6)
    a, b = (votes.table[side].isin(["z"]) for side in ("condition_A", "condition_B"))
    alone = votes.table[(votes.table["observer"] == "o02") | ~(a | b)]
    only_catch = alone.assign(kind=alone["kind"].astype(str).where(alone["observer"] != "o04", "practice"))
    said = notes(screen(from_table(only_catch)))
    assert any("side bias presumes" in note for note in said)
    assert "without any one of these, the others' votes do not connect all conditions: o02" in said
    assert "no main trials of: o04" in said


def test_leaving_out_one_observer_is_analysing_the_others():
    votes = made(6, changes={"o05": turned})
    everyone, kept = compare_exclusion(votes, {"o05": "answered upside down"}, FEW)
    others = from_table(votes.table[votes.table["observer"] != "o05"])
    assert everyone.jod == pytest.approx(analyse(count(votes), FEW).jod)
    assert kept.jod == pytest.approx(analyse(count(others), FEW).jod)
    assert kept.excluded == (("o05", "answered upside down"),)


def test_nobody_is_left_out_by_screening_alone():
    votes = made(6, changes={"o05": turned})
    screen(votes)
    assert count(votes).observers == tuple(f"o{k:02d}" for k in range(6))


def test_an_unknown_observer_cannot_be_left_out():
    with pytest.raises(UnknownName, match="unknown observer 'eve'"):
        compare_exclusion(made(4), {"eve": "unknown"}, FEW)


def test_both_rankings_stand_side_by_side():
    everyone, kept = compare_exclusion(made(6, changes={"o05": turned}), {"o05": "upside down"}, FEW)
    both = side_by_side(everyone, kept)
    assert both["jod_all"].is_monotonic_decreasing
    assert both["shift"].to_numpy() == pytest.approx(both["jod_kept"] - both["jod_all"])
    assert both.set_index("condition").loc["z", "shift"] > 0
    assert (both["rank_all"] - both["rank_change"]).tolist() == both["rank_kept"].tolist()


def test_leaving_out_nobody_shifts_nothing():
    scores = analyse(count(made(5)), FEW)
    both = side_by_side(scores, scores)
    assert both[["shift", "rank_change"]].to_numpy(dtype=float) == pytest.approx(np.zeros((4, 2)))


def test_a_condition_that_only_the_excluded_saw_has_no_second_score():
    votes = made(5)
    seen = votes.table["condition_A"].isin(["z"]) | votes.table["condition_B"].isin(["z"])
    alone = from_table(votes.table[~seen | (votes.table["observer"] == "o01")])
    both = side_by_side(*compare_exclusion(alone, {"o01": "test"}, FEW)).set_index("condition")
    assert np.isnan(both.loc["z", "jod_kept"])
    assert np.isfinite(both.loc["z", "jod_all"])


def test_the_one_who_waits_hears_of_both_fits_as_one():
    heard = []
    unsure = made(4, changes={"o02": lambda part: part.assign(is_A_selected=["1", "0.5", "0"] * 8)})
    method = Method(bootstraps=50, ties="threshold")
    compare_exclusion(unsure, {"o01": "test"}, method, lambda done, total: heard.append((done, total)))
    assert heard == sorted(heard)
    assert heard[-1] == (100, 100)
    assert {total for _, total in heard} == {100}
