"""The command that says what to ask next."""

import json
from itertools import combinations

import numpy as np
import pytest

from tests.analysis.made import study, write
from tests.calling import printer
from uplapp.commands.next import next_pair
from uplapp.errors import UplappError

HEADER = "observer,condition_A,condition_B,is_A_selected\n"

run = printer(next_pair)


def advice(*arguments):
    return json.loads(run(*arguments, "--json"))


@pytest.fixture
def votes(tmp_path):
    """Eight observers, 4 conditions, 10 votes per pair. c lies above the rest, which lie close together."""
    made = study(np.array([0.1, 0.0, 2.0, 0.05]), 8, 10, seed=0)
    rows = [
        f"{who},{made.conditions[i]},{made.conditions[j]},1\n" * int(made.wins[k, i, j])
        for k, who in enumerate(made.observers)
        for i in range(4)
        for j in range(4)
    ]
    return write(tmp_path, HEADER + "".join(rows))


def test_the_close_ones_are_asked_first(votes):
    output = advice(votes, "--count", 3)
    assert {(pair["a"], pair["b"]) for pair in output["pairs"]} == set(combinations("abd", 2))
    assert all(0 < pair["gain_bits"] < 1 for pair in output["pairs"])


@pytest.mark.parametrize(("target", "enough"), [(5, True), (0.1, False)])
def test_the_target_decides_whether_to_stop(votes, target, enough):
    output = advice(votes, "--target", target)
    assert output["enough"] is enough
    assert (output["widest_neighbour_jod"] <= target) is enough


def test_only_allowed_pairs_are_asked_and_a_new_condition_first(votes, tmp_path):
    pairs = write(tmp_path, "condition_A,condition_B\nb,a\na,new\n", "pairs.csv")
    output = advice(votes, "--allowed", pairs, "--count", 2)
    assert [(pair["a"], pair["b"]) for pair in output["pairs"]] == [("a", "new"), ("a", "b")]
    assert output["widest_neighbour_jod"] is None
    assert not output["enough"]
    assert "'new' has no votes yet" in output["warnings"]


def test_an_observer_is_asked_what_this_observer_has_not_judged(tmp_path):
    path = write(tmp_path, HEADER + "p,a,b,1\np,b,c,1\nq,a,c,0\n")
    first = advice(path, "--count", 1, "--observer", "p")["pairs"][0]
    assert (first["a"], first["b"]) == ("a", "c")


def test_the_columns_may_have_other_names(tmp_path):
    path = write(tmp_path, "who,first,second,better\np,a,b,first\np,b,c,first\nq,a,c,second\n")
    options = ["--columns", "observer=who,condition_A=first,condition_B=second,is_A_selected=better"]
    output = advice(path, "--count", 1, "--observer", "p", *options, "--values", "A=first,B=second")
    assert (output["pairs"][0]["a"], output["pairs"][0]["b"]) == ("a", "c")


def test_somebody_new_is_said_to_be_new(votes):
    assert "observer 'nobody' has judged nothing yet" in advice(votes, "--observer", "nobody")["warnings"]


def test_people_read_a_list_and_a_verdict(votes):
    text = run(votes, "--count", 2, "--target", 5)
    assert text.startswith("ask next")
    assert "enough, you may stop" in text
    assert "the widest 95% interval of a difference between neighbours in rank is 0." in text


def test_a_width_just_over_the_target_is_not_printed_as_the_target(votes):
    width = advice(votes)["widest_neighbour_jod"]
    target = round(width - 0.001, 3)
    text = run(votes, "--target", target)
    width_jod = float(text.split("in rank is ")[1].split(" JOD")[0])
    assert "not enough yet" in text
    assert width_jod > target


def test_an_observer_left_out_is_not_counted_and_named_with_the_reason(tmp_path):
    path = write(tmp_path, HEADER + "p,a,b,1\np,b,c,1\np,a,c,1\nq,a,b,0\n")
    output = advice(path, "--exclude", "q=late")
    assert output["excluded"] == [{"observer": "q", "reason": "late"}]
    alone = write(tmp_path, HEADER + "p,a,b,1\np,b,c,1\np,a,c,1\n", "alone.csv")
    assert output["pairs"] == advice(alone)["pairs"] != advice(path)["pairs"]
    assert "left out: q (late)" in run(path, "--exclude", "q=late")


def test_simulated_observers_are_taken_where_asked(tmp_path):
    text = "p,a,b,1,0\nrobot,a,b,0,1\nrobot,b,c,0,1\n"
    path = write(tmp_path, HEADER.replace("\n", ",simulated\n") + text)
    assert advice(path, "--simulated")["simulated"] is True
    assert {name for pair in advice(path)["pairs"] for name in (pair["a"], pair["b"])} == {"a", "b"}


BAD = {
    "no reason": (["v.csv", "--exclude", "p"], "gives no reason"),
    "no file": (["nowhere.csv"], "there is no file"),
    "target": (["v.csv", "--target", 0], "--target is 0 JOD"),
    "seed": (["v.csv", "--seed", -1], "--seed is -1"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(*arguments)


BAD_PAIRS = {
    "other columns": ("a,b\nx,y\n", "needs the columns condition_A and condition_B"),
    "with itself": ("condition_A,condition_B\na,b\na,a\n", "line 3: 'a' and 'a'"),
    "nameless": ("condition_A,condition_B\na,\n", "line 2: 'a' and ''"),
    "none": ("condition_A,condition_B\n", "holds no pairs"),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_bad_pairs_are_one_sentence(votes, tmp_path, text, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(votes, "--allowed", write(tmp_path, text, "pairs.csv"))


def test_help_shows_an_example():
    assert "Example" in run("--help")
