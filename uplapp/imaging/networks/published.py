"""Networks whose tensors have the names of published weights: DRUNet, plain DnCNN, fastMRI's U-Net."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import padded

LEVELS = 4
WIDTH = 64
# The median of the absolute values of normal numbers, in units of their deviation.
MEDIAN_OF_NORMAL = 0.67449


def estimate_noise(images: Tensor) -> Tensor:
    """Estimate the deviation (B,) of white noise in images (B,C,H,W), in their unit.

    It is the median of the absolute diagonal differences of squares of 2x2 px, over that of normal numbers,
    and 0 for an image of one row or column. Source: Donoho & Johnstone (1994), with Haar's wavelet.
    """
    height, width = (side // 2 * 2 for side in images.shape[-2:])
    if not height or not width:
        return images.new_zeros(len(images))
    rows = images[..., 0:height:2, :] - images[..., 1:height:2, :]
    details = (rows[..., 0:width:2] - rows[..., 1:width:2]) / 2
    return details.abs().flatten(1).median(dim=1).values / MEDIAN_OF_NORMAL


class DruNet(nn.Module):
    """A residual U-Net that is shown the level of the noise, from (B,C,H,W) in [0,1] to (B,C,H,W).

    Four levels of `blocks` residual blocks, without bias and normalisation, are joined by 2x2 convolutions of
    step 2. The level is one more channel, after those of the image. Where it is not given it is estimated
    from each image. Names and shapes are those of the published `drunet_gray` and `drunet_color`, at `width`
    64 with 4 blocks: 32,638,656 parameters in grey.

    Source: Zhang et al. (2021), Plug-and-play image restoration with deep denoiser prior.
    """

    multiple = 2 ** (LEVELS - 1)
    wants_noise = True
    own_scale = True  # the level of the noise is in the unit of the image

    def __init__(self, channels: int = 3, width: int = WIDTH, blocks: int = 4) -> None:
        super().__init__()
        self.channels = channels
        steps = [2**level for level in range(LEVELS - 1)]
        # Two convolutions a block, down and up, and of the coarsest level once; both ends; the grid.
        self.receptive_radius = 2 * blocks * (2 * sum(steps) + self.multiple) + 2 + self.multiple - 1
        one, two, three, four = (width * 2**level for level in range(LEVELS))
        self.m_head = _convolution(channels + 1, one)
        self.m_down1 = nn.Sequential(*_blocks(one, blocks), _down(one, two))
        self.m_down2 = nn.Sequential(*_blocks(two, blocks), _down(two, three))
        self.m_down3 = nn.Sequential(*_blocks(three, blocks), _down(three, four))
        self.m_body = nn.Sequential(*_blocks(four, blocks))
        self.m_up3 = nn.Sequential(_up(four, three), *_blocks(three, blocks))
        self.m_up2 = nn.Sequential(_up(three, two), *_blocks(two, blocks))
        self.m_up1 = nn.Sequential(_up(two, one), *_blocks(one, blocks))
        self.m_tail = _convolution(one, channels)

    def forward(self, image: Tensor, noise: Tensor | None = None) -> Tensor:
        """Restore a batch without clipping the output, given the deviations (B,) of the noise."""
        height, width = image.shape[-2:]
        level = estimate_noise(image) if noise is None else noise.to(image)
        plane = level.view(-1, 1, 1, 1).expand(len(image), 1, height, width)
        first = self.m_head(padded(torch.cat([image, plane], dim=1), self.multiple))
        second = self.m_down1(first)
        third = self.m_down2(second)
        fourth = self.m_down3(third)
        features = self.m_up3(self.m_body(fourth) + fourth)
        features = self.m_up1(self.m_up2(features + third) + second)
        restored: Tensor = self.m_tail(features + first)
        return restored[..., :height, :width]


class PlainDnCnn(nn.Module):
    """A chain of `depth` 3x3 convolutions without batch norm that estimates the noise of (B,C,H,W) in [0,1].

    Names and shapes are those of the published files of DnCNN in which batch norm is merged into the
    convolutions: 17 layers of 64 channels for one level of noise (`dncnn_25`), 20 for any
    (`dncnn_color_blind`). Source: Zhang et al. (2017), section III.
    """

    multiple = 1

    def __init__(self, channels: int = 3, depth: int = 17, width: int = WIDTH) -> None:
        super().__init__()
        if depth < 2:
            raise UplappError(f"depth is {depth}; a chain has 2 layers or more")
        self.channels, self.receptive_radius = channels, depth
        layers: list[nn.Module] = []
        for before, after in pairwise([channels, *[width] * (depth - 1), channels]):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True)]
        self.model = nn.Sequential(*layers[:-1])

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        restored: Tensor = image - self.model(image)
        return restored


class FastMriUNet(nn.Module):
    """The U-Net of the fastMRI baselines, from (B,C,H,W) of any scale to (B,C,H,W).

    It has convolutions of 3x3 with instance norm and a leaky rectifier, average pools, and transposed
    convolutions of 2x2. Sides under 2^(pools + 1) px are padded by replication. Names and shapes are those of
    the published weights; `chans` 32 with 4 `pools` has 7,756,097 parameters in grey.

    Source: Zbontar et al. (2018), section 5.2.
    """

    multiple = 1
    receptive_radius = None  # instance norm looks at the whole image
    channels_last = False  # a layout in which instance norm loses more than convolutions gain

    def __init__(self, channels: int = 1, chans: int = 32, pools: int = 4) -> None:
        super().__init__()
        self.channels, self.smallest_px = channels, 2 ** (pools + 1)
        widths = [chans * 2**level for level in range(pools)]
        self.down_sample_layers = nn.ModuleList(_Pair(*each) for each in pairwise([channels, *widths]))
        self.conv = _Pair(widths[-1], 2 * widths[-1])
        self.up_transpose_conv = nn.ModuleList(_Transposed(2 * width, width) for width in reversed(widths))
        joined: list[nn.Module] = [_Pair(2 * width, width) for width in reversed(widths)]
        self.up_conv = nn.ModuleList(joined[:-1])
        self.up_conv.append(nn.Sequential(joined[-1], nn.Conv2d(chans, channels, 1)))

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        height, width = image.shape[-2:]
        features = padded(image, 1, self.smallest_px)
        skips = []
        for layer in self.down_sample_layers:
            features = layer(features)
            skips.append(features)
            features = functional.avg_pool2d(features, 2)
        features = self.conv(features)
        for enlarge, convolve in zip(self.up_transpose_conv, self.up_conv, strict=True):
            skip, features = skips.pop(), enlarge(features)
            down, across = (skip.shape[axis] - features.shape[axis] for axis in (-2, -1))
            features = functional.pad(features, (0, across, 0, down), mode="reflect")
            features = convolve(torch.cat([features, skip], dim=1))
        restored: Tensor = features[..., :height, :width]
        return restored


class _Residual(nn.Module):
    """A block whose two convolutions add to what they see."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.res = nn.Sequential(
            _convolution(width, width), nn.ReLU(inplace=True), _convolution(width, width)
        )

    def forward(self, features: Tensor) -> Tensor:
        made: Tensor = features + self.res(features)
        return made


class _Pair(nn.Module):
    """Twice a 3x3 convolution with instance norm and a leaky rectifier."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        # What does nothing when weights are used, dropout, keeps the published places.
        self.layers = nn.Sequential(
            _convolution(channels_in, channels_out),
            *_normalised(channels_out),
            nn.Identity(),
            _convolution(channels_out, channels_out),
            *_normalised(channels_out),
        )

    def forward(self, features: Tensor) -> Tensor:
        convolved: Tensor = self.layers(features)
        return convolved


class _Transposed(nn.Module):
    """A transposed 2x2 convolution with instance norm and a leaky rectifier, which doubles the sides."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_up(channels_in, channels_out), *_normalised(channels_out))

    def forward(self, features: Tensor) -> Tensor:
        enlarged: Tensor = self.layers(features)
        return enlarged


def _normalised(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.InstanceNorm2d(width), nn.LeakyReLU(0.2, inplace=True)


def _blocks(width: int, count: int) -> list[_Residual]:
    return [_Residual(width) for _ in range(count)]


def _convolution(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)


def _down(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 2, stride=2, bias=False)


def _up(channels_in: int, channels_out: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2, bias=False)
