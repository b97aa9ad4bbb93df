"""Classical denoising of photographs: non-local means, wavelets, total variation, as in scikit-image.

Each takes a picture (C,H,W), not clipped, and the standard deviation `sigma` of its white noise in the same
unit, None where it is to be estimated; each gives (C,H,W) in [0,1]. Work goes in tiles with a surround, so
that memory is bounded and `report` hears often of the share that is done.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from skimage import restoration
from torch import Tensor

Report = Callable[[float], None]  # hears the share that is done, and raises where a person stops
Pixels = NDArray[Any]
Denoise = Callable[[Pixels, float], Pixels]  # (H,W,C) and sigma to (H,W,C)

# What is estimated of a noise this small is rounding.
SMALLEST_SIGMA = 1e-4
ESTIMATE_PX = 1024
NLM_TILE_PX, WAVELET_TILE_PX, TV_TILE_PX = 256, 1024, 256
WAVELET_SURROUND_PX, TV_SURROUND_PX = 32, 32
NLM_PATCH_PX, NLM_REACH_PX = 5, 8
WAVELET, WAVELET_LEVELS = "sym8", 4
# Linear functions of sigma, in units of sigma: the strength of non-local means for grey and for colour, the
# weight of total variation. Fitted to the best values at sigma 15, 25, 50 of 255 on BSDS500 photographs.
NLM_GREY, NLM_COLOUR, NLM_LEAST = (0.75, -0.9), (0.65, -1.2), 0.3
TV_WEIGHT, TV_MOST = (0.65, 1.3), 1.0


def nlm(seen: Tensor, sigma: float | None = None, report: Report = lambda share: None) -> Tensor:
    """Non-local means, in fast mode. Sources: Buades et al. (2005), Darbon et al. (2008)."""
    surround = NLM_PATCH_PX // 2 + NLM_REACH_PX + 1
    return _by_tiles(_nlm, seen, sigma, report, NLM_TILE_PX, surround)


def wavelet(seen: Tensor, sigma: float | None = None, report: Report = lambda share: None) -> Tensor:
    """Soft thresholds by BayesShrink, of luma and chroma in colour. Source: Chang et al. (2000)."""
    return _by_tiles(_wavelet, seen, sigma, report, WAVELET_TILE_PX, WAVELET_SURROUND_PX)


def tv(seen: Tensor, sigma: float | None = None, report: Report = lambda share: None) -> Tensor:
    """Total variation, channel by channel. Source: Chambolle (2004)."""
    return _by_tiles(_tv, seen, sigma, report, TV_TILE_PX, TV_SURROUND_PX)


def estimate_noise(seen: Tensor) -> float:
    """The standard deviation of the noise of a picture (C,H,W), by the finest wavelets of its middle."""
    height, width = seen.shape[-2:]
    top, left = (max(side - ESTIMATE_PX, 0) // 2 for side in (height, width))
    middle = seen[:, top : top + ESTIMATE_PX, left : left + ESTIMATE_PX].numpy()
    sigma = restoration.estimate_sigma(  # type: ignore[no-untyped-call]
        middle, average_sigmas=True, channel_axis=0
    )
    return float(sigma)


def _nlm(picture: Pixels, sigma: float) -> Pixels:
    colour = picture.shape[-1] == 3
    start, slope = NLM_COLOUR if colour else NLM_GREY
    # An axis of one channel counts as one of space there, so a grey picture goes without it.
    restored: Pixels = restoration.denoise_nl_means(
        picture if colour else picture[..., 0],
        patch_size=NLM_PATCH_PX,
        patch_distance=NLM_REACH_PX,
        h=max(start + slope * sigma, NLM_LEAST) * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1 if colour else None,
    )
    return restored.reshape(picture.shape)


def _wavelet(picture: Pixels, sigma: float) -> Pixels:
    height, width, channels = picture.shape
    least = pywt.Wavelet(WAVELET).dec_len * 2  # a picture that is smaller has no level at all
    padding = [(0, max(least - side, 0)) for side in (height, width)]
    padded = np.pad(picture, [*padding, (0, 0)], mode="symmetric")
    levels = min(WAVELET_LEVELS, pywt.dwtn_max_level(padded.shape[:2], WAVELET))
    restored: Pixels = restoration.denoise_wavelet(
        padded,
        sigma=sigma,
        wavelet=WAVELET,
        wavelet_levels=levels,
        method="BayesShrink",
        channel_axis=-1,
        convert2ycbcr=channels == 3,
    )
    return restored[:height, :width]


def _tv(picture: Pixels, sigma: float) -> Pixels:
    start, slope = TV_WEIGHT
    weight = min(start + slope * sigma, TV_MOST) * sigma
    restored: Pixels = restoration.denoise_tv_chambolle(  # type: ignore[no-untyped-call]
        picture, weight=weight, channel_axis=-1
    )
    return restored


def _by_tiles(
    denoise: Denoise, seen: Tensor, sigma: float | None, report: Report, tile_px: int, surround_px: int
) -> Tensor:
    sigma = max(estimate_noise(seen) if sigma is None else sigma, SMALLEST_SIGMA)
    picture = np.moveaxis(seen.numpy(), 0, -1)
    restored = np.empty_like(picture)
    tiles = list(itertools.product(*(split(side, tile_px, surround_px) for side in picture.shape[:2])))
    for done, ((down, rows, top), (across, columns, left)) in enumerate(tiles, start=1):
        part = denoise(np.ascontiguousarray(picture[rows, columns]), sigma)
        restored[down, across] = part[top, left]
        report(done / len(tiles))
    return torch.from_numpy(np.moveaxis(restored, -1, 0).clip(0, 1).copy())


def split(side: int, tile_px: int, surround_px: int) -> Iterator[tuple[slice, slice, slice]]:
    """List for each tile of a side: the part it fills, the part denoised for it, the former within that."""
    count = -(-side // tile_px)
    for index in range(count):
        start, stop = side * index // count, side * (index + 1) // count
        first, last = max(start - surround_px, 0), min(stop + surround_px, side)
        yield slice(start, stop), slice(first, last), slice(start - first, stop - first)
