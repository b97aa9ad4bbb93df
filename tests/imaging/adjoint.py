"""The law that every pair of a linear operator and its adjoint obeys."""

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


def require_adjoint(forward: Operator, adjoint: Operator, domain: tuple[int, ...], seed: int = 0) -> None:
    """Check <A x, y> = <x, A* y> for complex normal x of shape `domain` and y of the shape of A x."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(domain, dtype=torch.complex128, generator=generator)
    image = forward(x)
    y = torch.randn(image.shape, dtype=torch.complex128, generator=generator)
    left, right = torch.vdot(y.flatten(), image.flatten()), torch.vdot(adjoint(y).flatten(), x.flatten())
    torch.testing.assert_close(left, right)
