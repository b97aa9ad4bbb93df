"""Classical denoising of magnitude volumes: smoothing, total variation, non-local means, wavelets.

Each takes a volume (1,D,H,W) and the deviation `sigma` of its Rician noise, None where it is to be estimated,
and gives (1,D,H,W) in [0,1]. Each estimates the mean of the magnitude, from which the signal follows: what
Rician noise adds is taken off. Work goes in slabs with a surround, so that memory is bounded and `report`
hears of the share that is done.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage import restoration
from torch import Tensor

from uplapp.imaging.physics import estimate_rician_noise, signal_of_mean
from uplapp.imaging.restorers.photographs import Report, split

Voxels = NDArray[Any]
Denoise = Callable[[Voxels, float], Voxels]  # (D,H,W) and sigma to the mean (D,H,W)

# What is estimated of a noise this small is rounding.
SMALLEST_SIGMA = 1e-4
# A slab holds about this many voxels, surround not counted.
SLAB_VOXELS = 2**22
NLM_PATCH_PX, NLM_REACH_PX = 3, 3
WAVELET, WAVELET_LEVELS = "db2", 2
SURROUND_PX = {"gaussian": 8, "tv": 8, "nlm": NLM_PATCH_PX // 2 + NLM_REACH_PX + 1, "wavelet": 12}
# Best on two post-contrast heads at 1, 5, 10 and 20%: widths of the Gaussian in px by sigma, strengths of
# the others in units of sigma.
GAUSSIAN_SIGMAS, GAUSSIAN_WIDTHS = (0.01, 0.05, 0.1, 0.2), (0.3, 0.6, 0.85, 1.3)
NLM_STRENGTH, TV_WEIGHT, WAVELET_STRENGTH = 0.4, 0.5, 0.9


def nlm(seen: Tensor, sigma: float | None, report: Report) -> Tensor:
    """Non-local means in three dimensions, in fast mode. Source: Coupe et al. (2008)."""
    return _by_slabs(_nlm, seen, sigma, report, SURROUND_PX["nlm"])


def wavelet(seen: Tensor, sigma: float | None, report: Report) -> Tensor:
    """Soft thresholds of wavelets in three dimensions by BayesShrink. Source: Chang et al. (2000)."""
    return _by_slabs(_wavelet, seen, sigma, report, SURROUND_PX["wavelet"])


def tv(seen: Tensor, sigma: float | None, report: Report) -> Tensor:
    """Total variation in three dimensions. Source: Chambolle (2004)."""
    return _by_slabs(_tv, seen, sigma, report, SURROUND_PX["tv"])


def gaussian(seen: Tensor, sigma: float | None, report: Report) -> Tensor:
    """A Gaussian that is the wider the more noise there is."""
    return _by_slabs(_gaussian, seen, sigma, report, SURROUND_PX["gaussian"])


def _nlm(volume: Voxels, sigma: float) -> Voxels:
    restored: Voxels = restoration.denoise_nl_means(
        volume,
        patch_size=NLM_PATCH_PX,
        patch_distance=NLM_REACH_PX,
        h=NLM_STRENGTH * sigma,
        sigma=sigma,
        fast_mode=True,
    )
    return restored


def _wavelet(volume: Voxels, sigma: float) -> Voxels:
    least = 2 * pywt.Wavelet(WAVELET).dec_len  # a volume that is flatter has no level at all
    padded = np.pad(volume, [(0, max(least - side, 0)) for side in volume.shape], mode="symmetric")
    levels = min(WAVELET_LEVELS, pywt.dwtn_max_level(padded.shape, WAVELET))
    restored: Voxels = restoration.denoise_wavelet(
        padded,
        sigma=WAVELET_STRENGTH * sigma,
        wavelet=WAVELET,
        wavelet_levels=levels,
        method="BayesShrink",
    )
    return restored[tuple(slice(side) for side in volume.shape)]


def _tv(volume: Voxels, sigma: float) -> Voxels:
    restored: Voxels = restoration.denoise_tv_chambolle(  # type: ignore[no-untyped-call]
        volume, weight=TV_WEIGHT * sigma
    )
    return restored


def _gaussian(volume: Voxels, sigma: float) -> Voxels:
    width = float(np.interp(sigma, GAUSSIAN_SIGMAS, GAUSSIAN_WIDTHS))
    restored: Voxels = ndimage.gaussian_filter(volume, width, mode="nearest")
    return restored


def _by_slabs(
    denoise: Denoise, seen: Tensor, sigma: float | None, report: Report, surround_px: int
) -> Tensor:
    sigma = max(estimate_rician_noise(seen) if sigma is None else sigma, SMALLEST_SIGMA)
    volume = seen[0].numpy()
    restored = np.empty_like(volume)
    depth = max(SLAB_VOXELS // (volume.shape[1] * volume.shape[2]), surround_px)
    slabs = list(split(len(volume), depth, surround_px))
    for done, (filled, given, kept) in enumerate(slabs, start=1):
        mean = denoise(np.ascontiguousarray(volume[given]), sigma)[kept]
        restored[filled] = signal_of_mean(mean, sigma)
        report(done / len(slabs))
    return torch.from_numpy(restored.clip(0, 1))[None]
