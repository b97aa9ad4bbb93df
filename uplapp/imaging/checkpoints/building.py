"""Networks as recipes describe them: built, or outlined without their memory."""

from typing import Any

from torch import nn

from uplapp.errors import BadCheckpoint, UplappError
from uplapp.imaging.checkpoints.weights import MAX_PARAMETERS, Shape, count_parameters, unfilled
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS

MAX_OPTION = 4096  # a larger number in the options of a network would build one that no machine holds


def build_network(spec: RunSpec) -> nn.Module:
    """Build the network of a recipe as its task uses it, with fresh weights."""
    task = TASKS[spec.task]
    channels = {"channels": task.channels_in}
    if task.channels_out != task.channels_in:
        channels["channels_out"] = task.channels_out
    return task.prepare(NETWORKS.build(spec.network, **{**channels, **spec.network_options}))


def outline(spec: RunSpec) -> dict[str, Shape]:
    """Give the shape of each tensor of a recipe's network; BadCheckpoint if it cannot be built."""
    if not _modest(list(spec.network_options.values())):
        raise BadCheckpoint(f"an option of the network is neither a text nor a number up to {MAX_OPTION}")
    try:
        with unfilled():
            network = build_network(spec)
    except Exception as error:  # what the values of a stranger's card lead a network to raise
        reason = error if isinstance(error, UplappError) else type(error).__name__
        raise BadCheckpoint(f"the network of the card cannot be built: {reason}") from error
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if network.channels != TASKS[spec.task].channels_in:
        raise BadCheckpoint(f"the network has {network.channels} channels, which the task has not")
    if count_parameters(shapes) > MAX_PARAMETERS:
        raise BadCheckpoint(f"the network has more than {MAX_PARAMETERS / 1e6:.0f} million parameters")
    return shapes


def _modest(value: Any) -> bool:
    """Whether an option of a network is a text, a number that a network may have, or a short list of them."""
    if isinstance(value, list | tuple):
        return len(value) <= 16 and all(map(_modest, value))
    return isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= MAX_OPTION)
