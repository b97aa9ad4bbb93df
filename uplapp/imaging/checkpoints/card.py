"""Checkpoints: weights as safetensors beside a card that says what they are."""

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import nn

from uplapp.errors import BadCheckpoint, UnknownName, UplappError
from uplapp.imaging.checkpoints.weights import (
    LEARNED_BY_LOSS,
    MAX_BYTES,
    MAX_PARAMETERS,
    count_parameters,
    read_shapes,
    require_fit,
    unfilled,
)
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.restorers.network import pick_device
from uplapp.imaging.tasks import TASKS, Task

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
NAMES = "1 to 64 of A-Z a-z 0-9 - _, a letter or digit first"
LABEL = re.compile(r"\w[^<>|`\[\]\\]{0,59}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_CARD_BYTES = 256_000
MAX_OPTION = 4096  # a larger number in the options of a network would build one that no machine holds


@dataclass(frozen=True)
class Card:
    """What a checkpoint is: its name, its recipe, the hash of its weights, and what is known of its origin.

    `name` is the stem of its two files. A network that was trained elsewhere may name a loss that LOSSES does
    not hold, and knows no schedule. `title` is its name on screen where the loss is not enough. `sha256` is
    checked before use; what follows it is for people.
    """

    name: str
    spec: RunSpec
    sha256: str
    parameters: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    hardware: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def label(self) -> str:
        """Its name on screen: its title, else the loss, with the name of the card where that is its own."""
        loss = LOSSES[self.spec.loss].label if self.spec.loss in LOSSES else self.spec.loss
        return self.title or (loss if self.name == self.spec.name else f"{loss} ({self.name})")


KINDS: dict[str, type] = {
    **{"name": str, "spec": dict, "sha256": str, "parameters": int, "data": dict},
    **{"scores": dict, "hardware": str, "versions": dict, "title": str},
}


def build_network(spec: RunSpec) -> nn.Module:
    """The network of a recipe as its task uses it, with fresh weights."""
    task: Task = TASKS.build(spec.task)
    return task.prepare(NETWORKS.build(spec.network, **{"channels": task.channels, **spec.network_options}))


def outline(spec: RunSpec) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a recipe's network, without its memory; BadCheckpoint if there is none."""
    if not _modest(list(spec.network_options.values())):
        raise BadCheckpoint(f"an option of the network is no text and no number up to {MAX_OPTION}")
    try:
        with unfilled():
            network = build_network(spec)
    except Exception as error:  # what the values of a stranger's card lead a network to raise
        reason = error if isinstance(error, UplappError) else type(error).__name__
        raise BadCheckpoint(f"the network of the card cannot be built: {reason}") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if network.channels != TASKS.build(spec.task).channels:
        raise BadCheckpoint(f"the network has {network.channels} channels, which the task has not")
    if count_parameters(shapes) > MAX_PARAMETERS:
        raise BadCheckpoint(f"the network has more than {MAX_PARAMETERS / 1e6:.0f} million parameters")
    return shapes


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
    learned = {f"{LEARNED_BY_LOSS}{name}": tensor for name, tensor in loss.named_parameters()}
    tensors = {**network.state_dict(), **learned}
    weights = safetensors.torch.save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    )
    parameters = sum(tensor.numel() for tensor in network.state_dict().values())
    sha256 = hashlib.sha256(weights).hexdigest()
    card = Card(spec.name, spec, sha256, parameters, data, scores, hardware, versions)
    put(folder, card.name, asdict(card), weights)
    return card


def put(folder: Path, name: str, card: Mapping[str, Any], weights: bytes) -> None:
    """Put both files in place, each in one replace, the card last: without it weights are no checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {".safetensors": weights, ".json": (json.dumps(card, indent=2) + "\n").encode()}
    partial = {suffix: folder / f"{name}{suffix}.partial" for suffix in content}
    try:
        for suffix, data in content.items():
            partial[suffix].write_bytes(data)
        for suffix in content:
            partial[suffix].replace(folder / f"{name}{suffix}")
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)


def label(cards: Sequence[Card]) -> dict[str, str]:
    """The labels of cards by name; where two are alike the name is added."""
    count = Counter(card.label for card in cards)
    return {
        card.name: card.label if count[card.label] == 1 else f"{card.label} ({card.name})" for card in cards
    }


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of some folders, those that ship and those that a user added."""

    folders: tuple[Path, ...]

    def cards(self, task: str | None = None) -> list[Card]:
        """Every card in the order of the table of losses, then other losses; or those of one task.

        What cannot be used is left out, and told on stderr once a process.
        """
        found, broken = self._survey()
        for sentence in broken.values():
            _tell_once(self.folders, sentence)
        order = {loss: place for place, loss in enumerate(LOSSES)}
        wanted = [card for card in found.values() if task in (None, card.spec.task)]
        return sorted(wanted, key=lambda card: (card.spec.task, order.get(card.spec.loss, len(order))))

    def broken(self) -> dict[str, str]:
        """Why checkpoints are left out, by the stem of their files."""
        return self._survey()[1]

    def find(self, name: str) -> Card:
        """The card called `name`; one that cannot be used says why, an unknown name lists the choices."""
        found, broken = self._survey()
        if name in found:
            return found[name]
        if name in broken:
            raise BadCheckpoint(broken[name])
        raise UnknownName("checkpoint", name, found)

    def load(self, card: Card) -> nn.Module:
        """The trained network, as `load_network` gives it."""
        pairs = [(folder, folder / card.name) for folder in self.folders]
        homes = [
            folder
            for folder, stem in pairs
            if Path(f"{stem}.json").exists() and Path(f"{stem}.safetensors").exists()
        ]
        return load_network(homes[0] if homes else self.folders[0], card)

    def _survey(self) -> tuple[dict[str, Card], dict[str, str]]:
        """The cards by name, and what is wrong with the others by the stem of their files."""
        found: dict[str, Card] = {}
        broken: dict[str, str] = {}
        for path in (path for folder in self.folders for path in sorted(folder.glob("*.json"))):
            try:
                card = read_card(path)
                if card.name in found:
                    raise BadCheckpoint(f"{path.name} is left out: a checkpoint before it has the same name")
                if not path.with_suffix(".safetensors").is_file():
                    raise BadCheckpoint(f"{path.name} is left out: its weights are not beside it")
            except BadCheckpoint as error:
                broken[path.stem] = str(error)
            else:
                found[card.name] = card
        return found, broken


@cache
def _tell_once(folders: tuple[Path, ...], sentence: str) -> None:
    print(f"{', '.join(map(str, folders))}: {sentence}", file=sys.stderr)


def read_card(path: Path) -> Card:
    """Read one card; a field that is missing, unknown or of another kind raises BadCheckpoint."""
    try:
        with path.open("rb") as file:
            card = card_of(values_of(file.read(MAX_CARD_BYTES + 1)))
    except (OSError, BadCheckpoint) as error:
        raise BadCheckpoint(
            f"{path.name} is not the card of a checkpoint of this version: {error}"
        ) from error
    if path.stem != card.name:
        raise BadCheckpoint(f"{path.name} describes '{card.name}'; a card has the name of its checkpoint")
    return card


def values_of(content: bytes) -> dict[str, Any]:
    """What the JSON of a card holds; BadCheckpoint if it is none."""
    if len(content) > MAX_CARD_BYTES:
        raise BadCheckpoint(f"it is larger than {MAX_CARD_BYTES / 1e6:g} MB")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise BadCheckpoint(f"it is no JSON ({reason})") from error
    if not isinstance(values, dict):
        raise BadCheckpoint("it is no JSON object")
    return values


def card_of(values: Mapping[str, Any]) -> Card:
    """The card that JSON values describe; BadCheckpoint says which of them cannot be."""
    needed = [one.name for one in fields(Card)[:3]]
    if missing := [key for key in needed if key not in values]:
        raise BadCheckpoint(f"it lacks '{missing[0]}'")
    for key, value in values.items():
        if key not in KINDS:
            raise BadCheckpoint(f"there is no field {key[:60]!r}; the fields are: {', '.join(KINDS)}")
        if not isinstance(value, KINDS[key]):
            raise BadCheckpoint(f"'{key}' is of another kind than a card has")
    try:
        spec = RunSpec.from_json({"schedule": {}, **values["spec"]})
        NETWORKS[spec.network], TASKS[spec.task]
    except (ValueError, KeyError, TypeError, AttributeError, UplappError) as error:
        raise BadCheckpoint(f"its spec is none: {error}") from error
    card = Card(**{**values, "spec": spec, "sha256": values["sha256"].lower()})
    _require_sound(card)
    return card


def _require_sound(card: Card) -> None:
    if not NAME.fullmatch(card.name):
        raise BadCheckpoint(f"{card.name[:80]!r} cannot be its name; a name is {NAMES}")
    if not SHA256.fullmatch(card.sha256):
        raise BadCheckpoint("'sha256' is not 64 hexadecimal digits")
    if not (isinstance(card.spec.network_options, dict) and isinstance(card.spec.loss, str)):
        raise BadCheckpoint("its spec is none: 'network_options' is an object, 'loss' a text")
    for kind, text in (("loss", card.spec.loss), *([("title", card.title)] if card.title else [])):
        if not (LABEL.fullmatch(text) and text.isprintable()):
            raise BadCheckpoint(f"{kind} {text[:80]!r} cannot be shown; give up to 60 plain characters")


def _modest(value: Any) -> bool:
    """Whether an option of a network is a text, a number that a network may have, or a short list of them."""
    if isinstance(value, list):
        return len(value) <= 16 and all(map(_modest, value))
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= MAX_OPTION)


def check_weights(spec: RunSpec, sha256: str, weights: bytes) -> None:
    """Refuse weights of another hash, and what is not exactly the network of the recipe: BadCheckpoint."""
    if hashlib.sha256(weights).hexdigest() != sha256:
        raise BadCheckpoint("is not the file its card describes (sha256 differs); fetch both again")
    try:
        require_fit(read_shapes(weights), outline(spec))
    except BadCheckpoint as error:
        raise BadCheckpoint(f"does not fit the network of its card: {error}") from error


def load_network(folder: Path, card: Card) -> nn.Module:
    """The trained network on the best device there is; a hash, name or shape that does not fit is refused."""
    path = folder / f"{card.name}.safetensors"
    try:
        with path.open("rb") as file:
            weights = file.read(MAX_BYTES + 1)
        check_weights(card.spec, card.sha256, weights)
        tensors = safetensors.torch.load(weights)
    except OSError as error:
        raise BadCheckpoint(f"{path.name} cannot be read: {error.strerror}") from error
    except (BadCheckpoint, safetensors.SafetensorError) as error:
        raise BadCheckpoint(f"{path.name} {error}") from error
    network = build_network(card.spec)
    network.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(LEARNED_BY_LOSS)})
    return network.eval().to(pick_device())
