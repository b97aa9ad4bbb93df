"""Parts of networks: batch norm, padded 4x4 convolutions, what shifts and scales every image."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

MOMENTUM, EPSILON = 0.1, 1e-5
CLAMP = 6.0
SMALLEST_DEVIATION = 1e-6


class BatchNorm(nn.Module):
    """Batch norm of maps (B,C,H,W) whose state is floats alone, so that a checkpoint can hold it.

    In training the statistics are the batch's, else the running ones, of which each batch replaces a share,
    `momentum`. PyTorch's own also counts batches, in whole numbers. Source: Ioffe and Szegedy (2015).
    """

    mean: Tensor
    variance: Tensor
    momentum = MOMENTUM

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise each channel."""
        scale, running = (self.weight, self.bias), (self.mean, self.variance)
        return functional.batch_norm(maps, *running, *scale, self.training, self.momentum, EPSILON)


@torch.no_grad()
def settle_statistics(
    network: nn.Module, batches: Sequence[Tensor], run: Callable[[nn.Module, Tensor], Tensor]
) -> None:
    """Set the running statistics of a network to their mean over batches (B,C,H,W), and leave it evaluating.

    Weights that were averaged over steps need that: the statistics of their own maps are not the average of
    the statistics. `run` shows the network a batch. Source: Izmailov et al. (2018), section 3.2.
    """
    norms = [part for part in network.modules() if isinstance(part, BatchNorm)]
    network.train()
    for place, batch in enumerate(batches, start=1):
        for norm in norms:
            norm.momentum = 1 / place
        run(network, batch)
    for norm in norms:
        norm.momentum = MOMENTUM
    network.eval()


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


def padded(image: Tensor, multiple: int | Sequence[int], smallest_px: int = 1) -> Tensor:
    """Repeat the last samples of (B,C,*size) until its sides are multiples, of `smallest_px` or more.

    `multiple` is one for all sides, or one for each.
    """
    sides = image.shape[2:]
    multiples = [multiple] * len(sides) if isinstance(multiple, int) else multiple
    missing = [max(-side % of, smallest_px - side) for side, of in zip(sides, multiples, strict=True)]
    margins = [margin for last in reversed(missing) for margin in (0, last)]
    return functional.pad(image, margins, mode="replicate")


class Standardised(nn.Module):
    """Shift and scale an image (B,C,H,W) by its own mean and deviation, restore it, shift and scale back.

    What the network sees is clamped to +-6 deviations. The estimate scales with the input, so MR images
    of any unit can be restored. Source: Zbontar et al. (2018), fastMRI, sec. 5.2.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.channels, self.multiple = network.channels, network.multiple
        self.receptive_radius = None

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        deviation, mean = torch.std_mean(image, dim=(1, 2, 3), keepdim=True)
        deviation = deviation.clamp_min(SMALLEST_DEVIATION)
        estimate: Tensor = self.network(((image - mean) / deviation).clamp(-CLAMP, CLAMP))
        return estimate * deviation + mean
