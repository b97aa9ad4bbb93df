"""Training losses: `LOSSES.build(name)(estimate, target)` is a scalar, images (B,C,*size) in [0,1]."""

from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, ComparingEntry
from uplapp.imaging.losses.adaptive import AdaptiveLoss
from uplapp.imaging.losses.flip import PIXELS_PER_DEGREE, FlipGrayLoss, FlipLoss, flip_strips, reach_px
from uplapp.imaging.losses.lpips import Lpips, LpipsPlusSquares
from uplapp.imaging.losses.pixel import CrossEntropy, MeanAbsoluteError, MeanSquaredError
from uplapp.imaging.losses.structural import MultiScaleStructuralLoss, StructuralLoss, ms_ssim, ssim, ssim_map
from uplapp.imaging.losses.terms import DaganLoss, LossOfTerms, RefinementLoss
from uplapp.imaging.losses.untrained import UntrainedPerceptualLoss
from uplapp.imaging.losses.vgg import VggLoss
from uplapp.registry import Registry

__all__ = [
    "AIMS",
    "LOSSES",
    "PIXELS_PER_DEGREE",
    "LossOfTerms",
    "Lpips",
    "flip_strips",
    "loss_on",
    "ms_ssim",
    "reach_px",
    "ssim",
    "ssim_map",
]

BOTH = (2, 3)
LOSSES: Registry[ComparingEntry] = Registry(
    "loss",
    {
        "l1": ComparingEntry(MeanAbsoluteError, "L1", "mean absolute error", axes=BOTH),
        "l2": ComparingEntry(MeanSquaredError, "L2", "mean squared error", axes=BOTH),
        "ssim": ComparingEntry(StructuralLoss, "SSIM", "Wang et al. (2004)", axes=BOTH),
        "ms_ssim": ComparingEntry(MultiScaleStructuralLoss, "MS-SSIM", "Wang et al. (2003)"),
        "lpips_l2": ComparingEntry(LpipsPlusSquares, "LPIPS + L2", "Zhang et al. (2018)"),
        "vgg": ComparingEntry(VggLoss, "VGG-19", "Chen & Koltun (2017)", axes=BOTH),
        "flip": ComparingEntry(FlipLoss, "FLIP", "Andersson et al. (2020)"),
        "flip_gray": ComparingEntry(FlipGrayLoss, "FLIP (grey)", "Andersson et al. (2020)"),
        "adaptive": ComparingEntry(AdaptiveLoss, "Adaptive", "Barron (2019)", axes=BOTH),
        "refinement": ComparingEntry(RefinementLoss, "Refinement", "Seitzer et al. (2018)"),
        "dagan": ComparingEntry(DaganLoss, "DAGAN", "Yang et al. (2018)"),
        "upl": ComparingEntry(UntrainedPerceptualLoss, "uPL", "Pfaehler et al. (2024)", axes=BOTH),
        "cross_entropy": ComparingEntry(
            CrossEntropy, "Cross-entropy", "Ronneberger et al. (2015)", needs=("labels",)
        ),
    },
)
# What each loss makes small, for visitors.
AIMS = {
    "l1": "the difference of each pixel, whatever its size",
    "l2": "the squared difference of each pixel, that is, a high PSNR",
    "ssim": "differences of brightness, contrast and structure near each pixel",
    "ms_ssim": "differences of contrast and structure, from fine to coarse",
    "lpips_l2": "what a network that names objects sees differ, and squares of pixels",
    "vgg": "what VGG-19, a network that names objects, sees differ",
    "flip": "what people see change when one image is swapped for the other",
    "flip_gray": "as FLIP, of brightness alone",
    "adaptive": "the difference of each pixel; how much large ones count is learned",
    "refinement": "what a second network and VGG-19 tell from clean images",
    "dagan": "what a second network tells from clean images, and frequencies",
    "upl": "what an untrained network with random weights sees differ",
    "cross_entropy": "wrong labels of pixels",
}


def loss_on(name: str, loss: nn.Module, estimate: Tensor, batch: Batch) -> Tensor:
    """Compare an estimate (B,C,*size) with a training batch.

    UplappError is raised where the batch lacks what the loss needs.
    """
    entry = LOSSES[name]
    if lacking := entry.lacks(batch):
        raise UplappError(f"the loss '{name}' needs {', '.join(lacking)}, which the task does not draw")
    value: Tensor = loss(estimate, batch if entry.needs else batch.clean)
    return value
