"""Optimisers of weights: `OPTIMISERS.build(name, parameters, lr=..., beta2=...)`."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from uplapp.registry import Entry, Registry

# Of the polynomial a X + b (X X') X + c (X X')^2 X that draws singular values towards 1 (Jordan et al.).
ORTHOGONALISING = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
# The root mean square of a step at rate 1, which is Adam's by experience (Liu et al.).
STEP_RMS = 0.2
BETA1 = 0.9
TINY = 1e-8


class Muon(torch.optim.Optimizer):
    """Momentum steps whose matrices are orthogonalised.

    Biases and other vectors and numbers step by Adam. A kernel (out,in,...) counts as a matrix of `out` rows.
    Steps have Adam's size, so the rates that suit Adam are a place to start. Sources: Jordan et al. (2024),
    Muon; Liu et al. (2025), arXiv:2502.16982.
    """

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, beta2: float = 0.99, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, {"lr": lr, "beta2": beta2, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                move = _turned if parameter.ndim > 1 else _adaptive
                parameter.sub_(group["lr"] * move(parameter.grad, self.state[parameter], group))


def orthogonalise(matrix: Tensor) -> Tensor:
    """The matrix (M,N) with singular values near 1 and its singular vectors, by Newton-Schulz in bfloat16."""
    a, b, c = ORTHOGONALISING
    wide = matrix.mT if matrix.shape[0] > matrix.shape[1] else matrix
    step = (wide / wide.norm().clamp_min(TINY)).bfloat16()
    for _ in range(ITERATIONS):
        gram = step @ step.mT
        step = a * step + (b * gram + c * gram @ gram) @ step
    turned: Tensor = step.mT if wide is not matrix else step
    return turned.to(matrix.dtype)


def _turned(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    if not state:
        state["momentum"] = torch.zeros_like(gradient)
    state["momentum"].mul_(group["momentum"]).add_(gradient)
    ahead = (gradient + group["momentum"] * state["momentum"]).flatten(1)
    turned: Tensor = STEP_RMS * max(ahead.shape) ** 0.5 * orthogonalise(ahead)
    return turned.view(gradient.shape)


def _adaptive(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    if not state:
        state |= {"step": 0, "mean": torch.zeros_like(gradient), "square": torch.zeros_like(gradient)}
    beta2 = group["beta2"]
    state["step"] += 1
    state["mean"].lerp_(gradient, 1 - BETA1)
    state["square"].lerp_(gradient.square(), 1 - beta2)
    mean: Tensor = state["mean"] / (1 - BETA1 ** state["step"])
    square: Tensor = state["square"] / (1 - beta2 ** state["step"])
    return mean / (square.sqrt() + TINY)


def _adam(parameters: Iterable[Tensor], lr: float, beta2: float = 0.99) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=lr, betas=(BETA1, beta2))


OPTIMISERS: Registry[Entry] = Registry(
    "optimiser",
    {
        "adam": Entry(_adam, "Adam", "Kingma and Ba (2015)"),
        "muon": Entry(Muon, "Muon", "Jordan et al. (2024)"),
    },
)
