"""The command that says how many observers."""

import json

import pytest

from tests.calling import caller
from uplapp.commands.plan import plan
from uplapp.errors import UplappError

QUICK = ["--observers", "6,8", "--experiments", 3, "--bootstraps", 30, "--prior", "none"]

run = caller(plan)


def test_every_option_reaches_the_result():
    options = ["--votes-per-pair", 30, "--spread", 0.1, "--seed", 4, "--power", 0.5]
    output = json.loads(run("--scores", "l1=0, l2=-.9,flip=.8", *QUICK, *options, "--json").stdout)
    assert output["scores"] == {"l1": 0, "l2": -0.9, "flip": 0.8}
    options_used = [
        output[name]
        for name in ("experiments", "bootstraps", "prior", "votes_per_pair", "spread_jod", "seed")
    ]
    assert options_used == [3, 30, "none", 30, 0.1, 4]
    assert [(row["observers"], row["comparison"]) for row in output["comparisons"]] == [
        (observers, comparison)
        for observers in (6, 8)
        for comparison in ("flip - l1", "l1 - l2", "flip - l2")
    ]
    assert output["needed"] == 6
    assert output["overall"][0]["all_neighbours"] == 1


def test_what_is_undefined_is_null():
    output = json.loads(run("--scores", "a=30,b=0,c=0", *QUICK, "--json").stdout)
    assert output["comparisons"][0]["width_jod"] is None
    assert output["comparisons"][0]["neighbours"] is True
    none = json.loads(run("--scores", "b=0,c=0", *QUICK, "--json").stdout)
    assert none["overall"][0]["all_neighbours"] is None


def test_people_read_tables_and_advice():
    output = run("--scores", "good=2,bad=0", *QUICK, "--votes-per-pair", 30)
    assert "6 observers are enough" in output.stdout
    assert "good - bad: 6 observers" in output.stdout
    assert "6 of 6 analyses" in output.stderr
    assert "analyses" not in output.stdout


BAD = {
    "no score": (["--scores", "a=1,b"], "'b' is not name=score"),
    "no number": (["--scores", "a=1,b=x"], "'b=x' is not name=score"),
    "infinite": (["--scores", "a=1,b=inf"], "'b=inf' is not name=score"),
    "no name": (["--scores", "a=1,=2"], "'=2' is not name=score"),
    "one": (["--scores", "a=1"], "two or more"),
    "observers": (["--scores", "a=1,b=0", "--observers", "6,many"], "--observers is '6,many'"),
    "power": (["--scores", "a=1,b=0", "--power", 80], "--power is 80"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(*arguments)


def test_help_shows_an_example():
    assert "Example" in run("--help").stdout


def test_the_power_curve_is_drawn_to_a_file(tmp_path):
    run("--scores", "a=0,b=1", *QUICK, "--figure", str(tmp_path / "power.svg"))
    assert "observers" in (tmp_path / "power.svg").read_text()


def test_an_unknown_kind_of_picture_is_refused_with_the_choices(tmp_path):
    with pytest.raises(UplappError, match="unknown picture format 'gif'; choose one of: pdf, png, svg"):
        run("--scores", "a=0,b=1", *QUICK, "--figure", str(tmp_path / "power.gif"))
