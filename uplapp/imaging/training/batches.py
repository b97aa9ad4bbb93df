"""The batches of a run: by whom they are drawn, and how many ahead of the step that learns from them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch
from uplapp.imaging.checkpoints import SEGMENT, is_grey, purpose_of
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training import LEARNERS
from uplapp.imaging.training.segmentation import Lesson

# Threads that draw batches for a GPU, and how many batches may wait.
DRAWERS, AHEAD = 8, 16


def lesson_of(spec: RunSpec) -> Lesson | None:
    """Give what the learner of a run learns from where that is not the pairs of its task.

    A segmenter without such a lesson is refused, and a network that restores with one.
    """
    lesson: Lesson | None = getattr(LEARNERS[spec.last.learner].build, "lesson", None)
    if (purpose_of(spec) == SEGMENT) != (lesson is not None):
        words = f"the network '{spec.network}' is to {purpose_of(spec)}"
        raise UplappError(f"{words}, which the learner '{spec.last.learner}' does not teach; give another")
    return lesson


def draw_batch(spec: RunSpec, data: Sequence[Any], step: int) -> Batch:
    """Draw the batch of a step, which depends on the seed and the step alone.

    A grey network of a task in colour gets one colour of each crop.
    """
    stage = spec.last
    random = np.random.default_rng([spec.seed, step])
    schedule = stage.schedule
    lesson = lesson_of(spec)
    draw = lesson.draw if lesson else TASKS[spec.task].pairs
    batch: Batch = draw(data, schedule.batch, schedule.crop_px, random, **stage.draw)
    # Colours are exchanged by chance, so this is any of them.
    return batch.map(lambda tensor: tensor[:, :1]) if is_grey(spec) else batch


@contextmanager
def batches(
    spec: RunSpec, data: Sequence[Any], first: int, device: torch.device
) -> Iterator[Iterator[Batch]]:
    """Draw the batches from a step on. For a GPU threads draw some ahead, lest it waits for them."""
    steps = range(first, spec.last.schedule.steps)
    if device.type == "cpu":
        yield (draw_batch(spec, data, step) for step in steps)
        return
    with ThreadPoolExecutor(DRAWERS) as pool:
        try:
            yield _ahead(pool, partial(draw_batch, spec, data), iter(steps))
        finally:
            pool.shutdown(cancel_futures=True)


def _ahead(pool: Executor, draw: Callable[[int], Batch], steps: Iterator[int]) -> Iterator[Batch]:
    waiting = deque(pool.submit(draw, step) for step in islice(steps, AHEAD))
    while waiting:
        batch = waiting.popleft().result()
        waiting.extend(pool.submit(draw, step) for step in islice(steps, 1))
        yield batch
