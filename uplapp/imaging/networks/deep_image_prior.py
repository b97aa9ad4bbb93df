"""The Deep Image Prior: an encoder and a decoder with thin skips, fed with noise of the image's size."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.networks.deep_decoder import Size, check_shape

LATENT_CHANNELS = 32
SLOPE = 0.2


class DeepImagePrior(nn.Module):
    """Maps a fixed tensor (1,32,H,W) to an image (1,channels,H,W), in [0,1] with `sigmoid`.

    `l` scales of `k` channels: each halves the image by a convolution of stride 2; on the way back bilinear
    upsampling joins `skip` channels from the same scale. 3x3 convolutions reflect at the edges, each with
    batch norm and leaky ReLU. Source: Ulyanov et al. (2018), the network for denoising.
    """

    jitter = 1 / 30  # standard deviation of the noise that is added to the input at every step

    def __init__(
        self, channels: int = 1, k: int = 64, l: int = 5, skip: int = 4, sigmoid: bool = True
    ) -> None:
        super().__init__()
        check_shape(k, l, 1)
        if skip < 1:
            raise UplappError(f"skip is {skip}; it needs a whole number from 1 up")
        self.channels, self.latent_channels, self.scales = channels, LATENT_CHANNELS, l
        self.sigmoid = sigmoid
        widths = [LATENT_CHANNELS, *[k] * (l - 1)]
        self.skips = nn.ModuleList(_layer(width, skip, 1) for width in widths)
        self.down = nn.ModuleList(
            nn.Sequential(_layer(width, k, 3, stride=2), _layer(k, k, 3)) for width in widths
        )
        self.joined = nn.ModuleList(nn.BatchNorm2d(k + skip, track_running_stats=False) for _ in widths)
        self.up = nn.ModuleList(nn.Sequential(_layer(k + skip, k, 3), _layer(k, k, 1)) for _ in widths)
        self.leave = nn.Conv2d(k, channels, 1)

    def latent_size(self, size: Size) -> Size:
        """Give the size (h,w) of the input for images (H,W): the same.

        An image whose smallest scale would be less than 2 px a side is refused, for nothing is left there
        to reflect.
        """
        if min(size) <= 2 ** (self.scales + 1):
            raise UplappError(
                f"l is {self.scales}, and the image is {size[1]}x{size[0]} px; a Deep Image Prior of so many "
                f"scales needs more than {2 ** (self.scales + 1)} px a side"
            )
        return size

    def forward(self, latent: Tensor, size: Size) -> Tensor:
        """Make an image (1,channels,H,W) of the input's size, which is `size`."""
        features, skips = latent, []
        for thin, down in zip(self.skips, self.down, strict=True):
            skips.append(thin(features))
            features = down(features)
        for norm, up in zip(reversed(self.joined), reversed(self.up), strict=True):
            thin = skips.pop()
            features = functional.interpolate(features, thin.shape[-2:], mode="bilinear")
            features = up(norm(torch.cat([thin, features.to(thin.dtype)], dim=1)))
        image: Tensor = self.leave(features)
        return torch.sigmoid(image) if self.sigmoid else image


def _layer(channels_in: int, channels_out: int, side: int, stride: int = 1) -> nn.Sequential:
    """A convolution that reflects at the edges, batch norm, leaky ReLU."""
    convolution = nn.Conv2d(
        channels_in, channels_out, side, stride, padding=side // 2, padding_mode="reflect"
    )
    return nn.Sequential(
        convolution, nn.BatchNorm2d(channels_out, track_running_stats=False), nn.LeakyReLU(SLOPE)
    )
