"""Training losses: `LOSSES.build(name)(estimate, target)` is a scalar, images (B,C,H,W) in [0,1]."""

from uplapp.imaging.losses.flip import FlipLoss
from uplapp.imaging.losses.pixel import MeanAbsoluteError, MeanSquaredError
from uplapp.imaging.losses.structural import MultiScaleStructuralLoss, StructuralLoss
from uplapp.registry import Entry, Registry

LOSSES: Registry[Entry] = Registry(
    "loss",
    {
        "l1": Entry(MeanAbsoluteError, "L1", "mean absolute error"),
        "l2": Entry(MeanSquaredError, "L2", "mean squared error"),
        "ssim": Entry(StructuralLoss, "SSIM", "Wang et al. (2004)"),
        "ms_ssim": Entry(MultiScaleStructuralLoss, "MS-SSIM", "Wang et al. (2003)"),
        "flip": Entry(FlipLoss, "FLIP", "Andersson et al. (2020)"),
    },
)
