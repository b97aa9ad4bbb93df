"""Adversarial learning: a network against a discriminator, fed with data or with a frozen reconstruction."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch
from uplapp.imaging.checkpoints import Card, Checkpoints
from uplapp.imaging.device import arrange, estimate
from uplapp.imaging.losses import LossOfTerms
from uplapp.imaging.networks.discriminator import Discriminator, matching, realness
from uplapp.imaging.networks.layers import settle_statistics
from uplapp.imaging.networks.refinement import Refinement
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.restorers.refinement import restore_batch
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.learners import DRAWING, all_finite, build_loss, fresh_network
from uplapp.imaging.training.log import Scores
from uplapp.imaging.training.pool import HistoryPool
from uplapp.imaging.training.team import Team
from uplapp.settings import Settings

WIDTHS = (64, 128, 256, 512, 1024, 1024)
TRUE, FALSE = 1.0, 0.0
# The mean over the weights of the steps begins as the mean of all.
WARMING = 10
# Batches whose statistics the mean of the weights is given.
REMEMBERED = 8


class Adversarial:
    """A network, and a discriminator that learns to tell its images from true ones.

    `base` names a checkpoint of the same task: what it restores, with measured data put back, is what the
    network sees instead of the measured image. Without a `discriminator` the terms that it judges are left
    out; `widths` are its channels, `pool` counts the images that it is reminded of, `real_label` is the label
    of true ones. Where the network has a gamma, that learns `gamma_rate` times as fast as the rest: it starts
    at 0, and bounds what any other weight can do. `network` holds the mean of the weights, of which `average`
    is kept in each step, with batch statistics of its own, and at the end those that validated best.
    """

    def __init__(
        self,
        spec: RunSpec,
        team: Team,
        base: str = "",
        discriminator: bool = True,
        widths: Sequence[int] = WIDTHS,
        pool: int = 80,
        real_label: float = 0.9,
        gamma_rate: float = 20.0,
        average: float = 0.99,
        beta1: float = 0.5,
    ) -> None:
        if team.size > 1:
            raise UplappError("a learner with a discriminator trains in one process; start it without others")
        self.spec, self.stage, self.device = spec, spec.last, team.device
        loss = build_loss(spec)
        if not isinstance(loss, LossOfTerms):
            raise UplappError(f"the loss '{spec.loss}' has no terms; give refinement or dagan")
        self.loss = loss.to(team.device)
        self.real_label, self.average = real_label, average
        self.card: Card | None = None
        self.reconstruction: nn.Module | None = None
        if base:
            self.card, self.reconstruction = read_base(base, spec.task, team.device)
        self.network = fresh_network(spec, team.device).eval()
        self.trained = deepcopy(self.network).train()
        self.discriminator = self._fresh_discriminator(widths) if discriminator else None
        betas = (beta1, self.stage.schedule.beta2)
        self.optimisers = [torch.optim.Adam(_groups(self.trained, gamma_rate), betas=betas)]
        if self.discriminator is not None:
            self.optimisers.append(torch.optim.Adam(_groups(self.discriminator, 1.0), betas=betas))
        self.pool, self.count = HistoryPool(pool), 0
        self.recent: list[Tensor] = []
        self.settled = 0
        self.best, self.best_loss = dict[str, Tensor](), math.inf

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """No parameters: the loss learns nothing."""
        return {}

    @property
    def base(self) -> Mapping[str, str]:
        """The name and hash of the checkpoint whose results the network sees, empty without one."""
        return {"name": self.card.name, "sha256": self.card.sha256} if self.card else {}

    def restore(self, batch: Batch, precision: str) -> Tensor:
        """Restore a batch with the mean of the weights."""
        self._settle()
        return estimate(self.network, self._start(batch, precision), precision)

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Learn from a batch: the network first, then the discriminator from what the network made."""
        if self.count == 0:  # a stage before this one gave its weights to `network`
            self.trained.load_state_dict(self.network.state_dict())
        random = np.random.default_rng([self.spec.seed, self.count, 1])
        dropping = torch.Generator(self.device).manual_seed(int(random.integers(2**62)))
        start = self._start(batch, self.stage.schedule.precision)
        self.recent = [*self.recent, start][-REMEMBERED:]
        values, restored = self._terms(start, batch.clean, dropping)
        self.loss.observe(values)
        total = self.loss.total(values)
        gradients = [_gradients(total, self.trained)]
        logged = {"loss": total, **values}
        if self.discriminator is not None:
            earlier = self.pool.exchange(restored, random)
            judged = self._doubt(self.discriminator, earlier, batch.clean, dropping)
            gradients.append(_gradients(judged, self.discriminator))
            logged["discriminator"] = judged
        if not all_finite([*logged.values(), *(one for part in gradients for one in part.values())]):
            return {name: math.nan for name in (*logged, *self._gamma())}
        for optimiser, own in zip(self.optimisers, gradients, strict=True):
            _move(optimiser, own, rate)
        self.count += 1
        self._follow()
        return {name: value.item() for name, value in logged.items()} | self._gamma()

    def judge(self, restored: Tensor, batch: Batch) -> float:
        """Give the part of the loss that compares images, its terms not divided."""
        value: Tensor = self.loss(restored, batch.clean)
        return value.item()

    def hear(self, scores: Scores) -> None:
        """Keep the weights if none had a lower loss on the validation images."""
        if scores.loss < self.best_loss:
            self.best_loss = scores.loss
            self.best = {name: tensor.clone() for name, tensor in self.network.state_dict().items()}

    def finish(self) -> None:
        """Take the weights that validated best, if there was a validation."""
        self._settle()
        if self.best:
            self.network.load_state_dict(self.best)

    def state(self) -> dict[str, Any]:
        """The states of everything that learns, the pool and the weights of the loss among them."""
        return {
            **{name: part.state_dict() for name, part in self._parts().items()},
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "pool": self.pool.images,
            "recent": self.recent,
            "count": self.count,
            "best": self.best,
            "best_loss": self.best_loss,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.pool.images = [image.to(self.device) for image in state["pool"]]
        self.recent, self.settled = [batch.to(self.device) for batch in state["recent"]], 0
        self.count, self.best_loss = state["count"], state["best_loss"]
        self.best = {name: tensor.to(self.device) for name, tensor in state["best"].items()}

    def _parts(self) -> dict[str, nn.Module]:
        parts = {"network": self.network, "trained": self.trained, "loss": self.loss}
        return parts if self.discriminator is None else {**parts, "discriminator": self.discriminator}

    def _start(self, batch: Batch, precision: str) -> Tensor:
        """Give what the network sees: the measured image, or what the base makes of the measurement."""
        if self.reconstruction is None:
            return batch.seen
        return restore_batch(self.reconstruction, batch, precision)

    def _terms(
        self, start: Tensor, clean: Tensor, dropping: torch.Generator
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Give the terms of the loss, not weighted, and the restored batch (B,C,H,W)."""
        with self._fast():
            if isinstance(self.trained, Refinement):
                restored, addition = self.trained.refine(start)
                values = {"penalty": addition.float().abs().mean()}
            else:
                restored, values = self.trained(start), {}
        restored = restored.float()
        values |= self.loss.compare(restored, clean)
        if self.discriminator is not None:
            with self._fast():
                own = self.discriminator(restored, dropping)
                with torch.no_grad():
                    true = self.discriminator(clean, dropping)
            values |= {"adversarial": realness(own, TRUE), "matching": matching(own, true)}
        return {name: values[name] for name in self.loss.weights if name in values}, restored

    def _doubt(
        self, discriminator: Discriminator, restored: Tensor, clean: Tensor, dropping: torch.Generator
    ) -> Tensor:
        """Give the loss of the discriminator. Only the label of true images lies below 1."""
        with self._fast():
            on_restored, on_true = (discriminator(images, dropping) for images in (restored, clean))
        return realness(on_restored, FALSE) + realness(on_true, self.real_label)

    def _fast(self) -> torch.autocast:
        enabled = self.stage.schedule.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the mean weights towards the weights of this step."""
        kept = min(self.average, self.count / (WARMING + self.count))
        for mean, now in zip(self.network.parameters(), self.trained.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)

    def _settle(self) -> None:
        """Let the network of mean weights take its statistics from the last batches."""
        if self.settled != self.count:
            precision = self.stage.schedule.precision
            settle_statistics(self.network, self.recent, partial(estimate, precision=precision))
            self.settled = self.count

    def _gamma(self) -> dict[str, float]:
        gamma = getattr(self.trained, "gamma", None)
        return {} if gamma is None else {"gamma": gamma.item()}

    def _fresh_discriminator(self, widths: Sequence[int]) -> Discriminator:
        task = TASKS[self.spec.task]
        with DRAWING, torch.random.fork_rng():
            torch.manual_seed(self.spec.seed + 1)
            network = Discriminator(task.channels_out, widths)
        arranged: Discriminator = arrange(network.to(self.device), task.axes)  # type: ignore[assignment]
        return arranged


def read_base(name: str, task: str, device: torch.device) -> tuple[Card, nn.Module]:
    """Load the frozen checkpoint of a task whose results are refined.

    One of another task, or one that refines another itself, is refused.
    """
    checkpoints = Checkpoints(Settings.from_env().models)
    card = checkpoints.find(name)
    if card.task != task or card.base:
        raise UplappError(
            f"'{name}' cannot be refined; name a network of the task '{task}' that needs no other"
        )
    network = checkpoints.load(card).to(device)
    return card, network.requires_grad_(False)


def _groups(network: nn.Module, gamma_rate: float) -> list[dict[str, Any]]:
    """Give the groups of an optimiser, each with how many times the rate it learns at."""
    named = dict(network.named_parameters())
    gammas = [named.pop(name) for name in list(named) if name.rpartition(".")[2] == "gamma"]
    groups = [{"params": list(named.values()), "times": 1.0}]
    return [*groups, {"params": gammas, "times": gamma_rate}] if gammas else groups


def _gradients(value: Tensor, network: nn.Module) -> dict[nn.Parameter, Tensor]:
    """Give the gradients of one network alone: the loss of a network passes through the discriminator."""
    parameters = list(network.parameters())
    return dict(zip(parameters, torch.autograd.grad(value, parameters), strict=True))


def _move(optimiser: torch.optim.Optimizer, gradients: Mapping[nn.Parameter, Tensor], rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate * group["times"]
        for parameter in group["params"]:
            parameter.grad = gradients[parameter]
    optimiser.step()
