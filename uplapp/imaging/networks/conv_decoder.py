"""The ConvDecoder: the Deep Decoder's neighbour with 3x3 convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.networks.deep_decoder import Size, block_sizes, check_shape


class ConvDecoder(nn.Module):
    """Maps a fixed tensor (1,k,h,w) to an image (1,channels,H,W).

    Each of the first l - 1 layers is nearest upsampling, a 3x3 convolution, ReLU and batch norm; the last
    has no upsampling, and a 1x1 convolution leads to the image. `sigmoid` keeps the image in [0,1]; the
    original, for k-space, has none. Source: Darestani & Heckel (2021).
    """

    jitter = 0.0

    def __init__(self, channels: int = 1, k: int = 64, l: int = 6, s: int = 16, sigmoid: bool = True) -> None:
        super().__init__()
        check_shape(k, l - 1, s)
        self.channels, self.latent_channels, self.s, self.blocks = channels, k, s, l - 1
        self.sigmoid = sigmoid
        self.convolutions = nn.ModuleList(nn.Conv2d(k, k, 3, padding=1) for _ in range(l))
        self.norms = nn.ModuleList(nn.BatchNorm2d(k, track_running_stats=False) for _ in range(l))
        self.leave = nn.Conv2d(k, channels, 1)

    def latent_size(self, size: Size) -> Size:
        """Give the size (h,w) of the input for images (H,W)."""
        return block_sizes(size, self.s, self.blocks)[0]

    def forward(self, latent: Tensor, size: Size) -> Tensor:
        """Make an image (1,channels,H,W) of the given size."""
        sizes = block_sizes(size, self.s, self.blocks)[1:]
        features = latent
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if number < self.blocks:
                features = functional.interpolate(features, sizes[number], mode="nearest")
            features = norm(functional.relu(convolution(features)))
        image: Tensor = self.leave(features)
        return torch.sigmoid(image) if self.sigmoid else image
