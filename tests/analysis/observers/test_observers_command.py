"""`observers` on the command line: a table to read, JSON to keep, and one sentence when it cannot."""

import json

import pytest

from tests.analysis.made import write
from tests.calling import printer
from uplapp.commands.observers import observers
from uplapp.errors import UplappError

PAIRS = ["x,y,1", "x,z,1", "y,z,1", "x,y,1", "z,x,0", "z,y,1"]
VOTES = "observer,condition_A,condition_B,is_A_selected\n" + "".join(
    f"{name},{pair}\n" for name in ("anna", "bob", "cleo", "dan", "eve") for pair in PAIRS
)
OTHER = VOTES.replace("observer,condition_A,condition_B,is_A_selected", "who,first,second,choice")

run = printer(observers)


def test_every_observer_has_a_row_and_what_is_missing_is_said(tmp_path):
    text = run(write(tmp_path, VOTES))
    assert "0 of 5 observers to look at; nobody is left out automatically" in text
    assert "note: there are no catch trials" in text
    assert [line.split()[0] for line in text.splitlines()[1:6]] == ["anna", "bob", "cleo", "dan", "eve"]


def test_of_very_many_observers_only_those_to_look_at_are_printed(tmp_path):
    head, *_ = VOTES.splitlines()
    rows = [f"p{k:02d},{pair}" for k in range(60) for pair in PAIRS]
    rows += [f"odd,{a},{b},{1 - int(vote)}" for a, b, vote in (pair.split(",") for pair in PAIRS * 3)]
    text = run(write(tmp_path, "\n".join([head, *rows]) + "\n"))
    assert "1 of 61 observers to look at" in text
    assert "60 more observers are in --json" in text
    assert [line.split()[0] for line in text.splitlines()[1:2]] == ["odd"]


def test_json_is_strict_and_unknowns_are_null(tmp_path):
    output = json.loads(run(write(tmp_path, VOTES), "--json"))
    assert [row["observer"] for row in output["observers"]] == ["anna", "bob", "cleo", "dan", "eve"]
    assert output["observers"][0]["median_s"] is None
    assert "side_by_side" not in output


def test_leaving_one_out_puts_both_rankings_side_by_side(tmp_path):
    options = ["--exclude", "eve=answered = too fast", "--bootstraps", 50]
    text = run(write(tmp_path, VOTES), *options)
    assert "left out: eve (answered = too fast)" in text
    output = json.loads(run(write(tmp_path, VOTES), *options, "--json"))
    assert output["excluded"] == [{"observer": "eve", "reason": "answered = too fast"}]
    assert {row["condition"] for row in output["side_by_side"]} == {"x", "y", "z"}


def test_columns_may_have_other_names(tmp_path):
    columns = "observer=who,condition_A=first,condition_B=second,is_A_selected=choice"
    path = write(tmp_path, OTHER)
    output = json.loads(run(path, "--columns", columns, "--values", "A=1,B=0", "--json"))
    assert output["observers"] == json.loads(run(write(tmp_path, VOTES), "--json"))["observers"]


@pytest.mark.parametrize(
    ("exclude", "sentence"),
    [
        (["eve"], "--exclude 'eve' gives no reason; write it as NAME=REASON"),
        (["eve="], "gives no reason"),
        (["=late"], "gives no reason"),
        (["eve=late", "eve=early"], "--exclude names 'eve' twice"),
        (["zoe=late"], "unknown observer 'zoe'; choose one of: anna, bob, cleo, dan, eve"),
    ],
)
def test_an_exclusion_needs_a_known_name_and_a_reason(tmp_path, exclude, sentence):
    options = [word for text in exclude for word in ("--exclude", text)]
    with pytest.raises(UplappError, match=sentence):
        run(write(tmp_path, VOTES), *options, "--bootstraps", 20)


def test_help_shows_an_example():
    assert "Example" in run("--help")
