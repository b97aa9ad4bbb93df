"""Cards: the kind and origin of each checkpoint, as checked values."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from uplapp import typed
from uplapp.errors import BadCheckpoint, UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS, RESTORE, SEGMENT, trained
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.tasks import TASKS

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
NAMES = "1 to 64 of A-Z a-z 0-9 - _, a letter or digit first"
LABEL = re.compile(r"\w[^<>|`\[\]\\]{0,59}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_CARD_BYTES = 256_000
NETWORK = "network"


@dataclass(frozen=True)
class Card:
    """A description of a checkpoint: a method of RESTORERS, `kind`, and what that method needs.

    A network has a recipe, `spec`, and the hash of its weights; other kinds have `options` and the name of
    their `task`. `name` is the stem of its files. A network that was trained elsewhere may name a loss that
    LOSSES does not hold, and knows no schedule. `title` is its name on screen where the loss is not enough.
    `base` is the name and sha256 of another checkpoint whose results a network refines. `sha256` is checked
    before use; the rest is for people.
    """

    name: str
    spec: RunSpec | None = None
    sha256: str = ""
    parameters: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    hardware: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    kind: str = NETWORK
    task: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.spec is not None:
            object.__setattr__(self, "task", self.spec.task)

    @property
    def recipe(self) -> RunSpec:
        """The recipe of a network.

        A card of another kind raises BadCheckpoint.
        """
        if self.spec is None:
            raise BadCheckpoint(f"'{self.name}' is no network but '{self.kind}', which has no recipe")
        return self.spec

    @property
    def purpose(self) -> str:
        """The purpose of the checkpoint: to restore images, or to segment them."""
        return purpose_of(self.spec) if self.spec else RESTORE

    @property
    def loss(self) -> str:
        """The name of the loss that a network was trained on, or an empty text for other kinds."""
        return self.spec.loss if self.spec else ""

    @property
    def for_research(self) -> bool:
        """Whether its source says that the training data, and so the weights, are for research alone."""
        return "research" in str(self.data.get("source", "")).lower()

    @property
    def label(self) -> str:
        """The name on screen: the title, else loss or method, with the card's own name where it has one."""
        if self.spec is None:
            return self.title or f"{RESTORERS[self.kind].label} ({self.name})"
        if self.purpose == SEGMENT:
            return self.title or f"{NETWORKS[self.spec.network].label} ({self.spec.label or self.name})"
        loss = LOSSES[self.loss].label if self.loss in LOSSES else self.loss
        return self.title or (loss if self.name == self.spec.name else f"{loss} ({self.name})")


def purpose_of(spec: RunSpec) -> str:
    """Say what the network of a recipe is for. An unknown network is refused."""
    return NETWORKS[spec.network].purpose


def label(cards: Sequence[Card]) -> dict[str, str]:
    """Give the labels of cards by name.

    Where they are of several networks the network is named; where two are alike still, the name is added.
    """
    several = len({card.spec.network for card in cards if card.spec}) > 1
    labels = {card.name: f"{_network_of(card)}{card.label}" if several else card.label for card in cards}
    count = Counter(labels.values())
    return {name: text if count[text] == 1 else f"{text} ({name})" for name, text in labels.items()}


def _network_of(card: Card) -> str:
    if card.spec is None or card.title:
        return ""
    return f"{NETWORKS[card.spec.network].label}, "


def read_card(path: Path) -> Card:
    """Read one card, anew only once its file has changed.

    A field that is missing, unknown or of another type raises BadCheckpoint.
    """
    try:
        stamp = path.stat()
        card = _read_card(path, stamp.st_ino, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, BadCheckpoint) as error:
        raise BadCheckpoint(
            f"{path.name} is not the card of a checkpoint of this version: {error}"
        ) from error
    if path.stem != card.name:
        raise BadCheckpoint(f"{path.name} describes '{card.name}'; a card has the name of its checkpoint")
    return card


@lru_cache(maxsize=1024)
def _read_card(path: Path, *_stamp: int) -> Card:
    with path.open("rb") as file:
        return card_of(values_of(file.read(MAX_CARD_BYTES + 1)))


def values_of(content: bytes) -> dict[str, Any]:
    """Parse the JSON of a card.

    Invalid JSON raises BadCheckpoint.
    """
    if len(content) > MAX_CARD_BYTES:
        raise BadCheckpoint(f"it is larger than {MAX_CARD_BYTES / 1e6:g} MB")
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise BadCheckpoint(f"it is invalid JSON ({reason})") from error
    if not isinstance(values, dict):
        raise BadCheckpoint("it is JSON, but not an object")
    return values


def card_of(values: Mapping[str, Any]) -> Card:
    """Build the card that JSON values describe.

    BadCheckpoint says which value is invalid.
    """
    network = values.get("kind", NETWORK) == NETWORK
    needed = ("name", "spec", "sha256") if network else ("name", "task")
    if missing := [key for key in needed if values.get(key) is None]:
        raise BadCheckpoint(f"it lacks '{missing[0]}'")
    if not network and values.get("spec") is not None:
        raise BadCheckpoint(f"it has a spec, which is for a network and not for '{values['kind']}'")
    try:
        modern = {**values, "spec": RunSpec.modern(values["spec"])} if values.get("spec") else values
        card = typed.read(Card, modern, "the card", BadCheckpoint)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadCheckpoint(f"its spec is invalid: {error!r}"[:300]) from error
    card = replace(card, sha256=card.sha256.lower())
    _require_sound(card)
    return card


def _require_sound(card: Card) -> None:
    if not NAME.fullmatch(card.name):
        raise BadCheckpoint(f"{card.name[:80]!r} cannot be its name; a name is {NAMES}")
    _require_known(card)
    shown = {"loss": card.loss} if card.spec else {}
    if card.title:
        shown["title"] = card.title
    for what, text in shown.items():
        if not (LABEL.fullmatch(text) and text.isprintable()):
            raise BadCheckpoint(f"{what} {text[:80]!r} cannot be shown; give up to 60 plain characters")


def _require_known(card: Card) -> None:
    """Refuse a card with names that are not in the tables, or without what its kind needs."""
    try:
        entry, task = RESTORERS[card.kind], TASKS[card.task]
        if card.kind != NETWORK:
            RESTORERS.build(card.kind, **card.options)
        if not entry.takes(task.degrading.operator, task.axes):
            raise BadCheckpoint(f"'{card.kind}' does not take the measurements of the task '{card.task}'")
        if card.spec is not None:
            trained(card.spec.network)
    except UplappError as error:
        raise BadCheckpoint(f"its spec is invalid: {error}" if card.spec else str(error)) from error
    if card.kind == NETWORK and not SHA256.fullmatch(card.sha256):
        raise BadCheckpoint("'sha256' is not 64 hexadecimal digits")
    if card.base and set(card.base) != {"name", "sha256"}:
        raise BadCheckpoint("'base' lacks the name or the sha256 of the checkpoint that it refines")
