"""A run small enough to train in a moment, on photographs that ship with scikit-image."""

import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch

from uplapp.imaging.files.pictures import read_image, tensor_to_array
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.recipes.spec import RunSpec, Schedule, Stage, one_stage
from uplapp.imaging.training.run import Places, Run
from uplapp.imaging.training.team import Team

TINY = Schedule(steps=12, batch=2, crop_px=32, warm_up=4, precision="float32")
SPEC = one_stage("denoise", "unet", "l2", 3, schedule=TINY, network_options={"width": 6})
ALONE = Team(torch.device("cpu"))
NAMES = ("astronaut", "coffee")


def photographs():
    pixels = (read_image(sample_path(name)).pixels for name in NAMES)
    return [tensor_to_array(image) for image in pixels]


def photograph_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        shutil.copy(sample_path(name), folder / f"{name}.png")
    return folder


def run_in(folder: Path, spec: RunSpec = SPEC, **options) -> Run:
    photos = photograph_folder(folder / "photos")
    return Run(spec, Places(photos, folder / "runs", folder / "out", **options), "two photographs")


def changed(spec: RunSpec, **changes: Any) -> RunSpec:
    """Change fields of a run, or of its last stage."""
    of_stage = {key: changes.pop(key) for key in {one.name for one in fields(Stage)} & set(changes)}
    return replace(spec, stages=(*spec.stages[:-1], replace(spec.last, **of_stage)), **changes)


def then(spec: RunSpec, **changes: Any) -> RunSpec:
    """Add a stage to a run: its last one, changed."""
    return replace(spec, stages=(*spec.stages, replace(spec.last, **changes)))


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
