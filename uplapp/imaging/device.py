"""The device, number format and memory of networks and of what they restore."""

import ctypes
import itertools
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from uplapp.errors import BadImage

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
# The layout that is fast by number of axes of a batch.
LAYOUTS = {4: torch.channels_last, 5: torch.channels_last_3d}
# Larger images lie in files: so many numbers, 256 MB of float32; a picture of 22 megapixels in colour.
MOST_IN_MEMORY = 2**26
# Rows of large images are converted in bands of about so many numbers.
BAND = 2**22
# Names of glibc's mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


# Whether the GPU comes and goes, as on a ZeroGPU Space, and whether it is here now.
_lending = {"lent": False, "here": False}


def note_lending(spaces: Any) -> bool:
    """Note, and return, whether this process has a GPU only inside functions of the package `spaces`.

    `spaces` is None where it is not installed. On Spaces with a GPU of their own that package says so; a
    version that does not say it lends.
    """
    config = getattr(getattr(spaces, "config", None), "Config", None)
    _lending["lent"] = spaces is not None and bool(getattr(config, "zero_gpu", True))
    return _lending["lent"]


@contextmanager
def with_lent_gpu() -> Iterator[None]:
    """Let `pick_device` pick the GPU that is lent while the block runs."""
    before, _lending["here"] = _lending["here"], True
    try:
        yield
    finally:
        _lending["here"] = before


def pick_device() -> torch.device:
    """Pick the accelerator if there is one and it is not with somebody else now, else the processor."""
    away = _lending["lent"] and not _lending["here"]
    return torch.device("cuda" if torch.cuda.is_available() and not away else "cpu")


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


def half_precision(device: torch.device) -> str:
    """Give the format of 16 bits in which a device restores: on a GPU the one with more digits.

    It is float32 where the device computes in none.
    """
    return "float16" if device.type == "cuda" else fast_precision(device)


def blank(*shape: int) -> Tensor:
    """Give an unfilled tensor of float32 on the processor, that lies where `blank_array` says."""
    return torch.from_numpy(blank_array(shape, np.float32))


def blank_array(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Give an unfilled array: in memory, or where it is large in a file without a name.

    The file lies in the folder of temporary files and ends with the array. BadImage is raised where the disk
    has no room for it.
    """
    count = math.prod(shape)
    if count <= MOST_IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        try:
            # A map of a file with holes would end the process where the disk is full.
            getattr(os, "posix_fallocate", _extend)(file.fileno(), 0, count * np.dtype(dtype).itemsize)
        except OSError as error:
            raise BadImage(
                f"the folder {tempfile.gettempdir()} has no room for an image of {count / 1e6:.0f} million "
                "numbers; make room, or name another folder by TMPDIR"
            ) from error
        return np.memmap(file, dtype, "r+", shape=shape)


def _extend(descriptor: int, start: int, size: int) -> None:
    os.ftruncate(descriptor, start + size)


def bands(height: int, numbers_a_row: int) -> Iterator[slice]:
    """Cut the rows of an image into bands that are converted one after the other."""
    step = max(1, BAND // numbers_a_row)
    return (slice(start, min(start + step, height)) for start in range(0, height, step))


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

    With bfloat16 or float16 as much as possible is computed in that format.
    """
    if isinstance(seen, Tensor):
        seen = seen.contiguous(memory_format=_layout(network, seen.ndim))
    device = device_of(network).type
    half = precision != "float32"
    with torch.autocast(device, DTYPES[precision] if half else torch.bfloat16, enabled=half):
        restored: Tensor = network(seen)
    return restored.float().contiguous()


def arrange(network: nn.Module, axes: int) -> nn.Module:
    """Lay out the weights of a network for images of so many axes as `estimate` lays out batches."""
    return network.to(memory_format=_layout(network, axes + 2))  # type: ignore[call-overload,no-any-return]


def _layout(network: nn.Module, dimensions: int) -> torch.memory_format:
    """Give the layout that is fast for batches of so many dimensions, unless the network says otherwise."""
    wanted = getattr(network, "channels_last", True)
    return LAYOUTS.get(dimensions, torch.contiguous_format) if wanted else torch.contiguous_format
