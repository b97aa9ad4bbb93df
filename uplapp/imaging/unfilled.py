"""Tensors without memory or values: what a network would look like."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


@contextmanager
def unfilled() -> Iterator[None]:
    """Within it modules are built on the device `meta`, and what would fill their tensors does nothing.

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
