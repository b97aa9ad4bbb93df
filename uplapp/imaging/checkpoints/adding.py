"""Networks that a user adds: checked before a byte is written, and taken away again."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from uplapp.errors import BadCheckpoint, UnknownName
from uplapp.imaging.checkpoints.card import MAX_CARD_BYTES, Card, card_of, values_of
from uplapp.imaging.checkpoints.folder import Checkpoints, check_weights, put, require_hash
from uplapp.imaging.checkpoints.weights import (
    LEARNED_BY_LOSS,
    MAX_BYTES,
    count_parameters,
    outline,
    read_shapes,
)
from uplapp.imaging.metrics.error_maps import ERROR_MAP
from uplapp.imaging.tasks import TASKS
from uplapp.values import REFERENCE

Origin = Mapping[str, str]
PICKLE = "a pickle, which can run code and is not read; write its state_dict with safetensors.torch.save_file"
OTHERS = {
    ".onnx": "an ONNX graph; export the state_dict of the network that it was made from to .safetensors",
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".pkl"), PICKLE),
}
# Each is in the config.json of a library of models, and in no card.
OF_LIBRARIES = ("architectures", "model_type", "_class_name", "model_args")
CARD = '{"name": "mine", "spec": {"task": "denoise", "network": "unet", "loss": "l1"}}'
UNWRAPPED, WRAPPED = "unwrapped", "wrapped"


def read_files(weights: Path, card: Path | None = None) -> tuple[bytes, bytes]:
    """Read the bytes of a card and of its weights.

    The card is the JSON file of the same stem unless another one is named. BadCheckpoint for a file that is
    not there, cannot be read or is too large, before it is read.
    """
    if weights.suffix != ".safetensors":
        what = OTHERS.get(weights.suffix, "no .safetensors file; a pickle (.pt, .pth, .bin) is not read")
        raise BadCheckpoint(f"{weights.name} is {what}")
    if card is None and weights.is_file() and not weights.with_suffix(".json").is_file():
        raise BadCheckpoint(f"{weights.name} has no card {weights.stem}.json beside it; {CARD} is one")
    content = _read(card or weights.with_suffix(".json"), MAX_CARD_BYTES)
    return content, _read(weights, MAX_BYTES)


def add(
    checkpoints: Checkpoints, card: bytes, weights: bytes, name: str = "", origin: Origin | None = None
) -> Card:
    """Check a network and put it into the last folder of `checkpoints`.

    Returns its card. `name` replaces the card's name, `origin` joins the card's `data`. A card without a
    hash gets that of the weights. Names that all begin with the name of a wrapper, such as `module.`, lose
    it, and those that only lack the wrapper of the task, `network.`, get it, as `notes` says. BadCheckpoint
    says in a sentence what does not fit; then nothing is written.
    """
    values = _values(card, name)
    actual = hashlib.sha256(weights).hexdigest()
    described = _card_of(checkpoints, {**values, "sha256": values.get("sha256") or actual})
    try:
        require_hash(described.sha256, weights)
        weights, changed = _renamed(weights, outline(described.recipe))
        values["sha256"] = hashlib.sha256(weights).hexdigest()
        check_weights(described.recipe, values["sha256"], weights)
        _require_finite(weights)
    except BadCheckpoint as error:
        raise BadCheckpoint(f"the file of weights {error}") from error
    values["parameters"] = count_parameters(outline(described.recipe))
    values["data"] = {**described.data, **(origin or {}), **changed}
    _keep(checkpoints.folders[-1], described.name, values, weights)
    return card_of(values)


def describe(checkpoints: Checkpoints, card: bytes, name: str = "") -> Card:
    """Check a card before its weights are there, and return it as it would be added.

    Raises BadCheckpoint as `add` does.
    """
    values = _values(card, name)
    if "sha256" not in values:
        raise BadCheckpoint("the card lacks 'sha256'; write the hash of the file of weights into it")
    result = _card_of(checkpoints, values)
    outline(result.recipe)
    return result


def notes(card: Card) -> list[str]:
    """Say what was changed in the files of a network that was added."""
    off, before = card.data.get(UNWRAPPED), card.data.get(WRAPPED)
    sentences = [f"'{off}' was taken off the names of its tensors"] if off else []
    return [*sentences, f"'{before}' was put before the names of its tensors"] if before else sentences


def remove(checkpoints: Checkpoints, name: str) -> None:
    """Remove an added network, even a damaged one.

    Networks that ship with uplapp are refused.
    """
    home = checkpoints.folders[-1]
    if name not in added(checkpoints):
        if name in {card.name for card in checkpoints.cards()}:
            raise BadCheckpoint(f"'{name}' ships with uplapp; only an added network can be removed")
        raise UnknownName("added network", name, added(checkpoints))
    for suffix in (".json", ".safetensors"):
        (home / f"{name}{suffix}").unlink(missing_ok=True)


def added(checkpoints: Checkpoints) -> list[str]:
    """List the names of the networks that were added, including damaged ones."""
    return sorted(path.stem for path in checkpoints.folders[-1].glob("*.json"))


def _read(path: Path, largest: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > largest:
            raise BadCheckpoint(f"{path.name} has {size / 1e6:.1f} MB; at most {largest / 1e6:g} MB are read")
        return path.read_bytes()
    except OSError as error:
        raise BadCheckpoint(f"{path.name} cannot be read: {error.strerror}") from error


def _values(card: bytes, name: str) -> dict[str, Any]:
    """Parse a stranger's card and give it the name that it is to have here."""
    try:
        values = values_of(card)
    except BadCheckpoint as error:
        raise BadCheckpoint(f"the card cannot be used: {error}") from error
    if other := [key for key in OF_LIBRARIES if key in values and "spec" not in values]:
        raise BadCheckpoint(
            f"the card is the configuration of another library (it has '{other[0]}'); docs/models.md says "
            "what a card holds"
        )
    return {**values, "name": name} if name else values


def _card_of(checkpoints: Checkpoints, values: Mapping[str, Any]) -> Card:
    try:
        card = card_of(values)
    except BadCheckpoint as error:
        raise BadCheckpoint(f"the card cannot be used: {error}") from error
    _require_free(checkpoints, card)
    checkpoints.base_of(card)  # refuses what could not restore here
    return card


def _require_free(checkpoints: Checkpoints, card: Card) -> None:
    """Refuse a name, or a name on screen, that a picture or another checkpoint has.

    Names that differ only in case count as equal.
    """
    files = [path.stem for folder in checkpoints.folders for path in folder.glob("*.json")]
    pictures = [REFERENCE, *(TASKS[task].observed for task in TASKS)]
    if card.name.lower() in {name.lower() for name in (*files, *pictures)}:
        raise BadCheckpoint(f"the name '{card.name}' is taken; add the network under another one")
    if card.name.lower().endswith(ERROR_MAP):
        raise BadCheckpoint(f"the name '{card.name}' ends like the name of an error map; choose another one")
    for other in checkpoints.cards(card.task):
        if other.label == card.label:
            raise BadCheckpoint(f"'{other.name}' is shown as '{card.label}' too; give the card another title")


def _renamed(weights: bytes, expected: Mapping[str, Any]) -> tuple[bytes, Origin]:
    """Take a wrapper off the names of tensors, or put one before them, where only that differs."""
    shapes = read_shapes(weights)
    names = [name for name in shapes if not name.startswith(LEARNED_BY_LOSS)]
    longest = max(expected, key=len)
    ends = [name[: -len(longest)] for name in names if name.endswith(f".{longest}")]
    starts = [start for start in ("", *ends) if all(f"{start}{name}" in names for name in expected)]
    if len(starts) > 1:
        found = " and ".join(f"'{start or longest}'" for start in starts)
        raise BadCheckpoint(f"holds the network {len(starts)} times, under {found}; keep one of them")
    if off := "".join(starts):
        return _save(weights, lambda name: name.removeprefix(off)), {UNWRAPPED: off}
    before = f"{longest.partition('.')[0]}."
    if {f"{before}{name}": shapes[name] for name in names} == expected:
        return _save(weights, lambda name: before + name), {WRAPPED: before}
    return weights, {}


def _save(weights: bytes, rename: Callable[[str], str]) -> bytes:
    tensors = safetensors.torch.load(weights)
    kept = {name: rename(name) for name in tensors if not name.startswith(LEARNED_BY_LOSS)}
    return safetensors.torch.save({kept.get(name, name): tensor for name, tensor in tensors.items()})


def _require_finite(weights: bytes) -> None:
    try:
        tensors = safetensors.torch.load(weights)
    except safetensors.SafetensorError as error:
        raise BadCheckpoint(f"cannot be read: {error}") from error
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise BadCheckpoint(f"holds NaN or infinite values, in tensor {name!r}")


def _keep(home: Path, name: str, values: Mapping[str, Any], weights: bytes) -> None:
    try:
        put(home, name, values, weights)
    except OSError as error:
        (home / f"{name}.safetensors").unlink(missing_ok=True)
        raise BadCheckpoint(f"'{name}' cannot be written: {error.strerror}") from error
