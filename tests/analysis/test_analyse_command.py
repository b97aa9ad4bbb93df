"""The command: one input, one output, one sentence when it cannot."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import uplapp.analysis
from tests.analysis.made import PUBLISHED_JOD, write
from uplapp.commands.analyse import analyse
from uplapp.errors import UplappError

EXAMPLES = Path(uplapp.analysis.__file__).parent / "examples"
VOTES = "observer,condition_A,condition_B,is_A_selected\n" + "o,x,y,1\no,x,y,0\np,x,y,1\np,y,x,1\nq,x,y,1\n"

app = typer.Typer()
app.command()(analyse)


def run(*arguments):
    found = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.stdout


@pytest.mark.parametrize(("name", "prior"), PUBLISHED_JOD)
def test_the_published_scores_come_from_the_command_line(name, prior):
    votes = {"denoising": "112", "mri": EXAMPLES / "mri_votes_per_pair.csv"}[name]
    options = ["--winner", "column", "--votes-per-pair", votes, "--prior", prior, "--bootstraps", 20]
    found = json.loads(run("--counts", EXAMPLES / f"{name}.csv", *options, "--json"))
    assert found["jod"] == pytest.approx(PUBLISHED_JOD[name, prior], abs=1e-3)


def test_votes_become_a_readable_table(tmp_path):
    text = run(write(tmp_path, VOTES), "--bootstraps", 100)
    assert text.startswith("5 comparisons, 3 observers")
    assert "rank condition" in text


def test_every_option_reaches_the_result(tmp_path):
    options = [
        "--prior",
        "none",
        "--interval",
        "percentile",
        "--bootstraps",
        70,
        "--seed",
        3,
        "--anchor",
        "y",
    ]
    found = json.loads(run(write(tmp_path, VOTES), *options, "--json"))
    told = (found["prior"], found["interval"], found["bootstraps"], found["seed"], found["anchor"])
    assert told == ("none", "percentile", 70, 3, "y")


BAD = {
    "nothing": ([], "give one input"),
    "both": (["v.csv", "--counts", "m.csv", "--winner", "row"], "give one input"),
    "no winner": (["--counts", "m.csv"], "needs --winner row or --winner column"),
    "winner of votes": (["v.csv", "--winner", "row"], "belong to --counts"),
    "simulated matrix": (["--counts", "m.csv", "--winner", "row", "--simulated"], "belongs to votes"),
    "no file": (["nowhere.csv"], "there is no file 'nowhere.csv'"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(*arguments)


def test_help_shows_an_example():
    assert "Example" in run("--help")
