"""A U-Net for volumes that works at half the sides of a slice, and blends blurred copies of its input."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.networks.layers import padded
from uplapp.imaging.networks.residual import LEAK

LEVELS = 2
SHUFFLE = (1, 2, 2)
# Deviations in px of the copies that are blended; the first is the input itself.
BLURS_PX = (0.0, 0.6, 1.0, 1.7, 3.0)
# The network sees what lies between the first of them, and the last of these. The widest would need surround.
SEEN = 4
# Tissue lies near a quarter of the maximum, and background stays 0; noise is a tenth of tissue.
GAIN, NOISE_GAIN = 4.0, 12.0
CUT_AT = 3.0  # deviations after which a Gaussian ends
# The noise near a voxel is a geometric mean, which edges move less than a root mean square: its width in px,
# how much less it is than a mean square of normal numbers (twice the exponential of Euler's constant), the
# share of white noise that the narrowest blur takes away, and the least noise.
NEAR_PX, LACK, TAKEN, LEAST = 2.0, 3.562, 0.728, 1e-4
# How far those of its inputs reach that reach farthest: the blurs, each made of the one before it.
SURROUND_PX = sum(
    math.ceil(CUT_AT * math.sqrt(wide**2 - narrow**2)) for narrow, wide in pairwise(BLURS_PX[:SEEN])
)


class UNetUnshuffle(nn.Module):
    """A U-Net behind a pixel unshuffle of (1,2,2), from (B,1,D,H,W) in [0,1] to (B,1,D,H,W).

    It gives weights for five Gaussian blurs of the input, the first of no width, and a correction in units of
    the noise nearby: most of what denoises is known, and is not learned again. In the same units it sees the
    detail, so noise of any level looks alike. There is no normalisation, and a leaky rectifier lest a part of
    the network dies. Sides that are no multiple of (4,8,8) are padded by replication and cropped back.
    `width` 24 has 822,168 parameters.

    Sources: Ronneberger et al. (2015); Shi et al. (2016) for the shuffle; Bako et al. (2017) for the blend.
    """

    multiple = tuple(side * 2**LEVELS for side in SHUFFLE)
    most_voxels = (
        8_000_000  # of which it takes some 300 bytes each; the larger a tile, the smaller its surround
    )

    def __init__(self, channels: int = 1, width: int = 24) -> None:
        super().__init__()
        self.channels = channels
        places = math.prod(SHUFFLE)
        widths = [width * 2**level for level in range(LEVELS + 1)]
        # Two convolutions of each level down and up, of which level l steps by 2^l, one at the end, and the
        # grid of the pools.
        reach = sum(2 * 2**level for level in (*range(LEVELS + 1), *range(LEVELS))) + 1 + 2**LEVELS - 1
        self.receptive_radius = tuple(reach * side + SURROUND_PX for side in SHUFFLE)
        entering = channels * places * (SEEN + 1)
        self.down = nn.ModuleList(
            _pair(before, after) for before, after in zip([entering, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(_pair(widths[n] + widths[n + 1], widths[n]) for n in reversed(range(LEVELS)))
        self.leave = nn.Conv3d(width, channels * places * (len(BLURS_PX) + 1), 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, volume: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        sides = volume.shape[2:]
        whole = padded(volume, self.multiple)
        copies = blurred(whole, BLURS_PX)
        noise = noise_nearby(copies[0], copies[1])
        bands = [(wide - narrow) / noise for narrow, wide in pairwise(copies[:SEEN])]
        seen = torch.cat([*bands, GAIN * copies[SEEN - 1], NOISE_GAIN * noise], dim=1)
        del bands
        maps = self._maps(unshuffle(seen.to(whole.dtype), SHUFFLE))
        weights, correction = maps[:, :-1].softmax(dim=1), maps[:, -1]
        restored = noise * correction
        for n, copy in enumerate(copies):
            restored = torch.addcmul(restored, weights[:, n], copy)
        return restored[..., : sides[0], : sides[1], : sides[2]]

    def _maps(self, features: Tensor) -> Tensor:
        """Give the scores of the copies and the correction, (B,6,C,D,H,W), float32."""
        skips = []
        for level, convolve in enumerate(self.down):
            if level:
                skips.append(features)
                features = functional.max_pool3d(features, 2)
            features = convolve(features)
        for convolve in self.up:
            doubled = functional.interpolate(features, scale_factor=2, mode="nearest")
            skip = skips.pop()
            features = convolve(torch.cat([doubled, skip.to(doubled.dtype)], dim=1))
        maps = shuffle(self.leave(features).float(), SHUFFLE)
        return maps.view(len(maps), len(BLURS_PX) + 1, self.channels, *maps.shape[2:])


def unshuffle(volume: Tensor, sides: Sequence[int]) -> Tensor:
    """Move the places of every box of `sides` into channels: (B,C,D,H,W) to (B,C*places,D/d,H/h,W/w)."""
    batch, channels, *size = volume.shape
    d, h, w = sides
    boxes = volume.reshape(batch, channels, size[0] // d, d, size[1] // h, h, size[2] // w, w)
    ordered = boxes.permute(0, 1, 3, 5, 7, 2, 4, 6)
    return ordered.reshape(batch, channels * d * h * w, size[0] // d, size[1] // h, size[2] // w)


def shuffle(maps: Tensor, sides: Sequence[int]) -> Tensor:
    """Undo `unshuffle`."""
    batch, channels, *size = maps.shape
    d, h, w = sides
    boxes = maps.reshape(batch, channels // (d * h * w), d, h, w, *size).permute(0, 1, 5, 2, 6, 3, 7, 4)
    return boxes.reshape(batch, -1, size[0] * d, size[1] * h, size[2] * w)


@torch.no_grad()
def blurred(volume: Tensor, deviations_px: Sequence[float]) -> list[Tensor]:
    """Give Gaussian blurs (B,C,D,H,W) of rising deviations, float32, each made of the one before it.

    The last voxels are repeated beyond the edges.
    """
    copies, before = [], 0.0
    current = volume.float()
    for deviation in deviations_px:
        if step := math.sqrt(deviation**2 - before**2):
            current = _blur(current, step)
        copies.append(current)
        before = deviation
    return copies


@torch.no_grad()
def noise_nearby(volume: Tensor, blurry: Tensor) -> Tensor:
    """Estimate the deviation of the noise around each voxel (B,C,D,H,W) from what the narrowest blur took."""
    power = (volume - blurry).square() + LEAST**2
    return _blur(power.log(), NEAR_PX).exp().mul(LACK).sqrt() / TAKEN


def _blur(volume: Tensor, deviation: float) -> Tensor:
    radius = math.ceil(CUT_AT * deviation)
    taps = [math.exp(-(x**2) / (2 * deviation**2)) for x in range(radius + 1)]
    total = 2 * math.fsum(taps) - taps[0]
    for axis in (2, 3, 4):
        margins = [0] * 6
        margins[2 * (4 - axis)] = margins[2 * (4 - axis) + 1] = radius
        wide, side = functional.pad(volume, margins, mode="replicate"), volume.shape[axis]
        volume = wide.narrow(axis, radius, side) * (taps[0] / total)
        for x in range(1, radius + 1):
            for start in (radius - x, radius + x):
                volume.add_(wide.narrow(axis, start, side), alpha=taps[x] / total)
    return volume


def _pair(channels_in: int, channels_out: int) -> nn.Sequential:
    layers = [nn.Conv3d(before, channels_out, 3, padding=1) for before in (channels_in, channels_out)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, a=LEAK, nonlinearity="leaky_relu")
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return nn.Sequential(layers[0], nn.LeakyReLU(LEAK), layers[1], nn.LeakyReLU(LEAK))
