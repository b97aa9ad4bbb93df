"""Validation of a network in training on images that it does not learn from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from uplapp.errors import BadImage
from uplapp.imaging.case import Batch, Subject, clean_of
from uplapp.imaging.device import device_of, estimate
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.physics import crop_centre
from uplapp.imaging.tasks import Task
from uplapp.imaging.training.learners import Choosing, Learner
from uplapp.imaging.training.log import Scores

# The sides of the centres that are looked at, by number of axes.
SIDES_PX = {2: 192, 3: 64}


@dataclass(frozen=True)
class Validation:
    """Batches of one image each, looked at every so many steps."""

    batches: Sequence[Batch]
    every: int = 500

    @classmethod
    def read(
        cls,
        task: Task,
        folder: Path,
        count: int = 8,
        side_px: int | None = None,
        every: int = 500,
        reading: Mapping[str, Any] = MappingProxyType({}),
        grey: bool = False,
    ) -> "Validation":
        """Read the centres of `count` images, evenly spread over a folder, degraded as the task's tables are.

        The seed of a degradation is the place of its image, so that every reading gives the same. Of raw
        k-space the magnitude is taken, and degraded like any image. What has another clean picture under each
        degradation is measured as a whole. For a `grey` network colour is refused.
        """
        side_px = side_px or SIDES_PX[task.axes]
        images = [
            _centred(one, side_px, task, grey) for one in task.read_all(folder, task.reading_of(reading))
        ]
        step = max(1, len(images) // count)
        return cls([_batch(task, one, seed) for seed, one in enumerate(images[::step][:count])], every)

    def look(self, learner: Learner, precision: str) -> Scores:
        """Score the network of a learner.

        Modes, gradients and generators stay as they were.
        """
        modules = [part for part in vars(learner).values() if isinstance(part, nn.Module)]
        with torch.no_grad(), evaluating(*modules):
            scores = [_score(learner, batch, precision) for batch in self.batches]
        return Scores(*(fmean(column) for column in zip(*scores, strict=True)))


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """Keep modules in evaluation mode while the context lasts, and give each part its own mode back."""
    modes = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for module in modules:
            module.eval()
        yield
    finally:
        for part, training in modes:
            part.training = training


def _known(clean: Tensor | None) -> Tensor:
    if clean is None:
        raise BadImage("an image to validate on lacks a part of its k-space; give whole ones")
    return clean


def _centre(clean: Tensor, side_px: int, task: Task, grey: bool) -> Tensor:
    """Cut the centre of an image, a grey one repeated where the network is for colour."""
    centre = crop_centre(clean, (side_px, side_px))
    if task.axes == 3:
        first = max(clean.shape[1] - side_px, 0) // 2
        centre = centre[:, first : first + side_px]
    centre = centre.clone()
    repeated = centre.shape[0] == 1 < task.channels_in and not grey
    return centre.repeat(task.channels_in, 1, 1) if repeated else centre


def _centred(subject: Subject, side_px: int, task: Task, grey: bool) -> Subject:
    """Give a subject that holds no more than the centre of its clean picture."""
    if subject.clean_under is not None:
        return subject
    clean = _centre(_known(subject.clean), side_px, task, grey)
    if grey and len(clean) > 1:
        raise BadImage(f"{subject.name} is in colour, and the network takes grey pictures; validate on such")
    return Subject(subject.name, clean, lambda degradation: degradation.measure(clean))  # type: ignore[union-attr]


def _batch(task: Task, subject: Subject, seed: int) -> Batch:
    degradation = task.degrade(seed=seed).for_image(subject.name)
    measurement, clean = subject.measure(degradation), _known(clean_of(subject, degradation))
    return Batch(measurement.seen, clean, measurement).map(lambda tensor: tensor[None])


def _score(learner: Learner, batch: Batch, precision: str) -> tuple[float, float]:
    device = device_of(learner.network)
    moved = batch.map(lambda tensor: tensor.to(device))
    if isinstance(learner, Choosing):
        restored = learner.restore(moved, precision)
    else:
        restored = estimate(learner.network, moved.shown_to(learner.network), precision)
    psnr: Tensor = METRICS.build("psnr")(restored.clamp(0, 1), moved.clean)
    return psnr.item(), learner.judge(restored, moved)
