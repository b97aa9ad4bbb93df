"""`uplapp model`: what is added is listed, restores and is removed, and a refusal is one line."""

import json

import pytest

from tests.calling import caller
from tests.hub.model_hub import COMMIT, REPO
from tests.imaging.checkpoints.made import FITTING, card
from uplapp.commands.model import app
from uplapp.errors import UplappError
from uplapp.hub import client
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.settings import Settings


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Run a verb of `model` with data in a temporary folder. An UplappError comes through as it is."""
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "data"))
    return caller(app)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "net.json").write_bytes(card())
    (tmp_path / "net.safetensors").write_bytes(FITTING)
    return tmp_path


def names() -> list[str]:
    return [card.name for card in Checkpoints(Settings.from_env().models).cards()]


def test_a_file_is_added_listed_and_removed(model, files):
    shipped = names()
    made = json.loads(model("add", files / "net.safetensors", "--name", "mine", "--json").stdout)
    assert (made["name"], made["label"], made["task"]) == ("mine", "Charbonnier (mine)", "denoise")
    assert set(names()) == {*shipped, "mine"}
    rows = json.loads(model("list", "--json").stdout)["checkpoints"]
    assert [row["name"] for row in rows if row["added"]] == ["mine"]
    assert [line.split()[0] for line in model("list").stdout.splitlines()] == names()
    assert model("remove", "mine").stdout == "removed mine\n"
    assert names() == shipped


def test_a_card_may_lie_elsewhere(model, files):
    (files / "net.json").rename(files / "description.json")
    words = ["--card", files / "description.json"]
    assert "name: theirs" in model("add", files / "net.safetensors", *words).stdout


def test_a_repository_is_added_at_its_commit(model, endpoint, monkeypatch):
    honest = client.api
    monkeypatch.setattr("uplapp.hub.networks.api", lambda _: honest(endpoint))
    result = model("add", REPO, "--json")
    assert json.loads(result.stdout)["name"] == "theirs"
    kept = Checkpoints(Settings.from_env().models).find("theirs")
    assert kept.data["revision"] == COMMIT


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "nowhere.safetensors"], "nowhere.json cannot be read: No such file"),
        (["add", "pyproject.toml"], "is no .safetensors file; a pickle"),
        (["add", "net.pt"], "write OWNER/NAME"),
        (["remove", "denoise-unet-l2"], "ships with uplapp"),
        (["remove", "../../x"], "unknown added network"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(model, words, sentence):
    with pytest.raises(UplappError, match=sentence) as caught:
        model(*words)
    assert "\n" not in str(caught.value)


def test_a_damaged_network_is_listed_apart_and_can_be_removed(model, files):
    model("add", files / "net.safetensors")
    (files / "data" / "models" / "theirs.safetensors").unlink()
    output = json.loads(model("list", "--json").stdout)
    assert list(output["broken"]) == ["theirs"]
    assert "theirs" not in [row["name"] for row in output["checkpoints"]]
    model("remove", "theirs")
    assert json.loads(model("list", "--json").stdout)["broken"] == {}


@pytest.mark.parametrize("verb", ["add", "list", "remove"])
def test_every_verb_has_an_example(model, verb):
    assert f"Example: python -m uplapp model {verb}" in model(verb, "--help").stdout
