"""The device, number format and memory layout of networks."""

import ctypes
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

# The layout that is fast by number of axes of a batch.
LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}
# Names of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def pick_device() -> torch.device:
    """Pick the accelerator if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_of(module: nn.Module) -> torch.device:
    """Give the device of a module's tensors, the processor where it has none."""
    first = next(itertools.chain(module.parameters(), module.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def fast_precision(device: torch.device) -> str:
    """Give the number format that is fastest for a fit: bfloat16 where the device computes in it.

    A processor that is not asked for its abilities by this torch counts as one that does not.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    abilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return "bfloat16" if abilities.get("avx512_bf16") or abilities.get("amx_bf16") else "float32"


@contextmanager
def steady_memory() -> Iterator[None]:
    """Keep the memory of freed tensors for the next ones, and give it back at the end.

    By default the C library of Linux returns a freed tensor of 32 MB or more to the system, and each new one
    is paid for page by page: a third of the time of a fit. Elsewhere this does nothing.
    """
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        yield
        return
    library.mallopt(M_MMAP_THRESHOLD, 2**30)
    library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        library.mallopt(M_MMAP_THRESHOLD, 2**25)
        library.mallopt(M_TRIM_THRESHOLD, 2**26)
        library.malloc_trim(0)


def checked(check: Callable[[], None] | None) -> AbstractContextManager[object]:
    """Call `check` at every tensor that is kept for the gradient, and again where it is used."""
    if check is None:
        return nullcontext()

    def passed(tensor: Tensor) -> Tensor:
        check()
        return tensor.detach()  # the tensor itself would hold the graph that holds it

    return torch.autograd.graph.saved_tensors_hooks(passed, passed)


def estimate(network: nn.Module, seen: Any, precision: str) -> Tensor:
    """Run a network on what it sees, a batch (B,C,*size) or of measurements, and return float32.

    With bfloat16 as much as possible is computed in that format.
    """
    if isinstance(seen, Tensor):
        seen = seen.contiguous(memory_format=LAYOUTS.get(seen.ndim, torch.contiguous_format))
    device = device_of(network).type
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
        restored: Tensor = network(seen)
    return restored.float().contiguous()


def arrange(network: nn.Module, axes: int) -> nn.Module:
    """Lay out the weights of a network for images of so many axes as `estimate` lays out batches."""
    layout = LAYOUTS.get(axes + 2)
    return network if layout is None else network.to(memory_format=layout)  # type: ignore[call-overload]
