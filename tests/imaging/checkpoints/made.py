"""Checkpoints of tiny networks, and a stranger's network with its card."""

import hashlib
import json
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from uplapp.imaging.checkpoints.card import (
    Checkpoints,
    build_network,
    write_checkpoint,
)
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipes.spec import RunSpec

FACTS = {"data": {"photographs": "none"}, "scores": {}, "hardware": "a test", "versions": {}}


def make(folder: Path, loss: str = "l2", seed: int = 0, task: str = "denoise"):
    spec = RunSpec(task, "unet", loss, seed=seed, network_options={"width": 6})
    torch.manual_seed(seed)
    network = build_network(spec)
    return write_checkpoint(folder, spec, network, LOSSES.build(loss), **FACTS), network


SPEC = {"task": "denoise", "network": "unet", "loss": "Charbonnier", "network_options": {"width": 6}}


def network(seed: int = 0, **changes):
    torch.manual_seed(seed)
    return build_network(RunSpec(**{**SPEC, **changes}))


def saved(tensors) -> bytes:
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in tensors.items()})


FITTING = saved(network().state_dict())


def card(content: bytes = FITTING, **changes) -> bytes:
    values = {"name": "theirs", "spec": SPEC, "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps(values | changes).encode()


def left(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folders[-1].glob("*"))
