"""Losses that compare pixel with pixel."""

from torch import Tensor, nn


class MeanAbsoluteError(nn.Module):
    """Mean absolute difference of images of any shape, in [0,1]."""

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the mean over all samples, a scalar."""
        return (estimate - target).abs().mean()


class MeanSquaredError(nn.Module):
    """Mean squared difference of images of any shape, in [0,1]."""

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the mean over all samples, a scalar."""
        return (estimate - target).square().mean()
