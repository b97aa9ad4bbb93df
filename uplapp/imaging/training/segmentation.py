"""The learner of segmenters: cross-entropy on labelled slices, and Dice on patients that it never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.metrics.semantic import dice
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks.labelled import labelled_batch, patients_with
from uplapp.imaging.training.learners import Supervised
from uplapp.imaging.training.team import Team


@dataclass(frozen=True)
class Lesson:
    """What a learner learns from, where that is not the pairs of its task.

    `load(folder, **options)` reads its data, given the options of the learner, `draw(data, count, side_px,
    random, **draw)` a batch. `facts(data)` says in a card what the data were, and `score(network, folder,
    **options)` how well the network does on other images.
    """

    load: Callable[..., Sequence[Any]]
    draw: Callable[..., Batch]
    facts: Callable[[Sequence[Any]], Mapping[str, Any]]
    score: Callable[..., dict[str, Any]]


def learned_from(folder: Path, anatomy: str = "ventricle", held_out: Sequence[str] = ()) -> Sequence[Any]:
    """Read the patients of a folder that show the anatomy and are not held out."""
    patients = [one for one in patients_with(folder, anatomy) if one.patient not in held_out]
    if not patients:
        raise UplappError(f"every patient of {folder} is held out; name fewer, or give more data")
    return patients


def score_held_out(
    network: nn.Module, folder: Path, anatomy: str = "ventricle", held_out: Sequence[str] = ()
) -> dict[str, Any]:
    """Give the mean Dice over the slices that show the anatomy, of the patients held out, else of all."""
    patients = [one for one in patients_with(folder, anatomy) if not held_out or one.patient in held_out]
    if not patients:
        raise UplappError(f"{folder} has none of the patients held out: {', '.join(held_out)}")
    network.eval()
    values = [
        _dice(network, one.images[index], one.labels[index]) for one in patients for index in one.marked
    ]
    names = [one.patient for one in patients]
    return {"images": f"{folder.name} ({len(values)})", "patients": names, "dice": fmean(values)}


class Segmentation(Supervised):
    """A network that tells an anatomy from the rest, on slices whose labels mark it.

    `held_out` are the patients that it does not learn from; they score the result.
    """

    lesson: ClassVar[Lesson] = Lesson(
        learned_from,
        labelled_batch,
        lambda patients: {"patients": [one.patient for one in patients]},
        score_held_out,
    )

    def __init__(
        self, spec: RunSpec, team: Team, anatomy: str = "ventricle", held_out: Sequence[str] = ()
    ) -> None:
        if "labels" not in LOSSES[spec.loss].needs:
            raise UplappError(f"the loss '{spec.loss}' sees no labels; a segmenter learns by cross_entropy")
        super().__init__(spec, team)


def _dice(network: Any, image: NDArray[np.float32], marked: NDArray[np.bool_]) -> float:
    found = network.segment(torch.from_numpy(image)[None, None])
    return dice(found[0], torch.from_numpy(marked))
