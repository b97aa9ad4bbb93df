"""Learners: each owns modules and optimisers, and turns a batch into a step."""

import inspect
import math
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from uplapp.imaging.case import Batch
from uplapp.imaging.checkpoints import build_network, is_grey
from uplapp.imaging.device import arrange, estimate
from uplapp.imaging.losses import LOSSES, loss_on
from uplapp.imaging.recipes.optimisers import OPTIMISERS
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.log import Scores
from uplapp.imaging.training.team import Team

# Fresh weights come from the global generator, which the threads of a process share.
DRAWING = threading.Lock()
SMALLEST_LOSS = 1e-6


class Learner(Protocol):
    """The learner of a stage.

    `network` is what the run's checkpoint will hold.
    """

    network: nn.Module

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """The parameters that the loss learned, by name.

        They join the checkpoint.
        """

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Learn from a batch at a learning rate.

        Returns the values to log by name, the loss first. Where a value or a gradient is not finite nothing
        is changed and the value is NaN.
        """

    def judge(self, restored: Tensor, batch: Batch) -> float:
        """Give the loss of a restored batch, without learning."""

    def state(self) -> dict[str, Any]:
        """Give everything that a step changes, as tensors, numbers and names."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""


@runtime_checkable
class Choosing(Protocol):
    """What a learner has on top that restores by more than its network, and keeps its best weights."""

    @property
    def base(self) -> Mapping[str, str]:
        """The name and hash of the checkpoint that its network needs, empty where it needs none."""

    def restore(self, batch: Batch, precision: str) -> Tensor:
        """Restore a batch as the finished checkpoint will."""

    def hear(self, scores: Scores) -> None:
        """Hear how the network validated."""

    def finish(self) -> None:
        """Take the weights that validated best."""


class Supervised:
    """One network, one loss, one optimiser.

    With `relative` the loss is divided by that of what was seen, so that what is hard counts no more than
    what is easy: of the batch, or with `by_image` image by image.
    """

    def __init__(self, spec: RunSpec, team: Team, relative: bool = False, by_image: bool = False) -> None:
        self.stage, self.team, self.relative, self.by_image = spec.last, team, relative, by_image
        self.loss = build_loss(spec).to(team.device)
        self.network = fresh_network(spec, team.device)
        schedule = self.stage.schedule
        self.optimiser = OPTIMISERS.build(
            schedule.optimiser,
            parameters=[*self.network.parameters(), *self.loss.parameters()],
            lr=schedule.learning_rate,
            beta2=schedule.beta2,
        )

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """The parameters of the loss."""
        return dict(self.loss.named_parameters())

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Learn from the part of a batch that falls to this process, and share the gradients."""
        schedule = self.stage.schedule
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # A loss is a mean over its batch: shares weighted by their size add up to the mean of the whole.
        weight = len(batch.clean) / schedule.batch
        restored = estimate(self.network, batch.shown_to(self.network), schedule.precision)
        value = self._value(restored, batch) * weight
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        total = value.detach()
        gradients = [p.grad for group in self.optimiser.param_groups for p in group["params"]]
        shared = [total, *(gradient for gradient in gradients if gradient is not None)]
        self.team.add_up(shared)
        if not all_finite(shared):
            return {"loss": math.nan, "gradient_share": math.nan}
        self.optimiser.step()
        return {"loss": total.item(), "gradient_share": gradient_share(gradients)}

    def _value(self, restored: Tensor, batch: Batch) -> Tensor:
        if self.by_image and len(restored) > 1:
            cut = [partial(torch.narrow, dim=0, start=n, length=1) for n in range(len(restored))]
            return torch.stack([self._value(one(restored), batch.map(one)) for one in cut]).mean()
        value = loss_on(self.stage.loss, self.loss, restored, batch)
        if not self.relative:
            return value
        with torch.no_grad():
            before = loss_on(self.stage.loss, self.loss, batch.seen, batch)
        return value / before.clamp_min(SMALLEST_LOSS)

    def judge(self, restored: Tensor, batch: Batch) -> float:
        """Give the loss of a restored batch."""
        return loss_on(self.stage.loss, self.loss, restored, batch).item()

    def state(self) -> dict[str, Any]:
        """The states of network, loss and optimiser."""
        return {
            "network": self.network.state_dict(),
            "loss": self.loss.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(state["network"])
        self.loss.load_state_dict(state["loss"])
        self.optimiser.load_state_dict(state["optimiser"])


def fresh_network(spec: RunSpec, device: torch.device) -> nn.Module:
    """Build the network of a run with weights drawn from its seed, laid out for the images of its task."""
    with DRAWING, torch.random.fork_rng():
        torch.manual_seed(spec.seed)
        network = build_network(spec)
    return arrange(network.to(device), TASKS[spec.task].axes)


def build_loss(spec: RunSpec) -> nn.Module:
    """Build the loss of a run's last stage.

    A loss that learns by channel gets those of the task, or the one of a grey network.
    """
    stage = spec.last
    parameters = inspect.signature(LOSSES[stage.loss].build).parameters
    channels = 1 if is_grey(spec) else TASKS[spec.task].channels_out
    own = {"channels": channels} if "channels" in parameters else {}
    loss: nn.Module = LOSSES.build(stage.loss, **{**own, **stage.loss_options})
    return loss


def gradient_share(gradients: Iterable[Tensor | None]) -> float:
    """Give the share of tensors whose gradient is not all zero. A part of a network that is dead has none."""
    living = [gradient is not None and bool(gradient.any()) for gradient in gradients]
    return sum(living) / max(len(living), 1)


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Whether no tensor holds a NaN or an infinity."""
    return all(bool(tensor.isfinite().all()) for tensor in tensors)
