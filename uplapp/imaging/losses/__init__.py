"""Training losses: `LOSSES.build(name)(estimate, target)` is a scalar, images (B,C,H,W) in [0,1]."""

from uplapp.imaging.losses.adaptive import AdaptiveLoss
from uplapp.imaging.losses.flip import FlipGrayLoss, FlipLoss
from uplapp.imaging.losses.lpips import LpipsPlusSquares
from uplapp.imaging.losses.pixel import MeanAbsoluteError, MeanSquaredError
from uplapp.imaging.losses.structural import MultiScaleStructuralLoss, StructuralLoss
from uplapp.imaging.losses.untrained import UntrainedPerceptualLoss
from uplapp.imaging.losses.vgg import VggLoss
from uplapp.registry import Entry, Registry

LOSSES: Registry[Entry] = Registry(
    "loss",
    {
        "l1": Entry(MeanAbsoluteError, "L1", "mean absolute error"),
        "l2": Entry(MeanSquaredError, "L2", "mean squared error"),
        "ssim": Entry(StructuralLoss, "SSIM", "Wang et al. (2004)"),
        "ms_ssim": Entry(MultiScaleStructuralLoss, "MS-SSIM", "Wang et al. (2003)"),
        "lpips_l2": Entry(LpipsPlusSquares, "LPIPS + L2", "Zhang et al. (2018)"),
        "vgg": Entry(VggLoss, "VGG-19", "Chen & Koltun (2017)"),
        "flip": Entry(FlipLoss, "FLIP", "Andersson et al. (2020)"),
        "flip_gray": Entry(FlipGrayLoss, "FLIP (grey)", "Andersson et al. (2020)"),
        "adaptive": Entry(AdaptiveLoss, "Adaptive", "Barron (2019)"),
        "upl": Entry(UntrainedPerceptualLoss, "uPL", "Pfaehler et al. (2024)"),
    },
)
