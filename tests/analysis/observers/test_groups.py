"""Groups of observers are a column of the votes, and differ where permuted observers hardly ever do."""

import numpy as np
import pytest
from scipy.special import xlogy

from tests.analysis import slow
from tests.analysis.made import matrix, study, table
from uplapp.analysis.observers.groups import (
    compare_groups,
    differs,
    group_columns,
    group_differences,
    group_members,
    group_test,
)
from uplapp.analysis.reading.votes import from_table
from uplapp.errors import BadVotes, Cancelled, UnknownName
from uplapp.values import Comparisons, Method

PEOPLE = tuple("opqrstuvwx")
QUICK = Method(bootstraps=60)


def halves(names):
    return {name: "expert" if place % 2 else "lay" for place, name in enumerate(names)}


@pytest.fixture(scope="module")
def votes():
    frame = table(PEOPLE, ("fog", "sea"))
    own = halves(PEOPLE)
    frame["who"] = frame["observer"].map(own)
    # what experts prefer is the other way round
    turned = frame["who"] == "expert"
    frame["is_A_selected"] = np.where(turned, 1 - frame["is_A_selected"].astype(int), frame["is_A_selected"])
    frame["age"] = frame["observer"].map({name: str(20 + place) for place, name in enumerate(PEOPLE)})
    frame["trial"] = range(len(frame))
    return from_table(frame.astype(str))


def test_permutations_of_observers_can_be_stopped(votes):
    def stop(done, total):
        if done == total - 1:  # the replicates of the groups are done
            raise Cancelled("stopped")

    with pytest.raises(Cancelled, match=r"^stopped$"):
        compare_groups(votes, "who", Method("none", bootstraps=600), stop)


def test_the_ratio_of_two_conditions_is_computed_by_hand():
    wins = np.array([[[0, 5], [1, 0]], [[0, 3], [3, 0]], [[0, 2], [4, 0]], [[0, 1], [5, 0]]], dtype=float)
    own = {"p": "x", "q": "x", "r": "y", "s": "y"}
    made = group_test(Comparisons(("a", "b"), tuple(own), wins), own)

    def log(won, of):
        return xlogy(won, won / of) + xlogy(of - won, 1 - won / of)

    assert made.ratio == pytest.approx(2 * (log(8, 12) + log(3, 12) - log(11, 24)))
    assert made.df == 1
    assert made.p == pytest.approx(1 / 3, abs=0.06)  # 2 of the 6 ways to part four observers in two pairs


def test_the_ratio_is_that_of_slow_fits():
    made = study(np.array([0.5, 0.0, -0.5]), 6, 3, seed=3, spread_jod=0.6)
    own = halves(made.observers)
    parts = [np.array([own[name] == group for name in made.observers]) for group in ("expert", "lay")]
    values = []
    for some in (*parts, parts[0] | parts[1]):
        wins = made.wins[some].sum(axis=0)
        values.append(slow.value(wins, slow.fit(wins, False, np.zeros(3)), False) / 2)
    made = group_test(made, own)
    assert made.ratio == pytest.approx(2 * (values[0] + values[1] - values[2]), abs=1e-6)
    assert made.df == 2


def test_groups_that_answer_the_other_way_round_differ(votes):
    made = compare_groups(votes, "who", QUICK)
    assert made.members == {"expert": 5, "lay": 5}
    assert made.test.p < 0.05
    assert differs(made.test)
    assert made.scores["expert"].jod[0] < 0 < made.scores["lay"].jod[0]
    assert min(each.p for each in made.differences) < 0.05


def test_groups_of_people_alike_seldom_differ():
    p = []
    for seed in range(8):
        made = study(np.array([0.4, 0.0, -0.4]), 10, 2, seed, spread_jod=0.5)
        p.append(group_test(made, halves(made.observers), seed).p)
    assert np.mean(np.array(p) < 0.05) <= 0.25
    assert max(p) > 0.5


def test_groups_that_saw_other_scenes_owe_nothing_to_them():
    frame = table(PEOPLE, ("fog", "sea"))
    own = halves(PEOPLE)
    frame = frame[(frame["scene"] == "fog") == (frame["observer"].map(own) == "lay")]
    foggy, upright = frame["scene"] == "fog", frame["condition_A"] < frame["condition_B"]
    frame = frame.assign(is_A_selected=np.where(upright == foggy, "1", "0"), who=frame["observer"].map(own))
    frame.loc[frame.index[::5], "is_A_selected"] = "0"
    assert compare_groups(from_table(frame), "who", QUICK).test.p > 0.5


def test_a_difference_by_hand_is_welch(votes):
    scores = compare_groups(votes, "who", QUICK).scores
    first = group_differences(scores)[0]
    parts = [scores[name].replicates[:, 0].var(ddof=1) * 5 / 4 for name in ("expert", "lay")]
    assert first.difference == pytest.approx(scores["expert"].jod[0] - scores["lay"].jod[0])
    freedom = sum(parts) ** 2 / sum(part**2 / 4 for part in parts)
    assert (first.high - first.low) / 2 == pytest.approx(np.sqrt(sum(parts)) * t_quantile(freedom))


def t_quantile(freedom):
    from scipy.stats import t

    return t.ppf(0.975, freedom)


def test_columns_with_one_value_for_each_observer_make_groups(votes):
    assert group_columns(votes) == ("who", "age")


def test_many_numbers_are_cut_at_their_median():
    frame = table(tuple("abcdefghij"))
    frame["age"] = frame["observer"].map({name: str(30 + place) for place, name in enumerate("abcdefghij")})
    members, notes = group_members(from_table(frame), "age")
    assert set(members.values()) == {"up to 34.5", "above 34.5"}
    assert "median, 34.5" in notes[0]


BAD = {
    "two values": ({"o": "x"}, "who", "observer 'o' has"),
    "one group": ({}, "same", "makes 1 groups"),
    "each row": ({}, "trial", "needs one value each"),
}


@pytest.mark.parametrize(("first", "column", "sentence"), BAD.values(), ids=BAD)
def test_a_column_that_makes_no_groups_is_one_sentence(first, column, sentence):
    frame = table(PEOPLE).assign(same="1", trial=lambda each: [str(k) for k in range(len(each))])
    frame["who"] = frame["observer"].map(halves(PEOPLE))
    frame.loc[0, "who"] = first.get("o", frame.loc[0, "who"])
    with pytest.raises(BadVotes, match=sentence):
        group_members(from_table(frame), column)


def test_an_unknown_column_is_named_with_those_there_are(votes):
    with pytest.raises(UnknownName, match=r"wear.*who"):
        group_members(votes, "wear")


def test_observers_without_a_value_are_in_no_group():
    frame = table(PEOPLE)
    frame["who"] = frame["observer"].map(halves(PEOPLE) | {"o": ""})
    members, notes = group_members(from_table(frame), "who")
    assert "o" not in members
    assert notes == ("1 observers have no value in column 'who' and are in no group",)


def test_groups_that_share_no_comparison_are_not_tested():
    made = matrix((0, 1), (1, 0))
    wins = np.stack([made.wins[0], 0 * made.wins[0]])
    test = group_test(Comparisons(("a", "b"), ("p", "q"), wins), {"p": "x", "q": "y"})
    assert (test.permutations, np.isnan(test.p)) == (0, True)
