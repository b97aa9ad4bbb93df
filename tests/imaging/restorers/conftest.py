"""What tests of restorers share."""

import pytest
import torch

from tests.imaging.measured import fading_slice


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    """A slice (1,80,96) that fades to black before its rim, as a head does."""
    return fading_slice()
