"""Checkpoints: weights as safetensors beside a card that says what they are."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import nn

from uplapp.errors import BadCheckpoint, UnknownName, UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.recipe import RunSpec
from uplapp.imaging.restore import pick_device
from uplapp.imaging.tasks import TASKS, Task

LEARNED_BY_LOSS = "loss."


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: its recipe, the hash of its weights, and what is known of how it came to be.

    `data`, `scores`, `hardware` and `versions` are for people; `sha256` is checked before use.
    """

    spec: RunSpec
    sha256: str
    parameters: int
    data: Mapping[str, Any]
    scores: Mapping[str, Any]
    hardware: str
    versions: Mapping[str, str]

    @property
    def name(self) -> str:
        """The stem of its two files."""
        return self.spec.name

    @property
    def label(self) -> str:
        """Its name on screen: the loss it was trained on."""
        return LOSSES[self.spec.loss].label


def build_network(spec: RunSpec) -> nn.Module:
    """The network of a recipe as its task uses it, with fresh weights."""
    task: Task = TASKS.build(spec.task)
    return task.prepare(NETWORKS.build(spec.network, **{"channels": task.channels, **spec.network_options}))


def write_checkpoint(
    folder: Path,
    spec: RunSpec,
    network: nn.Module,
    loss: nn.Module,
    *,
    data: Mapping[str, Any],
    scores: Mapping[str, Any],
    hardware: str,
    versions: Mapping[str, str],
) -> Card:
    """Write weights, and what the loss learned, then the card that makes them valid; returns the card."""
    folder.mkdir(parents=True, exist_ok=True)
    learned = {f"{LEARNED_BY_LOSS}{name}": tensor for name, tensor in loss.state_dict().items()}
    tensors = {**network.state_dict(), **learned}
    weights = safetensors.torch.save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    )
    parameters = sum(tensor.numel() for tensor in network.state_dict().values())
    sha256 = hashlib.sha256(weights).hexdigest()
    card = Card(spec, sha256, parameters, data, scores, hardware, versions)
    (folder / f"{card.name}.safetensors").write_bytes(weights)
    values = {"name": card.name, **asdict(card)}
    (folder / f"{card.name}.json").write_text(json.dumps(values, indent=2) + "\n")
    return card


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of some folders, those that ship and those that a user added."""

    folders: tuple[Path, ...]

    def cards(self, task: str | None = None) -> list[Card]:
        """Every card in the order of the table of losses, or those of one task."""
        cards = [read_card(path) for folder in self.folders for path in sorted(folder.glob("*.json"))]
        order = list(LOSSES)
        wanted = [card for card in cards if task in (None, card.spec.task)]
        return sorted(wanted, key=lambda card: (card.spec.task, order.index(card.spec.loss)))

    def find(self, name: str) -> Card:
        """The card called `name`; an unknown name lists the choices."""
        cards = {card.name: card for card in self.cards()}
        if name not in cards:
            raise UnknownName("checkpoint", name, cards)
        return cards[name]

    def load(self, card: Card) -> nn.Module:
        """The trained network, as `load_network` gives it."""
        homes = [folder for folder in self.folders if (folder / f"{card.name}.safetensors").exists()]
        return load_network(homes[0] if homes else self.folders[0], card)


def read_card(path: Path) -> Card:
    """Read one card; a missing or unknown field raises BadCheckpoint."""
    try:
        values = json.loads(path.read_text())
        values.pop("name")
        card = Card(**{**values, "spec": RunSpec.from_json(values["spec"])})
        LOSSES[card.spec.loss], NETWORKS[card.spec.network], TASKS[card.spec.task]
    except (OSError, ValueError, KeyError, TypeError, UplappError) as error:
        raise BadCheckpoint(f"{path} is not the card of a checkpoint of this version: {error}") from error
    if path.stem != card.name:
        raise BadCheckpoint(f"{path} describes '{card.name}'; a card has the name of its checkpoint")
    return card


def load_network(folder: Path, card: Card) -> nn.Module:
    """The trained network on the best device there is; a hash, name or shape that does not fit is refused."""
    path = folder / f"{card.name}.safetensors"
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise BadCheckpoint(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(weights).hexdigest() != card.sha256:
        raise BadCheckpoint(f"{path} is not the file its card describes (sha256 differs); fetch both again")
    network = build_network(card.spec)
    try:
        tensors = safetensors.torch.load(weights)
        network.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(LEARNED_BY_LOSS)})
    except (RuntimeError, safetensors.SafetensorError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise BadCheckpoint(f"{path} does not fit the network of its card: {first}") from error
    return network.eval().to(pick_device())
