"""Weights: the networks they fill, and the checks of a safetensors header before a tensor is made."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from uplapp.errors import BadCheckpoint, UplappError
from uplapp.imaging.networks import NETWORKS, SEGMENT, trained
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS, Task

MAX_BYTES = 256_000_000
MAX_HEADER_BYTES = 1_000_000
MAX_PARAMETERS = 64_000_000
MAX_OPTION = 4096  # a larger number in the options of a network would build one that no machine holds
BYTES_A_NUMBER = {"F32": 4, "F16": 2, "BF16": 2}
LEARNED_BY_LOSS = "loss."  # begins the names of what a loss learned; no part of the network
LENGTH_BYTES = 8
LISTED = 4  # names in a message

Shape = tuple[int, ...]


def read_shapes(data: bytes) -> dict[str, Shape]:
    """Read the shape of every tensor of a safetensors file by its name, including a loss's tensors.

    Nothing of the header is believed: BadCheckpoint where the file is too large, the header is no JSON of
    the format, a type is not F32, F16 or BF16, or the tensors do not fill the file without gap or overlap.
    Source: the safetensors format, version 0.3 and later.
    """
    require_size(len(data))
    length = int.from_bytes(data[:LENGTH_BYTES], "little")
    if len(data) < LENGTH_BYTES or not 2 <= length <= min(MAX_HEADER_BYTES, len(data) - LENGTH_BYTES):
        raise BadCheckpoint("it is no safetensors file, or it was cut off (the length of its header)")
    body = LENGTH_BYTES + length
    tensors = _parse(data[LENGTH_BYTES:body])
    spans = sorted(_span(name, facts) for name, facts in tensors.items())
    end = 0
    for start, stop, name in spans:
        if start != end:
            raise BadCheckpoint(f"it is damaged: tensor {name!r} does not begin where the one before it ends")
        end = stop
    if end != len(data) - body:
        raise BadCheckpoint(f"it is damaged: its tensors take {end} bytes, {len(data) - body} are there")
    return {name: tuple(facts["shape"]) for name, facts in tensors.items()}


def require_size(size: int) -> None:
    """Refuse a file that is larger than weights may be."""
    if size > MAX_BYTES:
        raise BadCheckpoint(f"it has {size / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} MB are read")


def require_fit(shapes: Mapping[str, Shape], expected: Mapping[str, Shape]) -> None:
    """Refuse a file whose network tensors have other names or shapes than expected.

    Tensors of the loss are left out.
    """
    own = {name: shape for name, shape in shapes.items() if not name.startswith(LEARNED_BY_LOSS)}
    missing, strange = sorted(expected.keys() - own.keys()), sorted(own.keys() - expected.keys())
    if missing:
        found = f"; found instead: {_list(strange)}" if strange else ""
        raise BadCheckpoint(f"tensor '{missing[0]}' is missing{_others(missing)}{found}")
    if strange:
        raise BadCheckpoint(f"the network has no tensor {strange[0][:100]!r}{_others(strange)}")
    for name, shape in expected.items():
        if own[name] != shape:
            raise BadCheckpoint(f"tensor '{name}' is {_text(own[name])}, the network's is {_text(shape)}")


def count_parameters(shapes: Mapping[str, Shape]) -> int:
    """Count the parameters in tensors of these shapes."""
    return sum(map(math.prod, shapes.values()))


def _parse(header: bytes) -> dict[str, dict[str, Any]]:
    try:
        tensors = json.loads(header, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint("it is no safetensors file (its header is not the JSON of one)") from error
    if not isinstance(tensors, dict) or not all(isinstance(facts, dict) for facts in tensors.values()):
        raise BadCheckpoint("it is no safetensors file (its header does not describe tensors)")
    return {name: facts for name, facts in tensors.items() if name != "__metadata__"}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object, refusing a repeated name, which would hide a tensor."""
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a name is given twice")
    return dict(pairs)


def _span(name: str, facts: Mapping[str, Any]) -> tuple[int, int, str]:
    """Give the place of a tensor in the body of the file: first byte, byte after the last, name."""
    kind: Any = facts.get("dtype")
    shape: Any = facts.get("shape")
    place: Any = facts.get("data_offsets")
    if not isinstance(kind, str) or kind not in BYTES_A_NUMBER:
        allowed = ", ".join(BYTES_A_NUMBER)
        raise BadCheckpoint(f"tensor {name[:100]!r} is of type {str(kind)[:20]!r}; {allowed} are read")
    if not (_counts(shape) and _counts(place) and len(place) == 2):
        raise BadCheckpoint(f"it is damaged: the shape or place of tensor {name[:100]!r} is invalid")
    if place[1] - place[0] != math.prod(shape) * BYTES_A_NUMBER[kind]:
        raise BadCheckpoint(f"it is damaged: the bytes of tensor {name[:100]!r} do not fit its shape")
    return place[0], place[1], name[:100]


def _counts(value: Any) -> bool:
    """Whether a value is a short list of whole numbers that a file can hold."""
    return (
        isinstance(value, list)
        and len(value) <= 8
        and all(type(number) is int and 0 <= number <= MAX_BYTES for number in value)
    )


def _others(names: list[str]) -> str:
    """Name some more of the names, and count the others."""
    return f", and {len(names) - 1} more ({_list(names[1:])})" if len(names) > 1 else ""


def _list(names: list[str]) -> str:
    shown = ", ".join(repr(name[:100]) for name in names[:LISTED])
    return f"{shown}, ..." if len(names) > LISTED else shown


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "one number"


@contextmanager
def unfilled() -> Iterator[None]:
    """Build modules on the device `meta` while the context lasts, without filling their tensors.

    Random values on `meta` would first load torch's compiler, which takes seconds.
    """
    with torch.device("meta"), _NoFilling():
        yield


class _NoFilling(TorchFunctionMode):
    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if _fills(function):
            return named["tensor"] if "tensor" in named else args[0]
        return function(*args, **named)


def _fills(function: Callable[..., Any]) -> bool:
    return function is torch.Tensor.normal_ or getattr(function, "__module__", "") == "torch.nn.init"


def build_network(spec: RunSpec) -> nn.Module:
    """Build the network of a recipe as its task uses it, with fresh weights."""
    task = TASKS[spec.task]
    entry, channels = trained(spec.network), {"channels": task.channels_in}
    if task.axes not in entry.axes:
        fitting = [name for name, one in NETWORKS.items() if task.axes in one.axes and not one.fitted]
        raise UplappError(
            f"the network '{spec.network}' does not work on what has {task.axes} axes, as the task "
            f"'{spec.task}' does; choose one of: {', '.join(fitting)}"
        )
    if len(entry.axes) > 1:
        channels["axes"] = task.axes
    segments = entry.purpose == SEGMENT
    if task.channels_out != task.channels_in and not segments:
        channels["channels_out"] = task.channels_out
    network: nn.Module = NETWORKS.build(spec.network, **{**channels, **spec.network_options})
    if network.channels not in _channels_of(task):
        raise UplappError(f"the network has {network.channels} channels, which the task has not")
    return network if segments else task.prepare(network)


def is_grey(spec: RunSpec) -> bool:
    """Whether a recipe asks for a grey network although the pictures of its task are in colour."""
    channels = spec.network_options.get("channels", TASKS[spec.task].channels_in)
    return bool(channels == 1 != TASKS[spec.task].channels_in)


def outline(spec: RunSpec) -> dict[str, Shape]:
    """Give the shape of each tensor of a recipe's network.

    BadCheckpoint is raised if the network cannot be built.
    """
    if not _modest(list(spec.network_options.values())):
        raise BadCheckpoint(f"an option of the network is neither a text nor a number up to {MAX_OPTION}")
    try:
        with unfilled():
            network = build_network(spec)
    except Exception as error:  # what the values of a stranger's card lead a network to raise
        reason = error if isinstance(error, UplappError) else type(error).__name__
        raise BadCheckpoint(f"the network of the card cannot be built: {reason}") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if count_parameters(shapes) > MAX_PARAMETERS:
        raise BadCheckpoint(f"the network has more than {MAX_PARAMETERS / 1e6:.0f} million parameters")
    return shapes


def _channels_of(task: Task) -> tuple[int, ...]:
    """Give the channels that a network of a task may have: of a task of colour pictures, grey too."""
    return (task.channels_in, 1) if task.channels_in == task.channels_out == 3 else (task.channels_in,)


def _modest(value: Any) -> bool:
    """Whether an option of a network is a text, a number that a network may have, or a short list of them."""
    if isinstance(value, list | tuple):
        return len(value) <= 16 and all(map(_modest, value))
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= MAX_OPTION)
