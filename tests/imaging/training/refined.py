"""An adversarial run small enough to train in a moment, and the base whose results it refines."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tests.imaging.checkpoints.made import FACTS, make
from tests.imaging.tiny import ALONE, TINY, changed
from tests.imaging.volumes import ball
from uplapp.imaging.checkpoints import build_network, write_checkpoint
from uplapp.imaging.recipes.spec import one_stage
from uplapp.imaging.tasks.reconstruction import Volume
from uplapp.imaging.training.run import train

BASE = "mri-unet-ssim"  # no network of this name ships
OPTIONS = {"base": BASE, "widths": [4, 4, 4], "pool": 4}
SCHEDULE = replace(TINY, steps=6, warm_up=1, learning_rate=1e-3)
REFINED = one_stage(
    "mri",
    "refinement",
    "refinement",
    3,
    schedule=SCHEDULE,
    network_options={"width": 4},
    loss_options={"backbone": "squeeze"},
    learner="adversarial",
    options=OPTIONS,
    label="adversarial",
)
DAGAN = one_stage(
    "mri",
    "dagan",
    "dagan",
    3,
    schedule=SCHEDULE,
    network_options={"widths": [4, 4]},
    loss_options={"backbone": "squeeze"},
    learner="adversarial",
    options={"widths": [4, 4, 4], "pool": 4},
    label="adversarial",
)
LONG, SAVE_EVERY = changed(REFINED, schedule=replace(SCHEDULE, steps=12)), 2


def make_base(data: Path):
    """Write the base into the models of a data folder."""
    card, network = make(data / "models", "ssim", 5, "mri")
    assert card.name == BASE
    return card, network


def make_data_base(data: Path):
    """Write a base that sees the data, and return its card and network."""
    spec = one_stage("mri", "recnet", "l2", network_options={"width": 4, "blocks": 1}, label="tiny")
    torch.manual_seed(0)
    network = build_network(spec).eval()
    return write_checkpoint(data / "models", spec, network, {}, **FACTS), network


def slices() -> list[Volume]:
    """One volume, as the task loads it."""
    voxels = (ball() / 300).astype(np.float32)
    return [Volume("ball", voxels, tuple((2, index) for index in range(40, 80)))]


def run(folder: Path, report: Callable[[int], None]) -> None:
    """Train the long one, and report every step. The base lies in the data folder."""
    train(LONG, slices(), folder, ALONE, lambda progress: report(progress.step), save_every=SAVE_EVERY)
