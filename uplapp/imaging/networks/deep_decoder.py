"""The Deep Decoder, an image out of a small random tensor by 1x1 convolutions, and its neighbour with 3x3."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError

NORMS = ("instance", "batch", "none")
Size = tuple[int, int]


def block_sizes(size: Size, s: int, blocks: int) -> list[Size]:
    """Give the size (H,W) of the input, and of what each of the blocks makes of it, the last `size` itself.

    The input is ceil(size / s), block n is ceil(input * s^(n / blocks)). An `s` above a side of the image is
    refused.
    """
    if s > min(size):
        raise UplappError(
            f"s is {s}, and the image is {size[1]}x{size[0]} px; s may be at most its shorter side"
        )
    start = [math.ceil(side / s) for side in size]
    # A power such as 32^(1/5) is a little more than 2 in floating point, which would round up.
    growth = [s ** (n / blocks) * (1 - 1e-12) for n in range(blocks)]
    inner = [(math.ceil(start[0] * factor), math.ceil(start[1] * factor)) for factor in growth]
    return [*inner, size]


def check_shape(k: int, l: int, s: int) -> None:
    """Refuse a network without channels, without blocks, or whose input is larger than the image."""
    for name, value in (("k", k), ("l", l), ("s", s)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UplappError(f"{name} is {value!r}; it needs a whole number from 1 up")


class DeepDecoder(nn.Module):
    """Maps a fixed tensor (P,k,h,w) to images (P,channels,H,W), in [0,1] with `sigmoid`.

    Each of `l` blocks is a 1x1 convolution without bias, bilinear upsampling, ReLU and a normalisation with
    an affine map; the last 1x1 convolution leads to the image. `s` is how much smaller the input is than
    the image. `norm` is instance, batch (over patches too) or none; for one image the first two are the same.
    There are l (k^2 + 2k) + k channels parameters; `extra_block` adds a block without upsampling, as in the
    original. Sources: Heckel & Hand (2019); the fractional sizes and instance norm: Deep Decoder on MRI.
    """

    jitter = 0.0

    def __init__(
        self,
        channels: int = 1,
        k: int = 64,
        l: int = 5,
        s: int = 32,
        extra_block: bool = False,
        norm: str = "instance",
        sigmoid: bool = True,
    ) -> None:
        super().__init__()
        check_shape(k, l, s)
        if norm not in NORMS:
            raise UplappError(f"norm is {norm!r}; it may be one of: {', '.join(NORMS)}")
        self.channels, self.latent_channels, self.s, self.blocks = channels, k, s, l
        self.norm, self.sigmoid = norm, sigmoid
        count = l + extra_block
        self.convolutions = nn.ModuleList(nn.Conv2d(k, k, 1, bias=False) for _ in range(count))
        affine = 0 if norm == "none" else count
        self.gains = nn.ParameterList(nn.Parameter(torch.ones(k)) for _ in range(affine))
        self.offsets = nn.ParameterList(nn.Parameter(torch.zeros(k)) for _ in range(affine))
        self.leave = nn.Conv2d(k, channels, 1, bias=False)

    def latent_size(self, size: Size) -> Size:
        """Give the size (h,w) of the input for images (H,W)."""
        return block_sizes(size, self.s, self.blocks)[0]

    def forward(self, latent: Tensor, size: Size) -> Tensor:
        """Make images (P,channels,H,W) of the given size."""
        sizes = block_sizes(size, self.s, self.blocks)[1:]
        features = latent
        for number, convolution in enumerate(self.convolutions):
            features = convolution(features)
            if number < self.blocks:
                features = functional.interpolate(features, sizes[number], mode="bilinear")
            features = self._normalise(functional.relu(features), number)
        image: Tensor = self.leave(features)
        return torch.sigmoid(image) if self.sigmoid else image

    def _normalise(self, features: Tensor, number: int) -> Tensor:
        if self.norm == "none":
            return features
        # Batch norm of one image is its instance norm, and keeps the layout that is fast.
        alone = self.norm == "batch" or features.shape[0] == 1
        if alone:
            return functional.batch_norm(
                features, None, None, self.gains[number], self.offsets[number], training=True
            )
        return functional.instance_norm(features, None, None, self.gains[number], self.offsets[number])


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
