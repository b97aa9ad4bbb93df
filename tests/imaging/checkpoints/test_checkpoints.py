"""Checkpoints: what is written comes back, and what does not fit is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from tests.imaging.checkpoints.made import FACTS, make
from tests.imaging.discs import segmenter
from tests.imaging.tiny import weights
from uplapp.errors import BadCheckpoint, UnknownName, UplappError
from uplapp.imaging.checkpoints.card import read_card
from uplapp.imaging.checkpoints.folder import Checkpoints, load_network, write_checkpoint
from uplapp.imaging.checkpoints.weights import build_network
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import RESTORE
from uplapp.imaging.recipes.spec import one_stage
from uplapp.imaging.restorers.classical import TotalVariation


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
    spec = one_stage("denoise", "unet", "adaptive", network_options={"width": 6})
    loss = LOSSES.build("adaptive", channels=3)
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.fill_(0.25)
    card = write_checkpoint(tmp_path, spec, build_network(spec), dict(loss.named_parameters()), **FACTS)
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
        ({"extra": 1}, "unknown key 'extra'; allowed: base, data, hardware"),
        ({"parameters": "many"}, "parameters = 'many' must be a whole number"),
        ({"network": "resnet9"}, "unknown network 'resnet9'"),
        ({"task": "fly"}, "unknown task 'fly'"),
        ({"network_options": [1]}, "network_options must be a table"),
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
        spec = values["spec"]
        target = next((part for part in (spec["stages"][0], spec) if key in part), values)
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
    restorers = [card for card in cards if card.purpose == RESTORE]
    assert {card.label for card in restorers if not card.title} <= {entry.label for entry in LOSSES.values()}


def test_what_was_trained_on_data_for_research_alone_says_so(house):
    cards = {card.name: card for card in Checkpoints((house / "checkpoints",)).cards()}
    free = {name for name, card in cards.items() if not card.for_research}
    said = {name for name in cards if name.endswith("_free")}
    assert said <= free
    assert {name for name in cards if name.startswith(("xray", "denoise", "mri-d5c5"))} & free <= said
    assert {"mri-unet-l2", "mri-segmenter-ventricle", "xray-unet-l2_free"} <= free
    assert {f"mri-{network}-l2_free" for network in ("recnet", "d5c5", "unet_cascade")} <= free


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
    spec["stages"][0]["loss"] = "Charbonnier"
    rename(tmp_path, "theirs", spec=spec)
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


@pytest.mark.parametrize("other", [{"seed": 1}, {"width": 12}])
def test_two_recipes_of_one_name_do_not_overwrite_each_other(tmp_path, other):
    first, network = make(tmp_path)
    second, _ = make(tmp_path, **other)
    assert (first.name, second.name) == ("denoise-unet-l2", f"denoise-unet-l2-{second.spec.digest}")
    checkpoints = Checkpoints((tmp_path,))
    assert {card.name for card in checkpoints.cards()} == {first.name, second.name}
    assert torch.equal(weights(checkpoints.load(first)), weights(network))
    assert second.label == f"L2 ({second.name})"


def test_one_recipe_keeps_its_name_however_often_it_is_written(tmp_path):
    make(tmp_path)
    again, _ = make(tmp_path)
    assert again.name == "denoise-unet-l2"
    assert [card.name for card in Checkpoints((tmp_path,)).cards()] == ["denoise-unet-l2"]


def test_a_damaged_card_keeps_no_name_from_a_run(tmp_path):
    (tmp_path / "denoise-unet-l2.json").write_text("{")
    assert make(tmp_path)[0].name == "denoise-unet-l2"


def first_form(path: Path) -> None:
    """Write a card as it was before there were stages."""
    values = json.loads(path.read_text())
    spec = values["spec"]
    last = spec.pop("stages")[-1]
    old = {key: last[key] for key in ("loss", "schedule", "loss_options")}
    del spec["label"]
    values["spec"] = {**spec, **old, "start": {**spec, **old, "loss": "l1", "start": None}}
    for key in ("kind", "task", "options"):
        del values[key]
    path.write_text(json.dumps(values))


def test_a_card_of_the_first_form_is_read_and_its_network_loaded(tmp_path):
    card, network = make(tmp_path)
    first_form(tmp_path / "denoise-unet-l2.json")
    checkpoint = Checkpoints((tmp_path,)).find("denoise-unet-l2")
    assert [stage.loss for stage in checkpoint.recipe.stages] == ["l1", "l2"]
    assert (checkpoint.label, checkpoint.task, checkpoint.sha256) == ("L2", "denoise", card.sha256)
    assert torch.equal(weights(Checkpoints((tmp_path,)).load(checkpoint)), weights(network))


def write_method(folder: Path, **changes) -> None:
    """Write a card of total variation, which has no weights."""
    folder.mkdir(exist_ok=True)
    values = {"name": "tv-weak", "kind": "tv", "task": "mri", "options": {"weight": 0.001}} | changes
    (folder / f"{values['name']}.json").write_text(json.dumps(values))


def test_a_card_of_a_method_without_weights_is_listed_and_restores(tmp_path):
    write_method(tmp_path)
    checkpoints = Checkpoints((tmp_path,))
    [card] = checkpoints.cards("mri")
    assert (card.label, card.loss, card.spec) == ("Total variation (tv-weak)", "", None)
    [candidate] = of_cards(checkpoints, [card])
    assert candidate.build() == TotalVariation(weight=0.001)
    assert candidate.facts == {"method": "tv", "checkpoint": "tv-weak", "loss": "", "consistency": None}
    with pytest.raises(BadCheckpoint, match="'tv-weak' is no network but 'tv', which has no recipe"):
        checkpoints.load(card)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "magic"}, "unknown method 'magic'"),
        ({"task": "fly"}, "unknown task 'fly'"),
        ({"options": {"speed": 3}}, "has no option 'speed'"),
        ({"options": {"weight": -1}}, "weight is -1; it needs a number from 0 up"),
        ({"kind": "nlm", "options": {}}, "'nlm' does not take the measurements of the task 'mri'"),
        ({"kind": "network"}, "it lacks 'spec'"),
        ({"kind": "network", "spec": None, "sha256": "0" * 64}, "it lacks 'spec'"),
        ({"spec": {"task": "mri", "network": "unet", "loss": "l2"}}, "it has a spec, which is for a network"),
        ({"title": "a|b"}, "cannot be shown"),
    ],
)
def test_a_card_of_a_method_that_does_not_fit_is_refused(tmp_path, changes, sentence):
    write_method(tmp_path, **changes)
    with pytest.raises(BadCheckpoint, match=sentence):
        read_card(tmp_path / "tv-weak.json")


def test_a_segmenter_is_a_checkpoint_and_no_restorer(tmp_path):
    card = segmenter(tmp_path, "tumour")
    make(tmp_path, "l1", task="mri")
    checkpoints = Checkpoints((tmp_path,))
    assert (card.name, card.label, card.purpose) == ("mri-segmenter-tumour", "Segmenter (tumour)", "segment")
    assert {one.name for one in checkpoints.cards()} == {"mri-segmenter-tumour", "mri-unet-l1"}
    assert [one.name for one in checkpoints.cards("mri")] == ["mri-unet-l1"]
    assert checkpoints.segmenters("mri") == {"tumour": checkpoints.find("mri-segmenter-tumour")}
    assert checkpoints.segmenters("denoise") == {}
    with pytest.raises(UplappError, match="'mri-segmenter-tumour' segments images and restores none"):
        of_cards(checkpoints, [checkpoints.find("mri-segmenter-tumour")])
