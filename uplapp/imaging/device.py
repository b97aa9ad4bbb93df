"""The number format in which a network is run."""

import torch
from torch import Tensor, nn


def estimate(network: nn.Module, degraded: Tensor, precision: str) -> Tensor:
    """What a network makes of a batch (B,C,H,W), as float32; bfloat16 computes as much as it can in that."""
    with torch.autocast(degraded.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        restored: Tensor = network(degraded.contiguous(memory_format=torch.channels_last))
    return restored.float().contiguous()
