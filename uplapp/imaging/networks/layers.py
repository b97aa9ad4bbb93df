"""Layers of the networks that normalise by batches: batch norm, padded 4x4 convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional

MOMENTUM, EPSILON = 0.1, 1e-5


class BatchNorm(nn.Module):
    """Batch norm of maps (B,C,H,W) whose state is floats alone, so that a checkpoint can hold it.

    In training the statistics are the batch's, else the running ones. PyTorch's own also counts batches, in
    whole numbers. Source: Ioffe and Szegedy (2015).
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise each channel."""
        running = (self.mean, self.variance)
        return functional.batch_norm(maps, *running, self.weight, self.bias, self.training, MOMENTUM, EPSILON)


class ReflectedConvolution(nn.Module):
    """A 4x4 convolution that reflects at the edges: maps of side n become maps of side n / stride.

    A side needs 3 px or more.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, bias: bool = False) -> None:
        super().__init__()
        # Over 4 samples a step of 2 lies in the middle between two, a step of 1 half a sample aside.
        self.margin = (1, 1, 1, 1) if stride == 2 else (1, 2, 1, 2)
        self.convolution = nn.Conv2d(channels_in, channels_out, 4, stride, bias=bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (B,C,H,W) to (B,C',H/stride,W/stride)."""
        convolved: Tensor = self.convolution(functional.pad(maps, self.margin, mode="reflect"))
        return convolved


def padded(image: Tensor, multiple: int, smallest_px: int = 1) -> Tensor:
    """Repeat the last row and column of (B,C,H,W) until sides are a multiple, of `smallest_px` or more."""
    missing = [max(-side % multiple, smallest_px - side) for side in image.shape[-2:]]
    return functional.pad(image, (0, missing[1], 0, missing[0]), mode="replicate")
