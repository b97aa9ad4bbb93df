"""Folders of checkpoints: weights as safetensors beside the cards that say what they are."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from uplapp.errors import BadCheckpoint, UnknownName
from uplapp.imaging.checkpoints.card import NETWORK, Card, read_card
from uplapp.imaging.checkpoints.kept import KEPT
from uplapp.imaging.checkpoints.weights import (
    LEARNED_BY_LOSS,
    MAX_BYTES,
    build_network,
    outline,
    read_shapes,
    require_fit,
)
from uplapp.imaging.device import pick_device
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS, RESTORE, SEGMENT
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.whole import replacing


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of some folders, those that ship and those that a user added.

    Their networks restore in the number format `precision`.
    """

    folders: tuple[Path, ...]
    precision: str = "float32"

    def cards(self, task: str | None = None) -> list[Card]:
        """List every card, or those that restore in a task.

        Those of the network that a task prefers come first, then those of others in the order of their table;
        of one network they stand in the order of the table of losses, then other losses. What cannot be used
        is left out, and reported on stderr once per process.
        """
        cards, broken = self._survey()
        for sentence in broken.values():
            _report_once(self.folders, sentence)
        wanted = [
            card for card in cards.values() if task is None or (card.task == task and card.purpose == RESTORE)
        ]
        return sorted(wanted, key=_place)

    def broken(self) -> dict[str, str]:
        """Say why checkpoints are left out, by the stem of their files."""
        return self._survey()[1]

    def segmenters(self, task: str) -> dict[str, Card]:
        """Give the card of a segmenter for each anatomy that one finds, the first where there are several."""
        cards = [card for card in self.cards() if (card.purpose, card.task) == (SEGMENT, task)]
        return {str(card.recipe.last.options.get("anatomy")): card for card in reversed(cards)}

    def load_segmenters(self, task: str) -> dict[str, nn.Module]:
        """Load a segmenter for each anatomy that one finds."""
        return {anatomy: self.load(card) for anatomy, card in self.segmenters(task).items()}

    def find(self, name: str) -> Card:
        """Find the card called `name`.

        The message about an unknown name lists the choices.
        """
        cards, broken = self._survey()
        if name in cards:
            return cards[name]
        if name in broken:
            raise BadCheckpoint(broken[name])
        raise UnknownName("checkpoint", name, cards)

    def load(self, card: Card) -> nn.Module:
        """Load the trained network, as `load_network` does."""
        return load_network(self._home(card), card)

    def kept(self, card: Card) -> nn.Module:
        """Give the trained network, loaded before if it was used lately. Its weights are to be left alone."""
        path = self._home(card) / f"{card.name}.safetensors"
        written = path.stat().st_mtime_ns if path.exists() else 0
        key = (str(path.resolve()), written, card.sha256, card.recipe.digest, pick_device().type)
        return KEPT.get(key, lambda: self.load(card))

    def _home(self, card: Card) -> Path:
        """Find the folder that holds both files of a checkpoint."""
        pairs = [(folder, folder / card.name) for folder in self.folders]
        homes = [
            folder
            for folder, stem in pairs
            if Path(f"{stem}.json").exists() and Path(f"{stem}.safetensors").exists()
        ]
        return homes[0] if homes else self.folders[0]

    def base_of(self, card: Card) -> Card | None:
        """Find the checkpoint whose results a network refines, None for one that restores by itself.

        BadCheckpoint says that it is missing, or not the one that the network was trained on.
        """
        if not card.base:
            return None
        name = card.base["name"]
        base = self._survey()[0].get(name)
        if base is None:
            raise BadCheckpoint(f"'{card.name}' refines what '{name}' restores; add that checkpoint too")
        if base.sha256 != card.base["sha256"] or base.base or base.task != card.task:
            raise BadCheckpoint(
                f"'{card.name}' refines another '{name}' than the one here (sha256 or task differ); "
                "fetch the one that its card describes"
            )
        return base

    def _survey(self) -> tuple[dict[str, Card], dict[str, str]]:
        """Give the cards by name, and what is wrong with the others by the stem of their files."""
        cards: dict[str, Card] = {}
        broken: dict[str, str] = {}
        for path in (path for folder in self.folders for path in sorted(folder.glob("*.json"))):
            try:
                card = read_card(path)
                if card.name in cards:
                    raise BadCheckpoint(f"{path.name} is left out: a checkpoint before it has the same name")
                if card.kind == NETWORK and not path.with_suffix(".safetensors").is_file():
                    raise BadCheckpoint(f"{path.name} is left out: its weights are not beside it")
            except BadCheckpoint as error:
                broken[path.stem] = str(error)
            else:
                cards[card.name] = card
        return cards, broken


def _place(card: Card) -> tuple[str, bool, int, int]:
    """Give the place of a card among all."""
    losses, networks = list(LOSSES), list(NETWORKS)
    network = card.spec.network if card.spec else ""
    loss = losses.index(card.loss) if card.loss in losses else len(losses)
    place = networks.index(network) if network in networks else len(networks)
    return card.task, network != TASKS[card.task].network, place, loss


@cache
def _report_once(folders: tuple[Path, ...], sentence: str) -> None:
    print(f"{', '.join(map(str, folders))}: {sentence}", file=sys.stderr)


def name_for(folder: Path, spec: RunSpec) -> str:
    """Give the name of a run's checkpoint: its own, with its digest where another recipe has that name."""
    try:
        taken = read_card(folder / f"{spec.name}.json").spec != spec
    except BadCheckpoint:
        taken = False
    return f"{spec.name}-{spec.digest}" if taken else spec.name


def write_checkpoint(
    folder: Path,
    spec: RunSpec,
    network: nn.Module,
    learned: Mapping[str, Tensor],
    *,
    data: Mapping[str, Any],
    scores: Mapping[str, Any],
    hardware: str,
    versions: Mapping[str, str],
    base: Mapping[str, str] | None = None,
    title: str = "",
) -> Card:
    """Write weights, including the loss's, then the card that makes them valid.

    `base` names the checkpoint that the network refines. Returns the card.
    """
    by_loss = {f"{LEARNED_BY_LOSS}{name}": tensor for name, tensor in learned.items()}
    tensors = {**network.state_dict(), **by_loss}
    weights = safetensors.torch.save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    )
    parameters = sum(tensor.numel() for tensor in network.state_dict().values())
    sha256 = hashlib.sha256(weights).hexdigest()
    facts = (sha256, parameters, data, scores, hardware, versions, title)
    card = Card(name_for(folder, spec), spec, *facts, base=base or {})
    put(folder, card.name, asdict(card), weights)
    return card


def put(folder: Path, name: str, card: Mapping[str, Any], weights: bytes) -> None:
    """Put both files in place, each in one replace, the card last: without it weights are no checkpoint."""
    homes = [folder / f"{name}{suffix}" for suffix in (".json", ".safetensors")]
    with replacing(homes[0]) as partial_card, replacing(homes[1]) as partial_weights:
        partial_weights.write_bytes(weights)
        partial_card.write_bytes((json.dumps(card, indent=2) + "\n").encode())


def require_hash(sha256: str, weights: bytes) -> None:
    """Raise BadCheckpoint for weights of another hash."""
    if hashlib.sha256(weights).hexdigest() != sha256:
        raise BadCheckpoint("is not the file its card describes (sha256 differs); fetch both again")


def check_weights(spec: RunSpec, sha256: str, weights: bytes) -> None:
    """Raise BadCheckpoint for weights of another hash, or not exactly of the recipe's network."""
    require_hash(sha256, weights)
    try:
        require_fit(read_shapes(weights), outline(spec))
    except BadCheckpoint as error:
        raise BadCheckpoint(f"does not fit the network of its card: {error}") from error


def load_network(folder: Path, card: Card) -> nn.Module:
    """Load the trained network on the best device there is.

    Weights that do not fit are refused.
    """
    recipe, path = card.recipe, folder / f"{card.name}.safetensors"
    try:
        with path.open("rb") as file:
            weights = file.read(MAX_BYTES + 1)
        check_weights(recipe, card.sha256, weights)
        tensors = safetensors.torch.load(weights)
    except OSError as error:
        raise BadCheckpoint(f"{path.name} cannot be read: {error.strerror}") from error
    except (BadCheckpoint, safetensors.SafetensorError) as error:
        raise BadCheckpoint(f"{path.name} {error}") from error
    network = build_network(recipe)
    network.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(LEARNED_BY_LOSS)})
    return network.eval().to(pick_device())
