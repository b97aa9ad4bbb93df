"""Networks of one kind that compute as one batch, each with weights of its own."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap


class Together:
    """The starts of an ensemble as one batch: one launch of each operation for all, which a GPU rewards.

    A processor is not faster so, for its time goes into memory (`benchmarks/untrained.py`). The weights are
    copies; the networks themselves stay as they were.
    """

    def __init__(self, networks: Sequence[nn.Module], rate: float) -> None:
        weights, self.buffers = stack_module_state(list(networks))
        self.weights = {name: value.detach().requires_grad_() for name, value in weights.items()}
        self.network = networks[0]
        self.optimiser = torch.optim.Adam(self.weights.values(), rate, fused=True)

    def images(self, latents: Tensor, size: tuple[int, int]) -> Tensor:
        """Make the images (N,P,C,h,w) of all networks, of one input (P,K,h,w) for each."""

        def one(weights: dict[str, Any], buffers: dict[str, Any], latent: Tensor) -> Any:
            return functional_call(self.network, (weights, buffers), (latent, size))

        made: Tensor = vmap(one)(self.weights, self.buffers, latents)
        return made

    def step(self, loss: Tensor, rate: float) -> None:
        """Take a step of Adam on the sum of all losses. The networks share nothing, so each has its own."""
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
