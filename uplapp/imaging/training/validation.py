"""A look at what a network in training does to images it never sees there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from uplapp.imaging.device import estimate
from uplapp.imaging.files.pictures import crop_centre
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.tasks import Task
from uplapp.imaging.training.log import Scores

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Validation:
    """Pairs of observation and clean image, (1,C,H,W) each, looked at every so many steps."""

    pairs: Sequence[Pair]
    every: int = 500

    @classmethod
    def read(
        cls, task: Task, folder: Path, count: int = 8, side_px: int = 192, every: int = 500
    ) -> "Validation":
        """The centres of `count` images, evenly spread over a folder, degraded as the task's tables are.

        The seed of a degradation is the place of its image, so that every reading gives these pairs. Of raw
        k-space the magnitude is taken, and degraded like any image.
        """
        images = [
            (each.name, crop_centre(each.clean, (side_px, side_px)).clone())
            for each in task.read_images(folder)
        ]
        step = max(1, len(images) // count)
        pairs = []
        for seed, (name, clean) in enumerate(images[::step][:count]):
            observation = replace(task.degradation(), seed=seed).for_image(name).apply(clean)
            pairs.append((observation[None], clean[None]))
        return cls(pairs, every)

    def look(self, network: nn.Module, loss: nn.Module, precision: str) -> Scores:
        """Mean scores; modes, gradients and generators are as they were."""
        with torch.no_grad(), evaluating(network, loss):
            found = [_score(network, loss, pair, precision) for pair in self.pairs]
        psnr, value = torch.tensor(found, dtype=torch.float64).mean(dim=0).tolist()
        return Scores(psnr, value)


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Modules in evaluation mode, each part of them back in its own mode afterwards."""
    modes = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _score(network: nn.Module, loss: nn.Module, pair: Pair, precision: str) -> tuple[float, float]:
    device = next(network.parameters()).device
    observation, clean = (image.to(device) for image in pair)
    restored = estimate(network, observation, precision)
    psnr: Tensor = METRICS.build("psnr")(restored.clamp(0, 1), clean)
    return psnr.item(), loss(restored, clean).item()
