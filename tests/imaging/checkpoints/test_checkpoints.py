"""Checkpoints: what is written comes back; what does not fit is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.imaging.checkpoints.made import FACTS, make
from uplapp.errors import BadCheckpoint, UnknownName
from uplapp.imaging.checkpoints.building import build_network
from uplapp.imaging.checkpoints.card import read_card
from uplapp.imaging.checkpoints.folder import Checkpoints, load_network, write_checkpoint
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipes.spec import RunSpec


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    card, network = make(tmp_path)
    image = torch.rand(1, 3, 40, 40)
    loaded = load_network(tmp_path, Checkpoints((tmp_path,)).find("denoise-unet-l2"))
    assert card == read_card(tmp_path / "denoise-unet-l2.json")
    assert torch.equal(loaded(image), network(image))


def test_checkpoints_are_listed_in_the_order_of_the_losses(tmp_path):
    for loss in ("flip", "l2", "l1"):
        make(tmp_path, loss)
    assert [card.spec.loss for card in Checkpoints((tmp_path,)).cards()] == ["l1", "l2", "flip"]
    assert Checkpoints((tmp_path,)).cards("another") == []


def test_checkpoints_come_from_every_folder(tmp_path):
    ours, _ = make(tmp_path / "ours", "l1")
    theirs, network = make(tmp_path / "theirs", "l2")
    both = Checkpoints((tmp_path / "ours", tmp_path / "theirs", tmp_path / "none"))
    assert both.cards() == [ours, theirs]
    image = torch.rand(1, 3, 40, 40)
    assert torch.equal(both.load(theirs)(image), network(image))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_checkpoint_of_every_loss_comes_back(tmp_path, loss):
    card, network = make(tmp_path, loss)
    loaded = Checkpoints((tmp_path,)).load(card)
    image = torch.rand(1, 3, 40, 40)
    assert torch.equal(loaded(image), network(image))


def test_what_a_loss_learned_is_stored_beside_the_network(tmp_path):
    spec = RunSpec("denoise", "unet", "adaptive", network_options={"width": 6})
    loss = LOSSES.build("adaptive", channels=3)
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.fill_(0.25)
    card = write_checkpoint(tmp_path, spec, build_network(spec), loss, **FACTS)
    stored = safetensors.torch.load_file(tmp_path / f"{card.name}.safetensors")
    learned = {name for name in stored if name.startswith("loss.")}
    assert learned == {f"loss.{name}" for name, _ in loss.named_parameters()} != set()
    assert all((stored[name] == 0.25).all() for name in learned)
    assert card.parameters == sum(p.numel() for p in load_network(tmp_path, card).parameters())


def test_an_unknown_checkpoint_lists_the_choices(tmp_path):
    make(tmp_path)
    with pytest.raises(UnknownName, match="unknown checkpoint 'x'; choose one of: denoise-unet-l2"):
        Checkpoints((tmp_path,)).find("x")


def test_weights_of_another_hash_are_refused(tmp_path):
    card, _ = make(tmp_path)
    path = tmp_path / f"{card.name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="not the file its card describes"):
        load_network(tmp_path, card)


def test_missing_weights_are_named(tmp_path):
    card, _ = make(tmp_path)
    (tmp_path / f"{card.name}.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="cannot be read: No such file"):
        load_network(tmp_path, card)


@pytest.mark.parametrize("damage", ["shape", "name", "no safetensors"])
def test_weights_that_do_not_fit_the_card_are_refused(tmp_path, damage):
    card, network = make(tmp_path)
    tensors = dict(network.state_dict())
    if damage == "shape":
        tensors["enter.weight"] = torch.zeros(7, 3, 3, 3)
    else:
        tensors["stranger"] = tensors.pop("enter.weight")
    content = b"not at all" if damage == "no safetensors" else safetensors.torch.save(tensors)
    path = tmp_path / f"{card.name}.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="does not fit the network of its card"):
        load_network(tmp_path, replace(card, sha256=hashlib.sha256(content).hexdigest()))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sha256": None}, "not the card"),
        ({"sha256": "abc"}, "'sha256' is not 64 hexadecimal digits"),
        ({"extra": 1}, "no field 'extra'; the fields are: name, spec"),
        ({"parameters": "many"}, "'parameters' is of another kind"),
        ({"network": "resnet9"}, "unknown network 'resnet9'"),
        ({"task": "fly"}, "unknown task 'fly'"),
        ({"network_options": [1]}, "'network_options' is an object"),
        ({"name": "../escape"}, "cannot be its name"),
        ({"name": "x" * 65}, "cannot be its name"),
        ({"title": "<b>best</b>"}, "cannot be shown"),
        ({"title": "two\nlines"}, "cannot be shown"),
        ({"loss": "a|b"}, "cannot be shown"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(tmp_path, change, sentence):
    make(tmp_path)
    path = tmp_path / "denoise-unet-l2.json"
    values = json.loads(path.read_text())
    for key, value in change.items():
        target = values["spec"] if key in values["spec"] else values
        if value is None:
            del target[key]
        else:
            target[key] = value
    path.write_text(json.dumps(values))
    with pytest.raises(BadCheckpoint, match=sentence):
        read_card(path)


def test_a_card_under_another_name_is_refused(tmp_path):
    make(tmp_path)
    path = (tmp_path / "denoise-unet-l2.json").rename(tmp_path / "other.json")
    with pytest.raises(BadCheckpoint, match="a card has the name of its checkpoint"):
        read_card(path)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"name": "x"}', b"\xff\xfe\xfd", b"[" * 100_000, b" " * 300_000]
)
def test_a_file_that_is_no_card_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "denoise-unet-l2.json"
    path.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="is not the card") as caught:
        read_card(path)
    assert "\n" not in str(caught.value)


def test_the_cards_that_ship_are_all_read(house):
    cards = Checkpoints((house / "checkpoints",)).cards()
    assert {card.name for card in cards} == {path.stem for path in (house / "checkpoints").glob("*.json")}
    assert {card.label for card in cards} <= {entry.label for entry in LOSSES.values()}


def rename(folder: Path, name: str, **changes) -> None:
    """Give the checkpoint denoise-unet-l2 of a folder another name and other values."""
    values = json.loads((folder / "denoise-unet-l2.json").read_text()) | {"name": name} | changes
    (folder / "denoise-unet-l2.json").unlink()
    (folder / f"{name}.json").write_text(json.dumps(values))
    (folder / "denoise-unet-l2.safetensors").rename(folder / f"{name}.safetensors")


def test_a_network_with_a_name_of_its_own_is_listed_shown_and_loaded_by_it(tmp_path):
    make(tmp_path / "ships", "l2")
    _, network = make(tmp_path / "own", "l2", seed=1)
    rename(tmp_path / "own", "mine")
    checkpoints = Checkpoints((tmp_path / "ships", tmp_path / "own"))
    assert [card.label for card in checkpoints.cards()] == ["L2", "L2 (mine)"]
    image = torch.rand(1, 3, 40, 40)
    assert torch.equal(checkpoints.load(checkpoints.find("mine"))(image), network(image))


def test_a_title_is_what_the_menus_show(tmp_path):
    make(tmp_path)
    rename(tmp_path, "mine", title="L2, twice as long")
    assert Checkpoints((tmp_path,)).find("mine").label == "L2, twice as long"


def test_a_network_trained_on_a_loss_unknown_here_comes_last_under_the_name_of_its_loss(tmp_path):
    make(tmp_path, "upl")
    make(tmp_path, "l2")
    spec = json.loads((tmp_path / "denoise-unet-l2.json").read_text())["spec"]
    rename(tmp_path, "theirs", spec={**spec, "loss": "Charbonnier"})
    cards = Checkpoints((tmp_path,)).cards()
    assert [card.label for card in cards] == ["uPL", "Charbonnier (theirs)"]
    assert next(Checkpoints((tmp_path,)).load(cards[1]).parameters()).isfinite().all()


@pytest.mark.parametrize("damage", ["card", "weights", "name"])
def test_what_is_damaged_is_left_out_and_told_once_and_the_others_stay(tmp_path, capsys, damage):
    ships, _ = make(tmp_path / "ships", "l1")
    own = tmp_path / "own"
    make(own, "l1" if damage == "name" else "l2")
    [path] = own.glob("*.json")
    if damage == "card":
        path.write_text("{")
    if damage == "weights":
        path.with_suffix(".safetensors").unlink()
    checkpoints = Checkpoints((tmp_path / "ships", own))
    assert [checkpoints.cards() for _ in range(3)] == [[ships]] * 3
    assert capsys.readouterr().err.count(path.name) == 1
    # A visitor of the page may read this: it names the file, not where it lies.
    assert path.name in checkpoints.broken()[path.stem]
    assert str(tmp_path) not in checkpoints.broken()[path.stem]


def test_a_damaged_checkpoint_that_is_asked_for_says_what_is_wrong(tmp_path):
    make(tmp_path, "l2")
    (tmp_path / "denoise-unet-l2.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="its weights are not beside it"):
        Checkpoints((tmp_path,)).find("denoise-unet-l2")


def test_weights_that_came_without_a_card_hide_no_checkpoint(tmp_path):
    theirs, network = make(tmp_path / "own", "l2")
    (tmp_path / "ships").mkdir()
    (tmp_path / "ships" / f"{theirs.name}.safetensors").write_bytes(b"left over")
    image = torch.rand(1, 3, 40, 40)
    loaded = Checkpoints((tmp_path / "ships", tmp_path / "own")).load(theirs)
    assert torch.equal(loaded(image), network(image))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_weights_of_half_precision_are_computed_with_in_full(tmp_path, kind):
    card, network = make(tmp_path)
    content = safetensors.torch.save({k: v.to(kind) for k, v in network.state_dict().items()})
    (tmp_path / f"{card.name}.safetensors").write_bytes(content)
    loaded = load_network(tmp_path, replace(card, sha256=hashlib.sha256(content).hexdigest()))
    assert torch.equal(loaded.enter.weight, network.enter.weight.to(kind).float())
