"""Image metrics: `METRICS.build(name)(estimate, target)` is one value per image, (B,C,H,W) to (B,)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp.imaging.case import ComparingEntry
from uplapp.imaging.losses import PIXELS_PER_DEGREE, Lpips, flip_strips, ms_ssim, reach_px, ssim
from uplapp.imaging.metrics.hfen import hfen
from uplapp.imaging.metrics.semantic import SemanticScore
from uplapp.imaging.metrics.vessels import ssim_tissue, vessel_cldice, vessel_dice
from uplapp.imaging.metrics.vif import vif
from uplapp.registry import Registry

Metric = Callable[[Tensor, Any], Tensor]


@dataclass(frozen=True)
class MetricEntry(ComparingEntry):
    """A metric, which way is better, and the decimals worth printing.

    The mean of a `relative` one is divided by the mean of the clean images. One that needs labels and the
    like is averaged over the images that have them.
    """

    higher_is_better: bool = False
    decimals: int = 4
    relative: bool = False


def l1() -> Metric:
    """Mean absolute difference."""
    return lambda estimate, target: (estimate - target).abs().flatten(1).mean(dim=1)


def l2() -> Metric:
    """Mean squared difference."""
    return lambda estimate, target: (estimate - target).square().flatten(1).mean(dim=1)


def psnr(data_range: float = 1.0) -> Metric:
    """Peak signal-to-noise ratio in dB, infinite for equal images."""
    mean_square = l2()
    return lambda estimate, target: 10 * torch.log10(data_range**2 / mean_square(estimate, target))


def flip(ppd: float = PIXELS_PER_DEGREE) -> Metric:
    """Mean LDR-FLIP at `ppd` pixels per degree, strip by strip to save memory, 0 for equal images."""
    reach_px(ppd)  # refuses an impossible one

    def mean_of_map(estimate: Tensor, target: Tensor) -> Tensor:
        pairs = zip(estimate, target, strict=True)
        totals = [sum(strip.sum() for _, strip in flip_strips(*pair, ppd)) for pair in pairs]
        height, width = target.shape[-2:]
        return torch.stack(totals) / (height * width)  # type: ignore[arg-type]

    return mean_of_map


def lpips(backbone: str = "alex", weights: str | Path | None = None) -> Metric:
    """LPIPS by the backbone alex, squeeze or vgg.

    UplappError is raised when its weights cannot be had.
    """
    distance = Lpips(backbone, weights)
    return lambda estimate, target: distance.to(target.device)(estimate, target)


def channel_by_channel(metric: Metric) -> Callable[[], Metric]:
    """The mean of a metric over channels, one at a time: a third of the memory on a large photograph."""

    def over_channels(estimate: Tensor, target: Tensor) -> Tensor:
        channels = zip(
            estimate.chunk(estimate.shape[1], dim=1), target.chunk(target.shape[1], dim=1), strict=True
        )
        return torch.stack([metric(*pair) for pair in channels]).mean(dim=0)

    return lambda: over_channels


BOTH, MASKS = (2, 3), ("vessels", "vesselness")
METRICS: Registry[MetricEntry] = Registry(
    "metric",
    {
        "psnr": MetricEntry(psnr, "PSNR (dB)", "mean squared error", BOTH, higher_is_better=True, decimals=2),
        "ssim": MetricEntry(
            channel_by_channel(ssim), "SSIM", "Wang et al. (2004)", BOTH, higher_is_better=True
        ),
        "ssim_tissue": MetricEntry(
            lambda: ssim_tissue, "SSIM of tissue", "Wang et al. (2004)", (3,), higher_is_better=True
        ),
        "ms_ssim": MetricEntry(
            channel_by_channel(ms_ssim), "MS-SSIM", "Wang et al. (2003)", higher_is_better=True
        ),
        "vif": MetricEntry(lambda: vif, "VIF", "Sheikh and Bovik (2006)", higher_is_better=True),
        "lpips": MetricEntry(lpips, "LPIPS", "Zhang et al. (2018)"),
        "flip": MetricEntry(flip, "FLIP", "Andersson et al. (2020)"),
        "hfen": MetricEntry(lambda: hfen, "HFEN", "Ravishankar and Bresler (2011)", BOTH),
        "l1": MetricEntry(l1, "L1", "mean absolute error", BOTH),
        "l2": MetricEntry(l2, "L2", "mean squared error", BOTH),
        "sis": MetricEntry(
            SemanticScore,
            "SIS",
            "Seitzer et al. (2018)",
            needs=("labels",),
            higher_is_better=True,
            relative=True,
        ),
        "dice": MetricEntry(
            lambda: vessel_dice, "Dice of vessels", "Dice (1945)", (3,), MASKS, higher_is_better=True
        ),
        "cldice": MetricEntry(
            lambda: vessel_cldice,
            "clDice of vessels",
            "Shit et al. (2021)",
            (3,),
            MASKS,
            higher_is_better=True,
        ),
    },
)
