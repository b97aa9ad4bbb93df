"""What ships as an example runs: the examples of every command, and the views of a first visit."""

import shlex
from importlib import import_module
from pathlib import Path

import pytest

from tests.calling import printer
from uplapp.__main__ import VERBS as HOMES
from uplapp.__main__ import app
from uplapp.analysis.observers.screening import screen
from uplapp.analysis.reading.published import FOLDER, example_metrics, example_votes
from uplapp.analysis.reading.votes import count, scenes

VERBS = ("analyse", "observers", "agree", "next", "plan", "ratings", "unify", "triplets")
FEWER = {"plan": ("--experiments", 3, "--bootstraps", 20), "next": ()}
HOUSE = Path(__file__).parents[3]


def example_of(verb):
    """The words of the example of a command, behind the name of the program."""
    module = import_module(HOMES[verb].split(":")[0])
    own = [one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__]
    (text,) = [one.__doc__ for one in own if "Example:" in (one.__doc__ or "")]
    return shlex.split(text.split("Example:")[1])[3:]


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_of_every_command_runs(verb, monkeypatch):
    monkeypatch.chdir(HOUSE)
    words = example_of(verb)
    assert words[0] == verb
    assert printer(app)(*words, *FEWER.get(verb, ("--bootstraps", 20)))


def test_the_example_has_twenty_simulated_observers_in_four_scenes():
    votes = example_votes()
    assert votes.simulated
    assert len(count(votes).observers) == 20
    assert len(scenes(votes)) == 4
    assert set(votes.table["kind"]) == {"main", "catch", "repeat"}


def test_the_example_shows_each_thing_that_screening_finds():
    looks = screen(example_votes()).set_index("observer")["looks"]
    assert "failed 4 of 4 catch trials" in looks["sim05"]
    assert "unlike the others" in looks["sim12"]
    assert "left or first side" in looks["sim17"]
    assert (looks == "").sum() >= 15


def test_the_metrics_of_the_example_are_of_its_conditions_and_scenes():
    metrics = example_metrics()
    assert set(metrics.scenes) == set(scenes(example_votes()))
    assert set(metrics.conditions) == set(count(example_votes()).conditions)


def test_the_files_say_that_nobody_looked():
    for name in ("votes.csv", "ratings.csv"):
        assert "simulated" in (FOLDER / name).read_text(encoding="utf-8").splitlines()[0]
