"""Stand-ins for the weights of pretrained networks: right names and shapes, random values."""

import math
from pathlib import Path

import pytest
import torch

from uplapp.imaging.losses.features import OFFICIAL, SMALLEST_PX, build_layers


def small_file(shape: torch.Size, pool: torch.Tensor) -> torch.Tensor:
    """A convolution's weights that share one pool of numbers, so that a file of them stays small."""
    if len(shape) == 1:
        return torch.zeros(1).expand(shape)
    strides = torch.tensor([97, 31, 3, 1])
    return (pool * math.sqrt(2 / math.prod(shape[1:]))).as_strided(shape, strides.tolist())


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory) -> Path:
    """A folder with a file for every pretrained network, under torchvision's names."""
    folder = tmp_path_factory.mktemp("weights")
    pool = torch.randn(1 << 17, generator=torch.Generator().manual_seed(0))
    for network in SMALLEST_PX:
        with torch.device("meta"):
            shapes = {name: value.shape for name, value in build_layers(network).state_dict().items()}
        state = {f"features.{name}": small_file(shape, pool) for name, shape in shapes.items()}
        torch.save(state, folder / OFFICIAL[network])
    return folder


@pytest.fixture(autouse=True)
def use_random_weights(random_weights, monkeypatch) -> None:
    """No test of images reaches for the network or for the weights of this machine unasked."""
    monkeypatch.setenv("UPLAPP_WEIGHTS", str(random_weights))
