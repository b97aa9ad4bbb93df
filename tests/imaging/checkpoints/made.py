"""Checkpoints of tiny networks, and a stranger's network with its card."""

import hashlib
import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from uplapp.imaging.checkpoints.folder import Checkpoints, write_checkpoint
from uplapp.imaging.checkpoints.weights import build_network
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipes.spec import RunSpec, one_stage

FACTS = {"data": {"photographs": "none"}, "scores": {}, "hardware": "a test", "versions": {}}


def make(
    folder: Path,
    loss: str = "l2",
    seed: int = 0,
    task: str = "denoise",
    width: int = 6,
    network: str = "unet",
):
    spec = one_stage(task, network, loss, seed, network_options={"width": width})
    torch.manual_seed(seed)
    made = build_network(spec)
    learned = dict(LOSSES.build(loss).named_parameters())
    return write_checkpoint(folder, spec, made, learned, **FACTS), made


# The first form of a recipe: strangers have cards of it.
SPEC = {"task": "denoise", "network": "unet", "loss": "Charbonnier", "network_options": {"width": 6}}


def network(seed: int = 0, **changes):
    torch.manual_seed(seed)
    return build_network(RunSpec.from_json({**SPEC, **changes}))


def saved(tensors) -> bytes:
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()})


FITTING = saved(network().state_dict())


def card(content: bytes = FITTING, **changes) -> bytes:
    values = {"name": "theirs", "spec": SPEC, "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(values | changes).encode()


def left(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folders[-1].glob("*"))
