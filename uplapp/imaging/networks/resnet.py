"""A residual network that works at a quarter of the sides of an image."""

import torch
from torch import Tensor, nn

from uplapp.imaging.networks.unet import pad_to_multiple

HALVINGS = 2


class ResNet(nn.Module):
    """Residual blocks between two halvings and two doublings, from (B,C,H,W) in [0,1] to (B,C',H,W).

    There is no normalisation, so that brightness is kept and a pixel depends on nothing beyond
    `receptive_radius`. Sides that are no multiple of 4 are padded by replication and cropped back. `width` 24
    with 5 `blocks`, 1 channel in and out, has 936,673 parameters.

    Sources: He et al. (2016) for the blocks; Johnson et al. (2016) for the layout, with nearest neighbours
    and a convolution for each transposed one; Lim et al. (2017) for blocks without normalisation.
    """

    multiple = 2**HALVINGS

    def __init__(
        self, channels: int = 3, width: int = 24, blocks: int = 5, channels_out: int | None = None
    ) -> None:
        super().__init__()
        self.channels, self.channels_out = channels, channels_out or channels
        # 3 + 1 + 2 px on the way down, 8 each block, 2 + 1 + 3 on the way up, and 3 of the grid.
        self.receptive_radius = 16 + 8 * blocks
        self.enter = nn.Sequential(
            nn.Conv2d(channels, width, 7, padding=3),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(blocks)))
        self.leave = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(4 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, self.channels_out, 7, padding=3),
        )
        # Convolutions before the blocks that hold them: `modules` goes from the outside in.
        for layer in reversed(list(self.modules())):
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            if isinstance(layer, ResidualBlock):
                layer.begin()

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        padded = pad_to_multiple(image, self.multiple) - 0.5
        restored: Tensor = self.leave(self.blocks(self.enter(padded)))
        return restored[..., :height, :width] + 0.5


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions whose result joins their input (B,C,H,W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def begin(self) -> None:
        """Let the block begin as the identity."""
        nn.init.zeros_(self.second.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Add what the convolutions make of the features."""
        change: Tensor = self.second(torch.relu(self.first(features)))
        return features + change
