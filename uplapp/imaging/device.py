"""The device, number format and memory layout of networks."""

import itertools

import torch
from torch import Tensor, nn

# The layout that is fast by number of axes of a batch; volumes stay as they are.
LAYOUTS = {4: torch.channels_last}


def pick_device() -> torch.device:
    """Pick the accelerator if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_of(module: nn.Module) -> torch.device:
    """Give the device of a module's tensors, the processor where it has none."""
    first = next(itertools.chain(module.parameters(), module.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def estimate(network: nn.Module, seen: Tensor, precision: str) -> Tensor:
    """Run a network on a batch (B,C,*size) and return float32.

    With bfloat16 as much as possible is computed in that format.
    """
    layout = LAYOUTS.get(seen.ndim, torch.contiguous_format)
    with torch.autocast(seen.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        restored: Tensor = network(seen.contiguous(memory_format=layout))
    return restored.float().contiguous()


def arrange(network: nn.Module, axes: int) -> nn.Module:
    """Lay out the weights of a network for images of so many axes as `estimate` lays out batches."""
    layout = LAYOUTS.get(axes + 2)
    return network if layout is None else network.to(memory_format=layout)  # type: ignore[call-overload]
