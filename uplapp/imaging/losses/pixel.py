"""Losses that compare pixel with pixel."""

from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch


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


class CrossEntropy(nn.Module):
    """The mean cross-entropy of scores (B,K,H,W) and the classes (B,1,H,W) that a batch has as its labels."""

    def forward(self, estimate: Tensor, batch: Batch) -> Tensor:
        """Return the mean over all pixels, a scalar. An estimate without a score per class is refused."""
        if estimate.shape[1] < 2:
            raise UplappError("cross-entropy needs a score per class; train the network 'segmenter' on it")
        return functional.cross_entropy(estimate, batch.extras["labels"][:, 0].long())
